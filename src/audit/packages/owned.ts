/**
 * Which of some files are as a package shipped them. Such files are in every copy of the distribution: nothing in them is
 * this image's secret. Asked after a scan, for the few files that say something, so nothing else is hashed.
 */
import { type Reason, reason } from '../../base/outcome.ts';
import type { FileEntry, FileSystem } from '../../disk/types.ts';
import { DPKG_STATUS, DPKG_SUMS, readConffiles, readSums } from './dpkg.ts';
import { digestOf, readWhole } from './read-whole.ts';
import { RPM_DATABASE, readRpmDatabase } from './rpm.ts';
import { type Digest, Wanted } from './wanted.ts';

/** Python's compiled code is made at install time: it is as shipped when its source is. */
const COMPILED = /\/__pycache__\/([^/]+)\.[a-z]+-\d+(?:\.opt-\d)?\.pyc$/;

export interface Owned {
  /** Paths that are byte for byte as shipped. */
  readonly unmodified: ReadonlySet<string>;
  /** Databases that could not be read: files of their packages are reported like any other. */
  readonly notes: readonly Reason[];
}

/** Regular files of a file system by those of their paths that are wanted. */
export type Select = (isWanted: (path: string) => boolean) => ReadonlyMap<string, FileEntry>;

export async function ownedFiles(fileSystem: FileSystem, select: Select, asked: readonly string[]): Promise<Owned> {
  if (asked.length === 0) return { unmodified: new Set(), notes: [] };
  const sourceOf = new Map(asked.map((path) => [path, path.replace(COMPILED, '/$1.py')]));
  const sources = new Set(sourceOf.values());
  const byPath = select((path) => isDatabase(path) || sources.has(path));
  const wanted = new Wanted(sources);
  const notes = await readDatabases(fileSystem, byPath, wanted);
  const unmodified = new Set<string>();
  const checked = new Map<string, Promise<boolean>>();
  for (const [path, source] of sourceOf) {
    const entry = byPath.get(source);
    const said = wanted.said.get(source) ?? [];
    if (entry === undefined || said.length === 0) continue;
    const same = checked.get(source) ?? isAsSaid(fileSystem, entry, said);
    checked.set(source, same);
    if (await same) unmodified.add(path);
  }
  return { unmodified, notes };
}

const isDatabase = (path: string): boolean =>
  DPKG_SUMS.test(path) || path === DPKG_STATUS || RPM_DATABASE.test(path.replace(/-wal$/, ''));

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
    if (sums || path === DPKG_STATUS) {
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

async function readRpm(
  fileSystem: FileSystem,
  byPath: ReadonlyMap<string, FileEntry>,
  entry: FileEntry,
  wanted: Wanted,
): Promise<string | undefined> {
  const file = await readWhole(fileSystem, entry);
  if (file === undefined) return 'says nothing: it cannot be read';
  const log = byPath.get(`${entry.path}-wal`);
  if (log === undefined || log.size === 0) return await readRpmDatabase(file, undefined, wanted);
  const said = await readWhole(fileSystem, log);
  return said === undefined ? 'says nothing: its log cannot be read' : await readRpmDatabase(file, said, wanted);
}

const unread = (path: string, why: string): Reason =>
  reason('audit.packages.unread', path, `the package database ${path} ${why}`);
