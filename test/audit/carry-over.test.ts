/**
 * The next version of an image, against the simulator: only files in blocks that ListChangedBlocks names are read again, and the
 * result is that of an audit which reads everything.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanFiles, type Earlier } from '../../src/app/audit-carry.ts';
import { type AuditedDisk, auditDisks, type Carry } from '../../src/audit/audit.ts';
import type { Audit } from '../../src/audit/report.ts';
import { RULE_SET } from '../../src/audit/rule.ts';
import { ALNUM, B64, randomFill } from '../../src/audit/rules/fill.testdata.ts';
import { ext4Image } from '../../src/audit/testing.ts';
import { changedBlocks } from '../../src/aws/snapshot-list.ts';
import type { BlockSource } from '../../src/base/block-source.ts';
import type { Outcome } from '../../src/base/outcome.ts';
import { seededRandom } from '../../src/base/ports.ts';
import { openDisk } from '../../src/disk/open-disk.ts';
import { openFileSystem } from '../../src/disk/open-file-system.ts';
import { openRawFile } from '../../src/disk/raw-file.ts';
import type { FileEntry, FileSystem } from '../../src/disk/types.ts';
import { BUILDER } from '../../src/sim/ec2/testing.ts';
import { connectionTo, open, plantDisk, simWith } from '../disk/planted.ts';

const FILES = 40;
const FILE_BYTES = 300_000;
const folder = mkdtempSync(join(tmpdir(), 'amiport-carry-'));
let first: string;

function need<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(JSON.stringify(outcome.reason));
}

const secretLine = (seed: number): string => `\naws_secret_access_key = ${randomFill(seed)(B64, 40)}\n`;
const debugfs = (image: string, commands: readonly string[]): void => {
  const script = join(folder, 'script');
  writeFileSync(script, `${commands.join('\n')}\n`);
  execFileSync('debugfs', ['-w', '-f', script, image], { stdio: 'pipe' });
};

beforeAll(() => {
  const fill = randomFill(1);
  const text = fill(`${ALNUM}   \n`, FILE_BYTES);
  const tree: Record<string, string> = { '/srv/held': `${text.slice(0, 5000)}${secretLine(1)}` };
  for (let i = 0; i < FILES; i += 1) tree[`/srv/file-${i}`] = `${i}${text}`;
  // What a walk does not come by: only their blocks tell whether files are read again.
  for (let i = 0; i < 8; i += 1) tree[`/srv/large-${i}`] = `${i}${text.repeat(12)}`;
  for (let i = 0; i < 160; i += 1) tree[`/gaps/${i}`] = 'small';
  first = ext4Image(folder, tree, 'first.raw', 96);
  // Every second hole of a block is filled by one file: in more runs than a walk keeps.
  const long = join(folder, 'long');
  writeFileSync(long, text.slice(0, 150_000));
  debugfs(first, [...[...Array(80).keys()].map((i) => `rm /gaps/${2 * i}`), `write ${long} /srv/scattered`]);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function entriesOf(source: BlockSource): Promise<{ fileSystem: FileSystem; entries: readonly FileEntry[] }> {
  const [volume] = need(await openDisk(source)).volumes;
  if (volume === undefined) throw new Error('no volume');
  const fileSystem = need(await openFileSystem(volume));
  const entries: FileEntry[] = [];
  for await (const entry of fileSystem.walk()) entries.push(entry);
  return { fileSystem, entries };
}

/** Files replaced, removed and added, and bytes of some changed where they lie, which no inode tells. */
async function nextVersion(seed: number): Promise<string> {
  const random = seededRandom(seed);
  const image = join(folder, `next-${seed}.raw`);
  execFileSync('cp', ['--sparse=always', first, image]);
  const source = need(await openRawFile(image));
  const { entries } = await entriesOf(source);
  await source.close();
  const bytes = readFileSync(image);
  const commands: string[] = [];
  for (const path of ['/srv/scattered', ...[...Array(FILES).keys()].map((i) => `/srv/file-${i}`)]) {
    const entry = entries.find((e) => e.path === path);
    if (entry === undefined || random() < (path === '/srv/scattered' ? 0.3 : 0.95)) continue;
    const kind = random();
    const content = join(folder, 'content');
    if (kind < 0.6) bytes.write(secretLine(seed + entry.inode), entry.firstPhysical + 700, 'latin1');
    else if (kind < 0.8) commands.push(`rm ${path}`);
    else {
      writeFileSync(content, `new ${randomFill(seed)(ALNUM, 90_000)}${secretLine(seed)}`);
      commands.push(`rm ${path}`, `write ${content} ${path}`);
    }
  }
  writeFileSync(image, bytes);
  const added = join(folder, 'added');
  writeFileSync(added, secretLine(seed + 7));
  debugfs(image, [...commands, `write ${added} /srv/added-${seed}`]);
  return image;
}

interface Ran {
  readonly audit: Audit;
  readonly fetches: number;
  readonly blocksRead: number;
  readonly read: readonly FileEntry[];
}

const OPTIONS = { threads: 1, freeSpace: false, packages: false, customRules: [] } as const;

async function ranOn(opened: Outcome<BlockSource>, id: string, carry?: Carry): Promise<Ran> {
  const source = need(opened);
  const carried = new Set<string>();
  const disk: AuditedDisk = {
    id,
    source,
    ...(carry === undefined
      ? {}
      : {
          carry: {
            ...carry,
            isClean(volume, fileSystem, entry) {
              const clean = carry.isClean(volume, fileSystem, entry);
              if (clean) carried.add(entry.path);
              return clean;
            },
          },
        }),
  };
  const audit = await auditDisks([disk], OPTIONS);
  const { fetches } = source.stats();
  carry?.keep();
  const { fileSystem, entries } = await entriesOf(source);
  const read = entries.filter((e) => e.type === 'file' && e.size > 0 && !carried.has(e.path));
  const blocks = new Set(
    read.flatMap((e) => fileSystem.extents(e).flatMap((x) => fileSystem.device.blocksOf(x.deviceOffset, x.length))),
  );
  await source.close();
  return { audit, fetches, blocksRead: blocks.size, read };
}

test.each([11, 13])('what is carried over and what is read again are all there is (seed %i)', async (seed) => {
  const sim = simWith();
  const plant = (image: string): string => plantDisk(sim, [readFileSync(image)], { lineage: 'one' });
  const [one, two] = [plant(first), plant(await nextVersion(seed))];
  const connection = connectionTo(sim, BUILDER.account);
  const state = join(folder, `state-${seed}`);
  const opened = (id: string) => open(connection, BUILDER.account, id);
  const before = await ranOn(await opened(one), one, cleanFiles(state, one, RULE_SET));
  const changed = new Set(need(await changedBlocks(connection, { ...BUILDER, snapshotId: two }, one)));
  const earlier: Earlier = { disk: one, changed };

  const after = await ranOn(await opened(two), two, cleanFiles(state, two, RULE_SET, earlier));
  const whole = await ranOn(await opened(two), two);

  expect(after.audit.findings).toEqual(whole.audit.findings);
  expect(after.audit.findings.length).toBeGreaterThan(before.audit.findings.length);
  const { scanned, carried } = after.audit.coverage.files;
  expect(scanned + carried).toBe(whole.audit.coverage.files.scanned);
  expect(carried).toBeGreaterThan(10);

  // Calls: what a walk needs, and the blocks of the files that are read; none for files that are carried over.
  const source = need(await opened(two));
  const { fileSystem } = await entriesOf(source);
  const walk = source.stats().fetches;
  await source.close();
  expect(after.fetches).toBeLessThanOrEqual(walk + after.blocksRead);
  expect(after.fetches).toBeLessThan(whole.fetches);
  const held = new Set(before.audit.findings.map((f) => f.path));
  const needless = after.read.filter(
    (e) =>
      !held.has(e.path) &&
      e.content.is !== 'tree' &&
      !fileSystem
        .extents(e)
        .some((x) => fileSystem.device.blocksOf(x.deviceOffset, x.length).some((b) => changed.has(b))),
  );
  expect(needless.map((e) => e.path)).toEqual([]);
});
