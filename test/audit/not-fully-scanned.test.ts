/**
 * Disks of which some cannot be read, through the CLI: exit 4 and `not-fully-scanned` where nothing was found in the rest, exit 3 and
 * `coverage.complete: false` where something was. Containers are made by their own tools.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { B64, randomFill } from '../../src/audit/rules/fill.testdata.ts';
import { ext4Image, type Tree } from '../../src/audit/testing.ts';
import { BLOCK_BYTES } from '../../src/base/block-source.ts';
import { runCli } from '../cli/run-cli.ts';
import { configOf } from '../deliver/stage.ts';
import { auditStage, writeConfig } from './audited-images.ts';
import { blockProxy } from './block-proxy.ts';

const MIB = 2 ** 20;
const SECTORS_PER_MIB = 2048;
const folder = mkdtempSync(join(tmpdir(), 'amiport-partly-'));
const CLEAN: Tree = { '/srv/app/a': 'nothing', '/srv/app/b': 'nothing', '/etc/hosts': 'nothing' };
const SECRET: Tree = { ...CLEAN, '/root/.aws/credentials': `aws_secret_access_key = ${randomFill(1)(B64, 40)}\n` };

const run = (command: string, parameters: readonly string[], input = ''): string =>
  execFileSync(command, parameters, { input, stdio: 'pipe' }).toString();

function blank(name: string, mib: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, mib * MIB);
  return path;
}

function luks(version: 'luks1' | 'luks2'): Buffer {
  const path = blank(version, 20);
  const quick = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
  run('cryptsetup', ['luksFormat', '--batch-mode', '--type', version, ...quick, path, '-'], 'password');
  return readFileSync(path);
}

function btrfs(): Buffer {
  const path = blank('btrfs', 20);
  run('mkfs.btrfs', ['-q', '--mixed', path]);
  return readFileSync(path);
}

let serial = 0;
const named = (what: string): string => {
  serial += 1;
  return `${what}-${serial}`;
};
const ext4 = (tree: Tree): string => ext4Image(folder, tree, named('part'), 16);

/** A disk of two partitions: one that is read, and another. */
function disk(tree: Tree, other: Buffer): string {
  const path = blank(named('disk'), 48);
  const [at, room] = [20 * SECTORS_PER_MIB, 22 * SECTORS_PER_MIB];
  run(
    'sfdisk',
    ['-q', path],
    `label: gpt\nstart=2048,size=${16 * SECTORS_PER_MIB},name=root\nstart=${at},size=${room},name=data\n`,
  );
  const bytes = readFileSync(path);
  readFileSync(ext4(tree)).copy(bytes, MIB);
  other.copy(bytes, 20 * MIB);
  writeFileSync(path, bytes);
  return path;
}

const blockBytesOf = (image: string): number =>
  Number(/^Block size:\s+(\d+)/m.exec(run('dumpe2fs', ['-h', image]))?.[1]);

/** The block of a directory, overwritten. */
function damaged(tree: Tree): string {
  const path = ext4(tree);
  const said = run('debugfs', ['-R', 'stat /srv/app', path]);
  const block = Number(/^\(0\):(\d+)$/m.exec(said)?.[1] ?? /EXTENTS:\s*\(0\):(\d+)/.exec(said)?.[1]);
  const blockBytes = blockBytesOf(path);
  const bytes = readFileSync(path);
  bytes.fill(0xa5, block * blockBytes, (block + 1) * blockBytes);
  writeFileSync(path, bytes);
  return path;
}

function cutOff(tree: Tree): string {
  const path = disk(tree, Buffer.alloc(0));
  truncateSync(path, 12 * MIB);
  return path;
}

const MADE: Readonly<Record<string, (tree: Tree) => string>> = {
  luks1: (tree) => disk(tree, luks('luks1')),
  luks2: (tree) => disk(tree, luks('luks2')),
  btrfs: (tree) => disk(tree, btrfs()),
  damaged,
  'cut off': cutOff,
};

const ROWS = [
  { what: 'luks1', code: 'audit.volume.luks', says: 'not scanned: holds luks, which is not read' },
  { what: 'luks2', code: 'audit.volume.luks', says: 'not scanned: holds luks, which is not read' },
  { what: 'btrfs', code: 'audit.volume.btrfs', says: 'not scanned: holds btrfs, which is not read' },
  { what: 'damaged', code: 'disk.', says: 'not scanned: ' },
  { what: 'cut off', code: '', says: 'not scanned: ' },
];

const disks: Record<string, { readonly clean: string; readonly secret: string }> = {};
let schema: z.ZodType;
beforeAll(() => {
  schema = z.fromJSONSchema(JSON.parse(readFileSync('docs/schema/audit.schema.json', 'utf8')));
  for (const [what, make] of Object.entries(MADE)) disks[what] = { clean: make(CLEAN), secret: make(SECRET) };
});
afterAll(() => rmSync(folder, { recursive: true }));

const audit = (path: string, ...flags: readonly string[]) =>
  runCli(['audit', path, ...flags, '--config', join(folder, named('state'), 'amiport.yaml')]);

interface Printed {
  readonly result: string;
  readonly findings: readonly { readonly path: string }[];
  readonly coverage: {
    readonly complete: boolean;
    readonly gaps: readonly {
      readonly code: string;
      readonly count: number;
      readonly says: string;
      readonly example: string;
    }[];
    readonly disks: readonly {
      readonly volumes: readonly { readonly contents: string; readonly scanned: boolean }[];
    }[];
  };
}

test.each(ROWS)('$what, and nothing else is found: exit 4, whatever is printed', async ({ what, code, says }) => {
  const { clean } = disks[what] ?? { clean: '' };
  const json = await audit(clean, '--json');
  const printed = JSON.parse(json.out) as Printed;
  expect(schema.safeParse(printed).error).toBeUndefined();
  expect([json.code, printed.result, printed.coverage.complete, printed.findings]).toEqual([
    4,
    'not-fully-scanned',
    false,
    [],
  ]);
  expect(printed.coverage.gaps.map((g) => g.code)).toEqual([expect.stringContaining(code)]);
  expect(printed.coverage.gaps[0]).toMatchObject({
    says: expect.stringMatching(/\w/),
    example: expect.stringContaining('/'),
  });

  const text = await audit(clean);
  expect([text.code, text.out]).toEqual([4, expect.stringContaining(says)]);
  expect(text.out).toContain('not all could be scanned: this is not a clean bill');
  const [markdown, html, sarif] = [
    await audit(clean, '--format', 'markdown'),
    await audit(clean, '--format', 'html'),
    await audit(clean, '--format', 'sarif'),
  ];
  expect([markdown.code, html.code, sarif.code]).toEqual([4, 4, 4]);
  expect(markdown.out).toMatch(/\*\*not-fully-scanned\*\*[\s\S]*All was scanned: \*\*no\*\*[\s\S]*\*\*not scanned\*\*/);
  expect(html.out).toContain('All was scanned: no.');
  expect(JSON.parse(sarif.out)).toMatchObject({
    runs: [
      {
        results: [],
        invocations: [{ executionSuccessful: false, toolExecutionNotifications: [{ level: 'warning' }] }],
      },
    ],
  });
});

test.each(ROWS.filter((row) => row.what !== 'cut off'))(
  '$what, and a secret in the rest: exit 3, and the report is not complete',
  async ({ what }) => {
    const { secret } = disks[what] ?? { secret: '' };
    const json = await audit(secret, '--json');
    const printed = JSON.parse(json.out) as Printed;
    expect(schema.safeParse(printed).error).toBeUndefined();
    expect([json.code, printed.result, printed.coverage.complete]).toEqual([3, 'findings', false]);
    expect(printed.findings.map((f) => f.path)).toEqual(['/root/.aws/credentials']);
    const text = await audit(secret);
    expect([text.code, text.out]).toEqual([3, expect.stringContaining('not scanned: ')]);
  },
);

test('what is not scanned is named in the list of volumes', async () => {
  const { coverage } = JSON.parse((await audit(disks.luks2?.clean ?? '', '--json')).out) as Printed;
  expect(coverage.disks[0]?.volumes).toMatchObject([
    { contents: 'ext4', scanned: true },
    { contents: 'luks', scanned: false },
  ]);
});

test('a block of an image that AWS does not give: exit 4, the file is named, and the rest is read', async () => {
  const large = 'nothing to see here\n'.repeat(100_000);
  const stage = await auditStage({ web: { '/srv/large': large, '/srv/small': 'nothing' } });
  const image = join(stage.dir, 'web.raw');
  const blocks = run('debugfs', ['-R', 'blocks /srv/large', image]).trim().split(/\s+/).map(Number);
  const lost = Math.floor(((blocks[blocks.length >> 1] ?? 0) * blockBytesOf(image)) / BLOCK_BYTES);
  const proxy = await blockProxy(stage.env.AMIPORT_ENDPOINT ?? '', (index) => (index === lost ? 'refuse' : undefined));
  const config = writeConfig(stage.dir, configOf({ web: stage.images.web ?? '' }, { way: 'shared-unencrypted' }));
  const env = { ...stage.env, AMIPORT_ENDPOINT: proxy.url };
  const ran = await runCli(['audit', 'web', '--json', '--config', config], env);
  const printed = JSON.parse(ran.out) as Printed;
  expect([ran.code, printed.result, printed.coverage.complete]).toEqual([4, 'not-fully-scanned', false]);
  expect(printed.coverage.gaps).toMatchObject([
    { code: 'disk.block.unreadable', says: expect.stringContaining('The block cannot be read.') },
    { code: 'audit.unreadable.some-of-its-bytes', example: '/srv/large' },
  ]);
  const text = await runCli(['audit', 'web', '--config', config], env);
  expect([text.code, text.out]).toEqual([
    4,
    expect.stringContaining('not scanned: cannot be read: some of its bytes (/srv/large)'),
  ]);
  proxy.close();
  // What could be read was not taken for clean: with the block there, all is well.
  expect((await runCli(['audit', 'web', '--config', config], stage.env)).code).toBe(0);
  await stage.sim.close();
}, 30_000);
