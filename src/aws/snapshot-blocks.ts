/**
 * A snapshot as a block source, through the EBS direct APIs: nothing is launched, attached or mounted.
 *
 * Many calls are under way at once, fewer when AWS says "slow down"; each block is held against its SHA-256; a block asked for
 * twice is fetched once; absent blocks cost no call. Blocks that were fetched for metadata will be wanted again for the files in
 * them: they are kept, in memory and beyond that in an encrypted file without a name (block-spool.ts), so that a whole read
 * costs hardly more calls than there are blocks. Source: EBS API Reference "GetSnapshotBlock".
 */
import { createHash } from 'node:crypto';
import type { BlockSource, BlockUse } from '../base/block-source.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { BlockSpool } from './block-spool.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { InFlight } from './in-flight.ts';
import { keyReason } from './snapshot-key.ts';
import { BlockList, type SnapshotPlace } from './snapshot-list.ts';

export interface SnapshotOptions {
  /** Blocks in memory; default 64 MiB. */
  readonly cacheBytes?: number;
  /** Whether blocks of metadata that do not fit are spooled; default true. */
  readonly spool?: boolean;
}

const CACHE_BYTES = 64 * 2 ** 20;
/** A block that comes wrong so often is wrong. */
const ATTEMPTS_MAX = 3;

export async function openSnapshot(
  connection: Connection,
  at: SnapshotPlace,
  options: SnapshotOptions = {},
): Promise<Outcome<BlockSource>> {
  const list = new BlockList(connection, at);
  const read = await list.readAll();
  if (!read.ok) return failed(await keyReason(connection, at, read.reason));
  return done(new SnapshotSource(connection, at, list, options));
}

class SnapshotSource implements BlockSource {
  readonly id: string;
  readonly sizeBytes: number;
  readonly blockBytes: number;
  readonly usedBlocks: number;
  readonly #connection: Connection;
  readonly #at: SnapshotPlace;
  readonly #list: BlockList;
  readonly #inFlight = new InFlight();
  readonly #spool: BlockSpool | undefined;
  readonly #cacheMax: number;
  readonly #cache = new Map<number, Uint8Array>();
  readonly #fetching = new Map<number, Promise<Outcome<Uint8Array>>>();
  readonly #ahead = new Set<number>();
  /** Read for metadata, and not yet for data. */
  readonly #wanted = new Set<number>();
  readonly #zeros: Uint8Array;
  #fetches = 0;
  #retries = 0;

  constructor(connection: Connection, at: SnapshotPlace, list: BlockList, options: SnapshotOptions) {
    this.id = at.snapshotId;
    this.sizeBytes = list.sizeBytes;
    this.blockBytes = list.blockBytes;
    this.usedBlocks = list.usedBlocks;
    this.#connection = connection;
    this.#at = at;
    this.#list = list;
    this.#zeros = new Uint8Array(list.blockBytes);
    this.#spool = (options.spool ?? true) ? new BlockSpool(list.blockBytes) : undefined;
    this.#cacheMax = Math.max(2, Math.floor((options.cacheBytes ?? CACHE_BYTES) / list.blockBytes));
  }

  isAbsent(index: number): boolean {
    return !this.#list.has(index);
  }

  async read(index: number, use: BlockUse): Promise<Outcome<Uint8Array>> {
    if (this.isAbsent(index)) return done(this.#zeros);
    if (use === 'metadata') this.#wanted.add(index);
    const kept = this.#cache.get(index);
    const block = kept ? done(kept) : await this.#load(index);
    if (block.ok) this.#keep(index, block.value);
    if (use === 'data') this.#wanted.delete(index);
    return block;
  }

  prefetch(indexes: readonly number[]): void {
    for (const index of indexes) {
      if (!this.isAbsent(index) && !this.#cache.has(index) && !this.#spool?.has(index)) this.#ahead.add(index);
    }
    this.#pump();
  }

  stats() {
    return { fetches: this.#fetches, retries: this.#retries, inFlightMax: this.#inFlight.most };
  }

  async close(): Promise<void> {
    this.#ahead.clear();
    this.#cache.clear();
    await Promise.allSettled(this.#fetching.values());
    await this.#spool?.close();
  }

  #pump(): void {
    for (const index of this.#ahead) {
      if (!this.#inFlight.hasRoom) return;
      this.#ahead.delete(index);
      if (this.#cache.has(index)) continue;
      void this.#load(index).then((block) => {
        if (block.ok) this.#keep(index, block.value);
        this.#pump();
      });
    }
  }

  /** From the spool or from AWS; once, however many ask. */
  #load(index: number): Promise<Outcome<Uint8Array>> {
    const under = this.#fetching.get(index);
    if (under) return under;
    this.#ahead.delete(index);
    const loading = this.#spooledOrFetched(index).finally(() => this.#fetching.delete(index));
    this.#fetching.set(index, loading);
    return loading;
  }

  async #spooledOrFetched(index: number): Promise<Outcome<Uint8Array>> {
    const spooled = this.#spool?.has(index) ? await this.#spool.get(index) : undefined;
    if (spooled) return done(spooled);
    await this.#inFlight.enter();
    try {
      return await this.#fetch(index);
    } finally {
      this.#inFlight.leave();
    }
  }

  async #fetch(index: number): Promise<Outcome<Uint8Array>> {
    let wrong: Outcome<Uint8Array> | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const block = await this.#fetchOnce(index);
      if (block.ok) {
        this.#fetches += 1;
        this.#inFlight.went();
        return block;
      }
      const again = block.reason.code === CHECKSUM || refusedWith(block, 'ValidationException.INVALID_BLOCK_TOKEN');
      if (!again) return failed(await keyReason(this.#connection, this.#at, block.reason));
      this.#list.forget(index);
      this.#retries += 1;
      wrong = block;
    }
    return wrong ?? failed(reason(CHECKSUM, this.id, `block ${index} cannot be read`));
  }

  async #fetchOnce(index: number): Promise<Outcome<Uint8Array>> {
    const token = await this.#list.tokenOf(index);
    if (!token.ok) return token;
    const { GetSnapshotBlockCommand } = await import('@aws-sdk/client-ebs');
    const input = { SnapshotId: this.id, BlockIndex: index, BlockToken: token.value };
    const onRetry = (): void => {
      this.#retries += 1;
      this.#inFlight.slowDown();
    };
    const answer = await this.#connection.send(
      'ebs',
      this.#at,
      'ebs:GetSnapshotBlock',
      async (client) => {
        const { BlockData, Checksum } = await client.send(new GetSnapshotBlockCommand(input));
        return { bytes: (await BlockData?.transformToByteArray()) ?? new Uint8Array(), checksum: Checksum };
      },
      { onRetry },
    );
    if (!answer.ok) return answer;
    const { bytes, checksum } = answer.value;
    const fits = bytes.length === this.blockBytes && createHash('sha256').update(bytes).digest('base64') === checksum;
    return fits ? done(bytes) : failed(reason(CHECKSUM, this.id, `block ${index} does not match its checksum`));
  }

  /** Least recently used goes first; what will be wanted again goes to the spool. */
  #keep(index: number, bytes: Uint8Array): void {
    this.#cache.delete(index);
    this.#cache.set(index, bytes);
    for (const [oldest, leaving] of this.#cache) {
      if (this.#cache.size <= this.#cacheMax) break;
      this.#cache.delete(oldest);
      if (this.#wanted.has(oldest)) void this.#spool?.put(oldest, leaving);
    }
  }
}

const CHECKSUM = 'disk.block.corrupt';
