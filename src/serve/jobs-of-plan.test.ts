import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jobsOf, type PlanStep } from './jobs-of-plan.ts';

const step = (id: string, place: string, ...needs: string[]): PlanStep => {
  const [account = '', region = ''] = place.split('/');
  return { id, account, region, needs };
};

test('a stage begins where a step needs something of another place', () => {
  const jobs = jobsOf([
    step('key', 'b/e'),
    step('alias', 'b/e', 'key'),
    step('grant', 'u/e', 'key'),
    step('role', 'u/e'),
    step('prove', 'b/e', 'grant', 'alias'),
    step('share', 'b/e', 'prove'),
    step('point', 'u/e', 'share', 'grant'),
  ]);
  const lines = jobs.map(
    (j) => `${j.no} stage ${j.stage} ${j.place}: ${j.steps.join(' ')} after ${j.needs.join(' ')} height ${j.height}`,
  );
  expect(lines).toEqual([
    '0 stage 0 b/e: key alias after  height 3',
    '1 stage 0 u/e: role after  height 0',
    '2 stage 1 u/e: grant after 0 height 2',
    '3 stage 2 b/e: prove share after 0 2 height 1',
    '4 stage 3 u/e: point after 2 3 height 0',
  ]);
});

/** Steps that need some of those before them, told in any order. */
const plans = fc
  .array(
    fc.record({ place: fc.constantFrom('a/1', 'a/2', 'b/1', 'c/1'), needs: fc.array(fc.nat(30), { maxLength: 4 }) }),
    {
      maxLength: 30,
    },
  )
  .chain((rows) => {
    const steps = rows.map((r, i) =>
      step(`s${i}`, r.place, ...r.needs.filter((n) => n < i).map((n) => `s${n}`), 'not-in-the-plan'),
    );
    return fc.shuffledSubarray(steps, { minLength: steps.length });
  });

test('every step is in one job, and all it needs is in that job or in one that ends before it', () => {
  fc.assert(
    fc.property(plans, (steps) => {
      const jobs = jobsOf(steps);
      const jobOf = new Map(jobs.flatMap((j) => j.steps.map((id) => [id, j.no] as const)));
      expect(jobs.flatMap((j) => j.steps).toSorted()).toEqual(steps.map((s) => s.id).toSorted());
      expect(jobs.every((j) => j.needs.every((n) => n < j.no))).toBe(true);
      const within = (s: PlanStep) =>
        s.needs
          .filter((n) => jobOf.has(n))
          .every((n) => {
            const own = jobOf.get(s.id);
            const need = jobOf.get(n);
            return need === own || (need !== undefined && jobs[own ?? -1]?.needs.includes(need));
          });
      expect(steps.filter((s) => !within(s))).toEqual([]);
    }),
  );
});
