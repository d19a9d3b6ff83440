import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal, parseJournal, readRuns } from './journal.ts';
import { takeLock } from './lock.ts';

const folder = () => mkdtemp(join(tmpdir(), 'amiport-journal-'));
const record = (n: number) => ({ kind: 'started', step: `s${n}`, atMs: n }) as const;

test('records appended at once are all on disk when their promises resolve, in order', async () => {
  const dir = await folder();
  const journal = await openJournal(dir, 'r1');
  await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append(record(i))));
  expect(parseJournal(await readFile(journal.file, 'utf8'))).toEqual(Array.from({ length: 100 }, (_, i) => record(i)));
  expect((await stat(journal.file)).mode & 0o777).toBe(0o600);
  await journal.close();
});

test('a record is on disk when its promise resolves, while others keep coming', async () => {
  const dir = await folder();
  const journal = await openJournal(dir, 'r1');
  let others = 0;
  const more = async (): Promise<void> => {
    others += 1;
    if (others < 50) await Promise.all([journal.append(record(100 + others)), Promise.resolve().then(more)]);
  };
  const all = more();
  await journal.append(record(7));
  expect(parseJournal(await readFile(journal.file, 'utf8'))).toContainEqual(record(7));
  await all;
  expect(parseJournal(await readFile(journal.file, 'utf8'))).toHaveLength(50);
  await journal.close();
});

test('a disk that refuses a write is told to whoever appended', async () => {
  const journal = await openJournal(await folder(), 'r1');
  await journal.close();
  await expect(journal.append(record(1))).rejects.toThrow();
});

test.each([
  { when: 'the last line is torn', spoil: (t: string) => t.slice(0, -5), left: 2 },
  { when: 'a byte of the last line is wrong', spoil: (t: string) => t.replace('s2', 'sX'), left: 2 },
  { when: 'the file is empty', spoil: () => '', left: 0 },
])('reads what is whole when $when', async ({ spoil, left }) => {
  const dir = await folder();
  const journal = await openJournal(dir, 'r1');
  for (let i = 0; i < 3; i++) await journal.append(record(i));
  await journal.close();
  await writeFile(journal.file, spoil(await readFile(journal.file, 'utf8')));
  const [run] = await readRuns(dir);
  expect(run?.records).toEqual([record(0), record(1), record(2)].slice(0, left));
});

test('a second run of the same delivery is refused until the first ends', async () => {
  const dir = await folder();
  const first = takeLock(dir, 'bedrock');
  const second = takeLock(dir, 'bedrock');
  expect(second).toMatchObject({ ok: false, reason: { code: 'run.locked' } });
  expect(takeLock(dir, 'other').ok).toBe(true);
  if (first.ok) first.value.release();
  expect(takeLock(dir, 'bedrock').ok).toBe(true);
});
