/**
 * Which files of a snapshot were read through and held nothing: so that an audit that was interrupted goes on where it was, and the
 * next version's audit reads only what changed. Kept in `.amiport/audits` (0600): names and sizes only, of clean files only.
 */
import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Carry } from '../audit/audit.ts';
import type { FileEntry, FileSystem } from '../disk/types.ts';

/** Lines are appended in groups, so that a crash loses little. */
const FLUSH_LINES = 4096;
/** Of one snapshot each; older ones go. */
const KEPT = 20;

const identity = (volume: string, e: FileEntry): string =>
  `${volume} ${e.inode} ${e.size} ${e.mtimeMs} ${e.firstPhysical} ${hash('sha256', e.path).slice(0, 16)}`;

const folderOf = (stateDir: string): string => join(stateDir, 'audits');
const fileOf = (stateDir: string, disk: string, ruleSet: string): string =>
  join(folderOf(stateDir), `clean-${`${disk}-${ruleSet}`.replace(/[^\w.-]+/g, '_').slice(-100)}.txt`);

function linesOf(file: string): ReadonlySet<string> {
  try {
    return new Set(readFileSync(file, 'utf8').split('\n').slice(0, -1));
  } catch {
    return new Set();
  }
}

/** An earlier snapshot of the same lineage, and which of its blocks are other ones now. */
export interface Earlier {
  readonly disk: string;
  readonly changed: ReadonlySet<number>;
}

export function cleanFiles(stateDir: string, disk: string, ruleSet: string, earlier?: Earlier): Carry {
  const file = fileOf(stateDir, disk, ruleSet);
  const before = linesOf(file);
  const inherited = earlier === undefined ? new Set<string>() : linesOf(fileOf(stateDir, earlier.disk, ruleSet));
  let fresh: string[] = [];
  const keep = (): void => {
    if (fresh.length === 0) return;
    mkdirSync(folderOf(stateDir), { recursive: true, mode: 0o700 });
    writeFileSync(file, fresh.map((line) => `${line}\n`).join(''), { mode: 0o600, flag: 'a' });
    fresh = [];
  };
  const note = (line: string): void => {
    fresh.push(line);
    if (fresh.length >= FLUSH_LINES) keep();
  };
  return {
    isClean(volume, fileSystem, entry) {
      if (before.size + inherited.size === 0) return false;
      const line = identity(volume, entry);
      if (before.has(line)) return true;
      if (!inherited.has(line) || earlier === undefined || isTouched(fileSystem, entry, earlier.changed)) return false;
      note(line);
      return true;
    },
    clean: (volume, entry) => note(identity(volume, entry)),
    keep,
  };
}

/** Content in the inode, or in more runs than are kept, is read again: nobody knows here in which blocks it is. */
function isTouched(fileSystem: FileSystem, entry: FileEntry, changed: ReadonlySet<number>): boolean {
  if (entry.content.is === 'inline' || entry.content.is === 'tree') return true;
  return fileSystem
    .extents(entry)
    .some(({ deviceOffset, length }) => fileSystem.device.blocksOf(deviceOffset, length).some((b) => changed.has(b)));
}

/** @param newest ids whose lists stay */
export function dropOld(stateDir: string, newest: readonly string[]): void {
  let names: readonly string[];
  try {
    names = readdirSync(folderOf(stateDir)).filter((n) => n.startsWith('clean-'));
  } catch {
    return;
  }
  const others = names.filter((n) => !newest.some((id) => n.startsWith(`clean-${id}-`)));
  for (const name of others.slice(0, Math.max(0, names.length - KEPT))) rmSync(join(folderOf(stateDir), name));
}
