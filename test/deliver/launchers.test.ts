/** Every kind of launcher: what is proven of it is what it then does. */
import { expect, test } from 'vitest';
import { launchCanaries, type Proof, verify } from '../../src/app/api.ts';
import { applied, bakedImage, configOf, FIRST, HOME, must, SECOND, silent, testStage } from './stage.ts';

const LAUNCHERS =
  '[autoscaling, { autoscaling: payments }, eks, spot, spotfleet, ec2fleet, { role: Launcher }, { karpenter: { role: ByHand } }]';
const GRANTED = ['autoscaling', 'autoscaling:payments', 'ec2fleet', 'eks', 'spot', 'spotfleet'];
const ALL = [...GRANTED, 'karpenter:ByHand', 'role:Launcher'].toSorted();

const verdicts = (proofs: readonly Proof[], verdict: Proof['verdict']): readonly string[] =>
  proofs
    .filter((p) => p.account === FIRST && p.verdict === verdict)
    .map((p) => p.launcher)
    .toSorted();

test('each kind is proven and launched, and without its grant neither', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source })
    .replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]')
    .replace('[{ role: Launcher }, autoscaling]', LAUNCHERS);
  const session = await stage.open(config);
  expect((await applied(session)).result.failed).toEqual([]);
  const { proofs, seen } = await verify(session, silent);
  expect(verdicts(proofs, 'can-launch')).toEqual(ALL);
  const canaries = await launchCanaries(session, seen, silent);
  const told = (result: string) =>
    canaries.filter((c) => c.account === FIRST && c.result === result).map((c) => c.launcher);
  expect(told('launched').toSorted()).toEqual(ALL.filter((l) => l !== 'spotfleet'));
  expect(canaries.filter((c) => c.result === 'not-tried')).toMatchObject([
    { launcher: 'spotfleet', reason: { code: 'canary.unsupported' } },
  ]);

  const key = seen.builder.get(HOME)?.key;
  const KeyId = key?.is === 'known' ? key.value.arn : '';
  for (const g of key?.is === 'known' && key.value.grants.is === 'known' ? key.value.grants.value : [])
    if (g.issuingAccount === FIRST && g.name !== undefined)
      await must(stage.builder.send('kms', HOME, 'RevokeGrant', { KeyId, GrantId: g.grantId }));
  const after = await verify(session, silent);
  expect(verdicts(after.proofs, 'cannot-launch')).toEqual(GRANTED);
  const failed = (await launchCanaries(session, after.seen, silent)).filter((c) => c.result === 'failed');
  expect(failed.map((c) => `${c.account} ${c.launcher}`).toSorted()).toEqual(
    GRANTED.filter((l) => l !== 'spotfleet').map((l) => `${FIRST} ${l}`),
  );
  const place = stage.sim.world.accounts.get(FIRST)?.places.get(HOME);
  const alive = [...(place?.ec2.instances.values() ?? [])].filter(
    (i) => !['terminated', 'shutting-down'].includes(i.state),
  );
  expect(alive).toEqual([]);
  expect([...(place?.ec2.fleets.values() ?? [])].map((f) => f.state)).toEqual(
    expect.arrayContaining(['deleted_terminating']),
  );
  expect(new Set(proofs.filter((p) => p.account === SECOND).map((p) => p.verdict))).toEqual(new Set(['can-launch']));
});
