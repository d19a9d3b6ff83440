/** A file on this machine that may be large, read in parts: databases of packages have hundreds of megabytes. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface Parts {
  readonly length: number;
  /** Less, where the file ends before. */
  read(at: number, length: number): Buffer;
  close(): void;
}

export function openParts(path: string): Parts {
  const file = openSync(path, 'r');
  const length = fstatSync(file).size;
  return {
    length,
    read(at, wanted) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(wanted, length - at)));
      return bytes.length === 0 ? bytes : bytes.subarray(0, readSync(file, bytes, 0, bytes.length, at));
    },
    close: () => closeSync(file),
  };
}
