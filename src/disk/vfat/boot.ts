/** The boot sector of FAT12, FAT16 and FAT32. Source: Microsoft, "FAT: General Overview of On-Disk Format" (fatgen103). */
import { viewOf } from '../bytes.ts';

export interface FatGeometry {
  readonly bits: 12 | 16 | 32;
  readonly sectorBytes: number;
  readonly clusterBytes: number;
  readonly fatAt: number;
  readonly fatBytes: number;
  /** Of the fixed root directory (FAT12, FAT16); 0 entries with FAT32. */
  readonly rootAt: number;
  readonly rootEntries: number;
  /** First cluster of the root directory (FAT32). */
  readonly rootCluster: number;
  readonly dataAt: number;
  readonly clusters: number;
  readonly serial: string;
  readonly label: string;
}

const isPower = (n: number): boolean => n > 0 && (n & (n - 1)) === 0;

/** Strict, since a master boot record ends with the same mark: every field must make sense together. */
export function isBootSector(bytes: Uint8Array, deviceBytes: number): boolean {
  const geometry = decodeBootSector(bytes);
  return geometry !== undefined && geometry.dataAt < deviceBytes;
}

/** @returns undefined for what is no boot sector of FAT */
export function decodeBootSector(bytes: Uint8Array): FatGeometry | undefined {
  const view = viewOf(bytes);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const [sectorBytes, perCluster, reserved, fats] = [u16(11), view.getUint8(13), u16(14), view.getUint8(16)];
  const media = view.getUint8(21);
  const jumps = view.getUint8(0) === 0xe9 || (view.getUint8(0) === 0xeb && view.getUint8(2) === 0x90);
  if (u16(510) !== 0xaa55 || !jumps || ![512, 1024, 2048, 4096].includes(sectorBytes)) return undefined;
  if (!isPower(perCluster) || reserved === 0 || fats === 0 || fats > 4) return undefined;
  if (media !== 0xf0 && media < 0xf8) return undefined;
  const rootEntries = u16(17);
  const sectors = u16(19) || u32(32);
  const fatSectors = u16(22) || u32(36);
  const rootSectors = Math.ceil((rootEntries * 32) / sectorBytes);
  const dataSector = reserved + fats * fatSectors + rootSectors;
  if (fatSectors === 0 || sectors <= dataSector) return undefined;
  const clusters = Math.floor((sectors - dataSector) / perCluster);
  // The number of clusters alone decides the kind; FAT32 has no 16-bit FAT size.
  const bits = u16(22) === 0 ? 32 : clusters < 4085 ? 12 : 16;
  const at = bits === 32 ? 67 : 39;
  return {
    bits,
    sectorBytes,
    clusterBytes: perCluster * sectorBytes,
    fatAt: reserved * sectorBytes,
    fatBytes: fatSectors * sectorBytes,
    rootAt: (reserved + fats * fatSectors) * sectorBytes,
    rootEntries,
    rootCluster: bits === 32 ? u32(44) : 0,
    dataAt: dataSector * sectorBytes,
    clusters: Math.min(clusters, Math.floor((fatSectors * sectorBytes * 8) / bits) - 2),
    serial: u32(at).toString(16).padStart(8, '0'),
    label: Buffer.from(bytes.subarray(at + 4, at + 15))
      .toString('latin1')
      .trim(),
  };
}
