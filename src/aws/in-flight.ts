/**
 * How many calls may be under way: halved when AWS says "slow down", one more for every round that went well.
 * Additive increase and multiplicative decrease find the rate that the account has left, whatever else uses it.
 */

const FEWEST = 16;
const MOST = 64;
const START = 48;

export class InFlight {
  #limit = START;
  #under = 0;
  #went = 0;
  #sinceSlower = 0;
  readonly #waiting: (() => void)[] = [];
  /** The most that were under way at one time. */
  most = 0;

  get hasRoom(): boolean {
    return this.#under < this.#limit;
  }

  async enter(): Promise<void> {
    if (this.hasRoom && this.#waiting.length === 0) this.#under += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.most = Math.max(this.most, this.#under);
  }

  leave(): void {
    this.#under -= 1;
    while (this.hasRoom && this.#waiting.length > 0) {
      this.#under += 1; // for the one that wakes, so that nobody slips in between
      this.#waiting.shift()?.();
    }
  }

  went(): void {
    this.#went += 1;
    this.#sinceSlower += 1;
    if (this.#went < this.#limit) return;
    this.#went = 0;
    this.#limit = Math.min(MOST, this.#limit + 1);
  }

  /** Those that were under way together are refused together: one halving for all of them. */
  slowDown(): void {
    if (this.#sinceSlower < this.#limit / 2 && this.#limit < START) return;
    this.#sinceSlower = 0;
    this.#went = 0;
    this.#limit = Math.max(FEWEST, Math.floor(this.#limit / 2));
  }
}
