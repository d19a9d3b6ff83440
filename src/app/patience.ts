/**
 * Looks that fail while AWS is down are no news of what is under way: it is looked at again, for as long as a bad hour
 * lasts. What AWS refuses for a reason fails the step at once.
 */
import type { Results, StepResult } from '../run/drive.ts';

const PATIENCE_MS = 30 * 60_000;
const LOOK_AGAIN_MS = 30_000;

export class Patience {
  readonly #nowMs: () => number;
  readonly #isOutage: (code: string) => boolean;
  /** By step: when looks at it began to fail. */
  readonly #sinceMs = new Map<string, number>();

  /** @param isOutage whether a reason's code says that AWS could not answer at all */
  constructor(nowMs: () => number, isOutage: (code: string) => boolean) {
    this.#nowMs = nowMs;
    this.#isOutage = isOutage;
  }

  /** @param results of looks */
  over(results: Results): Results {
    return new Map([...results].map(([id, result]) => [id, this.#judge(id, result)]));
  }

  #judge(id: string, result: StepResult): StepResult {
    if (result.is !== 'failed' || !this.#isOutage(result.reason.code)) {
      this.#sinceMs.delete(id);
      return result;
    }
    const sinceMs = this.#sinceMs.get(id) ?? this.#nowMs();
    this.#sinceMs.set(id, sinceMs);
    if (this.#nowMs() - sinceMs >= PATIENCE_MS) return result;
    return {
      is: 'waiting',
      says: `nobody can look at the moment (${result.reason.says})`,
      untilMs: this.#nowMs() + LOOK_AGAIN_MS,
    };
  }
}
