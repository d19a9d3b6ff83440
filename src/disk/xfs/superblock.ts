/**
 * Geometry of XFS, version 4 and 5, and its addresses. All numbers are big-endian, checksums little-endian.
 * Source: "XFS Algorithms & Data Structures" (xfs-documentation), chapters "Superblocks" and "Allocation Groups".
 */
import { type Reason, reason } from '../../base/outcome.ts';
import { crc32cAround, u64, uuidText, viewOf, zeroEnded } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import type { Device } from '../types.ts';

const INCOMPAT = { ftype: 0x1, metaUuid: 0x4, needsRepair: 0x10, metadataDirectory: 0x100 } as const;
const INCOMPAT_KNOWN = 0x1ff;
const VERSION = { directory2: 0x2000, moreBits: 0x8000 } as const;
const FEATURES2_FTYPE = 0x200;

export interface Geometry {
  readonly version: 4 | 5;
  readonly blockSize: number;
  readonly blocks: number;
  readonly rootInode: number;
  readonly agBlocks: number;
  readonly agCount: number;
  /** 2 to the power of agblklog: an AG's blocks, rounded up. Division, since JavaScript shifts 32 bits only. */
  readonly agSpan: number;
  readonly sectorBytes: number;
  readonly inodeSize: number;
  readonly inodesPerBlock: number;
  readonly directoryBlockSize: number;
  readonly hasFtype: boolean;
  readonly uuid: string;
  /** What stands in the metadata itself: it stays when the uuid is changed. */
  readonly metaUuid: Uint8Array;
  readonly label: string;
  readonly logStart: number;
  readonly logBlocks: number;
  readonly notices: readonly Reason[];
}

export async function readGeometry(device: Device): Promise<Geometry> {
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.superblock.bad', 'xfs', says);
  const view = viewOf(await device.metadata(0, 512));
  const u16 = (at: number): number => view.getUint16(at);
  const u32 = (at: number): number => view.getUint32(at);
  const sectorBytes = u16(102);
  bad(u32(0) !== 0x58465342, 'the superblock has no magic number');
  bad(![512, 1024, 2048, 4096, 8192, 16384, 32768].includes(sectorBytes), `sectors of ${sectorBytes} bytes`);
  const bytes = await device.metadata(0, sectorBytes);
  const stored = u16(100) & 0xf;
  bad(stored !== 4 && stored !== 5, `version ${stored}`);
  const version = stored === 4 ? 4 : 5;
  const incompat = version === 5 ? u32(216) : 0;
  const unknown = (incompat & ~INCOMPAT_KNOWN) >>> 0;
  bad(version === 5 && !sumFits(bytes, 224), 'the checksum of the superblock is wrong');
  bad(unknown !== 0, `feature bits 0x${unknown.toString(16)} are not known`);
  bad(
    (incompat & INCOMPAT.metadataDirectory) !== 0 && u64(view, 16, false) > 0,
    'a realtime device in a metadata directory',
  );
  bad(version === 4 && !(u16(100) & VERSION.directory2), 'directories of version 1');
  bad(view.getUint8(126) !== 0, 'it was never finished (mkfs was interrupted)');
  const [blockLog, inodeLog, perBlockLog, agLog] = [120, 122, 123, 124].map((at) => view.getUint8(at)) as Four;
  const blockSize = u32(4);
  const inodeSize = u16(104);
  bad(blockLog < 9 || blockLog > 16 || blockSize !== 2 ** blockLog, `blocks of ${blockSize} bytes`);
  bad(inodeLog < 8 || inodeLog > 11 || inodeSize !== 2 ** inodeLog, `inodes of ${inodeSize} bytes`);
  bad(perBlockLog !== blockLog - inodeLog || u16(106) !== 2 ** perBlockLog, 'inodes do not fit into blocks');
  const blocks = u64(view, 8, false);
  const [agBlocks, agCount] = [u32(84), u32(88)];
  bad(agBlocks === 0 || agLog > 31 || agBlocks > 2 ** agLog || agCount === 0, 'the allocation groups make no sense');
  bad(blocks > agBlocks * agCount || blocks <= agBlocks * (agCount - 1), 'the groups do not add up to the blocks');
  const directoryLog = view.getUint8(192);
  bad(directoryLog + blockLog > 16, 'directory blocks above 64 KiB');
  const more = (u16(100) & VERSION.moreBits) !== 0 && (u32(200) & FEATURES2_FTYPE) !== 0;
  const uuid = bytes.slice(32, 48);
  return {
    version,
    blockSize,
    blocks,
    rootInode: u64(view, 56, false),
    agBlocks,
    agCount,
    agSpan: 2 ** agLog,
    sectorBytes,
    inodeSize,
    inodesPerBlock: 2 ** perBlockLog,
    directoryBlockSize: blockSize * 2 ** directoryLog,
    hasFtype: version === 5 ? (incompat & INCOMPAT.ftype) !== 0 : more,
    uuid: uuidText(uuid),
    metaUuid: incompat & INCOMPAT.metaUuid ? bytes.slice(248, 264) : uuid,
    label: zeroEnded(bytes.subarray(108, 120)),
    logStart: u64(view, 48, false),
    logBlocks: u32(96),
    notices: noticesOf(incompat, blocks * blockSize, device.sizeBytes),
  };
}

type Four = [number, number, number, number];

function noticesOf(incompat: number, sizeBytes: number, deviceBytes: number): readonly Reason[] {
  const notices: Reason[] = [];
  if (incompat & INCOMPAT.needsRepair)
    notices.push(reason('disk.needs-repair', 'xfs', 'asks to be repaired before use'));
  if (sizeBytes > deviceBytes) {
    const says = `is ${sizeBytes} bytes long, its volume only ${deviceBytes}: the rest cannot be read`;
    notices.push(reason('disk.truncated', 'xfs', says));
  }
  return notices;
}

/** CRC32C of a structure with its own sum, at `at`, taken for zeros. */
export const sumFits = (bytes: Uint8Array, at: number): boolean =>
  (crc32cAround(0xffffffff, bytes, at, 4) ^ 0xffffffff) >>> 0 === viewOf(bytes).getUint32(at, true);

/** Byte of a block address; `count` blocks from there on must lie in one allocation group. */
export function byteOfBlock(geometry: Geometry, block: number, count: number, subject: string): number {
  const { agSpan, agBlocks, agCount, blocks, blockSize } = geometry;
  const ag = Math.floor(block / agSpan);
  const linear = ag * agBlocks + (block % agSpan);
  const inside = ag < agCount && (block % agSpan) + count <= agBlocks && linear + count <= blocks;
  unreadableIf(!inside || count < 1, 'disk.extents.bad', subject, 'a block is outside of the file system');
  return linear * blockSize;
}

export function byteOfInode(geometry: Geometry, inode: number): number {
  const { inodesPerBlock, inodeSize } = geometry;
  const block = Math.floor(inode / inodesPerBlock);
  return byteOfBlock(geometry, block, 1, `inode ${inode}`) + (inode % inodesPerBlock) * inodeSize;
}
