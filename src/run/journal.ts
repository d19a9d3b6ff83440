/**
 * The append-only journal of one run: one JSON record a line, each with a checksum, fsynced in groups.
 *
 * It is for progress, history and audit; losing it loses no resource (AWS is the state). A torn last line,
 * as a crash leaves it, is passed over. Files are 0600 and hold no secret.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reason } from '../base/outcome.ts';

export type JournalRecord =
  | {
      readonly kind: 'run';
      readonly run: string;
      readonly delivery: string;
      readonly digest: string;
      readonly steps: number;
      readonly atMs: number;
    }
  | { readonly kind: 'started'; readonly step: string; readonly atMs: number }
  | {
      readonly kind: 'waiting' | 'done';
      readonly step: string;
      readonly atMs: number;
      readonly learnt?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'failed'; readonly step: string; readonly atMs: number; readonly reason: Reason }
  | {
      readonly kind: 'ended';
      readonly atMs: number;
      readonly done: number;
      readonly failed: number;
      readonly notStarted: number;
      readonly interrupted: boolean;
    };

export interface Journal {
  readonly file: string;
  /** Resolves when the record is on disk. */
  append(record: JournalRecord): Promise<void>;
  close(): Promise<void>;
}

/** @param dir the state directory, usually `.amiport`; made when absent */
export async function openJournal(dir: string, run: string): Promise<Journal> {
  const folder = join(dir, 'runs');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${run}.jsonl`);
  const handle = await open(file, 'a', 0o600);
  await syncFolder(folder);
  return new FileJournal(file, handle);
}

class FileJournal implements Journal {
  readonly file: string;
  readonly #handle: FileHandle;
  #pending: string[] = [];
  #flushing: Promise<void> | undefined;

  constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  append(record: JournalRecord): Promise<void> {
    this.#pending.push(line(record));
    // Whoever appends while a flush is under way shares the next one: one fdatasync for all of them.
    this.#flushing ??= this.#flush();
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#pending.length > 0) {
        const batch = this.#pending.join('');
        this.#pending = [];
        await this.#handle.write(batch);
        await this.#handle.datasync();
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#handle.close();
  }
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

function line(record: JournalRecord): string {
  const text = JSON.stringify(record);
  return `${checksum(text)} ${text}\n`;
}

/** The records up to the first damaged line, which only a crash while writing the last one can leave. */
export function parseJournal(text: string): readonly JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const one of text.split('\n')) {
    const body = one.slice(9);
    if (one === '' || checksum(body) !== one.slice(0, 8)) break;
    records.push(JSON.parse(body) as JournalRecord);
  }
  return records;
}

export interface RunRecord {
  readonly run: string;
  readonly file: string;
  readonly records: readonly JournalRecord[];
}

/** Runs of a state directory, newest last (run ids sort by time). */
export async function readRuns(dir: string): Promise<readonly RunRecord[]> {
  const folder = join(dir, 'runs');
  const names = await readdir(folder).catch(() => [] as string[]);
  const runs: RunRecord[] = [];
  for (const name of names.filter((n) => n.endsWith('.jsonl')).toSorted()) {
    const file = join(folder, name);
    runs.push({ run: name.slice(0, -'.jsonl'.length), file, records: parseJournal(await readFile(file, 'utf8')) });
  }
  return runs;
}

/** A new file survives a power cut only when its folder is synced too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().catch(() => undefined);
  await handle.close();
}
