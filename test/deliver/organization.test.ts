import { expect, test } from 'vitest';
import { makePlan, verify } from '../../src/app/api.ts';
import { newUnit } from '../../src/sim/world/organize.ts';
import { applied, bakedImage, configOf, FIRST, SECOND, silent, testStage } from './stage.ts';

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
