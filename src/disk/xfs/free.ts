/** Free extents of an allocation group, from its B+tree by block number. Source: "XFS Algorithms & Data Structures", "AG Free Space B+trees". */
import { viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import type { Device } from '../types.ts';
import { type Geometry, sumFits } from './superblock.ts';

const AGF_MAGIC = 0x58414746;
const MAGIC = { 4: 0x41425442, 5: 0x41423342 } as const; // ABTB, AB3B
const HEADER_BYTES = { 4: 16, 5: 56 } as const;
const SUM_AT = 52;
const LEVELS_MAX = 9;

interface Run {
  readonly offset: number;
  readonly length: number;
}

export async function* freeRuns(device: Device, geometry: Geometry, ag: number): AsyncGenerator<Run> {
  const { agBlocks, blockSize, sectorBytes } = geometry;
  const bytes = await device.metadata(ag * agBlocks * blockSize + sectorBytes, sectorBytes);
  const view = viewOf(bytes);
  const good =
    view.getUint32(0) === AGF_MAGIC && view.getUint32(8) === ag && (geometry.version === 4 || sumFits(bytes, 216));
  unreadableIf(!good, 'disk.group.bad', `allocation group ${ag}`, 'the header of its free space cannot be read');
  const at = { device, geometry, ag, seen: new Set<number>() };
  const levels = view.getUint32(28);
  unreadableIf(
    levels < 1 || levels > LEVELS_MAX,
    'disk.group.bad',
    `allocation group ${ag}`,
    'its free space has no tree',
  );
  yield* below(at, view.getUint32(16), levels - 1);
}

interface At {
  readonly device: Device;
  readonly geometry: Geometry;
  readonly ag: number;
  readonly seen: Set<number>;
}

async function* below(at: At, block: number, level: number): AsyncGenerator<Run> {
  const { device, geometry, ag } = at;
  const { agBlocks, blockSize, version } = geometry;
  const bad = (condition: boolean): void =>
    unreadableIf(condition, 'disk.group.bad', `allocation group ${ag}`, 'a block of its free space cannot be read');
  bad(at.seen.has(block) || block >= agBlocks);
  at.seen.add(block);
  const base = ag * agBlocks;
  const bytes = await device.metadata((base + block) * blockSize, blockSize);
  const view = viewOf(bytes);
  const header = HEADER_BYTES[version];
  const count = view.getUint16(6);
  bad(view.getUint32(0) !== MAGIC[version] || view.getUint16(4) !== level || header + 8 * count > blockSize);
  bad(version === 5 && !sumFits(bytes, SUM_AT));
  const pointers = header + 8 * Math.floor((blockSize - header) / 12);
  bad(level > 0 && pointers + 4 * count > blockSize);
  for (let i = 0; i < count; i += 1) {
    if (level > 0) yield* below(at, view.getUint32(pointers + 4 * i), level - 1);
    else {
      const first = view.getUint32(header + 8 * i);
      const blocks = view.getUint32(header + 8 * i + 4);
      bad(first + blocks > agBlocks);
      yield { offset: (base + first) * blockSize, length: blocks * blockSize };
    }
  }
}
