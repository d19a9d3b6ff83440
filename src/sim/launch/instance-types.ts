/**
 * Table of AWS facts: instance types that the simulator launches. Source: EC2 User Guide "Amazon EC2 instance
 * types" and "Enhanced networking with ENA"; the families that people put golden images on, not all of them.
 */
import { Fault } from '../operation.ts';

export interface InstanceType {
  readonly name: string;
  readonly architectures: readonly string[];
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly hypervisor: 'nitro' | 'xen';
  /** Nitro types need ENA in the image (IMG-23). */
  readonly ena: 'required' | 'supported' | 'unsupported';
  readonly burstable: boolean;
  readonly currentGeneration: boolean;
  readonly bootModes: readonly string[];
}

/** Differs from AWS: its default is m1.small, which no current image and most Regions do not take. */
export const DEFAULT_INSTANCE_TYPE = 't3.micro';

const VCPUS: Readonly<Record<string, number>> = {
  medium: 1,
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '4xlarge': 16,
};
const BURST_MEMORY_GIB: Readonly<Record<string, number>> = {
  nano: 0.5,
  micro: 1,
  small: 2,
  medium: 4,
  large: 8,
  xlarge: 16,
  '2xlarge': 32,
};
const T2_VCPUS: Readonly<Record<string, number>> = { nano: 1, micro: 1, small: 1, medium: 2, large: 2 };

function burstable(family: string, size: string): InstanceType {
  const xen = family === 't2';
  const vcpus = (xen ? T2_VCPUS[size] : undefined) ?? (size === '2xlarge' ? 8 : size === 'xlarge' ? 4 : 2);
  const arm = family === 't4g';
  const small = xen && ['nano', 'micro', 'small', 'medium'].includes(size);
  return {
    name: `${family}.${size}`,
    architectures: arm ? ['arm64'] : small ? ['i386', 'x86_64'] : ['x86_64'],
    vcpus,
    memoryMiB: (BURST_MEMORY_GIB[size] ?? 1) * 1024,
    hypervisor: xen ? 'xen' : 'nitro',
    ena: xen ? 'unsupported' : 'required',
    burstable: true,
    currentGeneration: true,
    bootModes: arm ? ['uefi'] : xen ? ['legacy-bios'] : ['legacy-bios', 'uefi'],
  };
}

const GIB_PER_VCPU: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };

function fixed(family: string, size: string): InstanceType {
  const vcpus = VCPUS[size] ?? 2;
  const arm = /^[a-z]\dg/.test(family);
  const xen = family === 'm4';
  return {
    name: `${family}.${size}`,
    architectures: [arm ? 'arm64' : 'x86_64'],
    vcpus,
    memoryMiB: vcpus * (GIB_PER_VCPU[family.charAt(0)] ?? 4) * 1024,
    hypervisor: xen ? 'xen' : 'nitro',
    ena: xen ? 'unsupported' : 'required',
    burstable: false,
    currentGeneration: !xen,
    bootModes: arm ? ['uefi'] : xen ? ['legacy-bios'] : ['legacy-bios', 'uefi'],
  };
}

const FIXED_FAMILIES = [
  ...['m4', 'm5', 'm5a', 'm6a', 'm6i', 'm6g', 'm7a', 'm7i', 'm7g', 'm8g'],
  ...['c5', 'c5a', 'c6a', 'c6i', 'c6g', 'c7a', 'c7i', 'c7g', 'c8g'],
  ...['r5', 'r5a', 'r6a', 'r6i', 'r6g', 'r7a', 'r7i', 'r7g', 'r8g'],
];

function allTypes(): ReadonlyMap<string, InstanceType> {
  const types = new Map<string, InstanceType>();
  const add = (type: InstanceType) => types.set(type.name, type);
  for (const family of ['t2', 't3', 't3a', 't4g']) {
    for (const size of Object.keys(BURST_MEMORY_GIB)) add(burstable(family, size));
  }
  for (const family of FIXED_FAMILIES) {
    for (const size of Object.keys(VCPUS)) {
      if (size === 'medium' && !/g$|7a$/.test(family)) continue;
      add(fixed(family, size));
    }
  }
  return types;
}

export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = allTypes();

export function instanceType(name: string): InstanceType {
  const type = INSTANCE_TYPES.get(name);
  if (!type) throw new Fault('InvalidParameterValue', `Invalid value '${name}' for InstanceType.`);
  return type;
}
