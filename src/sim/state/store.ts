/**
 * A world on disk: a snapshot, and a log of every request that changed it since. What was answered was
 * synced before: kill -9 at any moment loses no acknowledged call.
 *
 * Generation N is `world-N.v8` with `log-N`, both sealed with the `key` of the directory. A new generation is written beside the old one and takes its place
 * by a rename; the highest complete one counts. One process at a time: an exclusive SQLite transaction, which
 * the system frees however the process dies.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { lockFile } from '../../base/lock-file.ts';
import type { Command } from '../kernel.ts';
import type { World } from '../world/world.ts';
import { encodeRecord, readRecords } from './records.ts';
import { KEY_BYTES, Seal } from './seal.ts';

/** Raised when the state's shape changes in a way that old snapshots do not have. 1 was not sealed. */
const FORMAT = 3;
/** What a sealed snapshot begins with. */
const SEALED = Buffer.from('amiport sim, sealed\n');
const LOG_BYTES_MAX = 64 * 1024 * 1024;

interface Snapshot {
  readonly format: number;
  /** Simulated time when it was written: time never runs back. */
  readonly nowMs: number;
  readonly world: World;
}

/** What the state directory cannot give: says why, and what to do. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

export interface Opened {
  readonly world: World;
  /** To be done again, in this order, before the first request. */
  readonly commands: readonly Command[];
  /** Simulated time of the last thing that is known. */
  readonly nowMs: number;
}

export class StateStore {
  readonly #folder: string;
  readonly #unlock: () => void;
  readonly #seal: Seal;
  #generation = 0;
  #log: FileHandle | undefined;
  #logBytes = 0;
  #pending: Uint8Array[] = [];
  #syncing: Promise<void> | undefined;
  #broken: StateError | undefined;

  /** @throws StateError when another process has it */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    const unlock = lockFile(join(folder, 'lock.sqlite'));
    if (unlock === undefined) throw new StateError(`the state in ${folder} is in use by another simulator`);
    this.#unlock = unlock;
    try {
      this.#seal = sealOf(folder);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /**
   * @param first makes the world of an empty directory
   * @throws StateError when what is there cannot be read
   */
  open(first: () => World): Opened {
    const generation = this.#newest();
    if (generation === undefined) return { world: first(), commands: [], nowMs: 0 };
    this.#generation = generation;
    const snapshot = this.#readSnapshot(generation);
    const commands = this.#readLog(generation);
    return { world: snapshot.world, commands, nowMs: Math.max(snapshot.nowMs, commands.at(-1)?.nowMs ?? 0) };
  }

  /** Begins a new generation with this world; call it after replay, and whenever `full`. */
  async save(world: World, nowMs: number): Promise<void> {
    await this.flushed();
    // Whoever waits for the log waits for the change of generations.
    this.#syncing = this.#begin(this.#generation + 1, { format: FORMAT, nowMs, world }).finally(() => {
      this.#syncing = undefined;
    });
    await this.#syncing;
  }

  /** Up to the first await nothing else runs: what is pending is in the snapshot, and in no log twice. */
  async #begin(next: number, snapshot: Snapshot): Promise<void> {
    const unfinished = this.#path(`world-${next}.new`);
    writeSynced(unfinished, this.#sealed(snapshot));
    writeSynced(this.#path(`log-${next}`), []);
    renameSync(unfinished, this.#path(`world-${next}.v8`));
    syncFolder(this.#folder);
    this.#pending = [];
    this.#logBytes = 0;
    this.#generation = next;
    await this.#log?.close();
    this.#log = await open(this.#path(`log-${next}`), 'a', 0o600);
    for (const name of readdirSync(this.#folder)) {
      const of = /^(?:world|log)-(\d+)/.exec(name);
      if (of && Number(of[1]) < next) rmSync(this.#path(name));
    }
  }

  *#sealed(snapshot: Snapshot): Generator<Uint8Array> {
    yield SEALED;
    yield* this.#seal.close(serialize(snapshot));
  }

  /** True when the log has grown so long that a new generation is due. */
  get full(): boolean {
    return this.#logBytes > LOG_BYTES_MAX;
  }

  append(command: Command): void {
    const record = encodeRecord(this.#seal, command);
    this.#logBytes += record.length;
    this.#pending.push(record);
  }

  /** Resolves when all that was appended is on disk. Whoever waits during a sync shares the next one. */
  async flushed(): Promise<void> {
    while (this.#pending.length > 0 || this.#syncing) {
      this.#syncing ??= this.#sync();
      await this.#syncing;
    }
  }

  async #sync(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      const batch = Buffer.concat(this.#pending);
      this.#pending = [];
      await this.#log?.appendFile(batch);
      await this.#log?.datasync();
    } catch (error) {
      // What could not be written stays unacknowledged, and so does all that would build on it.
      this.#broken = new StateError(
        `the state in ${this.#folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      );
      throw this.#broken;
    } finally {
      this.#syncing = undefined;
    }
  }

  async close(): Promise<void> {
    await this.flushed();
    await this.#log?.close();
    this.#unlock();
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #newest(): number | undefined {
    const found = readdirSync(this.#folder).flatMap((name) => /^world-(\d+)\.v8$/.exec(name)?.[1] ?? []);
    return found.length === 0 ? undefined : Math.max(...found.map(Number));
  }

  #readSnapshot(generation: number): Snapshot {
    let snapshot: Partial<Snapshot>;
    try {
      const bytes = readFileSync(this.#path(`world-${generation}.v8`));
      const sealed = bytes.subarray(0, SEALED.length).equals(SEALED);
      snapshot = deserialize(sealed ? this.#seal.open(bytes.subarray(SEALED.length)) : bytes) as Partial<Snapshot>;
    } catch (error) {
      throw new StateError(
        `the snapshot in ${this.#folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (snapshot.format !== FORMAT || !snapshot.world) {
      throw new StateError(
        `the state in ${this.#folder} has format ${snapshot.format}, this version reads ${FORMAT}: start with an empty directory, or with the version that wrote it`,
      );
    }
    return snapshot as Snapshot;
  }

  #readLog(generation: number): readonly Command[] {
    const path = this.#path(`log-${generation}`);
    const bytes = readFileSync(path);
    const read = readRecords(this.#seal, bytes);
    if (read.damagedAt !== undefined) throw new StateError(`the log ${path} is damaged at byte ${read.damagedAt}`);
    if (read.wholeBytes < bytes.length) {
      const handle = openSync(path, 'r+');
      ftruncateSync(handle, read.wholeBytes);
      fsyncSync(handle);
      closeSync(handle);
    }
    return read.values as readonly Command[];
  }
}

/** The key of a directory, made with it. @throws StateError when it was lost */
function sealOf(folder: string): Seal {
  const path = join(folder, 'key');
  if (existsSync(path)) {
    const key = readFileSync(path);
    if (key.length === KEY_BYTES) return new Seal(key);
    throw new StateError(`${path} is no key of a state: put back the one that belongs to it`);
  }
  if (readdirSync(folder).some((name) => name.startsWith('log-')))
    throw new StateError(`the state in ${folder} has lost its key: put ${path} back, or start with an empty directory`);
  const key = randomBytes(KEY_BYTES);
  writeSynced(`${path}.new`, [key]);
  renameSync(`${path}.new`, path);
  syncFolder(folder);
  return new Seal(key);
}

function writeSynced(path: string, pieces: Iterable<Uint8Array>): void {
  const handle = openSync(path, 'w', 0o600);
  for (const bytes of pieces) for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  fsyncSync(handle);
  closeSync(handle);
}

/** A new name is safe only when its folder is. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
