/** Sources: EC2 API Reference DescribeRegions, DescribeAvailabilityZones, DescribeAccountAttributes. */

import { type Fields, listed } from '../../launch/listing.ts';
import { defaultVpcId, ensureNetwork } from '../../launch/network.ts';
import { zoneId } from '../../launch/zones.ts';
import { Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { accountOf, regionOf } from '../../world/make.ts';
import { OPT_IN_REGIONS, REGION_ZONES } from '../../world/regions.ts';

interface RegionItem {
  readonly name: string;
  readonly optIn: string;
}

const endpoint = (region: string): string => `ec2.${region}.amazonaws.com`;

const REGION_FIELDS: Fields<RegionItem> = {
  endpoint: (r) => endpoint(r.name),
  'opt-in-status': (r) => r.optIn,
  'region-name': (r) => r.name,
};

export const describeRegions = operation<Ec2.DescribeRegionsRequest, Ec2.DescribeRegionsResult>('ec2.DescribeRegions', {
  accepts: ['RegionNames', 'AllRegions', 'Filters'],
  demands: () => [{ action: 'ec2:DescribeRegions', resource: '*' }],
  apply({ input, world, place }) {
    const on = accountOf(world, place.account).regions;
    const optIn = (name: string) =>
      !OPT_IN_REGIONS.has(name) ? 'opt-in-not-required' : on.has(name) ? 'opted-in' : 'not-opted-in';
    const unknown = (input.RegionNames ?? []).filter((name) => !REGION_ZONES[name]);
    if (unknown.length > 0) throw new Fault('InvalidParameterValue', `Invalid region names: [${unknown.join(', ')}]`);
    const names = input.RegionNames?.length
      ? input.RegionNames
      : Object.keys(REGION_ZONES).filter((name) => input.AllRegions === true || on.has(name));
    const items = names.map((name) => ({ name, optIn: optIn(name) }));
    const shown = listed(items, REGION_FIELDS, { Filters: input.Filters }).items;
    return { Regions: shown.map((r) => ({ RegionName: r.name, Endpoint: endpoint(r.name), OptInStatus: r.optIn })) };
  },
});

interface ZoneItem {
  readonly zone: string;
  readonly id: string;
  readonly region: string;
}

const ZONE_FIELDS: Fields<ZoneItem> = {
  'group-name': (z) => `${z.region}-zg-1`,
  message: () => undefined,
  'opt-in-status': () => 'opt-in-not-required',
  'region-name': (z) => z.region,
  state: () => 'available',
  'zone-id': (z) => z.id,
  'zone-name': (z) => z.zone,
  'zone-type': () => 'availability-zone',
};

export const describeAvailabilityZones = operation<
  Ec2.DescribeAvailabilityZonesRequest,
  Ec2.DescribeAvailabilityZonesResult
>('ec2.DescribeAvailabilityZones', {
  accepts: ['ZoneNames', 'ZoneIds', 'Filters', 'AllAvailabilityZones'],
  demands: () => [{ action: 'ec2:DescribeAvailabilityZones', resource: '*' }],
  apply({ input, world, place }) {
    const { zones } = regionOf(world, place.region);
    const all = zones.map((zone) => ({ zone, id: zoneId(zone), region: place.region }));
    for (const name of [...(input.ZoneNames ?? []), ...(input.ZoneIds ?? [])]) {
      if (all.some((z) => z.zone === name || z.id === name)) continue;
      throw new Fault('InvalidParameterValue', `Invalid availability zone: [${name}]`);
    }
    const named = all.filter(
      (z) =>
        (!input.ZoneNames?.length || input.ZoneNames.includes(z.zone)) &&
        (!input.ZoneIds?.length || input.ZoneIds.includes(z.id)),
    );
    const shown = listed(named, ZONE_FIELDS, { Filters: input.Filters }).items.map(
      (z): Ec2.AvailabilityZone => ({
        GroupName: `${z.region}-zg-1`,
        Messages: [],
        NetworkBorderGroup: z.region,
        OptInStatus: 'opt-in-not-required',
        RegionName: z.region,
        State: 'available',
        ZoneId: z.id,
        ZoneName: z.zone,
        ZoneType: 'availability-zone',
      }),
    );
    return { AvailabilityZones: shown };
  },
});

export const describeAccountAttributes = operation<
  Ec2.DescribeAccountAttributesRequest,
  Ec2.DescribeAccountAttributesResult
>('ec2.DescribeAccountAttributes', {
  accepts: ['AttributeNames'],
  demands: () => [{ action: 'ec2:DescribeAccountAttributes', resource: '*' }],
  apply(call) {
    const values: Readonly<Record<string, string>> = {
      'supported-platforms': 'VPC',
      'default-vpc': defaultVpcId(ensureNetwork(call, call.place)),
      'max-instances': '20',
      'max-elastic-ips': '5',
      'vpc-max-elastic-ips': '5',
      'vpc-max-security-groups-per-interface': '5',
    };
    const wanted = call.input.AttributeNames?.length ? call.input.AttributeNames : Object.keys(values);
    const shown = wanted.map((AttributeName) => {
      const AttributeValue = values[AttributeName];
      if (AttributeValue === undefined) {
        throw new Fault('InvalidParameterValue', `Value (${AttributeName}) for parameter attributeName is invalid.`);
      }
      return { AttributeName, AttributeValues: [{ AttributeValue }] };
    });
    return { AccountAttributes: shown };
  },
});
