/** The roles that `export iam` prints, and nothing else, suffice for everything amiport does; the read-only ones for looking. */
import { expect, test } from 'vitest';
import { launchCanaries, left, makePlan, status, verify } from '../../src/app/api.ts';
import { exportIam, type RoleExport } from '../../src/export/iam.ts';
import {
  applied,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

const ADMIN = 'arn:aws:iam::aws:policy/AdministratorAccess';

/** In place of the administrator rights that the stage gave: the exported policies of one purpose. */
async function narrow(stage: TestStage, roles: readonly RoleExport[]): Promise<void> {
  for (const role of roles) {
    const account = role.account === FIRST ? stage.first : role.account === SECOND ? stage.second : stage.builder;
    await account.send('iam', HOME, 'DetachRolePolicy', { RoleName: 'amiport', PolicyArn: ADMIN });
    for (const old of ['amiport', 'amiport-canary', 'amiport-read'])
      await account.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'amiport', PolicyName: old });
    for (const [PolicyName, document] of Object.entries(role.policies)) {
      const PolicyDocument = JSON.stringify(document);
      await must(account.send('iam', HOME, 'PutRolePolicy', { RoleName: 'amiport', PolicyName, PolicyDocument }));
    }
  }
}

const WAYS = [
  { way: 'shared-encrypted', extra: '' },
  { way: 'shared-unencrypted', extra: '' },
  { way: 'account-copies', extra: ', accountKey: "alias/ebs-{account}"' },
];

test.each(WAYS)('$way', async ({ way, extra }) => {
  const stage = await testStage();
  if (way === 'shared-unencrypted') await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ kubernetes: source }, { way, extra }));
  const { roles } = exportIam(session.want, []);
  await narrow(
    stage,
    roles.filter((r) => r.purpose === 'builder' || r.purpose === 'account'),
  );

  const { plan, result } = await applied(session);
  expect(plan.blocked).toEqual([]);
  expect(result.failed).toEqual([]);
  expect(result.notStarted).toEqual([]);
  const { proofs, seen } = await verify(session, silent);
  expect(proofs.filter((p) => p.verdict !== 'can-launch')).toEqual([]);
  const canaries = await launchCanaries(session, seen, silent);
  expect(canaries.filter((c) => c.result !== 'launched')).toEqual([]);
  expect(await left(session, silent)).toMatchObject({ unreadable: [] });

  await narrow(
    stage,
    roles.filter((r) => r.purpose === 'read-only'),
  );
  expect((await makePlan(session, silent)).plan).toMatchObject({ steps: [], blocked: [] });
  expect(await status(session, silent)).toMatchObject({ missing: { steps: 0 }, unreadable: [] });
  const found = await left(session, silent);
  expect(found.unreadable).toEqual([]);
  expect(found.resources.filter((r) => r.orphan)).toEqual([]);
});
