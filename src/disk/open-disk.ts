/** A disk's volumes: partitions of a GPT or MBR, or the whole disk, and the logical volumes in them. */
import type { BlockSource } from '../base/block-source.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { MappedDevice, PieceReader, partOf } from './device.ts';
import { Unreadable } from './fault.ts';
import { identify, lvmLabelAt, notScanned } from './identify.ts';
import { type LogicalVolume, logicalVolumes, type PhysicalPlace } from './lvm/logical.ts';
import { readPhysical } from './lvm/physical.ts';
import { readGpt } from './partitions/gpt.ts';
import { readMbr } from './partitions/mbr.ts';
import type { Partition, Table } from './partitions/table.ts';
import type { Contents, Device, Disk, Volume } from './types.ts';

export async function openDisk(source: BlockSource): Promise<Outcome<Disk>> {
  const reader = new PieceReader(source);
  try {
    const whole = partOf(reader, 0, source.sizeBytes);
    const gpt = await readGpt(whole, source.id);
    if (gpt) return done(await withLogical(reader, await diskOf(reader, whole, gpt)));
    const bare = await volumeOf('disk', '', whole, 0, false);
    if (bare.contents.is === 'file-system') return done({ table: 'none', volumes: [bare], notices: [] });
    const mbr = await bestMbr(reader, whole);
    return done(await withLogical(reader, mbr ?? { table: 'none', volumes: [bare], notices: [] }));
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return failed(reason('disk.unreadable', source.id, 'cannot be read', { because: [error.reason] }));
  }
}

/** An MBR does not say how long its sectors are: those which lead to something known are the right ones. */
async function bestMbr(reader: PieceReader, whole: Device): Promise<Disk | undefined> {
  let first: Disk | undefined;
  for (const sectorBytes of [512, 4096]) {
    const table = await readMbr(whole, reader.source.id, sectorBytes);
    if (!table) continue;
    const disk = await diskOf(reader, whole, table);
    if (disk.volumes.some((volume) => isKnown(volume.contents))) return disk;
    first ??= disk;
  }
  return first;
}

const isKnown = (contents: Contents): boolean =>
  contents.is === 'file-system' || (contents.is === 'not-scanned' && contents.what !== 'unknown');

/** The volumes with those of LVM in place of the physical ones they were found on. */
async function withLogical(reader: PieceReader, disk: Disk): Promise<Disk> {
  const isPhysical = ({ contents }: Volume): boolean => contents.is === 'not-scanned' && contents.what === 'lvm';
  const places: PhysicalPlace[] = [];
  const left: Volume[] = [];
  for (const volume of disk.volumes) {
    const place = isPhysical(volume) ? await physicalOf(volume) : volume;
    if ('volume' in place) places.push(place);
    else left.push(place);
  }
  const logical = await Promise.all(logicalVolumes(places).map((one) => logicalVolume(reader, one)));
  return { ...disk, volumes: [...left, ...logical] };
}

/** @returns the volume itself, with the reason, where its metadata cannot be read */
async function physicalOf(volume: Volume): Promise<PhysicalPlace | Volume> {
  const { device, name, offsetBytes, sizeBytes } = volume;
  try {
    const at = (await lvmLabelAt(device)) ?? 0;
    return { volume: await readPhysical(device, at, name), sourceAt: offsetBytes, sizeBytes };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const because = error.reason.because.length > 0 ? error.reason.because : [error.reason];
    return { ...volume, contents: notScanned('lvm', name, 'is a physical volume of LVM that cannot be read', because) };
  }
}

async function logicalVolume(reader: PieceReader, { name, stretches }: LogicalVolume): Promise<Volume> {
  const called = `volume ${name}`;
  if (stretches instanceof Unreadable) {
    const contents = notScanned('lvm', called, stretches.reason.says, [stretches.reason]);
    return { name: called, label: '', offsetBytes: 0, sizeBytes: 0, contents, device: partOf(reader, 0, 0) };
  }
  return volumeOf(called, '', new MappedDevice(reader, stretches), stretches[0]?.sourceAt ?? 0, false);
}

async function diskOf(reader: PieceReader, whole: Device, table: Table): Promise<Disk> {
  const { kind, partitions, notices } = table;
  const { id, sizeBytes } = reader.source;
  if (!partitions) {
    const contents = notScanned('unknown', id, 'its partition table cannot be read', notices);
    const volume = { name: 'disk', label: '', offsetBytes: 0, sizeBytes, contents, device: whole };
    return { table: kind, volumes: [volume], notices };
  }
  return { table: kind, volumes: await Promise.all(partitions.map((one) => partitionVolume(reader, one))), notices };
}

async function partitionVolume(reader: PieceReader, partition: Partition): Promise<Volume> {
  const { number, label, offset, length, isBootCode } = partition;
  const name = `partition ${number}`;
  try {
    return await volumeOf(name, label, partOf(reader, offset, length), offset, isBootCode);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const contents = notScanned('unknown', name, 'is not inside of the disk', [error.reason]);
    return { name, label, offsetBytes: offset, sizeBytes: length, contents, device: partOf(reader, 0, 0) };
  }
}

async function volumeOf(
  name: string,
  label: string,
  device: Device,
  offsetBytes: number,
  isBootCode: boolean,
): Promise<Volume> {
  const found = await identify(device, name);
  const isCode = isBootCode && found.is === 'not-scanned' && found.what === 'unknown';
  const contents = isCode ? ({ is: 'boot-code' } as const) : found;
  return { name, label, offsetBytes, sizeBytes: device.sizeBytes, contents, device };
}
