/** What the base images hold, read block by block through the EBS direct APIs, and looked at by e2fsck. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand } from '@aws-sdk/client-ebs';
import { CopySnapshotCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, describe, expect, test } from 'vitest';
import { simForTests } from '../testing.ts';
import { BASE_DISKS } from './base-disk.ts';
import { BLOCK_BYTES } from './disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'amiport-base-'));
afterAll(() => rmSync(folder, { recursive: true }));
const BUILDER = { account: '111111111111' };
/** Debian keeps the tools of e2fsprogs out of other people's search path. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Copies the base image's snapshot, since public ones cannot be read (EBSD-4), and writes its blocks to a raw file. */
async function diskOf(architecture: 'amd64' | 'arm64', region: string): Promise<string> {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, { ...BUILDER, region });
  const Filters = [{ Name: 'name', Values: [`debian-12-${architecture}-*`] }];
  const image = (await ec2.send(new DescribeImagesCommand({ Filters }))).Images?.[0];
  const { SnapshotId: source, VolumeSize = 0 } = image?.BlockDeviceMappings?.[0]?.Ebs ?? {};
  const copied = await ec2.send(new CopySnapshotCommand({ SourceRegion: region, SourceSnapshotId: source }));
  sim.advance(3_600_000);
  const ebs = sim.client(EBSClient, { ...BUILDER, region });
  const SnapshotId = copied.SnapshotId;
  const { Blocks = [] } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  const file = join(folder, `${architecture}.raw`);
  const handle = openSync(file, 'w');
  ftruncateSync(handle, VolumeSize * 2 ** 30);
  for (const { BlockIndex, BlockToken } of Blocks) {
    const block = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
    const bytes = (await block.BlockData?.transformToByteArray()) ?? new Uint8Array();
    expect(createHash('sha256').update(bytes).digest('base64')).toBe(block.Checksum);
    writeSync(handle, bytes, 0, bytes.length, (BlockIndex ?? 0) * BLOCK_BYTES);
  }
  closeSync(handle);
  expect(sim.world.blocks.size).toBe(0);
  expect(sim.bugs).toEqual([]);
  return file;
}

describe('WORLD-1 the base images hold a real file system', () => {
  test.each([
    ['amd64', 'eu-west-1'],
    ['arm64', 'us-east-1'],
  ] as const)('%s in %s', async (architecture, region) => {
    const root = `${await diskOf(architecture, region)}?offset=1048576`;
    const checked = spawnSync('e2fsck', ['-fn', root], { encoding: 'utf8', env });
    expect(`${checked.status} ${checked.stdout}${checked.stderr}`).toMatch(/^0 .*Pass 5: /s);
    const cat = (path: string) =>
      execFileSync('debugfs', ['-R', `cat ${path}`, root], { encoding: 'utf8', env, stdio: 'pipe' });
    expect(cat('/etc/debian_version')).toBe('12.12\n');
    expect(cat('/var/lib/dpkg/status')).toContain(`Architecture: ${architecture}\n`);
  });
});

test('WORLD-2 states name these blocks: other bytes need another FORMAT in state/store.ts', () => {
  const named = JSON.stringify([[...BASE_DISKS.amd64.blocks], [...BASE_DISKS.arm64.blocks]]);
  expect(createHash('sha256').update(named).digest('hex').slice(0, 16)).toBe('b959585488a58391');
});
