/**
 * Physical volumes of LVM2: label, header, and the newest metadata text. Source: lvm2 lib/format_text/layout.h, lib/label/label.h.
 */

import { reason } from '../../base/outcome.ts';
import { u64, viewOf } from '../bytes.ts';
import { Unreadable, unreadableIf } from '../fault.ts';
import type { Device } from '../types.ts';
import { parseText, type Section } from './text.ts';

const SECTOR = 512;
const AREA_MAGIC = ' LVM2 x[5A%r0N*>';
const AREA_HEADER_BYTES = 512;
/** The metadata of thousands of volumes is some MiB. */
const TEXT_MAX = 16 * 2 ** 20;
const AREAS_MAX = 8;

export interface PhysicalVolume {
  /** 32 letters, as the header has it; the text writes it with dashes. */
  readonly id: string;
  readonly metadata: Section;
}

/** @param at where the label stands */
export async function readPhysical(device: Device, at: number, subject: string): Promise<PhysicalVolume> {
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.lvm.bad', subject, says);
  const label = await device.metadata(at, SECTOR);
  const view = viewOf(label);
  bad(lvmSum(label.subarray(20)) !== view.getUint32(16, true), 'the checksum of its label is wrong');
  const header = view.getUint32(20, true);
  bad(header < 32 || header > SECTOR - 40, 'its label makes no sense');
  const id = Buffer.from(label.subarray(header, header + 32)).toString('latin1');
  const lists = locations(view, header + 40);
  const because = [];
  for (const area of lists[1] ?? []) {
    try {
      return { id, metadata: await readArea(device, area.offset, subject) };
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      because.push(error.reason);
    }
  }
  throw new Unreadable(reason('disk.lvm.bad', subject, 'has no metadata that can be read', { because }));
}

interface Location {
  readonly offset: number;
  readonly size: number;
}

/** Two lists, each ended by a zero: data areas, metadata areas. */
function locations(view: DataView, from: number): readonly (readonly Location[])[] {
  const lists: Location[][] = [[], []];
  let list = 0;
  for (let at = from; list < 2 && at + 16 <= view.byteLength; at += 16) {
    const offset = u64(view, at, true);
    if (offset === 0) list += 1;
    else if ((lists[list]?.length ?? 0) < AREAS_MAX) lists[list]?.push({ offset, size: u64(view, at + 8, true) });
  }
  return lists;
}

/** The text lies in a ring behind the area's header; the first location is the one that counts. */
async function readArea(device: Device, start: number, subject: string): Promise<Section> {
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.lvm.bad', subject, says);
  const header = await device.metadata(start, AREA_HEADER_BYTES);
  const view = viewOf(header);
  bad(Buffer.from(header.subarray(4, 20)).toString('latin1') !== AREA_MAGIC, 'a metadata area has no magic number');
  bad(lvmSum(header.subarray(4)) !== view.getUint32(0, true), 'the checksum of a metadata area is wrong');
  const areaBytes = u64(view, 32, true);
  const offset = u64(view, 40, true);
  const size = u64(view, 48, true);
  bad(offset === 0, 'no volume group is in it');
  bad(
    size === 0 || size > TEXT_MAX || offset < AREA_HEADER_BYTES || offset >= areaBytes,
    'a metadata area makes no sense',
  );
  const first = Math.min(size, areaBytes - offset);
  const parts = [await device.metadata(start + offset, first)];
  if (first < size) parts.push(await device.metadata(start + AREA_HEADER_BYTES, size - first));
  const text = Buffer.concat(parts);
  bad(lvmSum(text) !== view.getUint32(56, true), 'the checksum of its metadata is wrong');
  return parseText(text.toString('utf8').replace(/\0+$/, ''), subject);
}

/** CRC-32 with a start value of its own and no complement. Source: lvm2 lib/misc/crc.c. */
function lvmSum(bytes: Uint8Array): number {
  let crc = 0xf597a6cf;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return crc >>> 0;
}
