/**
 * A plan cut into jobs, one per (stage, place). Within a stage the steps of a place need each other or earlier stages only:
 * a stage begins wherever a step needs something of another place. Pure; jobs come in the order of their stages.
 */

export interface PlanStep {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly needs: readonly string[];
}

export interface PlannedJob {
  readonly no: number;
  readonly stage: number;
  /** `account/region` */
  readonly place: string;
  readonly steps: readonly string[];
  /** Numbers of the jobs that must have ended before. */
  readonly needs: readonly number[];
  /** Jobs on the longest way from here to the end: the higher, the sooner it should be done. */
  readonly height: number;
}

const placeOf = (step: PlanStep): string => `${step.account}/${step.region}`;

export function jobsOf(steps: readonly PlanStep[]): readonly PlannedJob[] {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const stages = stagesOf(steps, byId);
  const key = (s: PlanStep): string => `${stages.get(s.id)} ${placeOf(s)}`;
  const groups = Map.groupBy(
    steps.toSorted((a, b) => (stages.get(a.id) ?? 0) - (stages.get(b.id) ?? 0)),
    key,
  );
  const numbers = new Map([...groups.keys()].map((k, no) => [k, no]));
  const needsOf = (all: readonly PlanStep[], own: number): readonly number[] => {
    const needed = all.flatMap((s) => s.needs.flatMap((n) => byId.get(n) ?? [])).map((s) => numbers.get(key(s)) ?? own);
    return [...new Set(needed)].filter((no) => no !== own).toSorted((a, b) => a - b);
  };
  const jobs = [...groups.values()].map((all, no) => {
    const [first] = all;
    return {
      no,
      stage: first === undefined ? 0 : (stages.get(first.id) ?? 0),
      place: first === undefined ? '' : placeOf(first),
      steps: all.map((s) => s.id),
      needs: needsOf(all, no),
    };
  });
  const heights = heightsOf(jobs);
  return jobs.map((job) => ({ ...job, height: heights[job.no] ?? 0 }));
}

function stagesOf(steps: readonly PlanStep[], byId: ReadonlyMap<string, PlanStep>): ReadonlyMap<string, number> {
  const stages = new Map<string, number>();
  const stageOf = (step: PlanStep): number => {
    const known = stages.get(step.id);
    if (known !== undefined) return known;
    let stage = 0;
    for (const id of step.needs) {
      const need = byId.get(id);
      if (need === undefined) continue;
      stage = Math.max(stage, stageOf(need) + (placeOf(need) === placeOf(step) ? 0 : 1));
    }
    stages.set(step.id, stage);
    return stage;
  };
  for (const step of steps) stageOf(step);
  return stages;
}

/** Every need has a lower number than the job, so one pass from the end suffices. */
function heightsOf(jobs: readonly { readonly no: number; readonly needs: readonly number[] }[]): readonly number[] {
  const heights = jobs.map(() => 0);
  for (const { no, needs } of jobs.toReversed())
    for (const need of needs) heights[need] = Math.max(heights[need] ?? 0, (heights[no] ?? 0) + 1);
  return heights;
}
