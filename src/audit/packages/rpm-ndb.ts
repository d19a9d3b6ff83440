/**
 * Headers of an rpm database in ndb, rpm's own form (SUSE, openSUSE). Source: rpm lib/backend/ndb/rpmpkg.c.
 *
 * Pages of slots come first, then the records that they name, in blocks of 16 bytes, all little-endian. What no slot names is zero: rpm
 * clears what it deletes, so a record that nothing names is a slot that was lost.
 */
import type { Parts } from './parts.ts';

const MAGIC = { file: 'RpmP', slot: 'Slot', head: 'BlbS', tail: 'BlbE' } as const;
const PAGE = 4096;
const BLOCK = 16;
const FIRST_SLOT = 32;
const [HEAD, TAIL] = [16, 12];

interface Slot {
  readonly package: number;
  readonly begin: number;
  readonly end: number;
}

const isAt = (bytes: Buffer, at: number, magic: string): boolean => bytes.toString('latin1', at, at + 4) === magic;

export const isNdb = (file: Parts): boolean => isAt(file.read(0, 4), 0, MAGIC.file);

/** @returns each header, or what is wrong */
export function* ndbRecords(file: Parts): Generator<Buffer | string> {
  const head = file.read(0, FIRST_SLOT);
  const version = head.length < FIRST_SLOT ? -1 : head.readUInt32LE(4);
  if (version !== 0) {
    yield version < 0 ? 'it is cut off' : `version ${version} of ndb is not read`;
    return;
  }
  const slotsEnd = head.readUInt32LE(12) * PAGE;
  if (slotsEnd > file.length || file.length % BLOCK !== 0) yield 'it is cut off';
  const slots: Slot[] = [];
  for (const slot of slotsOf(file, Math.min(slotsEnd, file.length)))
    if (slot === 'damaged') yield 'a slot is damaged';
    else slots.push(slot);
  let last = slotsEnd;
  for (const slot of slots.toSorted((a, b) => a.begin - b.begin)) {
    if (slot.begin < last || slot.end > file.length || slot.end - slot.begin < HEAD + TAIL) {
      yield 'a slot points where no record can be';
      continue;
    }
    if (!isZero(file, last, slot.begin)) yield 'there is a record that no slot names';
    last = slot.end;
    yield recordOf(file, slot) ?? 'a record is damaged';
  }
  if (!isZero(file, last, file.length)) yield 'there is a record that no slot names';
}

/** Empty slots name no block. */
function* slotsOf(file: Parts, end: number): Generator<Slot | 'damaged'> {
  for (let at = 0; at < end; at += PAGE) {
    const page = file.read(at, PAGE);
    for (let slot = at === 0 ? FIRST_SLOT : 0; slot + BLOCK <= page.length; slot += BLOCK) {
      const begin = page.readUInt32LE(slot + 8) * BLOCK;
      if (!isAt(page, slot, MAGIC.slot)) yield 'damaged';
      else if (begin > 0)
        yield { package: page.readUInt32LE(slot + 4), begin, end: begin + page.readUInt32LE(slot + 12) * BLOCK };
    }
  }
}

function recordOf(file: Parts, slot: Slot): Buffer | undefined {
  const head = file.read(slot.begin, HEAD);
  const tail = file.read(slot.end - TAIL, TAIL);
  const length = head.readUInt32LE(12);
  const isWhole =
    isAt(head, 0, MAGIC.head) &&
    head.readUInt32LE(4) === slot.package &&
    Math.ceil((HEAD + length + TAIL) / BLOCK) * BLOCK === slot.end - slot.begin &&
    tail.readUInt32LE(4) === length &&
    isAt(tail, 8, MAGIC.tail);
  return isWhole ? file.read(slot.begin + HEAD, length) : undefined;
}

const CHUNK = 65_536;

function isZero(file: Parts, from: number, to: number): boolean {
  for (let at = from; at < to; at += CHUNK)
    if (file.read(at, Math.min(CHUNK, to - at)).some((byte) => byte !== 0)) return false;
  return true;
}
