/**
 * Gathers steps that one call can carry out: a batch goes when no other member can come any more, when it is full, or
 * when its first member has waited long enough.
 */
interface Member {
  readonly id: string;
  readonly batch?: string;
  readonly gatherMs?: number;
}

/** SNAP-1: accounts in one ModifySnapshotAttribute; batches of other things are smaller by nature. */
const BATCH_MAX = 500;
const GATHER_MS = 3_000;

interface Gathering<S> {
  /** How many have not come yet and still may. */
  expected: number;
  readonly steps: S[];
  /** Counts the goings, so that a sleeper knows that what it waited for is gone. */
  round: number;
}

export class Batches<S extends Member> {
  readonly #batches = new Map<string, Gathering<S>>();
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #go: (batch: readonly S[], late: boolean) => void;
  #gathering = 0;

  /** @param go is given every batch, once; `late` when its time was up, not within `add` or `lose` */
  constructor(
    steps: readonly S[],
    sleep: (ms: number) => Promise<void>,
    go: (batch: readonly S[], late: boolean) => void,
  ) {
    this.#sleep = sleep;
    this.#go = go;
    this.expect(steps);
  }

  get idle(): boolean {
    return this.#gathering === 0;
  }

  add(step: S, batch: string): void {
    const gathering = this.#of(batch);
    gathering.expected = Math.max(0, gathering.expected - 1);
    gathering.steps.push(step);
    this.#gathering += 1;
    if (gathering.expected === 0 || gathering.steps.length >= BATCH_MAX) this.#leave(gathering);
    else if (gathering.steps.length === 1) this.#leaveLater(gathering, step.gatherMs ?? GATHER_MS);
  }

  /** Members that come once more. */
  expect(steps: readonly S[]): void {
    for (const { batch } of steps) if (batch !== undefined) this.#of(batch).expected += 1;
  }

  /** A member that will never be ready. */
  lose(step: S): void {
    if (step.batch === undefined) return;
    const gathering = this.#of(step.batch);
    gathering.expected = Math.max(0, gathering.expected - 1);
    if (gathering.expected === 0 && gathering.steps.length > 0) this.#leave(gathering);
  }

  #of(batch: string): Gathering<S> {
    const there = this.#batches.get(batch) ?? { expected: 0, steps: [], round: 0 };
    this.#batches.set(batch, there);
    return there;
  }

  #leaveLater(gathering: Gathering<S>, ms: number): void {
    const { round } = gathering;
    this.#sleep(ms).then(() => {
      if (gathering.round === round && gathering.steps.length > 0) this.#leave(gathering, true);
    });
  }

  #leave(gathering: Gathering<S>, late = false): void {
    gathering.round += 1;
    const batch = gathering.steps.splice(0);
    this.#gathering -= batch.length;
    this.#go(batch, late);
  }
}
