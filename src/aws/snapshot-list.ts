/**
 * Which blocks a snapshot holds, and the tokens that open them.
 *
 * Which are there is one bit each; tokens are many times that, live for seven days and can be had again, so only the last pages of
 * them are kept. Sources: EBS API Reference "ListSnapshotBlocks", "ListChangedBlocks"; EBS User Guide "FAQ for EBS direct APIs".
 */
import type { ListSnapshotBlocksResponse } from '@aws-sdk/client-ebs';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

export interface SnapshotPlace {
  readonly account: string;
  readonly region: string;
  readonly snapshotId: string;
}

/** The most that AWS gives at once. */
const PAGE_BLOCKS = 10_000;
/** It lives for an hour. */
const PAGE_TOKEN_GONE = 'ValidationException.INVALID_PAGE_TOKEN';
/** 30 MB of tokens at the most, for any size of snapshot. */
const TOKENS_KEPT = 100_000;

export class BlockList {
  readonly #connection: Connection;
  readonly #at: SnapshotPlace;
  readonly #tokens = new Map<number, string>();
  readonly #pages = new Map<number, Promise<Outcome<undefined>>>();
  #present = new Uint8Array();
  sizeBytes = 0;
  usedBlocks = 0;
  blockBytes = 0;

  constructor(connection: Connection, at: SnapshotPlace) {
    this.#connection = connection;
    this.#at = at;
  }

  has(index: number): boolean {
    return ((this.#present[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Reads the whole list. A page token that ran out is replaced by going on from the last block seen. */
  async readAll(): Promise<Outcome<undefined>> {
    let from = 0;
    let token: string | undefined;
    for (;;) {
      const page = await this.#page(token === undefined ? { StartingBlockIndex: from } : { NextToken: token });
      if (!page.ok && token !== undefined && refusedWith(page, PAGE_TOKEN_GONE)) {
        token = undefined;
        continue;
      }
      if (!page.ok) return page;
      this.#note(page.value);
      from = (page.value.Blocks?.at(-1)?.BlockIndex ?? from - 1) + 1;
      token = page.value.NextToken;
      if (token === undefined) return done(undefined);
    }
  }

  async tokenOf(index: number): Promise<Outcome<string>> {
    if (!this.#tokens.has(index)) {
      const listed = await this.#listFrom(index);
      if (!listed.ok) return listed;
    }
    const token = this.#tokens.get(index);
    if (token !== undefined) return done(token);
    return failed(reason('disk.block.unreadable', this.#at.snapshotId, `block ${index} is not listed any more`));
  }

  /** A token that AWS refused: the next question lists it anew. */
  forget(index: number): void {
    this.#tokens.delete(index);
  }

  #listFrom(index: number): Promise<Outcome<undefined>> {
    const there = this.#pages.get(index);
    if (there) return there;
    const listing = this.#page({ StartingBlockIndex: index }).then((page) => {
      this.#pages.delete(index);
      if (!page.ok) return page;
      this.#keepTokens(page.value);
      return done(undefined);
    });
    this.#pages.set(index, listing);
    return listing;
  }

  async #page(
    from: { readonly NextToken: string } | { readonly StartingBlockIndex: number },
  ): Promise<Outcome<ListSnapshotBlocksResponse>> {
    const { ListSnapshotBlocksCommand } = await import('@aws-sdk/client-ebs');
    const command = new ListSnapshotBlocksCommand({
      SnapshotId: this.#at.snapshotId,
      MaxResults: PAGE_BLOCKS,
      ...from,
    });
    return this.#connection.send('ebs', this.#at, 'ebs:ListSnapshotBlocks', (client) => client.send(command));
  }

  #note(page: ListSnapshotBlocksResponse): void {
    this.sizeBytes = (page.VolumeSize ?? 0) * 2 ** 30;
    this.blockBytes = page.BlockSize ?? 0;
    const bytes = Math.ceil(this.sizeBytes / Math.max(1, this.blockBytes) / 8);
    if (this.#present.length < bytes) this.#present = new Uint8Array(bytes);
    for (const { BlockIndex: index = -1 } of page.Blocks ?? []) {
      if (index < 0 || index >= bytes * 8 || this.has(index)) continue;
      this.#present[index >> 3] = (this.#present[index >> 3] ?? 0) | (1 << (index & 7));
      this.usedBlocks += 1;
    }
    this.#keepTokens(page);
  }

  #keepTokens(page: ListSnapshotBlocksResponse): void {
    for (const { BlockIndex: index, BlockToken: token } of page.Blocks ?? []) {
      if (index !== undefined && token !== undefined) this.#tokens.set(index, token);
    }
    for (const [oldest] of this.#tokens) {
      if (this.#tokens.size <= TOKENS_KEPT) break;
      this.#tokens.delete(oldest);
    }
  }
}

/**
 * Blocks that differ between two snapshots of one volume's line, ascending. Refused by AWS where they are not of one line.
 * @param at the later snapshot
 */
export async function changedBlocks(
  connection: Connection,
  at: SnapshotPlace,
  earlierSnapshotId: string,
): Promise<Outcome<readonly number[]>> {
  const { ListChangedBlocksCommand } = await import('@aws-sdk/client-ebs');
  const indexes: number[] = [];
  let token: string | undefined;
  for (;;) {
    const from = token === undefined ? { StartingBlockIndex: (indexes.at(-1) ?? -1) + 1 } : { NextToken: token };
    const ids = { FirstSnapshotId: earlierSnapshotId, SecondSnapshotId: at.snapshotId };
    const command = new ListChangedBlocksCommand({ ...ids, MaxResults: PAGE_BLOCKS, ...from });
    const page = await connection.send('ebs', at, 'ebs:ListChangedBlocks', (client) => client.send(command));
    if (!page.ok && token !== undefined && refusedWith(page, PAGE_TOKEN_GONE)) {
      token = undefined;
      continue;
    }
    if (!page.ok) return page;
    for (const { BlockIndex } of page.value.ChangedBlocks ?? []) indexes.push(BlockIndex ?? -1);
    token = page.value.NextToken;
    if (token === undefined) return done(indexes);
  }
}
