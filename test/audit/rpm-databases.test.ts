/**
 * The rpm database in each of its forms, as its own library writes it (SQLite: rpm; Berkeley DB: libdb; ndb: rpm's C file), whole and
 * damaged. rpm itself reads the Berkeley DB form, too, and is held against it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { berkeleyForm, NAME, PACKAGED_FILES, SHIPPED, sqliteForm } from '../../scripts/rpm-forms.ts';
import { readRpmDatabase } from '../../src/audit/packages/rpm.ts';
import { Wanted } from '../../src/audit/packages/wanted.ts';
import { auditImage, ext4Image } from '../../src/audit/testing.ts';
import { seededRandom } from '../../src/base/ports.ts';
import { ndbForm } from './rpm-ndb.testdata.ts';

const FORMS = [
  { form: 'SQLite', place: `/usr/lib/sysimage/rpm/${NAME.sqlite}` },
  { form: 'ndb', place: `/usr/lib/sysimage/rpm/${NAME.ndb}` },
  { form: 'Berkeley DB', place: `/var/lib/rpm/${NAME.berkeley}` },
  { form: 'Berkeley DB of a big-endian machine', place: `/var/lib/rpm/${NAME.berkeley}` },
  { form: 'Berkeley DB in pages of 16 KiB', place: `/var/lib/rpm/${NAME.berkeley}` },
  { form: 'Berkeley DB in pages of 512 bytes', place: `/var/lib/rpm/${NAME.berkeley}` },
] as const;
type Form = (typeof FORMS)[number]['form'];

const folder = mkdtempSync(join(tmpdir(), 'amiport-rpm-forms-'));
const files = new Map<Form, Buffer>();
const fileOf = (form: Form): Buffer => files.get(form) ?? Buffer.alloc(0);

beforeAll(async () => {
  const { file, headers } = await sqliteForm(folder);
  files.set('SQLite', file);
  files.set('ndb', ndbForm());
  files.set('Berkeley DB', berkeleyForm(folder, headers, 1234, 4096));
  files.set('Berkeley DB of a big-endian machine', berkeleyForm(folder, headers, 4321, 4096));
  files.set('Berkeley DB in pages of 16 KiB', berkeleyForm(folder, headers, 1234, 16_384));
  files.set('Berkeley DB in pages of 512 bytes', berkeleyForm(folder, headers, 1234, 512));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function read(file: Buffer): Promise<{ readonly said: string; readonly why: string | undefined }> {
  const files = Object.keys(PACKAGED_FILES).map((path) => ({ fileSystem: 0, path }));
  const wanted = new Wanted(files);
  const path = join(folder, 'read');
  writeFileSync(path, file);
  const why = await readRpmDatabase(path, wanted);
  const distinct = files.flatMap((asked) => {
    const all = wanted.saidOf(asked).map((d) => `${d.algorithm} ${d.digest}`);
    return all.length === 0 ? [] : [[asked.path, [...new Set(all)]]];
  });
  return { said: JSON.stringify(distinct.toSorted()), why };
}

const TRUTH = JSON.stringify(
  Object.entries(PACKAGED_FILES)
    .map(([path, text]) => [path, [`sha256 ${createHash('sha256').update(text).digest('hex')}`]])
    .toSorted(),
);

describe.each(FORMS)('$form', ({ form, place }) => {
  test('what packages shipped is counted, what was changed and what they do not own is reported', async () => {
    const audit = await auditImage(
      ext4Image(
        folder,
        {
          ...SHIPPED,
          '/opt/app/changed': `${SHIPPED['/opt/app/changed']}# since\n`,
          '/opt/app/own': `${SHIPPED['/opt/app/shipped']}`,
          [place]: fileOf(form),
        },
        `${form}.raw`,
      ),
    );
    expect(audit.findings.map((f) => f.path)).toEqual(['/opt/app/changed', '/opt/app/own']);
    expect([audit.coverage.files.packaged, audit.coverage.notes]).toEqual([4, []]);
  });

  test('damaged anywhere, it says the truth, or that it is damaged', async () => {
    const file = Buffer.from(fileOf(form));
    expect(await read(file)).toEqual({ said: TRUTH, why: undefined });
    const random = seededRandom(1);
    const pick = (n: number): number => Math.floor(random() * n);
    const used = [...file.keys()].filter((at) => file[at] !== 0);
    let told = 0;
    for (let run = 0; run < 120; run += 1) {
      const width = [1, 1, 2, 4, 64][pick(5)] ?? 1;
      // Every second time among the links and lengths that stand first.
      const at = Math.min(run % 2 === 0 ? pick(600) : (used[pick(used.length)] ?? 0), file.length - width);
      const before = Buffer.from(file.subarray(at, at + width));
      file.fill([0, 0xff, 0x7f, pick(256)][pick(4)] ?? 0, at, at + width);
      const { said, why } = await read(file);
      if (why === undefined) expect(said, `${run}: ${width} bytes at ${at}`).toBe(TRUTH);
      else told += 1;
      before.copy(file, at);
    }
    expect(told).toBeGreaterThan(20);
  }, 60_000);

  test('cut off anywhere, it says that it is', async () => {
    const file = fileOf(form);
    for (const part of [0.999, 0.7, 0.3, 0.01]) {
      const length = Math.floor((file.length * part) / 512) * 512;
      const { why } = await read(file.subarray(0, length));
      expect(why, `${length} of ${file.length} bytes`).toBeDefined();
    }
  });
});

test('rpm reads the same packages from the Berkeley DB form as from its own', () => {
  const place = join(folder, 'asked');
  mkdirSync(place);
  writeFileSync(join(place, NAME.berkeley), fileOf('Berkeley DB'));
  const asked = ['--dbpath', place, '--define', '_db_backend bdb_ro', '-qa', '--qf', '%{name}[ %{filenames}]\n'];
  const said = execFileSync('rpm', asked, { stdio: 'pipe' }).toString().trimEnd().split('\n');
  expect(said).toHaveLength(600);
  expect([...new Set(said)].toSorted()).toEqual([
    'app /opt/app/changed /opt/app/shipped',
    'app-data /usr/share/app/one /usr/share/app/two',
    'filler /usr/lib/filler',
    expect.stringMatching(/^many \/usr\/share\/many\/file-0 (?:\S+ ){398}\S+$/),
  ]);
});

test.each([
  { of: 'an empty file', file: Buffer.alloc(0), says: 'has none of the forms of rpm' },
  { of: 'text', file: Buffer.from('Packages are elsewhere\n'), says: 'has none of the forms of rpm' },
  { of: 'a B-tree of Berkeley DB', file: bTree(), says: 'has none of the forms of rpm' },
])('$of in place of a database is named in the coverage', async ({ file, says }) => {
  const tree = { '/opt/app/shipped': `${SHIPPED['/opt/app/shipped']}`, '/var/lib/rpm/Packages': file };
  const audit = await auditImage(ext4Image(folder, tree, `${file.length}.raw`));
  expect(audit.findings).toHaveLength(1);
  expect(audit.coverage.notes).toMatchObject([
    { code: 'audit.packages.unread', says: expect.stringContaining(`/var/lib/rpm/Packages says nothing: it ${says}`) },
  ]);
});

test('a database that is a query without an end ends', async () => {
  const path = join(folder, 'endless.sqlite');
  const database = new DatabaseSync(path);
  database.exec(
    "CREATE VIEW Packages AS WITH RECURSIVE r(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM r WHERE n > 0) SELECT x'' AS blob FROM r WHERE n < 0",
  );
  database.close();
  expect((await read(readFileSync(path))).why).toBe('says nothing: it has no table Packages');
});

/** What libdb writes of the other kind, which rpm uses for nothing. */
function bTree(): Buffer {
  const page = Buffer.alloc(4096);
  page.writeUInt32LE(0x053162, 12);
  page.writeUInt32LE(9, 16);
  page.writeUInt32LE(4096, 20);
  page[25] = 9;
  return page;
}
