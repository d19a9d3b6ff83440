/**
 * Which requests nobody scans yet. A worker is given some ahead; while it is busy with a long one, another thread may take the others:
 * whoever claims a request scans it, and whoever comes second leaves it alone.
 */
export class Claims {
  readonly memory: SharedArrayBuffer;
  /** By slab: the claim of its request; 0: somebody has it. */
  readonly #open: Int32Array;
  #last = 0;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#open = new Int32Array(memory);
  }

  static forSlabs(slabs: number): Claims {
    return new Claims(new SharedArrayBuffer(slabs * Int32Array.BYTES_PER_ELEMENT));
  }

  /** @returns what the request is claimed by; another each time, so that a slab's next request is not taken for its last one */
  offer(slab: number): number {
    this.#last += 1;
    Atomics.store(this.#open, slab, this.#last);
    return this.#last;
  }

  /** @returns whether the caller is the one who scans it */
  take(slab: number, claim: number): boolean {
    return Atomics.compareExchange(this.#open, slab, claim, 0) === claim;
  }
}
