/** What a delivery was at before each run, kept beside the run's journal, for `rollback`. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Before } from '../plan/before.ts';

const END = '.before.json';
const folderOf = (stateDir: string): string => join(stateDir, 'runs');

export async function keepBefore(stateDir: string, run: string, before: Before): Promise<void> {
  await mkdir(folderOf(stateDir), { recursive: true, mode: 0o700 });
  await writeFile(join(folderOf(stateDir), `${run}${END}`), JSON.stringify(before), { mode: 0o600, flush: true });
}

/** @returns what was before the run, first, then before each earlier one */
export async function readBefore(stateDir: string, run: string): Promise<Outcome<readonly [Before, ...Before[]]>> {
  const names = await readdir(folderOf(stateDir)).catch(() => [] as string[]);
  const runs = names
    .filter((n) => n.endsWith(END))
    .map((n) => n.slice(0, -END.length))
    .toSorted();
  const at = runs.indexOf(run);
  if (at < 0) {
    const says =
      runs.length === 0
        ? 'no run of this directory can be rolled back'
        : `there is no run ${run}; the last ones are ${runs.slice(-3).join(', ')}`;
    return failed(
      reason('rollback.run.unknown', run, says, {
        remedy: { who: 'you', does: 'amiport status names the last run; the state is in .amiport beside the config' },
      }),
    );
  }
  const texts = await Promise.all(
    runs.slice(0, at + 1).map((r) => readFile(join(folderOf(stateDir), `${r}${END}`), 'utf8')),
  );
  const [first, ...earlier] = texts.map((t) => JSON.parse(t) as Before).toReversed();
  return first === undefined
    ? failed(reason('rollback.run.unknown', run, `there is no run ${run}`))
    : done([first, ...earlier]);
}
