/** Order is safety: in every plan nothing is shared, and no pointer moves, but after the proof of that very image. */
import { expect, test } from 'vitest';
import { makePlan, type Plan, type Step } from '../../src/app/api.ts';
import { bakedImage, configOf, HOME, must, silent, testStage } from './stage.ts';

const GIVES: readonly Step['do'][] = ['share-image', 'open-image', 'put-parameter', 'set-launch-template'];

/** Steps that give something without a proof of their image, in their Region, before them. */
function unproven(plan: Plan): readonly string[] {
  const byId = new Map(plan.steps.map((s) => [s.id, s]));
  const isProven = (s: Step, image: string | undefined, region: string): boolean =>
    s.needs.some((id) => {
      const need = byId.get(id);
      if (need === undefined) return false;
      return (need.do === 'prove' && need.image === image && need.region === region) || isProven(need, image, region);
    });
  return plan.steps.filter((s) => GIVES.includes(s.do) && !isProven(s, s.image, s.region)).map((s) => s.id);
}

const WAYS = [
  { way: 'shared-encrypted', extra: '' },
  { way: 'shared-unencrypted', extra: '' },
  { way: 'account-copies', extra: ', accountKey: "alias/ebs-{account}"' },
];

test.each(WAYS)('$way: what is given is proven before', async ({ way, extra }) => {
  const stage = await testStage();
  if (way === 'shared-unencrypted') await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ kubernetes: source, vod: source }, { way, extra }));
  const { plan } = await makePlan(session, silent);
  expect(plan.steps.filter((s) => GIVES.includes(s.do)).length).toBeGreaterThan(4);
  expect(unproven(plan)).toEqual([]);
  // The check itself sees a plan that gives too early.
  const [first] = plan.steps.filter((s) => GIVES.includes(s.do));
  const early = { ...plan, steps: plan.steps.map((s) => (s === first ? { ...s, needs: [] } : s)) };
  expect(unproven(early)).toContain(first?.id);
});
