/**
 * What a volume or snapshot holds: a sparse map of 512 KiB blocks to content hashes, so that copies
 * share bytes. Source: Amazon EBS User Guide, "FAQ for EBS direct APIs" (block size).
 */
export const BLOCK_BYTES = 524_288;

export interface Disk {
  /** Block index → SHA-256 hex of its 524,288 bytes, a key of `World.blocks`; absent blocks read as zeros. */
  readonly blocks: ReadonlyMap<number, string>;
}

export const EMPTY_DISK: Disk = { blocks: new Map() };
