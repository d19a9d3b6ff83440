/** What the bench of scanning measures, to be bundled as the program is: type stripping in each thread is not part of a scan. */
import { auditDisks } from '../../src/audit/audit.ts';
import type { Audit } from '../../src/audit/report.ts';
import type { Outcome } from '../../src/base/outcome.ts';
import { openDisk } from '../../src/disk/open-disk.ts';
import { openFileSystem } from '../../src/disk/open-file-system.ts';
import { openRawFile } from '../../src/disk/raw-file.ts';
import { readFiles } from '../../src/disk/read-files.ts';
import type { FileEntry } from '../../src/disk/types.ts';

function need<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.reason.says);
}

export async function audit(image: string, threads: number): Promise<Audit> {
  const source = need(await openRawFile(image));
  try {
    return await auditDisks([{ id: 'corpus', source }], {
      threads,
      freeSpace: false,
      packages: false,
      customRules: [],
    });
  } finally {
    await source.close();
  }
}

/** @returns the bytes of all files */
export async function readAll(image: string): Promise<number> {
  const source = need(await openRawFile(image));
  const [volume] = need(await openDisk(source)).volumes;
  if (volume === undefined) throw new Error('no volume');
  const fileSystem = need(await openFileSystem(volume));
  const entries: FileEntry[] = [];
  for await (const entry of fileSystem.walk()) entries.push(entry);
  let bytes = 0;
  for await (const { content } of readFiles(fileSystem, entries))
    for await (const piece of content) bytes += piece.is === 'bytes' ? piece.bytes.length : piece.length;
  await source.close();
  return bytes;
}
