/**
 * The append-only journal of one run: one JSON record a line, each with a checksum, fsynced in groups.
 *
 * It is for progress, history and audit; losing it loses no resource (AWS is the state). A torn last line,
 * as a crash leaves it, is passed over. Files are 0600 and hold no secret.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Reason } from '../base/outcome.ts';

export type JournalRecord =
  | {
      readonly kind: 'run';
      readonly run: string;
      readonly delivery: string;
      readonly digest: string;
      readonly steps: number;
      readonly atMs: number;
      /** What was asked for, and why, in the words of whoever did. */
      readonly command?: string;
      readonly reason?: string;
      /** ARN of the identity in the builder account, and where it called. */
      readonly as?: string;
      readonly at?: string;
    }
  | {
      readonly kind: 'started';
      readonly step: string;
      readonly atMs: number;
      /** What the step is about, for whoever reads the journal without the plan. */
      readonly detail?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'waiting' | 'done';
      readonly step: string;
      readonly atMs: number;
      readonly learnt?: Readonly<Record<string, string>>;
      readonly says?: string;
      readonly requests?: readonly RequestRecord[];
    }
  | {
      readonly kind: 'failed';
      readonly step: string;
      readonly atMs: number;
      readonly reason: Reason;
      readonly requests?: readonly RequestRecord[];
    }
  | {
      readonly kind: 'ended';
      readonly atMs: number;
      readonly done: number;
      readonly failed: number;
      readonly notStarted: number;
      readonly interrupted: boolean;
    };

/** A call that changed something, or was to: by its id AWS and CloudTrail know it, too. */
export interface RequestRecord {
  readonly action: string;
  readonly requestId: string;
  readonly atMs: number;
}

export const startOf = (
  step: { readonly id: string; readonly detail?: Readonly<Record<string, string>> },
  atMs: number,
): JournalRecord => ({
  kind: 'started',
  step: step.id,
  atMs,
  ...(step.detail === undefined ? {} : { detail: step.detail }),
});

export const callsOf = ({
  requests = [],
}: {
  readonly requests?: readonly RequestRecord[];
}): { readonly requests?: readonly RequestRecord[] } => (requests.length === 0 ? {} : { requests });

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
  for (const made of [folder, dir, dirname(dir)]) await syncFolder(made);
  return new FileJournal(file, handle);
}

class FileJournal implements Journal {
  readonly file: string;
  readonly #handle: FileHandle;
  #pending: string[] = [];
  /** The write that takes what is pending now. */
  #next: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  append(record: JournalRecord): Promise<void> {
    this.#pending.push(line(record));
    // Whoever appends while a write is under way shares the next one: one fdatasync for all of them.
    if (this.#next === undefined) {
      this.#next = this.#writing.then(() => this.#write());
      this.#writing = this.#next;
    }
    return this.#next;
  }

  async #write(): Promise<void> {
    const batch = this.#pending.join('');
    this.#pending = [];
    this.#next = undefined;
    await this.#handle.write(batch);
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
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

/** A new file survives a power cut only when its folder is synced too, and a new folder when its own is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().catch(() => undefined);
  await handle.close();
}
