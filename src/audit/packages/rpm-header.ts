/**
 * What the header of one rpm package says of its files. Sources: rpm "docs/manual/format_header.md", "tags.md".
 *
 * A header in a database holds what the package came with, unchanged (its immutable region), and what rpm added when it was installed:
 * among that, the digest of the region. Only the region is read, and only if it still has that digest: what is damaged says nothing.
 */
import { createHash } from 'node:crypto';
import type { Wanted } from './wanted.ts';

const TAG = {
  immutable: 63,
  sha1: 269,
  sha256: 273,
  digests: 1035,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  algorithm: 5011,
} as const;
/** RFC 9580 numbers, as rpm uses them. */
const ALGORITHMS: Readonly<Record<number, string>> = { 1: 'md5', 2: 'sha1', 8: 'sha256', 9: 'sha384', 10: 'sha512' };

const ENTRY = 16;
/** Stands before a header in a package, not in a database; the digest is of both. */
const MAGIC = Buffer.from('8eade80100000000', 'hex');

interface Entry {
  /** From the begin of the blob. */
  readonly offset: number;
  readonly count: number;
}

interface Header {
  readonly blob: Buffer;
  /** What the package came with. */
  readonly own: ReadonlyMap<number, Entry>;
  /** What rpm added when it was installed. */
  readonly added: ReadonlyMap<number, Entry>;
  /** undefined: a package of before rpm 4. */
  readonly region: Region | undefined;
  readonly dataAt: number;
}

interface Region {
  /** The first ones of all. */
  readonly entries: number;
  /** Of its data, from the begin of the blob. */
  readonly end: number;
}

/** @returns why it says nothing; undefined where it was read */
export function readHeader(blob: Buffer, wanted: Wanted): string | undefined {
  const header = headerOf(blob);
  if (typeof header === 'string') return header;
  if (!isAsSigned(header)) return 'a header does not have the digest that it had when it was installed';
  const names = strings(blob, header.own.get(TAG.baseNames));
  const folders = strings(blob, header.own.get(TAG.dirNames));
  const digests = strings(blob, header.own.get(TAG.digests));
  const folderOf = numbers(blob, header.own.get(TAG.dirIndexes));
  const algorithm = ALGORITHMS[numbers(blob, header.own.get(TAG.algorithm))[0] ?? 1] ?? 'md5';
  for (const [i, name] of names.entries()) {
    const digest = digests[i] ?? '';
    if (digest !== '') wanted.say(`${folders[folderOf[i] ?? -1] ?? ''}${name}`, { algorithm, digest });
  }
  return undefined;
}

/** Number of entries, bytes of data, the entries, the data. */
function headerOf(blob: Buffer): Header | string {
  const count = blob.length < 8 ? 0 : blob.readUInt32BE(0);
  const dataAt = 8 + count * ENTRY;
  if (count === 0 || dataAt > blob.length || dataAt + blob.readUInt32BE(4) > blob.length)
    return 'a record is no header of a package';
  const region = regionOf(blob, count, dataAt);
  if (region === 'damaged') return 'the region of a header is damaged';
  const [own, added] = [new Map<number, Entry>(), new Map<number, Entry>()];
  for (let i = 0; i < count; i++) {
    const at = 8 + i * ENTRY;
    const entry = { offset: dataAt + blob.readUInt32BE(at + 8), count: blob.readUInt32BE(at + 12) };
    (i < (region?.entries ?? count) ? own : added).set(blob.readUInt32BE(at), entry);
  }
  return { blob, own, added, region, dataAt };
}

/** The first entry is the region's; it points at a trailer that looks like an entry, and says how far back the first entry is. */
function regionOf(blob: Buffer, count: number, dataAt: number): Region | 'damaged' | undefined {
  if (blob.readUInt32BE(8) !== TAG.immutable) return undefined;
  const trailer = dataAt + blob.readUInt32BE(16);
  if (trailer + ENTRY > blob.length || blob.readUInt32BE(trailer) !== TAG.immutable) return 'damaged';
  const entries = -blob.readInt32BE(trailer + 8) / ENTRY;
  if (!Number.isInteger(entries) || entries < 1 || entries > count) return 'damaged';
  return { entries, end: trailer + ENTRY };
}

/** Packages of before rpm 4.0 have no region, and are believed. */
function isAsSigned({ blob, added, region, dataAt }: Header): boolean {
  if (region === undefined) return true;
  const [algorithm, of] = added.has(TAG.sha256) ? (['sha256', TAG.sha256] as const) : (['sha1', TAG.sha1] as const);
  const said = strings(blob, added.get(of))[0];
  const head = Buffer.alloc(8);
  head.writeUInt32BE(region.entries, 0);
  head.writeUInt32BE(region.end - dataAt, 4);
  const hash = createHash(algorithm).update(MAGIC).update(head);
  hash.update(blob.subarray(8, 8 + region.entries * ENTRY)).update(blob.subarray(dataAt, region.end));
  return hash.digest('hex') === said;
}

function strings(blob: Buffer, where: Entry | undefined): readonly string[] {
  const out: string[] = [];
  for (let at = where?.offset ?? 0; where !== undefined && out.length < where.count; ) {
    const end = blob.indexOf(0, at);
    if (end < 0) return out;
    out.push(blob.toString('utf8', at, end));
    at = end + 1;
  }
  return out;
}

function numbers(blob: Buffer, where: Entry | undefined): readonly number[] {
  if (where === undefined || where.offset + where.count * 4 > blob.length) return [];
  return Array.from({ length: where.count }, (_, i) => blob.readUInt32BE(where.offset + i * 4));
}
