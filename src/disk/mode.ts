/** Unix file types, as inodes of ext and XFS hold them, and as their directories do beside the name. */
import type { FileEntry } from './types.ts';

const TYPES: Readonly<Record<number, FileEntry['type']>> = {
  1: 'other', // fifo
  2: 'other', // character device
  4: 'directory',
  6: 'other', // block device
  8: 'file',
  10: 'symlink',
  12: 'other', // socket
};

/** @returns undefined for what is no file at all */
export const typeOfMode = (mode: number): FileEntry['type'] | undefined => TYPES[mode >> 12];

/** The fourth to sixth are devices, pipes and sockets, the eighth a whiteout of XFS. */
const NAMED: readonly (FileEntry['type'] | undefined)[] = [
  undefined,
  'file',
  'directory',
  'other',
  'other',
  'other',
  'other',
  'symlink',
  'other',
];

/** @returns undefined where the directory does not say it */
export const typeOfName = (code: number): FileEntry['type'] | undefined => NAMED[code];
