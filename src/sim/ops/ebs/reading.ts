/**
 * What all reads of EBS direct have in common: who may read, tokens, keys.
 * Source: EBS direct APIs reference; facts EBSD-1 to EBSD-5.
 */
import type { Place } from '../../../base/place.ts';
import { snapshotArn } from '../../ec2/demands.ts';
import { useKey } from '../../kms/use.ts';
import { type Call, type Ctx, type Demand, Fault } from '../../operation.ts';
import type { Disk } from '../../world/disk.ts';
import type { Snapshot } from '../../world/ec2.ts';
import { regionOf } from '../../world/make.ts';

export const invalid = (reason: string, says: string): Fault =>
  new Fault('ValidationException', says, undefined, { Reason: reason });

export const notFound = (id: string): Fault =>
  new Fault('ResourceNotFoundException', `The snapshot '${id}' does not exist.`, undefined, {
    Reason: 'SNAPSHOT_NOT_FOUND',
  });

const unauthorized = (id: string): Fault =>
  new Fault('AccessDeniedException', `The account is not authorized to access the snapshot '${id}'.`, undefined, {
    Reason: 'UNAUTHORIZED_ACCOUNT',
  });

export function ebsDemand(ctx: Pick<Ctx, 'world'>, place: Place, action: string, id: string | undefined): Demand {
  const snapshot = regionOf(ctx.world, place.region).ec2.snapshots.get(id ?? '');
  const context: Record<string, readonly string[]> = {};
  if (snapshot?.ownerId === place.account) {
    for (const [key, value] of snapshot.tags) context[`aws:resourcetag/${key.toLowerCase()}`] = [value];
  }
  return { action: `ebs:${action}`, resource: snapshotArn(ctx, place.region, id ?? ''), context };
}

/** EBSD-4: completed, and owned or shared with the account by its id; public snapshots cannot be read. */
export function readableSnapshot(call: Call<unknown>, id: string | undefined): Snapshot {
  const snapshot = knownSnapshot(call, id);
  const { ownerId, createVolumePermissions: permissions } = snapshot;
  if (ownerId !== call.place.account && !permissions.has(call.place.account)) throw unauthorized(snapshot.snapshotId);
  if (snapshot.state === 'completed') return snapshot;
  throw invalid('INVALID_SNAPSHOT_ID', `The snapshot '${snapshot.snapshotId}' is not in the completed state.`);
}

export function knownSnapshot(call: Call<unknown>, id: string | undefined): Snapshot {
  if (id === undefined || !/^snap-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id)) {
    throw invalid('INVALID_SNAPSHOT_ID', `The snapshot ID '${id ?? ''}' is malformed.`);
  }
  const snapshot = regionOf(call.world, call.place.region).ec2.snapshots.get(id);
  if (!snapshot) throw notFound(id);
  return snapshot;
}

/**
 * Uses the snapshot's key as the caller. Source: KMS Developer Guide "kms:ViaService" (EBS calls come through
 * `ec2.REGION`); whether EBS direct does too is not said, and taken so: else nobody could read under `aws/ebs`.
 */
export function useSnapshotKey(call: Call<unknown>, snapshot: Snapshot, operations: readonly string[]): void {
  if (snapshot.kmsKeyId === undefined) return;
  const encryptionContext = { 'aws:ebs:id': snapshot.contextId };
  for (const operation of operations) {
    const result = useKey(call, {
      caller: call.caller,
      region: snapshot.region,
      via: 'ec2',
      operation,
      keyArn: snapshot.kmsKeyId,
      ...(operation === 'DescribeKey' ? {} : { encryptionContext }),
    });
    if (!result.ok) throw keyFault(result.code, result.message);
  }
}

/** EBSD-5 */
function keyFault(code: string, message: string): Fault {
  if (/AccessDenied/.test(code)) {
    return new Fault('AccessDeniedException', message, undefined, { Reason: 'DEPENDENCY_ACCESS_DENIED' });
  }
  return invalid('INVALID_CUSTOMER_KEY', message);
}

/** EBSD-2: how long tokens live. */
const PAGE_TOKEN_MS = 3_600_000;
const BLOCK_TOKEN_MS = 7 * 86_400_000;

export const expiryOf = (nowMs: number): Date => new Date(nowMs + BLOCK_TOKEN_MS);

/** Names snapshot, index and content, so that it opens this very block and no other. */
export const blockToken = (snapshotId: string, index: number, hash: string, nowMs: number): string =>
  encode(['block', snapshotId, index, hash, nowMs + BLOCK_TOKEN_MS]);

/** @returns the address of the block's bytes */
export function openBlockToken(token: string | undefined, snapshot: Snapshot, index: number, nowMs: number): string {
  const [kind, id, at, hash, untilMs] = decode(token);
  const fits = kind === 'block' && id === snapshot.snapshotId && at === index && Number(untilMs) > nowMs;
  if (fits && snapshot.disk.blocks.get(index) === hash) return String(hash);
  throw invalid('INVALID_BLOCK_TOKEN', 'The block token is invalid or has expired.');
}

/** @param of what is listed, so that a token of one listing opens no other */
export const pageToken = (of: string, nextIndex: number, nowMs: number): string =>
  encode(['page', of, nextIndex, nowMs + PAGE_TOKEN_MS]);

export function openPageToken(token: string, of: string, nowMs: number): number {
  const [kind, listed, index, untilMs] = decode(token);
  if (kind === 'page' && listed === of && Number(untilMs) > nowMs && Number.isSafeInteger(index)) return Number(index);
  throw invalid('INVALID_PAGE_TOKEN', 'The page token is invalid or has expired.');
}

const encode = (parts: readonly unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64');

function decode(token: string | undefined): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(token ?? '', 'base64').toString());
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

const sortedIndexes = new WeakMap<Disk, readonly number[]>();

/** Indexes of the written blocks, ascending. Disks are never changed, so the order is kept. */
export function indexesOf(disk: Disk): readonly number[] {
  const kept = sortedIndexes.get(disk);
  if (kept) return kept;
  const sorted = [...disk.blocks.keys()].toSorted((a, b) => a - b);
  sortedIndexes.set(disk, sorted);
  return sorted;
}
