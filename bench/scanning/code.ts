/** What the bench of scanning measures, to be bundled as the program is: type stripping in each thread is not part of a scan. */
export { auditDisks } from '../../src/audit/audit.ts';
export { openDisk } from '../../src/disk/open-disk.ts';
export { openFileSystem } from '../../src/disk/open-file-system.ts';
export { openRawFile } from '../../src/disk/raw-file.ts';
export { readFiles } from '../../src/disk/read-files.ts';
