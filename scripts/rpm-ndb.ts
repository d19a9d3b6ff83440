/**
 * Writes the rpm database in ndb that the tests read: `node scripts/rpm-ndb.ts FOLDER`, where FOLDER has the source of rpm (on Debian:
 * apt-get source rpm). Its lib/backend/ndb/rpmpkg.c, compiled as it stands, writes the database.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { packed, sqliteForm } from './rpm-forms.ts';

/** What rpmpkg.c takes from the rest of rpm. */
const SYSTEM = `
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define _(text) text
#define xmalloc malloc
#define xcalloc calloc
#define xrealloc realloc
#define xstrdup strdup
#define HAVE_FDATASYNC 1
typedef enum { RPMRC_OK, RPMRC_NOTFOUND, RPMRC_FAIL } rpmRC;
`;
const LOG = `
#include <stdio.h>
#define RPMLOG_ERR 0
#define RPMLOG_WARNING 1
#define rpmlog(level, ...) fprintf(stderr, __VA_ARGS__)
`;
/** Puts all; then removes every ninth filler and puts some again, so that there are holes. */
const MAIN = `
#include "system.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include "rpmpkg.h"
int main(int argc, char **argv) {
  rpmpkgdb db; uint32_t head[2], n = 0; unsigned char *record = 0;
  if (argc != 2 || rpmpkgOpen(&db, argv[1], O_RDWR | O_CREAT, 0644)) return 1;
  while (fread(head, 4, 2, stdin) == 2) {
    record = realloc(record, head[1]);
    if (fread(record, 1, head[1], stdin) != head[1] || rpmpkgPut(db, head[0], record, head[1])) return 2;
    n = head[0];
  }
  for (uint32_t i = 9; i < n; i += 9) if (rpmpkgDel(db, i)) return 3;
  for (uint32_t i = 9; i < n; i += 27) if (rpmpkgPut(db, n + i, record, head[1])) return 4;
  rpmpkgClose(db);
  return 0;
}
`;

const source = resolve(process.argv[2] ?? '.');
const folder = mkdtempSync(join(tmpdir(), 'amiport-ndb-'));
try {
  const { headers } = await sqliteForm(folder);
  mkdirSync(join(folder, 'rpm'));
  writeFileSync(join(folder, 'system.h'), SYSTEM);
  writeFileSync(join(folder, 'rpm', 'rpmlog.h'), LOG);
  writeFileSync(join(folder, 'main.c'), MAIN);
  const ndb = join(source, 'lib/backend/ndb');
  const program = join(folder, 'write');
  execFileSync('cc', [`-I${folder}`, `-I${ndb}`, '-o', program, join(folder, 'main.c'), join(ndb, 'rpmpkg.c')]);
  const file = join(folder, 'Packages.db');
  execFileSync(program, [file], { input: packed(headers) });
  const bytes = readFileSync(file);
  const small = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
  const lines = small.toString('base64').match(/.{1,110}/g) ?? [];
  writeFileSync(
    'test/audit/rpm-ndb.testdata.ts',
    `/** A database that rpm's own lib/backend/ndb/rpmpkg.c (rpm 4.18) wrote, with the packages of scripts/rpm-forms.ts. Written by scripts/rpm-ndb.ts. */
import { brotliDecompressSync } from 'node:zlib';

export const ndbForm = (): Buffer => brotliDecompressSync(Buffer.from(PACKED.join(''), 'base64'));

const PACKED = [
${lines.map((line) => `  '${line}',`).join('\n')}
];
`,
  );
  process.stdout.write(`${bytes.length} bytes, ${small.length} packed\n`);
} finally {
  rmSync(folder, { recursive: true });
}
