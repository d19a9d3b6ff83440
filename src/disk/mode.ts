/** Unix file types, as inodes of ext and XFS hold them. */
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
