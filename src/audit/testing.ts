/** For tests of audits: an ext4 image of a tree of files, and what an audit of it says. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openRawFile } from '../disk/raw-file.ts';
import { type AuditOptions, auditDisks } from './audit.ts';
import type { Audit } from './report.ts';

export type Tree = Readonly<Record<string, string | Buffer>>;

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param tree contents by path from the root, as latin1 where they are text @returns the path of the image */
export function ext4Image(folder: string, tree: Tree, name = 'disk.raw', mib = 24): string {
  const root = join(folder, `${name}-root`);
  for (const [path, content] of Object.entries(tree)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, 'latin1');
    chmodSync(file, 0o644);
  }
  const image = join(folder, name);
  writeFileSync(image, '');
  truncateSync(image, mib * 2 ** 20);
  const features = 'extents,metadata_csum,64bit,flex_bg,dir_index,filetype,large_file,huge_file,extra_isize';
  execFileSync('mkfs.ext4', ['-q', '-F', '-O', features, '-d', root, image], {
    stdio: 'pipe',
    env: { ...process.env, MKE2FS_CONFIG: '/dev/null' },
  });
  return image;
}

export async function auditImage(path: string, options: Partial<AuditOptions> = {}): Promise<Audit> {
  const source = await openRawFile(path);
  if (!source.ok) throw new Error(source.reason.says);
  try {
    return await auditDisks([{ id: path, source: source.value }], {
      threads: 1,
      freeSpace: false,
      packages: false,
      customRules: [],
      ...options,
    });
  } finally {
    await source.value.close();
  }
}
