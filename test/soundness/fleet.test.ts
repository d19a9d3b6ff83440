/** The fleet of the benches: what is broken there is known, so every verdict and every reason can be held against it. */
import { expect, test } from 'vitest';
import { causesIn } from '../../bench/worlds/causes.ts';
import { fleetOf } from '../../bench/worlds/fleet.ts';
import { LAUNCHERS } from '../../bench/worlds/names.ts';
import { launcherText } from '../../src/model/delivery.ts';
import { verifyDelivery } from '../../src/verify/verify.ts';

const ACCOUNTS = 10;

test('a launch is proven where nothing on its way is broken, and nowhere else', () => {
  const { want, seen } = fleetOf(ACCOUNTS);
  const proofs = verifyDelivery(want, seen);
  expect(proofs.length).toBe(ACCOUNTS * 20 * 10 * 5);
  const launchers = LAUNCHERS.map(launcherText);
  const wrong = proofs.filter((p) => {
    const broken = causesIn([p], launchers).size > 0;
    const told = p.verdict === 'can-launch' ? p.reasons.length === 0 && p.by.length > 0 : p.reasons.length > 0;
    return broken !== (p.verdict !== 'can-launch') || !told;
  });
  expect(
    wrong.map(({ image, account, region, launcher, verdict }) => [image, account, region, launcher, verdict]),
  ).toEqual([]);
});
