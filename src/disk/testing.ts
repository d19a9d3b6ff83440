/** Sources in memory for the tests of the readers. */
import { BLOCK_BYTES, type BlockSource } from '../base/block-source.ts';
import { done } from '../base/outcome.ts';

/** @param absent blocks that count as never written */
export function memorySource(bytes: Uint8Array, absent: readonly number[] = []): BlockSource {
  let fetches = 0;
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  return {
    id: 'memory',
    sizeBytes: bytes.length,
    blockBytes: BLOCK_BYTES,
    usedBlocks: blocks - absent.length,
    isAbsent: (index) => absent.includes(index),
    async read(index) {
      fetches += 1;
      const block = new Uint8Array(BLOCK_BYTES);
      block.set(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
      return done(block);
    },
    prefetch() {},
    stats: () => ({ fetches, retries: 0, inFlightMax: 1 }),
    async close() {},
  };
}
