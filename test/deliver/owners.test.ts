/** `manage: export`: the run waits for what `export iam` prints; once the owner has applied that, it goes through. */
import { expect, test } from 'vitest';
import { exportedIam, makePlan } from '../../src/app/api.ts';
import { applied, bakedImage, configOf, FIRST, HOME, must, SECOND, silent, testStage } from './stage.ts';

interface RolePolicy {
  readonly account: string;
  readonly roleName: string;
  readonly policyName: string;
  readonly policy: object;
  readonly waitsFor: readonly string[];
}

test('role policies are printed, applied by their owners, and then the delivery is done', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ kubernetes: source }, { rolePolicy: 'export' }));
  const owners = async () => {
    const { json, hcl, without } = await exportedIam(session.want, session, silent);
    expect(without).toEqual([]);
    return { hcl, policies: (json as { launchers: readonly RolePolicy[] }).launchers };
  };

  const before = await owners();
  expect(before.policies.map((p) => `${p.account} ${p.roleName} ${p.policyName}`)).toEqual([
    `${FIRST} Launcher amiport-bedrock`,
    `${SECOND} Launcher amiport-bedrock`,
  ]);
  expect(before.policies[0]?.waitsFor).toEqual(['key:eu-west-1', 'key:us-east-1']);
  expect(before.hcl).toContain('known when amiport apply has made key:eu-west-1, key:us-east-1; export again then');

  const first = await applied(session);
  expect([...new Set(first.result.failed.map((f) => f.reason.code))]).toEqual(['verify.cannot-launch']);

  const { policies, hcl } = await owners();
  expect(policies.flatMap((p) => p.waitsFor)).toEqual([]);
  expect(hcl).toContain('resource "aws_iam_role_policy" "amiport-bedrock_Launcher_222222222222"');
  for (const p of policies) {
    const owner = p.account === FIRST ? stage.first : stage.second;
    const input = { RoleName: p.roleName, PolicyName: p.policyName, PolicyDocument: JSON.stringify(p.policy) };
    await must(owner.send('iam', HOME, 'PutRolePolicy', input));
  }
  const second = await applied(session);
  expect(second.result.failed).toEqual([]);
  expect(second.result.notStarted).toEqual([]);
  expect((await makePlan(session, silent)).plan).toMatchObject({ steps: [], exported: [], blocked: [] });
});
