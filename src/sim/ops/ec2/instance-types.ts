/** Sources: EC2 API Reference DescribeInstanceTypes, DescribeInstanceTypeOfferings. Every type is offered in every zone. */
import { INSTANCE_TYPES, type InstanceType } from '../../launch/instance-types.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { zoneId } from '../../launch/zones.ts';
import { Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { regionOf } from '../../world/make.ts';

const TYPE_FIELDS: Fields<InstanceType> = {
  'bare-metal': () => 'false',
  'burstable-performance-supported': (t) => String(t.burstable),
  'current-generation': (t) => String(t.currentGeneration),
  'ebs-info.encryption-support': () => 'supported',
  'free-tier-eligible': (t) => String(t.name === 't2.micro' || t.name === 't3.micro'),
  hypervisor: (t) => t.hypervisor,
  'instance-storage-supported': () => 'false',
  'instance-type': (t) => t.name,
  'memory-info.size-in-mib': (t) => String(t.memoryMiB),
  'network-info.ena-support': (t) => t.ena,
  'processor-info.supported-architecture': (t) => t.architectures,
  'supported-boot-mode': (t) => t.bootModes,
  'supported-root-device-type': () => 'ebs',
  'supported-usage-class': () => ['on-demand', 'spot'],
  'supported-virtualization-type': () => 'hvm',
  'vcpu-info.default-vcpus': (t) => String(t.vcpus),
};

function shown(type: InstanceType): Ec2.InstanceTypeInfo {
  return {
    InstanceType: type.name as Ec2._InstanceType,
    BareMetal: false,
    BurstablePerformanceSupported: type.burstable,
    CurrentGeneration: type.currentGeneration,
    EbsInfo: {
      EncryptionSupport: 'supported',
      EbsOptimizedSupport: 'default',
      NvmeSupport: type.hypervisor === 'nitro' ? 'required' : 'unsupported',
    },
    FreeTierEligible: type.name === 't2.micro' || type.name === 't3.micro',
    Hypervisor: type.hypervisor,
    InstanceStorageSupported: false,
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    NetworkInfo: { EnaSupport: type.ena },
    ProcessorInfo: { SupportedArchitectures: [...type.architectures] as Ec2.ArchitectureType[] },
    SupportedBootModes: [...type.bootModes] as Ec2.BootModeType[],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedUsageClasses: ['on-demand', 'spot'],
    SupportedVirtualizationTypes: ['hvm'],
    VCpuInfo: {
      DefaultVCpus: type.vcpus,
      DefaultCores: Math.max(1, type.vcpus / 2),
      DefaultThreadsPerCore: type.vcpus > 1 ? 2 : 1,
    },
  };
}

export const describeInstanceTypes = operation<Ec2.DescribeInstanceTypesRequest, Ec2.DescribeInstanceTypesResult>(
  'ec2.DescribeInstanceTypes',
  {
    accepts: ['InstanceTypes', 'Filters', 'NextToken', 'MaxResults'],
    demands: () => [{ action: 'ec2:DescribeInstanceTypes', resource: '*' }],
    apply({ input }) {
      const unknown = (input.InstanceTypes ?? []).filter((name) => !INSTANCE_TYPES.has(name));
      if (unknown.length > 0) {
        throw new Fault(
          'InvalidInstanceType',
          `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
        );
      }
      const chosen = input.InstanceTypes?.length
        ? input.InstanceTypes.flatMap((name) => INSTANCE_TYPES.get(name) ?? [])
        : [...INSTANCE_TYPES.values()];
      // AWS answers at most 100 types a page.
      const page = listed(chosen, TYPE_FIELDS, { ...input, MaxResults: input.MaxResults ?? 100 });
      return { InstanceTypes: page.items.map(shown), NextToken: page.nextToken };
    },
  },
);

interface Offering {
  readonly type: string;
  readonly location: string;
}

const OFFERING_FIELDS: Fields<Offering> = { 'instance-type': (o) => o.type, location: (o) => o.location };

export const describeInstanceTypeOfferings = operation<
  Ec2.DescribeInstanceTypeOfferingsRequest,
  Ec2.DescribeInstanceTypeOfferingsResult
>('ec2.DescribeInstanceTypeOfferings', {
  accepts: ['LocationType', 'Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeInstanceTypeOfferings', resource: '*' }],
  apply({ input, world, place }) {
    const kind = input.LocationType ?? 'region';
    const { zones } = regionOf(world, place.region);
    const locations =
      kind === 'availability-zone'
        ? zones
        : kind === 'availability-zone-id'
          ? zones.map((zone) => zoneId(zone))
          : kind === 'region'
            ? [place.region]
            : [];
    const all = locations.flatMap((location) => [...INSTANCE_TYPES.keys()].map((type) => ({ type, location })));
    const page = listed(all, OFFERING_FIELDS, { ...input, MaxResults: input.MaxResults ?? 1000 });
    const offerings = page.items.map((o) => ({
      InstanceType: o.type as Ec2._InstanceType,
      LocationType: kind,
      Location: o.location,
    }));
    return { InstanceTypeOfferings: offerings, NextToken: page.nextToken };
  },
});
