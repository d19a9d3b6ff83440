/**
 * Each refusal that people meet on the way to a launch, from beginning to end: met in the simulated AWS by whoever did it by
 * hand, explained from its very words or the log that holds them, mended as printed (commands word for word, `amiport apply`,
 * or the change of amiport.yaml), and launched.
 */
import { beforeAll, expect, test } from 'vitest';
import {
  applyPlan,
  type Explained,
  explainSaid,
  explainText,
  makePlan,
  type RawSender,
  type Session,
} from '../../src/app/api.ts';
import type { Outcome, Reason } from '../../src/base/outcome.ts';
import type { Gate } from '../../src/sim/kernel.ts';
import { throttled } from '../../src/sim/quotas.ts';
import { follow } from '../deliver/follow.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  OTHER,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from '../deliver/stage.ts';
import { launchAll } from '../soundness/launches.ts';
import type { Baseline, Stand } from '../soundness/stand.ts';
import { deliveredWorld, standOn } from '../soundness/worlds.ts';

const document = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

/** The words of a refusal, as a client prints them. */
async function refused(answer: Promise<Outcome<unknown>>): Promise<string> {
  const said = await answer;
  if (said.ok) throw new Error('it was not refused');
  return said.reason.says;
}

const codesOf = (reason: Reason): readonly string[] => [
  reason.code.replace('explain.', ''),
  ...reason.because.flatMap(codesOf),
];
const printed = (found: Explained): string => found.remedies.map((r) => r.does).join('\n');

async function launches(stage: Pick<TestStage, 'sim'>, who: RawSender, region: string, ImageId: string): Promise<void> {
  const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const role = `arn:aws:iam::${who.account}:role/Launcher`;
  const run = await must(who.send<{ Instances: { InstanceId: string }[] }>('ec2', region, 'RunInstances', input, role));
  stage.sim.advance(3 * 60_000);
  const ec2 = stage.sim.world.accounts.get(who.account)?.places.get(region)?.ec2;
  expect(ec2?.instances.get(run.Instances[0]?.InstanceId ?? '')?.state).toBe('running');
  expect(stage.sim.bugs).toEqual([]);
}

async function copyOf(who: RawSender, region: string, step = 'copy'): Promise<readonly string[]> {
  const Filters = [{ Name: 'tag:amiport:step', Values: [step] }];
  const found = await must(
    who.send<{ Images: { ImageId: string }[] }>('ec2', region, 'DescribeImages', { Owners: ['self'], Filters }),
  );
  return found.Images.map((i) => i.ImageId);
}

const oneRegion = (config: string): string => config.replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');

/** `amiport apply`, then a launch of what it delivered. */
async function applyAndLaunch(stage: TestStage, session: Session): Promise<void> {
  expect((await applied(session)).result.failed).toEqual([]);
  await stage.clock.sleep(10 * 60_000);
  const [copy = ''] = await copyOf(stage.builder, HOME);
  await launches(stage, stage.first, HOME, copy);
}

const packerLog = (says: string): string =>
  `2026/11/26 10:00:00 packer-plugin-amazon: [INFO] starting\n==> amazon-ebs.golden: Copying/Encrypting AMI\n==> amazon-ebs.golden: Error Copying AMI: ${says}\nBuild 'amazon-ebs.golden' errored after 4 minutes\n`;

test.each([
  {
    what: 'Packer copies the encrypted image unencrypted',
    code: 'copy.unencrypted-from-encrypted',
    does: (stage: TestStage, source: string) =>
      stage.builder.send('ec2', HOME, 'CopyImage', {
        SourceImageId: source,
        SourceRegion: HOME,
        Name: 'by-hand',
        Encrypted: false,
      }),
  },
  {
    what: 'Packer shares the image that is under aws/ebs',
    code: 'share.default-key',
    does: (stage: TestStage, source: string) =>
      stage.builder.send('ec2', HOME, 'ModifyImageAttribute', {
        ImageId: source,
        LaunchPermission: { Add: [{ UserId: FIRST }] },
      }),
  },
])('$what: explained from its log, mended by amiport apply, launched', async ({ code, does }) => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const found = explainText(packerLog(await refused(does(stage, source))));
  expect(codesOf(found?.reason as Reason)).toContain(code);
  expect(printed(found as Explained)).toContain('amiport apply');
  await applyAndLaunch(stage, await stage.open(oneRegion(configOf({ kubernetes: source }))));
});

test('a client gave up waiting while the copy went on: amiport apply adopts the copy that is under way', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(oneRegion(configOf({ kubernetes: source })));
  await applyPlan(session, await makePlan(session, silent), silent, { withinMs: 60_000 });
  const found = explainText(packerLog('ResourceNotReady: exceeded wait attempts'));
  expect(codesOf(found?.reason as Reason)).toContain('wait.too-short');
  expect(printed(found as Explained)).toContain(
    'amiport apply, which has no such limit and adopts a copy that is under way',
  );
  await applyAndLaunch(stage, session);
  expect(await copyOf(stage.builder, HOME)).toHaveLength(1);
});

test('the service quota of copies is used up: when some end amiport apply goes on with what is missing', async () => {
  const stage = await testStage({ settings: { imageCopiesMax: 1 } });
  const source = await bakedImage(stage, stage.builder, 'golden');
  const copy = (Name: string) =>
    stage.builder.send('ec2', HOME, 'CopyImage', { SourceImageId: source, SourceRegion: HOME, Name, Encrypted: true });
  await must(copy('by hand'));
  const found = explainText(await refused(copy('another')));
  expect(codesOf(found?.reason as Reason)).toContain('quota.concurrent-copies');
  expect(printed(found as Explained)).toContain('amiport apply goes on');
  await applyAndLaunch(stage, await stage.open(oneRegion(configOf({ kubernetes: source }))));
});

test('the storage of a shared image cannot be copied: delivered the way account-copies instead, as printed', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = oneRegion(configOf({ kubernetes: source }));
  await applied(await stage.open(config));
  const [shared] = await copyOf(stage.builder, HOME);
  const found = explainText(
    await refused(
      stage.first.send('ec2', HOME, 'CopyImage', { SourceImageId: shared, SourceRegion: HOME, Name: 'own copy' }),
    ),
  );
  expect(codesOf(found?.reason as Reason)).toContain('copy.storage-not-shared');
  expect(printed(found as Explained)).toContain('way: account-copies, then amiport apply');
  const session = await stage.open(
    config.replace('way: shared-encrypted', 'way: account-copies, accountKey: "alias/ebs-{account}"'),
  );
  expect((await applied(session)).result.failed).toEqual([]);
  const [own = ''] = await copyOf(stage.first, HOME, 'account-copy');
  await launches(stage, stage.first, HOME, own);
});

test('a copy fails since a key is not accessible: the copier is found out, its patch followed, copied and launched', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const guard = document({ Sid: 'Guard', Effect: 'Deny', Action: 'kms:ReEncryptTo', Resource: '*' });
  const made = await must(
    stage.first.send<{ Policy: { Arn: string } }>('iam', HOME, 'CreatePolicy', {
      PolicyName: 'guard',
      PolicyDocument: guard,
    }),
  );
  await must(stage.first.send('iam', HOME, 'AttachRolePolicy', { RoleName: 'amiport', PolicyArn: made.Policy.Arn }));
  const way = { way: 'account-copies', extra: ', accountKey: "alias/ebs-{account}"' };
  const session = await stage.open(oneRegion(configOf({ kubernetes: source }, way)));
  const { result } = await applied(session);
  const [failure] = result.failed.filter((f) => f.id.includes(FIRST));
  const words = (r: Reason): string => [r.says, ...r.because.map(words)].join('\n');
  const text = words(failure?.reason as Reason);
  expect(text).toContain('Given key ID is not accessible');
  const found = await explainSaid(session, text, { account: FIRST, region: HOME });
  if (!found.ok) throw new Error(found.reason.says);
  expect(codesOf(found.value.reason)).toEqual(
    expect.arrayContaining(['copy.key-not-accessible', 'cannot-launch', 'authz.denied.explicitly']),
  );
  await follow(stage.sim, found.value.mends ?? []);
  await stage.clock.sleep(10 * 60_000);
  expect((await applied(session)).result.failed).toEqual([]);
  await stage.clock.sleep(10 * 60_000);
  const [own = ''] = await copyOf(stage.first, HOME, 'account-copy');
  await launches(stage, stage.first, HOME, own);
});

test('an opt-in Region that is off in the account is switched on by the printed command', async () => {
  const region = 'af-south-1';
  const stage = await testStage();
  for (const account of [BUILDER, FIRST, SECOND]) stage.sim.world.accounts.get(account)?.regions.add(region);
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source }).replace('eu-west-1, us-east-1', `eu-west-1, ${region}`);
  const session = await stage.open(config);
  expect((await applied(session)).result.failed).toEqual([]);
  stage.sim.world.accounts.get(FIRST)?.regions.delete(region);
  const [ImageId = ''] = await copyOf(stage.builder, region);
  const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const text = await refused(stage.first.send('ec2', region, 'RunInstances', input));
  const found = await explainSaid(session, text, { account: FIRST, region, launcher: 'role:Launcher' });
  if (!found.ok) throw new Error(found.reason.says);
  expect(codesOf(found.value.reason)).toEqual(expect.arrayContaining(['account.region.off', 'region.off']));
  expect(found.value.mends).toEqual([
    { account: FIRST, commands: [`aws account enable-region --region-name ${region}`] },
  ]);
  await follow(stage.sim, found.value.mends ?? []);
  await launches(stage, stage.first, region, ImageId);
});

// On a delivered world: somebody broke a link, and was refused while mending it by hand.

let base: Baseline;
beforeAll(async () => {
  base = await deliveredWorld();
});

const asRole = { account: FIRST, launcher: 'role:Launcher' };
const asGroup = { account: FIRST, launcher: 'autoscaling' };
const linked = `arn:aws:iam::${FIRST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

async function dropUse(s: Stand): Promise<void> {
  const KeyId = s.base.key;
  const { Policy } = await must(s.builder.send<{ Policy: string }>('kms', HOME, 'GetKeyPolicy', { KeyId }));
  const { Statement } = JSON.parse(Policy) as { Statement: { Sid: string }[] };
  const left = document(...Statement.filter((x) => x.Sid !== 'amiport-bedrock-use'));
  await must(s.builder.send('kms', HOME, 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: left }));
}

async function revokeGrants(s: Stand): Promise<void> {
  const KeyId = s.base.key;
  const { Grants } = await must(
    s.builder.send<{ Grants: { GrantId: string; IssuingAccount: string }[] }>('kms', HOME, 'ListGrants', { KeyId }),
  );
  for (const g of Grants.filter((one) => one.IssuingAccount.includes(FIRST)))
    await must(s.builder.send('kms', HOME, 'RevokeGrant', { KeyId, GrantId: g.GrantId }));
}

const putPolicy = (s: Stand, ...more: readonly object[]) => {
  const owner = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${BUILDER}:root` }, Action: 'kms:*', Resource: '*' };
  return s.builder.send('kms', HOME, 'PutKeyPolicy', {
    KeyId: s.base.key,
    PolicyName: 'default',
    Policy: document(owner, ...more),
  });
};
const createGrant = (s: Stand, region: string, KeyId: string) =>
  s.first.send('kms', region, 'CreateGrant', {
    KeyId,
    GranteePrincipal: linked,
    Operations: [
      'Decrypt',
      'DescribeKey',
      'CreateGrant',
      'ReEncryptFrom',
      'ReEncryptTo',
      'GenerateDataKeyWithoutPlaintext',
    ],
  });

/** Somebody else of the account uses up its rate for five minutes. */
const storm: Gate = ({ action, nowMs }) =>
  action === 'CreateGrant' && nowMs < base.nowMs + 5 * 60_000 ? throttled('kms') : undefined;

test.each([
  {
    what: 'a key policy that names a role that is not there',
    code: 'key.policy-invalid-principal',
    launch: asRole,
    broken: dropUse,
    tried: (s: Stand) =>
      refused(
        putPolicy(s, {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${FIRST}:role/Lancher` },
          Action: 'kms:*',
          Resource: '*',
        }),
      ),
  },
  {
    what: 'a key policy that is too large',
    code: 'key.policy-too-large',
    launch: asRole,
    broken: dropUse,
    tried: (s: Stand) =>
      refused(
        putPolicy(s, {
          Sid: 'all',
          Effect: 'Allow',
          Principal: '*',
          Action: 'kms:*',
          Resource: '*',
          Condition: {
            ArnEquals: {
              'aws:PrincipalArn': Array.from({ length: 900 }, (_, i) => `arn:aws:iam::${FIRST}:role/Launcher-${i}`),
            },
          },
        }),
      ),
  },
  {
    what: 'a grant on the key of another Region',
    code: 'key.other-region',
    launch: asGroup,
    broken: revokeGrants,
    tried: (s: Stand) => refused(createGrant(s, HOME, s.base.key.replace(HOME, OTHER))),
  },
  {
    what: 'more grants in a second than KMS takes',
    code: 'key.throttled',
    launch: asGroup,
    broken: revokeGrants,
    tried: (s: Stand) => refused(createGrant(s, HOME, s.base.key)),
    gates: [storm],
  },
])('$what is refused: explained from its words, mended by the printed commands, launched', async (row) => {
  const s = await standOn(base, row.gates ?? []);
  await row.broken(s);
  const text = await row.tried(s);
  await s.sim.clock.sleep(10 * 60_000);
  expect(await launchAll(s, [row.launch], 1)).not.toEqual(['launched']);
  const found = await explainSaid(s.session, text, { ...row.launch, region: HOME });
  if (!found.ok) throw new Error(found.reason.says);
  expect(codesOf(found.value.reason)).toEqual(expect.arrayContaining([row.code, 'authz.key-policy.no-allow']));
  await follow(s.sim, found.value.mends ?? []);
  await s.sim.clock.sleep(10 * 60_000);
  expect(await launchAll(s, [row.launch], 2)).toEqual(['launched']);
  await s.session.close();
});

test("a template that names the builder's parameter, which is not shared: the own one is named, and launches", async () => {
  const s = await standOn(base);
  const launch = (ImageId: string) => {
    const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
    return s.first.send('ec2', HOME, 'RunInstances', input, `arn:aws:iam::${FIRST}:role/Launcher`);
  };
  const foreign = `resolve:ssm:arn:aws:ssm:${HOME}:${BUILDER}:parameter/golden/kubernetes/current`;
  const PolicyDocument = document({ Effect: 'Allow', Action: 'ssm:GetParameters', Resource: '*' });
  await must(s.first.send('iam', HOME, 'PutRolePolicy', { RoleName: 'Launcher', PolicyName: 'names', PolicyDocument }));
  await s.sim.clock.sleep(60_000);
  const found = await explainSaid(s.session, await refused(launch(foreign)), { ...asRole, region: HOME });
  if (!found.ok) throw new Error(found.reason.says);
  expect(codesOf(found.value.reason)).toContain('launch.parameter-not-resolved');
  const [, own = ''] = /(resolve:ssm:\S+)/.exec(printed(found.value)) ?? [];
  expect(own).toBe('resolve:ssm:/golden/kubernetes/current');
  await launches(s, s.first, HOME, own);
  await s.session.close();
});
