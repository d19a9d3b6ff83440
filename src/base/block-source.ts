/**
 * A disk as numbered blocks: a snapshot read through the EBS direct APIs, or a raw file.
 *
 * The interface stands here, since `aws` implements it and `disk` reads through it, and neither may import the other.
 * Invariant: read-only. A block that is handed out is not changed before 16 others were read: who needs it longer copies it.
 */
import type { Outcome } from './outcome.ts';

/** What EBS direct reads and writes in one call. Source: EBS API Reference "GetSnapshotBlock". */
export const BLOCK_BYTES = 524_288;

export interface BlockSource {
  /** The snapshot id or the file's path: the subject of reasons. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly blockBytes: number;
  /** Blocks that hold something; for a raw file all of them. */
  readonly usedBlocks: number;
  /** True where a block was never written: it reads as zeros, and reading it costs no call. */
  isAbsent(index: number): boolean;
  /**
   * One block, `blockBytes` long (the last is filled up with zeros). Many may be asked for at once; the same block asked for
   * twice is fetched once.
   *
   * @param use `metadata`: the block may be wanted again for the files in it, so a source for which a fetch is dear keeps it
   */
  read(index: number, use: BlockUse): Promise<Outcome<Uint8Array>>;
  /**
   * Exactly these bytes, where a part costs less than its block (a file); absent where a block is the least there is.
   * Not beyond `sizeBytes`.
   */
  readPart?(offset: number, length: number): Promise<Outcome<Uint8Array>>;
  /** A file of this process, where the source is one: whoever reads much may read it in place, on a thread of its own. */
  readonly fd?: number;
  /** Says which blocks come next, in that order. Never waits, never fails: a failure shows when the block is read. */
  prefetch(indexes: readonly number[]): void;
  stats(): BlockStats;
  close(): Promise<void>;
}

export type BlockUse = 'metadata' | 'data';

export interface BlockStats {
  /** Blocks that were fetched: calls of GetSnapshotBlock that succeeded, or reads of the file. */
  readonly fetches: number;
  /** Calls beyond those: throttled, failed, or answered with bytes that do not match their checksum. */
  readonly retries: number;
  /** The most that were under way at one time. */
  readonly inFlightMax: number;
}
