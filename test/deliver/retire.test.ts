/** The end of versions: kept as `keep` says, deprecated, disabled, deregistered; nothing that somebody uses; rows name who. */
import { expect, test } from 'vitest';
import { applyPlan, left, makePlan, type Plan, retirePlan, type Session } from '../../src/app/api.ts';
import { exportIam } from '../../src/export/iam.ts';
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
} from './stage.ts';

let stage: TestStage;
let session: Session;
let versions: readonly string[];

const config = (source: string, keep = 'versions: 1, deprecateAfterDays: 30', way = 'shared-encrypted') =>
  configOf(
    { kubernetes: source },
    { way, extra: `, keep: { ${keep} }${way === 'account-copies' ? ', accountKey: "alias/ebs-{account}"' : ''}` },
  );

async function delivered(way = 'shared-encrypted', keep?: string): Promise<void> {
  stage = await testStage();
  const sources: string[] = [];
  for (const name of ['one', 'two']) {
    sources.push(await bakedImage(stage, stage.builder, name));
    session = await stage.open(config(sources.at(-1) ?? '', keep, way));
    expect((await applied(session)).result.failed).toEqual([]);
    await stage.clock.sleep(DAY_MS);
  }
  versions = sources;
}

const DAY_MS = 86_400_000;
const wish = { force: false, now: false };
const shown = (plan: Plan) => plan.steps.map((s) => `${s.do} ${s.account}/${s.region}`);
const carriedOut = async (plan: Plan) => {
  const outcome = await applyPlan(session, { plan }, silent);
  expect(outcome).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
};

test('a version beyond keep is deprecated, disabled, and after the grace deregistered with its snapshots', async () => {
  await delivered();
  const first = await retirePlan(session, wish, silent);
  expect(first.notes).toEqual([]);
  expect(shown(first)).toEqual(
    ['deprecate-image', 'disable-image'].flatMap((what) => [HOME, OTHER].map((r) => `${what} ${BUILDER}/${r}`)),
  );
  expect(new Set(first.steps.map((s) => s.imageVersion))).toEqual(new Set([versions[0]]));
  await carriedOut(first);
  const images = await must(
    stage.builder.send<{
      Images: { State: string; DeprecationTime?: string; Tags: { Key: string; Value: string }[] }[];
    }>('ec2', OTHER, 'DescribeImages', {
      Owners: ['self'],
      IncludeDisabled: true,
      Filters: [{ Name: 'tag:amiport:version', Values: [versions[0]] }],
    }),
  );
  expect(images.Images.map((i) => [i.State, i.DeprecationTime?.slice(0, 7)])).toEqual([['disabled', '2026-01']]);

  const meanwhile = await retirePlan(session, wish, silent);
  expect(meanwhile.steps).toEqual([]);
  expect(meanwhile.notes.map((n) => n.code)).toEqual(['retire.in-grace', 'retire.in-grace']);
  await stage.clock.sleep(7 * DAY_MS);
  const last = await retirePlan(session, wish, silent);
  expect(shown(last)).toEqual([HOME, OTHER].map((r) => `deregister-image ${BUILDER}/${r}`));
  await carriedOut(last);
  expect((await retirePlan(session, wish, silent)).steps).toEqual([]);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  const there = (await left(session, silent)).resources.filter((r) => r.imageVersion === versions[0]);
  expect(there).toEqual([]);
  expect(stage.sim.bugs).toEqual([]);
});

test('keep.versions and the newest version are honoured, also when everything is forced', async () => {
  await delivered('shared-encrypted', 'versions: 2');
  expect((await retirePlan(session, { force: true, now: true }, silent)).steps).toEqual([]);
  const one = await stage.open(config(versions[1] ?? '', 'versions: 1'));
  const plan = await retirePlan(one, { force: true, now: true }, silent);
  expect(new Set(plan.steps.map((s) => s.imageVersion))).toEqual(new Set([versions[0]]));
  expect(shown(plan).filter((s) => s.startsWith('deregister')).length).toBe(2);
  expect((await retirePlan(one, { ...wish, images: new Set(['another']) }, silent)).steps).toEqual([]);
});

test('private copies end in every account, each after a census of its own', async () => {
  await delivered('account-copies');
  const plan = await retirePlan(session, { force: false, now: true }, silent);
  expect(plan.notes).toEqual([]);
  const gone = shown(plan).filter((s) => s.startsWith('deregister'));
  expect(gone.toSorted()).toEqual(
    [BUILDER, FIRST, SECOND].flatMap((a) => [HOME, OTHER].map((r) => `deregister-image ${a}/${r}`)).toSorted(),
  );
  await carriedOut(plan);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

const copyOfOld = async (): Promise<string> => {
  const seen = (await makePlan(session, silent)).seen.builder.get(HOME)?.images;
  const all = seen?.is === 'known' ? seen.value : [];
  return all.find((i) => i.tags['amiport:version'] === versions[0] && i.tags['amiport:step'] === 'copy')?.imageId ?? '';
};
const run = (of: TestStage['first'], ImageId: string) =>
  must(
    of.send(
      'ec2',
      HOME,
      'RunInstances',
      { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 },
      of.account === BUILDER ? undefined : `arn:aws:iam::${of.account}:role/Launcher`,
    ),
  );

/** Each takes the old version into use in one more way. */
const USES: readonly { readonly says: RegExp; readonly use: (imageId: string) => Promise<unknown> }[] = [
  { says: /instance arn:aws:ec2:eu-west-1:222222222222:instance\/i-/, use: (id) => run(stage.first, id) },
  { says: /instance arn:aws:ec2:eu-west-1:111111111111:instance\/i-/, use: (id) => run(stage.builder, id) },
  {
    says: /launch template theirs version 1/,
    use: (ImageId) =>
      must(
        stage.first.send('ec2', HOME, 'CreateLaunchTemplate', {
          LaunchTemplateName: 'theirs',
          LaunchTemplateData: { ImageId, InstanceType: 't3.micro' },
        }),
      ),
  },
  { says: /Auto Scaling group asleep/, use: () => groupAsleep() },
  {
    says: /parameter arn:aws:ssm:eu-west-1:222222222222:parameter\/theirs/,
    use: async (Value) => {
      const input = { Name: '/theirs', Value, Type: 'String', DataType: 'aws:ec2:image' };
      await must(stage.first.send('ssm', HOME, 'PutParameter', input));
      await stage.clock.sleep(60_000);
    },
  },
];

/** Keeps to version 1 by number, while the template has moved on; runs nothing. */
async function groupAsleep(): Promise<void> {
  const first = stage.first;
  const name = { LaunchTemplateName: 'theirs' };
  const LaunchTemplateData = { ImageId: 'resolve:ssm:/golden/kubernetes/current', InstanceType: 't3.micro' };
  await must(first.send('ec2', HOME, 'CreateLaunchTemplateVersion', { ...name, LaunchTemplateData }));
  await must(first.send('ec2', HOME, 'ModifyLaunchTemplate', { ...name, DefaultVersion: '2' }));
  const subnets = await must(first.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}));
  await must(
    first.send('autoscaling', HOME, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: 'asleep',
      LaunchTemplate: { ...name, Version: '1' },
      MinSize: 0,
      MaxSize: 1,
      DesiredCapacity: 0,
      VPCZoneIdentifier: subnets.Subnets[0]?.SubnetId,
    }),
  );
}

test('a version that somebody uses stays, the reason names each; force ends it; nobody may look: it stays', async () => {
  await delivered();
  const old = await copyOfOld();
  const users = async (of: Session = session) => {
    const plan = await retirePlan(of, wish, silent);
    expect(shown(plan).filter((s) => s.startsWith('disable'))).toEqual([`disable-image ${BUILDER}/${OTHER}`]);
    expect(plan.notes.map((n) => n.code)).toEqual(['retire.in-use']);
    return plan.notes[0]?.because.map((b) => b.says) ?? [];
  };
  for (const { use, says } of USES) {
    await use(old);
    expect(await users()).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
  }
  await run(stage.second, old);
  await stage.clock.sleep(60_000);
  const without = await stage.open(config(versions[1] ?? '').replace(/^ *- \{ id: "333333333333".*\n/m, ''));
  expect(await users(without)).toContain(`usage report: 1 of ec2:Instance in ${SECOND}/${HOME}`);

  const forced = await retirePlan(session, { force: true, now: false }, silent);
  expect(shown(forced).filter((s) => s.startsWith('disable')).length).toBe(2);

  await asExported('ec2:DescribeImageReferences');
  const blind = await retirePlan(session, wish, silent);
  expect(shown(blind).filter((s) => s.startsWith('disable'))).toEqual([]);
  expect(new Set(blind.blocked.map((b) => b.code))).toEqual(new Set(['retire.census.unreadable']));
  // The roles that export iam prints may look, and end.
  await asExported();
  expect((await retirePlan(session, wish, silent)).blocked).toEqual([]);
  await carriedOut(await retirePlan(session, { force: true, now: true }, silent));
});

/** @param but an action that the role in the first account may not do */
async function asExported(but?: string): Promise<void> {
  for (const role of exportIam(session.want, []).roles.filter((r) => ['builder', 'account'].includes(r.purpose))) {
    const account = role.account === FIRST ? stage.first : role.account === SECOND ? stage.second : stage.builder;
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await account.send('iam', HOME, 'DetachRolePolicy', { RoleName: 'amiport', PolicyArn });
    const document = { ...role.policies.amiport } as { Version: string; Statement: unknown[] };
    if (but !== undefined && account === stage.first)
      document.Statement = [...document.Statement, { Effect: 'Deny', Action: but, Resource: '*' }];
    const input = { RoleName: 'amiport', PolicyName: 'amiport', PolicyDocument: JSON.stringify(document) };
    await must(account.send('iam', HOME, 'PutRolePolicy', input));
  }
  await stage.clock.sleep(60_000);
}
