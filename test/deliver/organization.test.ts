import { expect, test } from 'vitest';
import { drift, launchCanaries, makePlan, verify } from '../../src/app/api.ts';
import { newUnit } from '../../src/sim/world/organize.ts';
import { applied, bakedImage, configOf, FIRST, HOME, must, OTHER, SECOND, silent, testStage } from './stage.ts';

const UNIT = 'ou-ab12-11112222';
const NESTED = 'ou-ab12-33334444';

async function stageWithUnits() {
  const stage = await testStage();
  const { organization } = stage.sim.world;
  if (organization === undefined) throw new Error('the default world has an organization');
  newUnit(organization, { id: UNIT, name: 'users', parentId: organization.rootId });
  newUnit(organization, { id: NESTED, name: 'nested', parentId: UNIT });
  const place = (account: string, parentId: string, status: 'ACTIVE' | 'SUSPENDED' = 'ACTIVE') => {
    const member = organization.members.get(account);
    if (member !== undefined) Object.assign(member, { parentId, status });
  };
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source }).replace(
    /accounts:\n(.*\n){2}/,
    `accounts:\n  - { organizationalUnit: ${UNIT}, launchers: [autoscaling] }\n`,
  );
  return { stage, config, place };
}

test.each([
  {
    when: 'accounts stand in the unit and below it',
    first: UNIT,
    second: NESTED,
    status: 'ACTIVE',
    accounts: [FIRST, SECOND],
  },
  { when: 'an account is suspended', first: UNIT, second: NESTED, status: 'SUSPENDED', accounts: [FIRST] },
  { when: 'an account is elsewhere', first: UNIT, second: 'r-ab12', status: 'ACTIVE', accounts: [FIRST] },
] as const)('organizational units are resolved to accounts when $when', async ({ first, second, status, accounts }) => {
  const { stage, config, place } = await stageWithUnits();
  place(FIRST, first);
  place(SECOND, second, status);
  const session = await stage.open(config);
  expect(session.want.accounts.map((a) => a.id)).toEqual(accounts);
  const { result } = await applied(session);
  expect(result.failed).toEqual([]);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

test('a builder that may not read the organization proves nothing, until the config says where to read or to ignore it', async () => {
  const { stage, config } = await stageWithUnits();
  const { organization } = stage.sim.world;
  // Another account manages the organization: the builder is a member like the others.
  stage.sim.world.organization = organization && { ...organization, managementAccount: SECOND };
  const plain = config.replace(/accounts:\n.*\n/, `accounts:\n  - { id: "${FIRST}", launchers: [autoscaling] }\n`);
  const blind = await stage.open(plain);
  const first = await applied(blind);
  expect(new Set(first.result.failed.map((f) => f.reason.code))).toEqual(new Set(['verify.unknown']));

  const told = await stage.open(`${plain}organization: { account: "${SECOND}" }\n`);
  const { plan } = await makePlan(told, silent);
  expect(plan.steps.some((s) => s.do === 'share-image')).toBe(true);
  expect((await applied(told)).result.failed).toEqual([]);

  const ignoring = await stage.open(`${plain}organization: { guardrails: ignore }\n`);
  const { proofs } = await verify(ignoring, silent);
  expect(proofs.map((p) => p.verdict)).toEqual(['can-launch', 'can-launch']);
  expect(proofs[0]?.by.at(-1)).toContain('were not judged');
});

/** Launch permissions and key policy of every copy, by Region. */
async function openedTo(stage: Awaited<ReturnType<typeof stageWithUnits>>['stage']) {
  const opened: { users: string[]; units: string[]; policy: string }[] = [];
  for (const region of [HOME, OTHER]) {
    const Filters = [{ Name: 'tag:amiport:step', Values: ['copy'] }];
    const images = await must(
      stage.builder.send<{ Images: { ImageId: string }[] }>('ec2', region, 'DescribeImages', {
        Owners: ['self'],
        Filters,
      }),
    );
    const attribute = await must(
      stage.builder.send<{
        LaunchPermissions?: { UserId?: string; OrganizationArn?: string; OrganizationalUnitArn?: string }[];
      }>('ec2', region, 'DescribeImageAttribute', {
        ImageId: images.Images[0]?.ImageId,
        Attribute: 'launchPermission',
      }),
    );
    const key = await must(
      stage.builder.send<{ KeyMetadata: { KeyId: string } }>('kms', region, 'DescribeKey', {
        KeyId: 'alias/amiport-images',
      }),
    );
    const { Policy } = await must(
      stage.builder.send<{ Policy: string }>('kms', region, 'GetKeyPolicy', { KeyId: key.KeyMetadata.KeyId }),
    );
    const all = attribute.LaunchPermissions ?? [];
    opened.push({
      users: all.flatMap((p) => p.UserId ?? []),
      units: all.flatMap(
        (p) => p.OrganizationalUnitArn?.split('/').at(-1) ?? p.OrganizationArn?.split('/').at(-1) ?? [],
      ),
      policy: Policy,
    });
  }
  return opened;
}

test('by unit: images and key are opened to the unit, proven, launched; never while it holds somebody else', async () => {
  const { stage, config, place } = await stageWithUnits();
  place(FIRST, UNIT);
  place(SECOND, NESTED);
  const byUnit = `${config.replace('launchers: [autoscaling] }', 'launchers: [{ role: Launcher }, autoscaling] }')}organization: { shareBy: units }\n`;
  const session = await stage.open(byUnit);
  const { plan, result } = await applied(session);
  expect(result.failed).toEqual([]);
  expect(JSON.stringify(plan.steps.map((s) => s.why))).toMatch(
    /\d+ of 32768 bytes; opens to 2 accounts, delivery needs 2/,
  );
  for (const { users, units, policy } of await openedTo(stage)) {
    expect([users, units]).toEqual([[], [UNIT]]);
    expect(policy).toContain(`/${UNIT}/*`);
    expect(policy).not.toContain(`${FIRST}:root`);
  }
  const { proofs, seen } = await verify(session, silent);
  expect(new Set(proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
  expect(new Set((await launchCanaries(session, seen, silent)).map((c) => c.result))).toEqual(new Set(['launched']));
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  expect((await drift(session, silent)).differences).toEqual([]);

  // The nested account is left out: the unit holds somebody who is not to have images, so the other stands alone.
  const without = await stage.open(
    byUnit.replace(`organizationalUnit: ${UNIT},`, `organizationalUnit: ${UNIT}, exclude: ["${NESTED}"],`),
  );
  expect(without.want.accounts.map((a) => a.id)).toEqual([FIRST]);
  expect((await applied(without)).result.failed).toEqual([]);
  for (const { users, units, policy } of await openedTo(stage)) {
    expect([users, units]).toEqual([[FIRST], []]);
    expect(policy).not.toContain('PrincipalOrg');
    expect(policy).not.toContain(SECOND);
  }
  expect((await makePlan(without, silent)).plan.steps).toEqual([]);
  expect(stage.sim.bugs).toEqual([]);
});

test('accounts come and go: an added one is delivered to by the next apply, a removed one loses permission and grants', async () => {
  const { stage, config, place } = await stageWithUnits();
  place(FIRST, UNIT);
  place(SECOND, 'r-ab12');
  await applied(await stage.open(config));
  place(SECOND, NESTED);
  const grown = await stage.open(config);
  expect((await applied(grown)).result.failed).toEqual([]);
  for (const { users } of await openedTo(stage)) expect(users.toSorted()).toEqual([FIRST, SECOND]);
  place(FIRST, 'r-ab12');
  const shrunk = await stage.open(config);
  const { plan, result } = await applied(shrunk);
  expect(result.failed).toEqual([]);
  expect(plan.steps.map((s) => s.do)).toEqual(
    expect.arrayContaining(['unshare-image', 'revoke-grant', 'put-key-policy']),
  );
  for (const { users, policy } of await openedTo(stage)) {
    expect(users).toEqual([SECOND]);
    expect(policy).not.toContain(FIRST);
  }
  expect((await makePlan(shrunk, silent)).plan.steps).toEqual([]);
});
