/**
 * Writes examples/images/web-base.raw.gz: the disk of the demo's base image, a bare ext4 on which somebody forgot a credential.
 * Needs mkfs.ext4 (e2fsprogs). The credential is made up from a seed, and opens nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../src/base/ports.ts';

const DISK_BYTES = 8 * 2 ** 20;
const random = seededRandom(20_261_125);
const characters = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('');
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const KEY_ID = `AKIA${characters(`${UPPER}234567`, 16)}`;
const KEY = characters(`${UPPER}${UPPER.toLowerCase()}0123456789+/`, 40);

const FILES: Readonly<Record<string, string>> = {
  'etc/os-release': 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\nwww-data:*:20000:0:99999:7:::\n',
  'etc/machine-id': '',
  'var/www/index.html': '<!doctype html><title>web</title>\n',
  'root/.aws/credentials': `[default]\naws_access_key_id = ${KEY_ID}\naws_secret_access_key = ${KEY}\n`,
};

const folder = mkdtempSync(join(tmpdir(), 'amiport-demo-disk-'));
try {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, 'root', path)), { recursive: true });
    writeFileSync(join(folder, 'root', path), text);
  }
  const image = join(folder, 'disk.raw');
  writeFileSync(image, '');
  truncateSync(image, DISK_BYTES);
  const env = { ...process.env, MKE2FS_CONFIG: '/dev/null', E2FSPROGS_FAKE_TIME: '1763942400' };
  const features = 'extent,filetype,64bit,metadata_csum,dir_index,sparse_super,^has_journal';
  execFileSync('mkfs.ext4', ['-q', '-F', '-O', features, '-L', 'web', '-d', join(folder, 'root'), image], {
    env,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  writeFileSync('examples/images/web-base.raw.gz', gzipSync(readFileSync(image), { level: 9 }));
} finally {
  rmSync(folder, { recursive: true });
}
