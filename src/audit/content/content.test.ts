/** What is found in archives, in UTF-16 and across pieces; and what is said where something cannot be looked at. */
import { randomBytes } from 'node:crypto';
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { FileScan } from '../file-scan.ts';
import { matcherFor } from '../matcher.ts';
import { BUILT_IN_RULES } from '../rules/all.ts';
import { HEX, randomFill } from '../rules/fill.testdata.ts';

const matcher = matcherFor(BUILT_IN_RULES);
const SECRET = `dop_${'v1'}_${randomFill(1)(HEX, 64)}`;
const TEXT = Buffer.from(`token: ${SECRET}\n`);

async function scan(bytes: Buffer, path = '/srv/x', piece = bytes.length) {
  const file = new FileScan(matcher, path);
  if (piece >= bytes.length) await file.only(bytes);
  else {
    for (let at = 0; at < bytes.length; at += piece) await file.push(bytes.subarray(at, at + piece));
    await file.end();
  }
  const { hits, skips } = file.result();
  return [
    ...hits.map((h) => `${h.rule} ${h.member ?? ''}@${h.offset}`),
    ...skips.map((s) => `${s.code} ${s.member ?? ''}`.trim()),
  ];
}

function tar(...members: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
  const blocks = members.flatMap(([name, bytes]) => {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write('0000644\0', 100);
    head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('        ', 148);
    head.write('0', 156);
    head.write('ustar\x0000', 257);
    head.write(
      `${head
        .reduce((sum, b) => sum + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    return [head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function zip(members: readonly (readonly [name: string, bytes: Buffer])[], stored = false, flags = 0): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, bytes] of members) {
    const packed = stored ? bytes : deflateRawSync(bytes);
    const fixed = Buffer.alloc(26);
    fixed.writeUInt16LE(20, 0);
    fixed.writeUInt16LE(flags, 2);
    fixed.writeUInt16LE(stored ? 0 : 8, 4);
    fixed.writeUInt32LE(crc32(bytes), 10);
    fixed.writeUInt32LE(packed.length, 14);
    fixed.writeUInt32LE(bytes.length, 18);
    fixed.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fixed, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fixed, tail, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const size = central.reduce((n, c) => n + c.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...central, end]);
}

function cpio(name: string, bytes: Buffer): Buffer {
  const one = (n: string, b: Buffer): Buffer => {
    const fields = [1, n === 'TRAILER!!!' ? 0 : 0o100644, 0, 0, 1, 0, b.length, 0, 0, 0, 0, n.length + 1, 0];
    const head = `070701${fields.map((f) => f.toString(16).padStart(8, '0')).join('')}${n}\0`;
    const pad = (length: number) => Buffer.alloc((4 - (length % 4)) % 4);
    return Buffer.concat([Buffer.from(head), pad(head.length), b, pad(b.length)]);
  };
  return Buffer.concat([one(name, bytes), one('TRAILER!!!', Buffer.alloc(0))]);
}

const UTF16 = Buffer.from(`\ufeffkey = ${SECRET}\r\n`, 'utf16le');
const SWAPPED = Buffer.from(UTF16).swap16();
const BOMB = gzipSync(Buffer.alloc(20 * 2 ** 20));

test.each([
  { of: 'text', bytes: TEXT, says: ['digitalocean-token @7'] },
  {
    of: 'a program',
    bytes: Buffer.concat([Buffer.from('\x7fELF\0\0\0'), TEXT, Buffer.alloc(9)]),
    says: ['digitalocean-token @14'],
  },
  { of: 'UTF-16 with its mark', bytes: UTF16, says: ['digitalocean-token @14'] },
  { of: 'UTF-16, high byte first', bytes: SWAPPED, says: ['digitalocean-token @14'] },
  { of: 'UTF-16 without a mark', bytes: UTF16.subarray(2), says: ['digitalocean-token @12'] },
  { of: 'gzip', bytes: gzipSync(TEXT), path: '/var/log/x.log.gz', says: ['digitalocean-token x.log@7'] },
  { of: 'zstd', bytes: zstdCompressSync(TEXT), path: '/x.zst', says: ['digitalocean-token x@7'] },
  { of: 'tar', bytes: tar(['etc/a', Buffer.from('nothing')], ['etc/b', TEXT]), says: ['digitalocean-token etc/b@7'] },
  {
    of: 'gzip with zeros behind it, where its size belongs',
    bytes: Buffer.concat([gzipSync(TEXT), Buffer.alloc(512)]),
    path: '/var/log/x.log.gz',
    says: ['digitalocean-token x.log@7'],
  },
  {
    of: 'two gzip streams, the last a small one',
    bytes: Buffer.concat([gzipSync(Buffer.concat([randomBytes(40_000), TEXT])), gzipSync(Buffer.from('x'))]),
    path: '/var/log/x.bin.gz',
    says: ['digitalocean-token x.bin@40007'],
  },
  { of: 'tar.gz', bytes: gzipSync(tar(['etc/b', TEXT])), path: '/backup.tar.gz', says: ['digitalocean-token etc/b@7'] },
  {
    of: 'zip',
    bytes: zip([
      ['a', Buffer.alloc(9)],
      ['b/c', TEXT],
    ]),
    says: ['digitalocean-token b/c@7'],
  },
  { of: 'zip, stored', bytes: zip([['b/c', TEXT]], true), says: ['digitalocean-token b/c@7'] },
  { of: 'zip behind a script', bytes: zip([['b', TEXT]]), says: ['digitalocean-token b@7'] },
  { of: 'zip in zip', bytes: zip([['i.jar', zip([['b', TEXT]])]]), says: ['digitalocean-token i.jar!b@7'] },
  {
    of: 'gz in zip in tar',
    bytes: tar(['i.zip', zip([['b.gz', gzipSync(TEXT)]])]),
    says: ['digitalocean-token i.zip!b@7'],
  },
  { of: 'cpio', bytes: cpio('etc/b', TEXT), says: ['digitalocean-token etc/b@7'] },
  {
    of: 'cpio, zeros, packed cpio',
    bytes: Buffer.concat([cpio('a', Buffer.from('x')), Buffer.alloc(300), gzipSync(cpio('etc/b', TEXT))]),
    says: ['digitalocean-token etc/b@7'],
  },
  {
    of: 'four deep',
    bytes: gzipSync(zip([['i.zip', zip([['b.gz', gzipSync(TEXT)]])]])),
    says: ['archive-too-deep i.zip!b.gz'],
  },
  { of: 'zip under a password', bytes: zip([['b', TEXT]], false, 1), says: ['archive-encrypted b'] },
  { of: 'zip cut short', bytes: zip([['b', TEXT]]).subarray(0, 60), says: ['archive-damaged'] },
  { of: 'gzip cut short', bytes: gzipSync(randomBytes(4000)).subarray(0, 2000), says: ['archive-damaged'] },
  {
    of: 'tar cut short',
    bytes: tar(['a', TEXT], ['b', randomBytes(4000)]).subarray(0, 3000),
    says: ['digitalocean-token a@7', 'archive-damaged'],
  },
  { of: 'a bomb', bytes: BOMB, says: ['archive-too-large'] },
  { of: 'xz', bytes: Buffer.from('\xfd7zXZ\0\0\0\0\0', 'latin1'), says: ['format-not-read'] },
])('$of', async ({ bytes, path, says }) => {
  expect(await scan(bytes, path)).toEqual(says);
  for (const piece of [100, 1000]) expect(await scan(bytes, path, piece), `in pieces of ${piece}`).toEqual(says);
});

test('a secret that lies across pieces is found once, wherever they are cut', async () => {
  const bytes = Buffer.concat([Buffer.alloc(20_000, 'x '), TEXT, Buffer.alloc(20_000, 'y ')]);
  for (const piece of [19_990, 20_010, 20_040, 20_077, 3000])
    expect(await scan(bytes, '/srv/x', piece), `in pieces of ${piece}`).toEqual(['digitalocean-token @20007']);
});

test('rules of a path read members of archives too', async () => {
  const shadow = Buffer.from(`root:$6$s$${randomFill(2)(HEX, 86)}:1::::::\n`);
  expect(await scan(gzipSync(tar(['etc/shadow', shadow])), '/root/backup.tgz')).toEqual(['shadow-hash etc/shadow@5']);
});
