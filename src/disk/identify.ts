/**
 * What a volume holds, by magic numbers at their places. What is known but cannot be read here is named, never passed over.
 * Sources: libblkid's superblock probers; the on-disk format pages of each.
 */
import { type Reason, reason } from '../base/outcome.ts';
import { isZero, viewOf } from './bytes.ts';
import { Unreadable } from './fault.ts';
import type { Contents, Device } from './types.ts';
import { isBootSector } from './vfat/boot.ts';

type Magic = readonly [what: string, at: number, bytes: string];

const latin1 = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Containers first: what is inside of them can look like a file system of its own. */
const NOT_READ: readonly Magic[] = [
  ['luks', 0, '4c554b53babe'],
  ['bitlocker', 3, latin1('-FVE-FS-')],
  ['mdraid', 0, 'fc4e2ba9'],
  ['mdraid', 4096, 'fc4e2ba9'],
  ['bcache', 4120, 'c68573f64e1a45ca'],
  ['btrfs', 65_600, latin1('_BHRfS_M')],
  ['ntfs', 3, latin1('NTFS    ')],
  ['exfat', 3, latin1('EXFAT   ')],
  ['swap', 4086, latin1('SWAPSPACE2')],
  ['swap', 4086, latin1('SWAP-SPACE')],
  ['swap', 16_374, latin1('SWAPSPACE2')],
  ['swap', 65_526, latin1('SWAPSPACE2')],
  ['f2fs', 1024, '1020f5f2'],
  ['erofs', 1024, 'e2e1f5e0'],
  ['squashfs', 0, latin1('hsqs')],
  ['iso9660', 32_769, latin1('CD001')],
  ['jfs', 32_768, latin1('JFS1')],
  ['reiserfs', 65_588, latin1('ReIsEr')],
  ['nilfs2', 1030, '3434'],
  ['qcow2', 0, '514649fb'],
  ['vmdk', 0, latin1('KDMV')],
  ['vhdx', 0, latin1('vhdxfile')],
  ['vhd', 0, latin1('conectix')],
  ['gzip', 0, '1f8b08'],
  ['xz', 0, 'fd377a585a00'],
  ['zstd', 0, '28b52ffd'],
];

/** A zero device above this is called unknown: to see that it is empty it would have to be read. */
const EMPTY_MAX = 64 * 2 ** 20;

export async function identify(device: Device, subject: string): Promise<Contents> {
  try {
    return await look(device, subject);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return notScanned('unreadable', subject, 'cannot be read', [error.reason]);
  }
}

export function notScanned(what: string, subject: string, says: string, because: readonly Reason[] = []): Contents {
  return { is: 'not-scanned', what, reason: reason('disk.volume.not-scanned', subject, says, { because }) };
}

async function look(device: Device, subject: string): Promise<Contents> {
  const at = (offset: number, length: number): Promise<Uint8Array> =>
    offset + length <= device.sizeBytes ? device.metadata(offset, length) : Promise.resolve(new Uint8Array(length));
  const has = async ([, offset, bytes]: Magic): Promise<boolean> =>
    Buffer.from(await at(offset, bytes.length / 2)).toString('hex') === bytes;
  for (const magic of NOT_READ.slice(0, 5)) if (await has(magic)) return unread(magic[0], subject);
  if (await lvmLabelAt(device)) return unread('lvm', subject);
  if (await has(['xfs', 0, latin1('XFSB')])) return { is: 'file-system', type: 'xfs' };
  if (await has(['ext', 1080, '53ef'])) return { is: 'file-system', type: 'ext' };
  for (const magic of NOT_READ.slice(5)) if (await has(magic)) return unread(magic[0], subject);
  if (isBootSector(await at(0, 512), device.sizeBytes)) return { is: 'file-system', type: 'vfat' };
  if (await isZfs(at)) return unread('zfs', subject);
  if (await isOldRaid(device, at)) return unread('mdraid', subject);
  if (await isEmpty(device)) return { is: 'empty' };
  return unread('unknown', subject);
}

const unread = (what: string, subject: string): Contents =>
  notScanned(
    what,
    subject,
    what === 'unknown' ? 'holds nothing that is known' : `holds ${what}, which is not read${MADE_RAW[what] ?? ''}`,
  );

/** Disks in a form of their own, and packed ones: somebody has to make raw ones of them first. */
const MADE_RAW: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['qcow2', 'vmdk', 'vhdx', 'vhd'].map((form) => [form, ': qemu-img convert -O raw makes a raw disk of it']),
  ),
  ...Object.fromEntries(['gzip', 'xz', 'zstd'].map((form) => [form, ': unpack it first'])),
};

/** @returns where the label of an LVM2 physical volume stands; it is in one of the first four sectors */
export async function lvmLabelAt(device: Device): Promise<number | undefined> {
  for (let sector = 0; sector < 4; sector += 1) {
    if ((sector + 1) * 512 > device.sizeBytes) return undefined;
    const label = await device.metadata(sector * 512, 32);
    const text = Buffer.from(label).toString('latin1');
    if (text.startsWith('LABELONE') && text.slice(24) === 'LVM2 001') return sector * 512;
  }
  return undefined;
}

type At = (offset: number, length: number) => Promise<Uint8Array>;

/** One of the 128 uberblocks of the first label, in either byte order. */
async function isZfs(at: At): Promise<boolean> {
  for (let slot = 0; slot < 128; slot += 1) {
    const view = viewOf(await at(131_072 + slot * 1024, 8));
    if (view.getUint32(0, true) === 0x00bab10c || view.getUint32(4, false) === 0x00bab10c) return true;
  }
  return false;
}

/** Versions 1.0 and 0.90 stand at the end of the device. */
async function isOldRaid(device: Device, at: At): Promise<boolean> {
  const sectors = Math.floor(device.sizeBytes / 512);
  const places = [(sectors - 16 - (sectors % 8)) * 512, Math.floor(device.sizeBytes / 65_536) * 65_536 - 65_536];
  for (const place of places) {
    if (place > 0 && viewOf(await at(place, 4)).getUint32(0, true) === 0xa92b4efc) return true;
  }
  return false;
}

async function isEmpty(device: Device): Promise<boolean> {
  if (device.blocksOf(0, device.sizeBytes).length === 0) return true;
  if (device.sizeBytes > EMPTY_MAX) return false;
  for (let offset = 0; offset < device.sizeBytes; ) {
    const data = await device.data(offset, device.sizeBytes - offset);
    if (data.is === 'bytes' && !isZero(data.bytes)) return false;
    offset += data.is === 'bytes' ? data.bytes.length : data.length;
  }
  return true;
}
