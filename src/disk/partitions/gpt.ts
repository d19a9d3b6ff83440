/** GUID partition tables, with sectors of 512 and 4096 bytes. Source: UEFI Specification, "GUID Partition Table (GPT) Disk Layout". */
import { crc32 } from 'node:zlib';
import { type Reason, reason } from '../../base/outcome.ts';
import { isZero, u64, uuidText, viewOf } from '../bytes.ts';
import { Unreadable, unreadableIf } from '../fault.ts';
import type { Device } from '../types.ts';
import type { Partition, Table } from './table.ts';

const SECTOR_SIZES = [512, 4096];
const ENTRIES_MAX = 4096;
/** Partitions that hold code of a boot loader, and no file system. */
const BOOT_CODE = ['21686148-6449-6e6f-744e-656564454649', '9e1a2d38-c612-4316-aa26-8b49521e5a8b'];

/** @returns undefined where neither copy of the table begins with its mark */
export async function readGpt(disk: Device, subject: string): Promise<Table | undefined> {
  const wrong: Reason[] = [];
  for (const sectorBytes of SECTOR_SIZES) {
    const last = Math.floor(disk.sizeBytes / sectorBytes) - 1;
    for (const [copy, sector] of [
      ['first', 1],
      ['second', last],
    ] as const) {
      if (sector < 1 || sector > last || !(await isMarked(disk, sector * sectorBytes))) continue;
      try {
        const partitions = await readCopy(disk, sector, sectorBytes, subject);
        return { kind: 'gpt', partitions, notices: wrong };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        const says = `the ${copy} copy of the partition table cannot be read`;
        wrong.push(reason('disk.table.damaged', subject, says, { because: [error.reason] }));
      }
    }
  }
  if (wrong.length === 0) return undefined;
  return { kind: 'gpt', partitions: undefined, notices: wrong };
}

async function isMarked(disk: Device, at: number): Promise<boolean> {
  return Buffer.from(await disk.metadata(at, 8)).toString('latin1') === 'EFI PART';
}

async function readCopy(disk: Device, sector: number, sectorBytes: number, subject: string): Promise<Partition[]> {
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.table.bad', subject, says);
  const header = await disk.metadata(sector * sectorBytes, sectorBytes);
  const view = viewOf(header);
  const headerBytes = view.getUint32(12, true);
  bad(headerBytes < 92 || headerBytes > sectorBytes, `a header of ${headerBytes} bytes`);
  const zeroed = Buffer.from(header.subarray(0, headerBytes));
  zeroed.fill(0, 16, 20);
  bad(crc32(zeroed) !== view.getUint32(16, true), 'the checksum of the header is wrong');
  bad(u64(view, 24, true) !== sector, 'the header stands at another place than it says');
  const count = view.getUint32(80, true);
  const size = view.getUint32(84, true);
  bad(count > ENTRIES_MAX || size < 128 || size > 4096 || size % 128 !== 0, `${count} entries of ${size} bytes`);
  const entries = await disk.metadata(u64(view, 72, true) * sectorBytes, count * size);
  bad(crc32(entries) !== view.getUint32(88, true), 'the checksum of the entries is wrong');
  const partitions: Partition[] = [];
  for (let i = 0; i < count; i += 1) {
    const entry = entries.subarray(i * size, (i + 1) * size);
    if (!isZero(entry.subarray(0, 16))) partitions.push(partitionOf(entry, i + 1, sectorBytes));
  }
  return partitions;
}

function partitionOf(entry: Uint8Array, number: number, sectorBytes: number): Partition {
  const view = viewOf(entry);
  const first = u64(view, 32, true);
  const last = u64(view, 40, true);
  return {
    number,
    label: Buffer.from(entry.subarray(56, 128)).toString('utf16le').replace(/\0.*$/s, ''),
    offset: first * sectorBytes,
    length: (last - first + 1) * sectorBytes,
    isBootCode: BOOT_CODE.includes(guidText(entry.subarray(0, 16))),
  };
}

/** The first three fields are little-endian. */
function guidText(bytes: Uint8Array): string {
  const mixed = Buffer.from(bytes);
  mixed.subarray(0, 4).reverse();
  mixed.subarray(4, 6).reverse();
  mixed.subarray(6, 8).reverse();
  return uuidText(mixed);
}
