/**
 * Headers of an rpm database in ndb, rpm's own form (SUSE, openSUSE). Source: rpm lib/backend/ndb/rpmpkg.c.
 *
 * Pages of slots come first, then the records that they name, in blocks of 16 bytes, all little-endian. What no slot names is zero: rpm
 * clears what it deletes, so a record that nothing names is a slot that was lost.
 */
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

const isAt = (file: Buffer, at: number, magic: string): boolean => file.toString('latin1', at, at + 4) === magic;

export const isNdb = (file: Buffer): boolean => isAt(file, 0, MAGIC.file);

/** @returns each header, or what is wrong */
export function* ndbRecords(file: Buffer): Generator<Buffer | string> {
  const version = file.length < FIRST_SLOT ? -1 : file.readUInt32LE(4);
  if (version !== 0) {
    yield version < 0 ? 'it is cut off' : `version ${version} of ndb is not read`;
    return;
  }
  const slotsEnd = file.readUInt32LE(12) * PAGE;
  if (slotsEnd > file.length || file.length % BLOCK !== 0) yield 'it is cut off';
  const slots: Slot[] = [];
  for (let at = FIRST_SLOT; at < Math.min(slotsEnd, file.length - BLOCK); at += BLOCK) {
    const begin = file.readUInt32LE(at + 8) * BLOCK;
    if (!isAt(file, at, MAGIC.slot)) yield 'a slot is damaged';
    else if (begin > 0)
      slots.push({ package: file.readUInt32LE(at + 4), begin, end: begin + file.readUInt32LE(at + 12) * BLOCK });
  }
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

function recordOf(file: Buffer, slot: Slot): Buffer | undefined {
  const length = file.readUInt32LE(slot.begin + 12);
  const data = slot.begin + HEAD;
  const isWhole =
    isAt(file, slot.begin, MAGIC.head) &&
    file.readUInt32LE(slot.begin + 4) === slot.package &&
    Math.ceil((HEAD + length + TAIL) / BLOCK) * BLOCK === slot.end - slot.begin &&
    file.readUInt32LE(slot.end - 8) === length &&
    isAt(file, slot.end - 4, MAGIC.tail);
  return isWhole ? file.subarray(data, data + length) : undefined;
}

function isZero(file: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (file[at] !== 0) return false;
  return true;
}
