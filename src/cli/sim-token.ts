/**
 * Where a running simulator leaves its control token for this user's other commands: a folder of the system's
 * temporary one that only this user can read.
 */
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const uid = (): number => process.getuid?.() ?? 0;
const folder = (): string => join(tmpdir(), `amiport-sim-${uid()}`);
const fileOf = (port: number): string => join(folder(), `${port}.token`);

/** True when the folder is this user's own and nobody else can write into it. */
function isOurs(): boolean {
  const stat = lstatSync(folder(), { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === uid() && (stat.mode & 0o077) === 0;
}

/** @returns what takes it away again. A token that cannot be kept safely is not kept: the commands then ask for it. */
export function keepToken(port: number, token: string): () => void {
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  if (!isOurs()) return () => {};
  writeFileSync(fileOf(port), token, { mode: 0o600 });
  return () => rmSync(fileOf(port), { force: true });
}

export function tokenOf(port: number): string | undefined {
  if (!isOurs()) return undefined;
  try {
    return readFileSync(fileOf(port), 'utf8');
  } catch {
    return undefined;
  }
}
