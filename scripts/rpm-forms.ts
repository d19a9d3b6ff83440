/**
 * A small rpm database in every form that rpm has had, with what its packages hold: headers that rpmbuild and rpm made, in the tables
 * that each form's own library lays out. Debian's rpm writes SQLite; Berkeley DB is written by libdb through Perl's DB_File; ndb, which
 * Debian leaves out of rpm, by the C file of rpm that scripts/rpm-ndb.ts compiles.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sqliteRecords } from '../src/audit/packages/rpm-sqlite.ts';
import { makeRpmRoot } from './rpm-root.ts';

export const NAME = { sqlite: 'rpmdb.sqlite', ndb: 'Packages.db', berkeley: 'Packages' } as const;

/** So many that tables take several pages: under each number but the first ones stands the header of the last package again. */
const RECORDS = 600;

/** Text by path; a token stands in each, so that an audit would report it. Parts, so that no scanner trips here. */
export const SHIPPED: Readonly<Record<string, string>> = Object.fromEntries(
  ['/opt/app/shipped', '/opt/app/changed', '/usr/share/app/one', '/usr/share/app/two', '/usr/lib/filler'].map(
    (path, i) => [path, `token: dop_${'v1'}_${`0f1e2d3c4b5a6978${i}`.repeat(4).slice(0, 64)}\n`],
  ),
);

/** So many that the header of their package takes dozens of pages. */
const MANY: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 400 }, (_, i) => [`/usr/share/many/file-${i}`, 'one of many\n']),
);

/** All files of all packages. */
export const PACKAGED_FILES: Readonly<Record<string, string>> = { ...SHIPPED, ...MANY };

const PACKAGES = [
  { name: 'many', paths: Object.keys(MANY) },
  { name: 'app', paths: ['/opt/app/shipped', '/opt/app/changed'] },
  { name: 'app-data', paths: ['/usr/share/app/one', '/usr/share/app/two'] },
  { name: 'filler', paths: ['/usr/lib/filler'] },
];

/** @param folder an empty one @returns the database as SQLite, and the headers in it */
export async function sqliteForm(
  folder: string,
): Promise<{ readonly file: Buffer; readonly headers: readonly Buffer[] }> {
  const tree = join(folder, 'tree');
  for (const [path, text] of Object.entries(PACKAGED_FILES)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const root = makeRpmRoot(folder, tree, PACKAGES, '/var/lib/rpm');
  const place = join(root, 'var/lib/rpm');
  const file = readFileSync(join(place, NAME.sqlite));
  const headers: Buffer[] = [];
  for await (const record of sqliteRecords(join(place, NAME.sqlite))) {
    if (typeof record === 'string') throw new Error(record);
    headers.push(Buffer.from(record));
  }
  rmSync(root, { recursive: true });
  return { file, headers: headers.toSorted((a, b) => Number(isFiller(a)) - Number(isFiller(b))) };
}

const isFiller = (header: Buffer): boolean => header.includes('filler\0');

/** Number and length of each record, little-endian, then its bytes: what the writers of the other forms read. */
export function packed(headers: readonly Buffer[]): Buffer {
  const records = Array.from(
    { length: RECORDS },
    (_, i) => headers[Math.min(i, headers.length - 1)] ?? Buffer.alloc(0),
  );
  return Buffer.concat(
    records.flatMap((header, i) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(i + 1, 0);
      head.writeUInt32LE(header.length, 4);
      return [head, header];
    }),
  );
}

/** Number 0 holds the number of the last package; numbers are in the byte order of the machine. */
const PERL = `
use strict; use DB_File; use Fcntl;
my ($path, $order, $page) = @ARGV;
my $hash = new DB_File::HASHINFO; $hash->{lorder} = $order; $hash->{bsize} = $page;
tie my %table, 'DB_File', $path, O_RDWR | O_CREAT, 0644, $hash or die "$!";
my $number = $order == 1234 ? 'V' : 'N';
binmode STDIN;
my $last = 0;
while (read(STDIN, my $head, 8) == 8) {
  my ($n, $length) = unpack('VV', $head);
  read(STDIN, my $record, $length) == $length or die;
  $table{pack($number, $n)} = $record; $last = $n;
}
$table{pack($number, 0)} = pack($number, $last);
untie %table;
`;

/** @param order as libdb names byte orders: 1234 or 4321 */
export function berkeleyForm(
  folder: string,
  headers: readonly Buffer[],
  order: 1234 | 4321,
  pageBytes: number,
): Buffer {
  const path = join(folder, `berkeley-${order}-${pageBytes}`);
  execFileSync('perl', ['-e', PERL, path, String(order), String(pageBytes)], { input: packed(headers), stdio: 'pipe' });
  return readFileSync(path);
}
