/** Reading the disks of images: against a WASM build of libext2fs on the same files, and through EBS direct on the simulator. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withMountedDisk } from 'ext2fs';
import { makeCorpus } from '../scripts/disk-corpus.ts';
import type { BlockSource } from '../src/base/block-source.ts';
import type { Outcome } from '../src/base/outcome.ts';
import { openDisk } from '../src/disk/open-disk.ts';
import { openFileSystem } from '../src/disk/open-file-system.ts';
import { openRawFile } from '../src/disk/raw-file.ts';
import { readFiles } from '../src/disk/read-files.ts';
import type { FileEntry, FileSystem } from '../src/disk/types.ts';
import { BUILDER } from '../src/sim/ec2/testing.ts';
import { connectionTo, open as openSnapshot, plantDisk, simWith } from '../test/disk/planted.ts';
import type { Emit } from './figure.ts';

const CORPUS_MIB = 96;
const ROUNDS = 3;
const LATENCY_MS = 20;

export async function bench(emit: Emit): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-bench-audit-'));
  try {
    const corpus = makeCorpus(folder, CORPUS_MIB);
    const images = { ext4: corpus.image('ext4'), xfs: corpus.image('xfs') };
    await againstWasm(emit, images.ext4, corpus.bytes, corpus.files);
    for (const kind of ['ext4', 'xfs'] as const) {
      await readingAlone(emit, kind, images[kind]);
      await throughSimulator(emit, kind, images[kind], corpus.bytes);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function need<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.reason.says);
}

async function fileSystemOf(source: BlockSource): Promise<FileSystem> {
  const [volume] = need(await openDisk(source)).volumes;
  if (!volume) throw new Error('no volume');
  return need(await openFileSystem(volume));
}

/** Walks and reads everything. @returns bytes of content */
async function readAll(source: BlockSource): Promise<number> {
  const fileSystem = await fileSystemOf(source);
  const entries: FileEntry[] = [];
  for await (const entry of fileSystem.walk()) entries.push(entry);
  let bytes = 0;
  for await (const { content } of readFiles(fileSystem, entries)) {
    for await (const piece of content) bytes += piece.is === 'bytes' ? piece.bytes.length : piece.length;
  }
  if (fileSystem.problems().length > 0) throw new Error(JSON.stringify(fileSystem.problems()));
  return bytes;
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}

/**
 * Both walk the whole tree and read every file, as each is meant to be used: ours before
 * and after. The library once: in a second round its memory ends ("Aborted(OOM)").
 */
async function againstWasm(emit: Emit, image: string, contentBytes: number, files: number): Promise<void> {
  const ours: number[] = [];
  const read = async (): Promise<void> => {
    const source = need(await openRawFile(image));
    const { value, ms } = await timed(() => readAll(source));
    await source.close();
    if (value !== contentBytes) throw new Error(`read ${value} bytes of ${contentBytes}`);
    ours.push(ms);
  };
  for (let round = 0; round < ROUNDS; round += 1) await read();
  const theirs = await timed(() => readByWasm(image));
  if (theirs.value !== files) throw new Error(`ext2fs read ${theirs.value} files of ${files}`);
  for (let round = 0; round < ROUNDS; round += 1) await read();
  const median = ours.toSorted((a, b) => a - b)[ROUNDS] ?? 0;
  const value = theirs.ms / median;
  const baseline = `ext2fs (WASM): ${rate(contentBytes, theirs.ms)}, ours ${rate(contentBytes, median)}, walk and all files`;
  emit({
    bench: 'audit',
    figure: 'reading / WASM ext2fs',
    value,
    unit: 'x',
    target: '>= 30',
    holds: value >= 30,
    baseline,
  });
}

const rate = (bytes: number, ms: number): string => `${(bytes / 1e3 / ms).toFixed(1)} MB/s`;

/** What the library asks of a disk: the same as its own package `file-disk` gives. */
const diskOf = (file: FileHandle) => ({
  read: (buffer: Buffer, bufferOffset: number, length: number, fileOffset: number) =>
    file.read(buffer, bufferOffset, length, fileOffset),
  /** It notes when a file was read; the note goes nowhere. */
  write: async (_buffer: Buffer, _bufferOffset: number, length: number) => ({ bytesWritten: length }),
  async discard(): Promise<void> {},
  async flush(): Promise<void> {},
});

/** @returns the number of files read. Its `readFile` gives text whatever is asked for, so bytes are not counted. */
async function readByWasm(image: string): Promise<number> {
  const file = await open(image, 'r');
  try {
    return await withMountedDisk(diskOf(file), 0, async ({ promises: fs }) => {
      const visit = async (folder: string): Promise<number> => {
        let files = 0;
        for (const name of await fs.readdir(folder === '' ? '/' : folder)) {
          const path = `${folder}/${name}`;
          const stat = await fs.lstat(path);
          if (stat.isDirectory()) files += await visit(path);
          else if (stat.isFile()) {
            await fs.readFile(path);
            files += 1;
          }
        }
        return files;
      };
      return visit('');
    });
  } finally {
    await file.close();
  }
}

async function readingAlone(emit: Emit, kind: string, image: string): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const source = need(await openRawFile(image));
    const { value, ms } = await timed(() => readAll(source));
    rates.push(value / 1e3 / ms);
    await source.close();
  }
  const value = Math.max(...rates);
  const baseline = `walk and all content of a raw image, ${CORPUS_MIB} MiB, best of ${ROUNDS}`;
  emit({ bench: 'audit', figure: `${kind}: reading alone`, value, unit: 'MB/s', target: '', holds: true, baseline });
}

/** Every call takes 20 ms, as one over a network does; counted where the requests arrive, not by the reader. */
async function throughSimulator(emit: Emit, kind: string, image: string, contentBytes: number): Promise<void> {
  const sim = simWith();
  const snapshotId = plantDisk(sim, [readFileSync(image)]);
  const seen = { calls: 0, inFlight: 0, most: 0 };
  const connection = connectionTo(sim, BUILDER.account, (inner) => slow(inner, seen));
  const source = need(await openSnapshot(connection, BUILDER.account, snapshotId));
  const { value: bytes, ms } = await timed(() => readAll(source));
  if (bytes !== contentBytes) throw new Error(`${kind}: read ${bytes} bytes of ${contentBytes}`);
  await source.close();
  const ratio = seen.calls / source.usedBlocks;
  const baseline = `${seen.calls} calls, ${source.usedBlocks} used blocks, ${rate(bytes, ms)} at ${LATENCY_MS} ms a call`;
  const bound = (holds: boolean, target: string) => ({ bench: 'audit', target, holds, baseline });
  emit({ ...bound(ratio <= 1.1, '<= 1.1'), figure: `${kind}: calls / used blocks`, value: ratio, unit: 'x' });
  emit({ ...bound(seen.most >= 32, '>= 32'), figure: `${kind}: blocks in flight`, value: seen.most, unit: 'calls' });
}

interface Request {
  readonly method: string;
  readonly path: string;
}

function slow(inner: object, seen: { calls: number; inFlight: number; most: number }): object {
  const { handle } = inner as { handle(request: Request): Promise<object> };
  return {
    ...inner,
    async handle(request: Request) {
      const isBlock = request.method === 'GET' && /\/blocks\/\d+$/.test(request.path);
      if (isBlock) {
        seen.calls += 1;
        seen.inFlight += 1;
        seen.most = Math.max(seen.most, seen.inFlight);
      }
      await new Promise((resolve) => setTimeout(resolve, LATENCY_MS));
      try {
        return await handle(request);
      } finally {
        if (isBlock) seen.inFlight -= 1;
      }
    },
  };
}
