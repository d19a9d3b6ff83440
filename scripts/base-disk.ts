/**
 * Writes src/sim/world/base-disk-data.ts: the disks of the simulator's base images, GPT with one ext4 partition each.
 *
 * Needs mkfs.ext4 and debugfs (e2fsprogs 1.47). The same version gives the same bytes: times, UUIDs and the hash seed are fixed.
 * State directories name blocks by hash: after a change of the bytes, raise FORMAT in src/sim/state/store.ts.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, crc32 } from 'node:zlib';

const BLOCK_BYTES = 524_288;
const SECTOR = 512;
const DISK_SECTORS = (8 * 2 ** 30) / SECTOR;
const ROOT_FIRST = 2048;
const ROOT_BYTES = 64 * 2 ** 20;
const MADE = '20251103000000';

const ROOT_UUID = '5b3a1e0c-7d52-4c1f-9a64-2f0d8c6e1b90';
const DISK_UUID = '8f0d5a72-31c4-4e8b-b6f7-0c9e2d4a1b35';
const PARTITION_UUID = 'c2b7e941-5d60-4f3a-8e19-7a6b0d1c2f48';
const LINUX_FILESYSTEM = '0fc63daf-8483-4772-8e79-3d69d8477de4';

const PACKAGES = [
  ['base-files', '12.4+deb12u12', 'files and directories that every system has'],
  ['bash', '5.2.15-2+b8', 'GNU Bourne Again SHell'],
  ['cloud-init', '22.4.2-1+deb12u3', 'initialization system for infrastructure cloud instances'],
  ['libc6', '2.36-9+deb12u13', 'GNU C Library: shared libraries'],
  ['openssh-server', '1:9.2p1-2+deb12u7', 'secure shell (SSH) server, for secure access from remote machines'],
] as const;

function filesOf(architecture: string): Readonly<Record<string, string>> {
  const status = PACKAGES.map(
    ([name, version, says]) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nVersion: ${version}\nDescription: ${says}\n`,
  ).join('\n');
  return {
    'etc/debian_version': '12.12\n',
    'etc/os-release':
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
    'etc/fstab': `UUID=${ROOT_UUID} / ext4 rw,discard,errors=remount-ro 0 1\n`,
    'etc/hostname': 'localhost\n',
    'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
    'etc/machine-id': '',
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n',
    'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    'etc/ssh/sshd_config': 'PasswordAuthentication no\nUsePAM yes\nAcceptEnv LANG LC_*\n',
    'usr/lib/os-release.note': 'The disk of a simulated base image: no program is in it.\n',
    'var/lib/dpkg/status': status,
    'var/log/dpkg.log': '',
  };
}

const FOLDERS = ['boot', 'dev', 'home', 'proc', 'root', 'run', 'sys', 'tmp', 'usr/bin', 'usr/sbin', 'var/tmp'];
const LINKS = { bin: 'usr/bin', lib: 'usr/lib', sbin: 'usr/sbin' };

function plantTree(root: string, architecture: string): readonly string[] {
  const files = filesOf(architecture);
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), 0o644);
  }
  for (const [path, target] of Object.entries(LINKS)) symlinkSync(target, join(root, path));
  const parents = [...Object.keys(files), ...FOLDERS].flatMap((path) =>
    path.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/')),
  );
  return ['', 'lost+found', ...new Set([...parents, ...Object.keys(LINKS)])].map((path) => `/${path}`).toSorted();
}

/** What Debian 12 makes by default; said here, so that nobody's /etc/mke2fs.conf has a say. */
const FEATURES =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum';

/** A file system whose every time and id is fixed: mke2fs takes some of them from the clock and the tree. */
function rootFileSystem(folder: string, architecture: string): Buffer {
  const tree = join(folder, `tree-${architecture}`);
  mkdirSync(tree);
  const paths = plantTree(tree, architecture);
  const image = join(folder, `${architecture}.ext4`);
  writeFileSync(image, '');
  truncateSync(image, ROOT_BYTES);
  const extended = `hash_seed=${ROOT_UUID},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0`;
  const env = { ...process.env, E2FSPROGS_FAKE_TIME: String(Date.UTC(2025, 10, 3) / 1000), MKE2FS_CONFIG: '/dev/null' };
  execFileSync(
    'mkfs.ext4',
    [
      '-q',
      '-F',
      '-O',
      FEATURES,
      '-b',
      '4096',
      '-I',
      '256',
      '-U',
      ROOT_UUID,
      '-L',
      'root',
      '-E',
      extended,
      '-d',
      tree,
      image,
    ],
    { env, stdio: ['ignore', 'ignore', 'ignore'] },
  );
  const times = ['atime', 'ctime', 'mtime', 'crtime'];
  const inodeLines = [...paths, '<7>', '<8>'].flatMap((path) => [
    `sif ${path} uid 0`,
    `sif ${path} gid 0`,
    ...times.map((field) => `sif ${path} ${field} @0x${(Date.UTC(2025, 10, 3) / 1000).toString(16)}`),
    ...times.map((field) => `sif ${path} ${field}_extra 0`),
  ]);
  const superLines = ['mkfs_time', 'wtime', 'lastcheck'].map((field) => `ssv ${field} ${MADE}`);
  execFileSync('debugfs', ['-w', '-f', '-', image], {
    env,
    input: [...inodeLines, ...superLines, 'ssv kbytes_written 0', 'close -a', ''].join('\n'),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return readFileSync(image);
}

/** Mixed-endian, as UEFI writes GUIDs. */
function guid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

const ENTRY_SECTORS = 32;

/** UEFI specification, "GUID Partition Table (GPT) Disk Layout". */
function gptHeader(at: number, other: number, entriesAt: number, entries: Buffer): Buffer {
  const header = Buffer.alloc(SECTOR);
  header.write('EFI PART', 0, 'latin1');
  header.writeUInt32LE(0x0001_0000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(BigInt(at), 24);
  header.writeBigUInt64LE(BigInt(other), 32);
  header.writeBigUInt64LE(BigInt(2 + ENTRY_SECTORS), 40);
  header.writeBigUInt64LE(BigInt(DISK_SECTORS - ENTRY_SECTORS - 2), 48);
  guid(DISK_UUID).copy(header, 56);
  header.writeBigUInt64LE(BigInt(entriesAt), 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  return header;
}

/** @returns what stands at the begin and at the end of the disk */
function partitionTable(): { readonly head: Buffer; readonly tail: Buffer } {
  const entries = Buffer.alloc(ENTRY_SECTORS * SECTOR);
  guid(LINUX_FILESYSTEM).copy(entries, 0);
  guid(PARTITION_UUID).copy(entries, 16);
  entries.writeBigUInt64LE(BigInt(ROOT_FIRST), 32);
  entries.writeBigUInt64LE(BigInt(ROOT_FIRST + ROOT_BYTES / SECTOR - 1), 40);
  entries.write('root', 56, 'utf16le');
  const mbr = Buffer.alloc(SECTOR);
  mbr.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], 446);
  mbr.writeUInt32LE(1, 454);
  mbr.writeUInt32LE(DISK_SECTORS - 1, 458);
  mbr.writeUInt16LE(0xaa55, 510);
  const last = DISK_SECTORS - 1;
  return {
    head: Buffer.concat([mbr, gptHeader(1, last, 2, entries), entries]),
    tail: Buffer.concat([entries, gptHeader(last, 1, last - ENTRY_SECTORS, entries)]),
  };
}

function blocksOf(fileSystem: Buffer): ReadonlyMap<number, Buffer> {
  const blocks = new Map<number, Buffer>();
  const put = (at: number, bytes: Buffer): void => {
    for (let from = 0; from < bytes.length; ) {
      const index = Math.floor((at + from) / BLOCK_BYTES);
      const inside = (at + from) % BLOCK_BYTES;
      const part = bytes.subarray(from, from + BLOCK_BYTES - inside);
      if (part.some((byte) => byte !== 0)) {
        const block = blocks.get(index) ?? Buffer.alloc(BLOCK_BYTES);
        part.copy(block, inside);
        blocks.set(index, block);
      }
      from += part.length;
    }
  };
  const { head, tail } = partitionTable();
  put(0, head);
  put(ROOT_FIRST * SECTOR, fileSystem);
  put(DISK_SECTORS * SECTOR - tail.length, tail);
  return blocks;
}

const folder = mkdtempSync(join(tmpdir(), 'amiport-base-disk-'));
try {
  const contents = new Map<string, Buffer>();
  const disks = ['amd64', 'arm64'].map((architecture) => {
    const rows = [...blocksOf(rootFileSystem(folder, architecture))].map(([index, bytes]) => {
      const hash = createHash('sha256').update(bytes).digest('hex');
      contents.set(hash, bytes);
      return `    [${index}, '${hash}'],`;
    });
    return `  ${architecture}: [\n${rows.join('\n')}\n  ],`;
  });
  const packed = brotliCompressSync(Buffer.concat([...contents.values()]), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  writeFileSync(
    'src/sim/world/base-disk-data.ts',
    `/** Table of the base images' disks: block index and SHA-256 of each block, and the blocks. Written by scripts/base-disk.ts. */
export const BASE_DISK_BLOCKS = {
${disks.join('\n')}
} as const satisfies Readonly<Record<string, readonly (readonly [number, string])[]>>;

/** The distinct blocks, 512 KiB each, in the order in which they first occur above; brotli, base64. */
export const BASE_DISK_BYTES =
  '${packed.toString('base64')}';
`,
  );
  process.stdout.write(`${contents.size} blocks, ${packed.length} bytes packed\n`);
} finally {
  rmSync(folder, { recursive: true });
}
