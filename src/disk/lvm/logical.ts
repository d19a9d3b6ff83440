/**
 * Logical volumes of LVM2 as stretches of their physical ones. Linear volumes, in any number of segments, are read; all others
 * (striped over several, mirrored, RAID, thin, cached) are named. Source: lvmthin(7), lvmraid(7); lvm2 lib/format_text/export.c.
 */

import { reason } from '../../base/outcome.ts';
import type { Stretch } from '../device.ts';
import { Unreadable } from '../fault.ts';
import type { PhysicalVolume } from './physical.ts';
import type { Section, Value } from './text.ts';

const SECTOR = 512;

export interface LogicalVolume {
  /** `vg/root` */
  readonly name: string;
  /** On the devices of `places`; a reason where it cannot be put together. */
  readonly stretches: readonly Stretch[] | Unreadable;
}

/** Where a physical volume begins on the source, and how long it is. */
export interface PhysicalPlace {
  readonly volume: PhysicalVolume;
  readonly sourceAt: number;
  readonly sizeBytes: number;
}

/** @param places all physical volumes of one disk; a group's text stands on each of its own, and the newest counts */
export function logicalVolumes(places: readonly PhysicalPlace[]): readonly LogicalVolume[] {
  const newest = new Map<string, { readonly name: string; readonly group: Section; readonly version: number }>();
  for (const { volume } of places) {
    for (const [name, group] of Object.entries(volume.metadata)) {
      if (!isSection(group)) continue;
      const version = numberIn(group, 'seqno');
      const id = String(group.id);
      if ((newest.get(id)?.version ?? -1) < version) newest.set(id, { name, group, version });
    }
  }
  return [...newest.values()].flatMap(({ name, group }) => volumesOf(name, group, places));
}

const isSection = (value: Value | undefined): value is Section => typeof value === 'object' && !Array.isArray(value);
const sectionIn = (section: Section, name: string): Section => {
  const value = section[name];
  return isSection(value) ? value : {};
};
const listIn = (section: Section, name: string): readonly Value[] => {
  const value = section[name];
  return Array.isArray(value) ? value : [];
};
const numberIn = (section: Section, name: string): number => {
  const value = section[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
};

function volumesOf(groupName: string, group: Section, places: readonly PhysicalPlace[]): readonly LogicalVolume[] {
  return Object.entries(sectionIn(group, 'logical_volumes')).flatMap(([name, volume]): LogicalVolume[] => {
    // Without this mark it is a part of another one: the data of a thin pool, a leg of a mirror.
    if (!isSection(volume) || !listIn(volume, 'status').includes('VISIBLE')) return [];
    const full = `${groupName}/${name}`;
    try {
      return [{ name: full, stretches: stretchesOf(full, volume, group, places) }];
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return [{ name: full, stretches: error }];
    }
  });
}

function stretchesOf(
  name: string,
  volume: Section,
  group: Section,
  places: readonly PhysicalPlace[],
): readonly Stretch[] {
  const extentBytes = numberIn(group, 'extent_size') * SECTOR;
  const segments = Object.entries(volume)
    .filter(([key, value]) => /^segment\d+$/.test(key) && isSection(value))
    .map(([, value]) => value as Section)
    .toSorted((a, b) => numberIn(a, 'start_extent') - numberIn(b, 'start_extent'));
  let at = 0;
  const stretches = segments.map((segment) => {
    const length = numberIn(segment, 'extent_count') * extentBytes;
    const type = String(segment.type);
    if (type !== 'striped' && type !== 'linear') throw not(name, `is of the kind ${type}`);
    if (numberIn(segment, 'stripe_count') > 1) throw not(name, 'is striped over several physical volumes');
    if (numberIn(segment, 'start_extent') * extentBytes !== at || length === 0) throw not(name, 'has a gap');
    const [physical, extent] = listIn(segment, 'stripes');
    const sourceAt = placeOf(name, String(physical), Number(extent) * extentBytes, length, group, places);
    const stretch = { at, sourceAt, length };
    at += length;
    return stretch;
  });
  if (stretches.length === 0) throw not(name, 'has no segments');
  return stretches;
}

const not = (name: string, says: string): Unreadable => new Unreadable(reason('disk.lvm.not-read', name, says));

function placeOf(
  name: string,
  physical: string,
  offset: number,
  length: number,
  group: Section,
  places: readonly PhysicalPlace[],
): number {
  const facts = sectionIn(sectionIn(group, 'physical_volumes'), physical);
  const id = String(facts.id).replaceAll('-', '');
  const place = places.find(({ volume }) => volume.id === id);
  if (!place) throw not(name, `lies in part on ${physical}, which is on another disk`);
  const inside = numberIn(facts, 'pe_start') * SECTOR + offset;
  if (!(inside >= 0 && inside + length <= place.sizeBytes)) throw not(name, `leaves ${physical}`);
  return place.sourceAt + inside;
}
