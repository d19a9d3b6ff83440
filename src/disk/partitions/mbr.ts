/** Master boot records with primary, extended and logical partitions. Source: Linux block/partitions/msdos.c. */
import { type Reason, reason } from '../../base/outcome.ts';
import { viewOf } from '../bytes.ts';
import { Unreadable } from '../fault.ts';
import type { Device } from '../types.ts';
import type { Partition, Table } from './table.ts';

const EXTENDED = [0x05, 0x0f, 0x85];
const PROTECTIVE = 0xee;
const PREP = 0x41;
const LOGICAL_MAX = 256;

interface Entry {
  readonly type: number;
  readonly first: number;
  readonly sectors: number;
}

/** @returns undefined where there is no such table; without partitions where it only stands before a lost GPT */
export async function readMbr(disk: Device, subject: string, sectorBytes: number): Promise<Table | undefined> {
  if (disk.sizeBytes < 512) return undefined;
  const entries = decode(await disk.metadata(0, 512));
  const used = entries?.filter((entry) => entry.type !== 0 && entry.sectors > 0) ?? [];
  const plausible = used.every((entry) => entry.first > 0 && entry.first * sectorBytes < disk.sizeBytes);
  if (!entries || used.length === 0 || !plausible) return undefined;
  if (used.some((entry) => entry.type === PROTECTIVE)) {
    const lost = reason('disk.table.damaged', subject, 'a GPT was here, and neither copy can be found');
    return { kind: 'mbr', partitions: undefined, notices: [lost] };
  }
  const notices: Reason[] = [];
  const partitions: Partition[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry.type === 0 || entry.sectors === 0) continue;
    if (EXTENDED.includes(entry.type)) partitions.push(...(await logical(disk, entry, sectorBytes, subject, notices)));
    else partitions.push(partitionOf(i + 1, entry, 0, sectorBytes));
  }
  return { kind: 'mbr', partitions, notices };
}

const partitionOf = (number: number, entry: Entry, base: number, sectorBytes: number): Partition => ({
  number,
  label: '',
  offset: (base + entry.first) * sectorBytes,
  length: entry.sectors * sectorBytes,
  isBootCode: entry.type === PREP,
});

/** @returns the four entries; undefined where the mark or a flag byte is wrong */
function decode(bytes: Uint8Array): readonly Entry[] | undefined {
  const view = viewOf(bytes);
  if (view.getUint16(510, true) !== 0xaa55) return undefined;
  const starts = [446, 462, 478, 494];
  if (starts.some((at) => (view.getUint8(at) & 0x7f) !== 0)) return undefined;
  return starts.map((at) => ({
    type: view.getUint8(at + 4),
    first: view.getUint32(at + 8, true),
    sectors: view.getUint32(at + 12, true),
  }));
}

/** A chain of records: each names one partition relative to itself, and the next record relative to the extended one. */
async function logical(
  disk: Device,
  extended: Entry,
  sectorBytes: number,
  subject: string,
  notices: Reason[],
): Promise<readonly Partition[]> {
  const partitions: Partition[] = [];
  const seen = new Set<number>();
  const broken = (says: string, because: readonly Reason[] = []): readonly Partition[] => {
    notices.push(reason('disk.table.bad', subject, says, { because }));
    return partitions;
  };
  for (let at = extended.first; ; ) {
    if (seen.has(at) || seen.size === LOGICAL_MAX) return broken('the chain of logical partitions is a loop');
    seen.add(at);
    try {
      const entries = decode(await disk.metadata(at * sectorBytes, 512));
      if (!entries) return broken('the chain of logical partitions is broken');
      const [own, next] = entries as [Entry, Entry];
      if (own.type !== 0 && own.sectors > 0) partitions.push(partitionOf(4 + seen.size, own, at, sectorBytes));
      if (!EXTENDED.includes(next.type) || next.sectors === 0) return partitions;
      at = extended.first + next.first;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return broken('the chain of logical partitions leaves the disk', [error.reason]);
    }
  }
}
