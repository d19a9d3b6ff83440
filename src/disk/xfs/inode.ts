/** Inodes of XFS. Source: "XFS Algorithms & Data Structures", chapter "On-disk Inode". */
import { reason } from '../../base/outcome.ts';
import { u64, viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import { typeOfMode } from '../mode.ts';
import type { Node } from '../tree.ts';
import { type Geometry, sumFits } from './superblock.ts';

const FLAG_REALTIME = 0x1;
const FLAG2_BIGTIME = 0x8;
const FLAG2_NREXT64 = 0x10;
/** Seconds from 1901-12-13 20:45:52 UTC, where bigtime begins, to the epoch. */
const BIGTIME_EPOCH_S = 2 ** 31;

export type ForkFormat = 'device' | 'local' | 'extents' | 'btree';
const FORMATS: readonly ForkFormat[] = ['device', 'local', 'extents', 'btree'];

export interface XfsNode extends Node {
  readonly format: ForkFormat;
  readonly fork: Uint8Array;
  readonly extentCount: number;
}

export function decodeInode(bytes: Uint8Array, inode: number, geometry: Geometry): XfsNode {
  const view = viewOf(bytes);
  const subject = `inode ${inode}`;
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.inode.bad', subject, says);
  bad(view.getUint16(0) !== 0x494e, 'it has no magic number');
  const version = view.getUint8(4);
  const isV3 = geometry.version === 5;
  bad(isV3 ? version !== 3 : version !== 1 && version !== 2, `version ${version}`);
  bad(isV3 && !sumFits(bytes, 100), 'its checksum is wrong');
  const own =
    !isV3 || (u64(view, 152, false) === inode && Buffer.compare(bytes.subarray(160, 176), geometry.metaUuid) === 0);
  bad(!own, 'it is the inode of somebody else');
  const mode = view.getUint16(2);
  const type = typeOfMode(mode);
  const format = FORMATS[view.getUint8(5)];
  bad(type === undefined, mode === 0 ? 'a name leads to a free inode' : `mode 0${mode.toString(8)} is none`);
  bad(format === undefined, 'its data fork has an unknown format');
  const start = isV3 ? 176 : 100;
  const forkBytes = view.getUint8(82) * 8 || bytes.length - start;
  bad(start + forkBytes > bytes.length, 'its data fork does not fit');
  const flags2 = isV3 ? u64(view, 120, false) : 0;
  const size = u64(view, 56, false);
  const isFile = type === 'file';
  bad(isFile && format === 'local', 'a file in the inode');
  const hidden =
    isFile && view.getUint16(90) & FLAG_REALTIME
      ? reason('disk.file.realtime', subject, 'its data is on the realtime device')
      : undefined;
  return {
    inode,
    type: type ?? 'other',
    mode,
    size,
    uid: view.getUint32(8),
    gid: view.getUint32(12),
    links: version === 1 ? view.getUint16(6) : view.getUint32(16),
    mtimeMs: timeMs(view, 40, (flags2 & FLAG2_BIGTIME) !== 0),
    format: format ?? 'device',
    fork: bytes.slice(start, start + forkBytes),
    extentCount: flags2 & FLAG2_NREXT64 ? u64(view, 24, false) : view.getUint32(76),
    ...(hidden === undefined ? {} : { hidden }),
  };
}

function timeMs(view: DataView, at: number, bigtime: boolean): number {
  if (!bigtime) return view.getInt32(at) * 1000 + Math.floor(view.getInt32(at + 4) / 1e6);
  // A double has 53 bits, nanoseconds have 63: exact to the millisecond all the same.
  const ms = (view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)) / 1e6;
  return Math.floor(ms) - BIGTIME_EPOCH_S * 1000;
}
