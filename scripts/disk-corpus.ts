/**
 * A tree like a server's root, and images of it, for benchmarks: the same bytes from the same seed, no mount and no root needed.
 *
 * Sizes follow what a Debian root has: most files of some KiB, a tenth of them large; text and bytes that look like programs, in a few
 * hundred directories.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, seededRandom } from '../src/base/ports.ts';

export interface Corpus {
  readonly tree: string;
  readonly files: number;
  readonly bytes: number;
  image(kind: 'ext4' | 'xfs'): string;
}

const DIRECTORIES = 300;
const WORDS =
  'the server listens on address and port for requests of clients with a name value option default path'.split(' ');

/** @param mib how much content, roughly */
export function makeCorpus(folder: string, mib: number): Corpus {
  const random = seededRandom(7);
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const lines = ['/dev/null', '0 0', 'd--755 0 0'];
  let [files, bytes] = [0, 0];
  for (let d = 0; d < DIRECTORIES; d += 1) {
    mkdirSync(join(tree, `package-${d}`));
    lines.push(`package-${d} d--755 0 0`);
    while (bytes < ((d + 1) / DIRECTORIES) * mib * 2 ** 20) {
      const path = join(tree, `package-${d}`, `file-${files}`);
      const content = contentOf(random);
      writeFileSync(path, content);
      lines.push(`file-${files} ---644 0 0 ${path}`);
      files += 1;
      bytes += content.length;
    }
    lines.push('$');
  }
  const prototype = join(folder, 'prototype');
  writeFileSync(prototype, [...lines, '$', ''].join('\n'));
  return { tree, files, bytes, image: (kind) => imageOf(kind, folder, tree, prototype, mib) };
}

function contentOf(random: Random): Buffer {
  const size = Math.floor(random() < 0.1 ? 2 ** (14 + random() * 6) : 2 ** (6 + random() * 8));
  const content = Buffer.alloc(size);
  if (random() < 0.3) for (let i = 0; i + 4 <= size; i += 4) content.writeUInt32LE(Math.floor(random() * 2 ** 32), i);
  else
    for (let at = 0; at < size; )
      at += content.write(`${WORDS[Math.floor(random() * WORDS.length)]} `, at, 'latin1') || 1;
  return content;
}

function imageOf(kind: 'ext4' | 'xfs', folder: string, tree: string, prototype: string, mib: number): string {
  const image = join(folder, `${kind}.raw`);
  writeFileSync(image, '');
  truncateSync(image, Math.max(320, mib * 10) * 2 ** 20);
  const [command, parameters]: [string, string[]] =
    kind === 'ext4'
      ? ['mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, image]]
      : ['mkfs.xfs', ['-q', '-p', prototype, image]];
  execFileSync(command, parameters, { stdio: 'pipe' });
  return image;
}
