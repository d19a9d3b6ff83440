/**
 * Geometry of ext2, ext3 and ext4: superblock and group descriptors.
 * Source: Linux kernel documentation, "ext4 Data Structures and Algorithms"; fs/ext4/ext4.h.
 */
import { type Reason, reason } from '../../base/outcome.ts';
import { crc32c, crc32cAround, halves, uuidText, viewOf, zeroEnded } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import type { Device } from '../types.ts';

export const INCOMPAT = {
  compression: 0x1,
  filetype: 0x2,
  recover: 0x4,
  journalDevice: 0x8,
  metaBg: 0x10,
  extents: 0x40,
  bits64: 0x80,
  mmp: 0x100,
  flexBg: 0x200,
  eaInode: 0x400,
  dirData: 0x1000,
  csumSeed: 0x2000,
  largeDir: 0x4000,
  inlineData: 0x8000,
  encrypt: 0x10000,
  casefold: 0x20000,
} as const;
const KNOWN = Object.values(INCOMPAT).reduce((all, bit) => all | bit, 0) & ~INCOMPAT.dirData & ~INCOMPAT.journalDevice;
const COMPAT_JOURNAL = 0x4;
const COMPAT_SPARSE_SUPER2 = 0x200;
const RO_SPARSE_SUPER = 0x1;
const RO_METADATA_CSUM = 0x400;

export interface Geometry {
  readonly kind: string;
  readonly uuid: string;
  readonly label: string;
  readonly notices: readonly Reason[];
  readonly blockSize: number;
  readonly blocks: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly inodes: number;
  readonly inodeSize: number;
  readonly groups: number;
  readonly descriptorSize: number;
  readonly incompat: number;
  /** Blocks a bit of the block bitmap stands for: more than one with bigalloc. */
  readonly clusterBlocks: number;
  /** Start value of all checksums; undefined without metadata_csum. */
  readonly seed: number | undefined;
  /** The block with the descriptor of a group, as `meta_bg` has it. */
  descriptorBlock(group: number): number;
}

const SUPERBLOCK_AT = 1024;

export async function readGeometry(device: Device): Promise<Geometry> {
  const bytes = await device.metadata(SUPERBLOCK_AT, 1024);
  const view = viewOf(bytes);
  const u32 = (at: number): number => view.getUint32(at, true);
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.superblock.bad', 'ext', says);
  bad(view.getUint16(56, true) !== 0xef53, 'the superblock has no magic number');
  const [compat, incompat, readOnly] = u32(76) === 0 ? [0, 0, 0] : [u32(92), u32(96), u32(100)];
  const unknown = incompat & ~KNOWN;
  bad(unknown !== 0, `feature bits 0x${(unknown >>> 0).toString(16)} are not known`);
  const withSums = (readOnly & RO_METADATA_CSUM) !== 0;
  bad(withSums && crc32c(0xffffffff, bytes, 0, 1020) !== u32(1020), 'the checksum of the superblock is wrong');
  bad(u32(24) > 6 || u32(28) > 20, 'the block size is out of range');
  const blockSize = 1024 << u32(24);
  const blocks = halves(u32(4), incompat & INCOMPAT.bits64 ? u32(0x150) : 0);
  const inodeSize = u32(76) === 0 ? 128 : view.getUint16(88, true);
  const blocksPerGroup = u32(32);
  const inodesPerGroup = u32(40);
  const descriptorSize = incompat & INCOMPAT.bits64 ? view.getUint16(254, true) : 32;
  const firstDataBlock = u32(20);
  bad(inodeSize < 128 || inodeSize > blockSize || (inodeSize & (inodeSize - 1)) !== 0, `inodes of ${inodeSize} bytes`);
  bad(![32, 64].includes(descriptorSize) && descriptorSize !== 128, `descriptors of ${descriptorSize} bytes`);
  bad(blocksPerGroup === 0 || blocksPerGroup > 8 * blockSize * (1 << 16), 'blocks per group are out of range');
  bad(inodesPerGroup === 0 || inodesPerGroup > 8 * blockSize, 'inodes per group are out of range');
  bad(firstDataBlock > 1 || blocks <= firstDataBlock || blocks > 2 ** 48, 'the number of blocks is out of range');
  const groups = Math.ceil((blocks - firstDataBlock) / blocksPerGroup);
  const base = { blockSize, blocks, firstDataBlock, blocksPerGroup, inodesPerGroup, groups, descriptorSize, incompat };
  return {
    ...base,
    kind: kindOf(compat, incompat),
    uuid: uuidText(bytes.subarray(104, 120)),
    label: zeroEnded(bytes.subarray(120, 136)),
    notices: noticesOf(incompat, !withSums && view.getUint8(0x175) !== 0, blocks * blockSize, device.sizeBytes),
    inodes: u32(0),
    inodeSize,
    clusterBlocks: readOnly & 0x200 ? 2 ** Math.max(0, Math.min(20, u32(28) - u32(24))) : 1,
    seed: withSums ? (incompat & INCOMPAT.csumSeed ? u32(0x270) : crc32c(0xffffffff, bytes, 104, 120)) : undefined,
    descriptorBlock: descriptorPlaces(base, u32(0x104), backups(compat, readOnly, [u32(0x24c), u32(0x250)])),
  };
}

function kindOf(compat: number, incompat: number): string {
  if (incompat & (INCOMPAT.extents | INCOMPAT.bits64 | INCOMPAT.flexBg | INCOMPAT.inlineData)) return 'ext4';
  return compat & COMPAT_JOURNAL ? 'ext3' : 'ext2';
}

function noticesOf(incompat: number, sumsAreOff: boolean, sizeBytes: number, deviceBytes: number): readonly Reason[] {
  const notices: Reason[] = [];
  const add = (code: string, says: string): number => notices.push(reason(code, 'ext', says));
  if (incompat & INCOMPAT.recover)
    add('disk.log.dirty', 'the journal was not replayed: what was written in the last seconds may be missing or torn');
  // tune2fs clears the kind of checksum with the feature, so only damage leaves it alone.
  if (sumsAreOff) add('disk.checksums.lost', 'names a kind of checksum, and says that there are none');
  if (incompat & INCOMPAT.casefold)
    add('disk.casefold', 'has directories that ignore case: names are read as they are');
  if (sizeBytes > deviceBytes)
    add('disk.truncated', `is ${sizeBytes} bytes long, its volume only ${deviceBytes}: the rest cannot be read`);
  return notices;
}

/** Whether a group begins with a copy of the superblock. */
function backups(compat: number, readOnly: number, two: readonly number[]): (group: number) => boolean {
  const isPower = (n: number, of: number): boolean => {
    let power = of;
    while (power < n) power *= of;
    return power === n;
  };
  return (group) => {
    if (group === 0) return true;
    if (compat & COMPAT_SPARSE_SUPER2) return two.includes(group);
    return group === 1 || !(readOnly & RO_SPARSE_SUPER) || [3, 5, 7].some((of) => isPower(group, of));
  };
}

type Base = Pick<Geometry, 'blockSize' | 'firstDataBlock' | 'blocksPerGroup' | 'descriptorSize' | 'incompat'>;

/** Source: fs/ext4/super.c, descriptor_loc. */
function descriptorPlaces(base: Base, firstMetaGroup: number, hasBackup: (group: number) => boolean) {
  const { blockSize, firstDataBlock, blocksPerGroup, descriptorSize, incompat } = base;
  const perBlock = Math.floor(blockSize / descriptorSize);
  return (group: number): number => {
    const meta = Math.floor(group / perBlock);
    if (!(incompat & INCOMPAT.metaBg) || meta < firstMetaGroup) return firstDataBlock + 1 + meta;
    const first = meta * perBlock;
    // With blocks of 1 KiB and none left out, the superblock itself is in block 1.
    const extra = blockSize === 1024 && meta === 0 && firstDataBlock === 0 ? 1 : 0;
    return firstDataBlock + first * blocksPerGroup + (hasBackup(first) ? 1 : 0) + extra;
  };
}

export interface Group {
  readonly blockBitmap: number;
  readonly inodeTable: number;
  readonly unusedBlocks: boolean;
}

export async function readGroup(device: Device, geometry: Geometry, group: number): Promise<Group> {
  const { blockSize, descriptorSize, seed } = geometry;
  const at = (group % Math.floor(blockSize / descriptorSize)) * descriptorSize;
  const bytes = await device.metadata(geometry.descriptorBlock(group) * blockSize + at, descriptorSize);
  const view = viewOf(bytes);
  const high = (low: number): number => (descriptorSize >= 64 ? view.getUint32(low, true) : 0);
  if (seed !== undefined) {
    const number = new Uint8Array(4);
    viewOf(number).setUint32(0, group, true);
    const sum = crc32cAround(crc32c(seed, number), bytes, 0x1e, 2) & 0xffff;
    unreadableIf(sum !== view.getUint16(0x1e, true), 'disk.group.bad', `group ${group}`, 'its checksum is wrong');
  }
  const found = {
    blockBitmap: halves(view.getUint32(0, true), high(0x20)),
    inodeTable: halves(view.getUint32(8, true), high(0x28)),
    unusedBlocks: (view.getUint16(0x12, true) & 0x2) !== 0,
  };
  const inside = found.inodeTable > 0 && found.inodeTable < geometry.blocks;
  unreadableIf(!inside, 'disk.group.bad', `group ${group}`, 'its inode table is outside of the file system');
  return found;
}
