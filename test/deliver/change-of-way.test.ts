/** Editing the way of a live image: the new way beside the old, pointers moved, then the old one withdrawn. */
import { expect, test } from 'vitest';
import { launchCanaries, makePlan, type Plan, verify } from '../../src/app/api.ts';
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

type Way = 'shared-unencrypted' | 'shared-encrypted' | 'account-copies';
const WAYS: readonly Way[] = ['shared-unencrypted', 'shared-encrypted', 'account-copies'];
const DIRECTIONS = WAYS.flatMap((from) => WAYS.filter((to) => to !== from).map((to) => ({ from, to })));

const config = (image: string, way: Way): string =>
  configOf({ vod: image }, { way, extra: way === 'account-copies' ? ', accountKey: "alias/ebs-{account}"' : '' });

interface Tagged {
  readonly ImageId: string;
  readonly State: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

/** `account region way step` of every copy that is there. */
async function copiesThere(stage: TestStage): Promise<readonly string[]> {
  const out: string[] = [];
  for (const sender of [stage.builder, stage.first, stage.second]) {
    for (const region of [HOME, OTHER]) {
      const found = await must(
        sender.send<{ Images: Tagged[] }>('ec2', region, 'DescribeImages', { Owners: ['self'] }),
      );
      for (const i of found.Images) {
        // IMG-5: a deregistered image is still listed for a while.
        if (i.State === 'deregistered') continue;
        const tag = (key: string) => i.Tags?.find((t) => t.Key === key)?.Value;
        if (tag('amiport:step')?.endsWith('copy')) out.push(`${sender.account} ${region} ${tag('amiport:way')}`);
      }
    }
  }
  return out.toSorted();
}

function expectedCopies(way: Way): readonly string[] {
  const accounts = way === 'account-copies' ? [BUILDER, FIRST, SECOND] : [BUILDER];
  return accounts.flatMap((a) => [HOME, OTHER].map((r) => `${a} ${r} ${way}`)).toSorted();
}

/** Everything that takes comes after everything that gives, by the DAG and not by luck. */
function takesLast(plan: Plan): void {
  const byId = new Map(plan.steps.map((s) => [s.id, s]));
  const before = (id: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const need of byId.get(id)?.needs ?? []) if (!seen.has(need)) before(need, seen.add(need));
    return seen;
  };
  for (const step of plan.steps) {
    if (step.do !== 'unshare-image' && step.do !== 'deregister-image') continue;
    const first = before(step.id);
    const pointers = plan.steps.filter((s) => s.do === 'put-parameter' && s.region === step.region);
    expect(pointers.length).toBeGreaterThan(0);
    for (const pointer of pointers) expect(first).toContain(pointer.id);
  }
}

test.each(DIRECTIONS)('$from → $to, and back with one more apply', async ({ from, to }) => {
  const stage = await testStage();
  await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const source = await bakedImage(stage, stage.builder, 'plain');
  const first = await applied(await stage.open(config(source, from)));
  expect(first.result.failed).toEqual([]);
  expect(await copiesThere(stage)).toEqual(expectedCopies(from));

  for (const way of [to, from]) {
    const session = await stage.open(config(source, way));
    const { plan, result } = await applied(session);
    expect(plan.blocked).toEqual([]);
    takesLast(plan);
    expect(result.failed).toEqual([]);
    expect(result.notStarted).toEqual([]);
    expect(await copiesThere(stage)).toEqual(expectedCopies(way));
    const { proofs, seen } = await verify(session, silent);
    expect(new Set(proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
    expect(new Set((await launchCanaries(session, seen, silent)).map((c) => c.result))).toEqual(new Set(['launched']));
    expect((await makePlan(session, silent)).plan.steps).toEqual([]);
    await expectRights(stage, way);
  }
  expect(stage.sim.bugs).toEqual([]);
});

/** No statement, grant or role policy of a former way is left. */
async function expectRights(stage: TestStage, way: Way): Promise<void> {
  for (const region of [HOME, OTHER]) {
    const key = await stage.builder.send<{ Policy: string }>('kms', region, 'GetKeyPolicy', {
      KeyId: await keyOf(stage, region),
    });
    if (!key.ok) continue;
    const sids = (JSON.parse(key.value.Policy) as { Statement: { Sid: string }[] }).Statement.map((s) => s.Sid);
    expect(sids.some((s) => s.endsWith('-use'))).toBe(way === 'shared-encrypted');
    expect(sids.some((s) => s.endsWith('-copy'))).toBe(way === 'account-copies');
    const grants = await must(
      stage.builder.send<{ Grants: { Name?: string }[] }>('kms', region, 'ListGrants', {
        KeyId: await keyOf(stage, region),
      }),
    );
    const ours = grants.Grants.filter((g) => g.Name?.startsWith('amiport/'));
    expect(ours.length).toBe(way === 'shared-encrypted' ? 2 : 0);
  }
  const policies = await must(
    stage.first.send<{ PolicyNames: string[] }>('iam', HOME, 'ListRolePolicies', { RoleName: 'Launcher' }),
  );
  expect(policies.PolicyNames.includes('amiport-bedrock')).toBe(way === 'shared-encrypted');
}

async function keyOf(stage: TestStage, region: string): Promise<string> {
  const found = await stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', region, 'DescribeKey', {
    KeyId: 'alias/amiport-images',
  });
  return found.ok ? found.value.KeyMetadata.Arn : 'alias/none';
}

test('while a launch template that belongs to others names the old image, nothing of the old way is taken', async () => {
  const stage = await testStage();
  await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const source = await bakedImage(stage, stage.builder, 'plain');
  const others = (way: Way) =>
    config(source, way)
      .replace('publish: { ssm', 'publish: { launchTemplates: [nodes], ssm')
      .replace('launchTemplates: amiport', 'launchTemplates: export');
  await must(
    stage.first.send('ec2', HOME, 'CreateLaunchTemplate', {
      LaunchTemplateName: 'nodes',
      LaunchTemplateData: { ImageId: source },
    }),
  );
  await applied(await stage.open(others('shared-encrypted')));
  const session = await stage.open(others('account-copies'));
  const { plan, result } = await applied(session);
  expect(result.failed).toEqual([]);
  expect(plan.steps.filter((s) => s.do === 'deregister-image').map((s) => s.region)).not.toContain(HOME);
  expect(plan.steps.filter((s) => s.do === 'deregister-image').map((s) => s.region)).toContain(OTHER);
  expect(plan.notes.map((n) => n.code)).toContain('ec2.launch-template.others');
  expect(await copiesThere(stage)).toContain(`${BUILDER} ${HOME} shared-encrypted`);
});

test('an account that leaves the config loses its launch permission, its statement and its grant', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  await applied(await stage.open(config(source, 'shared-encrypted')));
  const without = config(source, 'shared-encrypted').replace(/^ *- \{ id: "333333333333".*\n/m, '');
  const session = await stage.open(without);
  const { plan, result } = await applied(session);
  expect(result.failed).toEqual([]);
  expect(plan.steps.map((s) => `${s.do} ${s.region}`).toSorted()).toEqual(
    [HOME, OTHER].flatMap((r) => [`put-key-policy ${r}`, `revoke-grant ${r}`, `unshare-image ${r}`]).toSorted(),
  );
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  const policy = await must(
    stage.builder.send<{ Policy: string }>('kms', HOME, 'GetKeyPolicy', { KeyId: await keyOf(stage, HOME) }),
  );
  expect(policy.Policy).not.toContain(SECOND);
});
