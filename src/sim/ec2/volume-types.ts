/**
 * Table of AWS facts: sizes and performance of EBS volume types.
 * Source: EBS User Guide "Amazon EBS volume types"; EC2 API Reference CreateVolume.
 */
import { Fault } from '../operation.ts';

interface VolumeType {
  readonly minGiB: number;
  readonly maxGiB: number;
  /** Least, most and default IOPS that may be asked for; absent: IOPS cannot be asked for. */
  readonly iops?: { readonly min: number; readonly max: number; readonly default?: number };
  /** MiB/s. */
  readonly throughput?: { readonly min: number; readonly max: number; readonly default: number };
}

const TYPES: Readonly<Record<string, VolumeType>> = {
  standard: { minGiB: 1, maxGiB: 1024 },
  gp2: { minGiB: 1, maxGiB: 16_384 },
  gp3: {
    minGiB: 1,
    maxGiB: 65_536,
    iops: { min: 3000, max: 80_000, default: 3000 },
    throughput: { min: 125, max: 2000, default: 125 },
  },
  io1: { minGiB: 4, maxGiB: 16_384, iops: { min: 100, max: 64_000 } },
  io2: { minGiB: 4, maxGiB: 65_536, iops: { min: 100, max: 256_000 } },
  st1: { minGiB: 125, maxGiB: 16_384 },
  sc1: { minGiB: 125, maxGiB: 16_384 },
};

/** What CreateVolume and RunInstances take when no type is named. */
export const DEFAULT_VOLUME_TYPE = 'gp2';

export interface VolumeShape {
  readonly volumeType: string;
  readonly sizeGiB: number;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
}

/** Fills in what AWS fills in. @throws Fault when the type does not take the size, IOPS or throughput */
export function volumeShape(asked: {
  readonly volumeType: string | undefined;
  readonly sizeGiB: number;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
}): VolumeShape {
  const volumeType = asked.volumeType ?? DEFAULT_VOLUME_TYPE;
  const type = Object.hasOwn(TYPES, volumeType) ? TYPES[volumeType] : undefined;
  if (!type) {
    throw new Fault('InvalidParameterValue', `Value (${volumeType}) for parameter volumeType is invalid.`);
  }
  const { sizeGiB } = asked;
  if (!(sizeGiB >= type.minGiB)) throw sizeFault(volumeType, sizeGiB, `too small`, `minimum is ${type.minGiB}GiB`);
  if (sizeGiB > type.maxGiB) throw sizeFault(volumeType, sizeGiB, `too large`, `maximum is ${type.maxGiB}GiB`);
  return {
    volumeType,
    sizeGiB,
    iops: iopsOf(volumeType, type, sizeGiB, asked.iops),
    throughput: throughputOf(volumeType, type, asked.throughput),
  };
}

const sizeFault = (type: string, sizeGiB: number, what: string, limit: string): Fault =>
  new Fault('InvalidParameterValue', `Volume of ${sizeGiB}GiB is ${what} for volume type ${type}; ${limit}.`);

function iopsOf(name: string, type: VolumeType, sizeGiB: number, asked: number | undefined): number | undefined {
  if (!type.iops) {
    if (asked !== undefined) throw notSupported('iops', name);
    // gp2 earns 3 IOPS per GiB; DescribeVolumes shows the baseline.
    return name === 'gp2' ? Math.max(100, Math.min(16_000, 3 * sizeGiB)) : undefined;
  }
  const iops = asked ?? type.iops.default;
  if (iops === undefined) throw new Fault('MissingParameter', 'The request must contain the parameter iops');
  return within('iops', name, iops, type.iops);
}

function throughputOf(name: string, type: VolumeType, asked: number | undefined): number | undefined {
  if (type.throughput) return within('throughput', name, asked ?? type.throughput.default, type.throughput);
  if (asked !== undefined) throw notSupported('throughput', name);
  return undefined;
}

function within(what: string, name: string, value: number, { min, max }: { min: number; max: number }): number {
  if (value >= min && value <= max) return value;
  const says = `Volume ${what} of ${value} is ${value < min ? 'too low; minimum' : 'too high; maximum'} is ${value < min ? min : max} for ${name}.`;
  throw new Fault('InvalidParameterValue', says);
}

const notSupported = (what: string, name: string): Fault =>
  new Fault('InvalidParameterCombination', `The parameter ${what} is not supported for ${name} volumes.`);
