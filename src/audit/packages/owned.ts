/**
 * Which of some files are as a package shipped them. Such files are in every copy of the distribution: nothing in them is
 * this image's secret. Asked after a scan, for the few files that say something, so nothing else is hashed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Reason, reason } from '../../base/outcome.ts';
import type { FileEntry, FileSystem } from '../../disk/types.ts';
import { DPKG_STATUS, DPKG_SUMS, readConffiles, readSums } from './dpkg.ts';
import { copyOut, digestOf, readWhole } from './read-whole.ts';
import { RPM_DATABASE, readRpmDatabase } from './rpm.ts';
import { type Digest, Wanted } from './wanted.ts';

/** Python's compiled code is made at install time: it is as shipped when its source is. */
const COMPILED = /\/__pycache__\/([^/]+)\.[a-z]+-\d+(?:\.opt-\d)?\.pyc$/;

export interface Owned {
  /** By file system: paths that are byte for byte as shipped. */
  readonly unmodified: readonly ReadonlySet<string>[];
  /** Databases that could not be read: files of their packages are reported like any other. */
  readonly notes: readonly Reason[];
}

/** Regular files of a file system by those of their paths that are wanted. */
export type Select = (isWanted: (path: string) => boolean) => ReadonlyMap<string, FileEntry>;

/** A file system, and those of its files that say something. */
export interface Asking {
  readonly fileSystem: FileSystem;
  readonly select: Select;
  readonly asked: readonly string[];
}

/** @param systems all file systems of an image: the databases may be on another one than the files, as where /var is one of its own */
export async function ownedFiles(systems: readonly Asking[]): Promise<Owned> {
  if (systems.every(({ asked }) => asked.length === 0)) return { unmodified: systems.map(() => new Set()), notes: [] };
  const sourcesOf = systems.map(({ asked }) => new Map(asked.map((path) => [path, path.replace(COMPILED, '/$1.py')])));
  const wanted = new Wanted(
    sourcesOf.flatMap((sources, fileSystem) => [...sources.values()].map((path) => ({ fileSystem, path }))),
  );
  const notes: Reason[] = [];
  const files: ReadonlyMap<string, FileEntry>[] = [];
  for (const [i, { fileSystem, select }] of systems.entries()) {
    const sources = new Set(sourcesOf[i]?.values());
    const byPath = select((path) => isDatabase(path) || sources.has(path));
    notes.push(...(await readDatabases(fileSystem, byPath, wanted)));
    files.push(byPath);
  }
  const unmodified: ReadonlySet<string>[] = [];
  for (const [i, { fileSystem }] of systems.entries())
    unmodified.push(await asShipped(fileSystem, i, sourcesOf[i] ?? new Map(), files[i] ?? new Map(), wanted));
  return { unmodified, notes };
}

async function asShipped(
  fileSystem: FileSystem,
  number: number,
  sourceOf: ReadonlyMap<string, string>,
  byPath: ReadonlyMap<string, FileEntry>,
  wanted: Wanted,
): Promise<ReadonlySet<string>> {
  const unmodified = new Set<string>();
  const checked = new Map<string, Promise<boolean>>();
  for (const [path, source] of sourceOf) {
    const entry = byPath.get(source);
    const said = wanted.saidOf({ fileSystem: number, path: source });
    if (entry === undefined || said.length === 0) continue;
    const same = checked.get(source) ?? isAsSaid(fileSystem, entry, said);
    checked.set(source, same);
    if (await same) unmodified.add(path);
  }
  return unmodified;
}

const isDatabase = (path: string): boolean =>
  DPKG_SUMS.test(path) || DPKG_STATUS.test(path) || RPM_DATABASE.test(path.replace(/-wal$/, ''));

async function isAsSaid(fileSystem: FileSystem, entry: FileEntry, said: readonly Digest[]): Promise<boolean> {
  for (const algorithm of new Set(said.map((d) => d.algorithm))) {
    const digest = await digestOf(fileSystem, entry, algorithm);
    if (digest !== undefined && said.some((d) => d.algorithm === algorithm && d.digest === digest)) return true;
  }
  return false;
}

async function readDatabases(
  fileSystem: FileSystem,
  byPath: ReadonlyMap<string, FileEntry>,
  wanted: Wanted,
): Promise<readonly Reason[]> {
  const notes: Reason[] = [];
  for (const [path, entry] of byPath) {
    const sums = DPKG_SUMS.test(path);
    if (sums || DPKG_STATUS.test(path)) {
      const bytes = await readWhole(fileSystem, entry);
      if (bytes === undefined) notes.push(unread(path, 'says nothing: it cannot be read'));
      else (sums ? readSums : readConffiles)(bytes.toString('utf8'), wanted);
    } else if (RPM_DATABASE.test(path)) {
      const why = await readRpm(fileSystem, byPath, entry, wanted);
      if (why !== undefined) notes.push(unread(path, why));
    }
  }
  return notes;
}

/** Copied to a file of its own, so that none of it has to be in memory. */
async function readRpm(
  fileSystem: FileSystem,
  byPath: ReadonlyMap<string, FileEntry>,
  entry: FileEntry,
  wanted: Wanted,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-rpm-'));
  try {
    const path = join(folder, 'database');
    const log = byPath.get(`${entry.path}-wal`);
    if (!(await copyOut(fileSystem, entry, path))) return 'says nothing: it cannot be read';
    if (log !== undefined && log.size > 0 && !(await copyOut(fileSystem, log, `${path}-wal`)))
      return 'says nothing: its log cannot be read';
    return await readRpmDatabase(path, wanted);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const unread = (path: string, why: string): Reason =>
  reason('audit.packages.unread', path, `the package database ${path} ${why}`);
