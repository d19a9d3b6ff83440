/**
 * Reads of the network, as far as Packer, the CLI and Auto Scaling need them.
 * Sources: EC2 API Reference DescribeVpcs, DescribeSubnets, DescribeRouteTables, DescribeInternetGateways.
 */
import { describedTags } from '../../launch/describe-instance.ts';
import { type Asked, type Fields, listed } from '../../launch/listing.ts';
import { ensureNetwork } from '../../launch/network.ts';
import { placeId } from '../../launch/place-ids.ts';
import { zoneId } from '../../launch/zones.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Subnet, Vpc } from '../../world/ec2.ts';

/** Those with the ids, or all; an unknown id is refused with `code` and `says`. */
function chosen<T>(
  all: ReadonlyMap<string, T>,
  ids: readonly string[] | undefined,
  code: string,
  says: (id: string) => string,
): T[] {
  if (!ids?.length) return [...all.values()];
  return ids.map((id) => {
    const one = all.get(id);
    if (one === undefined) throw new Fault(code, says(id));
    return one;
  });
}

const VPC_FIELDS: Fields<Vpc> = {
  cidr: (v) => v.cidr,
  'cidr-block': (v) => v.cidr,
  'cidr-block-association.cidr-block': (v) => v.cidr,
  'is-default': (v) => String(v.isDefault),
  isDefault: (v) => String(v.isDefault),
  state: () => 'available',
  tag: (v) => v.tags,
  'vpc-id': (v) => v.vpcId,
};

export const describeVpcs = operation<Ec2.DescribeVpcsRequest, Ec2.DescribeVpcsResult>('ec2.DescribeVpcs', {
  accepts: ['VpcIds', 'Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeVpcs', resource: '*' }],
  apply(call) {
    const { input, place } = call;
    const all = ensureNetwork(call, place).vpcs;
    const wanted = chosen(all, input.VpcIds, 'InvalidVpcID.NotFound', (id) => `The vpc ID '${id}' does not exist`);
    const page = listed(wanted, VPC_FIELDS, input);
    const shown = page.items.map(
      (v): Ec2.Vpc => ({
        CidrBlock: v.cidr,
        CidrBlockAssociationSet: [
          {
            AssociationId: v.vpcId.replace(/^vpc-/, 'vpc-cidr-assoc-'),
            CidrBlock: v.cidr,
            CidrBlockState: { State: 'associated' },
          },
        ],
        DhcpOptionsId: placeId('dopt', place.account, place.region),
        InstanceTenancy: 'default',
        IsDefault: v.isDefault,
        OwnerId: place.account,
        State: 'available',
        Tags: describedTags(v.tags),
        VpcId: v.vpcId,
      }),
    );
    return { Vpcs: shown, NextToken: page.nextToken };
  },
});

const free = (subnet: Subnet): number => 2 ** (32 - Number(subnet.cidr.split('/')[1] ?? 20)) - 5;

const subnetFields = (account: string): Fields<Subnet> => ({
  'availability-zone': (s) => s.zone,
  availabilityZone: (s) => s.zone,
  'availability-zone-id': (s) => zoneId(s.zone),
  'available-ip-address-count': (s) => String(free(s)),
  cidr: (s) => s.cidr,
  cidrBlock: (s) => s.cidr,
  'cidr-block': (s) => s.cidr,
  'default-for-az': (s) => String(s.isDefault),
  defaultForAz: (s) => String(s.isDefault),
  'map-public-ip-on-launch': (s) => String(s.isDefault),
  'owner-id': () => account,
  state: () => 'available',
  'subnet-id': (s) => s.subnetId,
  tag: (s) => s.tags,
  'vpc-id': (s) => s.vpcId,
});

export const describeSubnets = operation<Ec2.DescribeSubnetsRequest, Ec2.DescribeSubnetsResult>('ec2.DescribeSubnets', {
  accepts: ['SubnetIds', 'Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeSubnets', resource: '*' }],
  apply(call) {
    const { input, place } = call;
    const all = ensureNetwork(call, place).subnets;
    const wanted = chosen(
      all,
      input.SubnetIds,
      'InvalidSubnetID.NotFound',
      (id) => `The subnet ID '${id}' does not exist`,
    );
    const page = listed(wanted, subnetFields(place.account), input);
    const shown = page.items.map(
      (s): Ec2.Subnet => ({
        AssignIpv6AddressOnCreation: false,
        AvailabilityZone: s.zone,
        AvailabilityZoneId: zoneId(s.zone),
        AvailableIpAddressCount: free(s),
        CidrBlock: s.cidr,
        DefaultForAz: s.isDefault,
        Ipv6CidrBlockAssociationSet: [],
        MapPublicIpOnLaunch: s.isDefault,
        OwnerId: place.account,
        State: 'available',
        SubnetArn: `arn:${call.world.partition}:ec2:${place.region}:${place.account}:subnet/${s.subnetId}`,
        SubnetId: s.subnetId,
        Tags: describedTags(s.tags),
        VpcId: s.vpcId,
      }),
    );
    return { Subnets: shown, NextToken: page.nextToken };
  },
});

/** The default VPC's main route table and internet gateway; no others can be made. */
function routing(call: Call<object>) {
  const { place } = call;
  const vpcs = [...ensureNetwork(call, place).vpcs.values()].filter((vpc) => vpc.isDefault);
  return vpcs.map((vpc) => ({
    vpc,
    table: placeId('rtb', place.account, place.region),
    gateway: placeId('igw', place.account, place.region),
  }));
}

type Routing = ReturnType<typeof routing>[number];

const TABLE_FIELDS: Fields<Routing> = {
  'association.main': () => 'true',
  'route-table-id': (r) => r.table,
  'vpc-id': (r) => r.vpc.vpcId,
};

export const describeRouteTables = operation<Ec2.DescribeRouteTablesRequest, Ec2.DescribeRouteTablesResult>(
  'ec2.DescribeRouteTables',
  {
    accepts: ['Filters', 'NextToken', 'MaxResults'],
    demands: () => [{ action: 'ec2:DescribeRouteTables', resource: '*' }],
    apply(call) {
      const page = listed(routing(call), TABLE_FIELDS, call.input as Asked);
      const shown = page.items.map(
        ({ vpc, table, gateway }): Ec2.RouteTable => ({
          Associations: [
            {
              AssociationState: { State: 'associated' },
              Main: true,
              RouteTableAssociationId: table.replace(/^rtb-/, 'rtbassoc-'),
              RouteTableId: table,
            },
          ],
          OwnerId: call.place.account,
          PropagatingVgws: [],
          RouteTableId: table,
          Routes: [
            { DestinationCidrBlock: vpc.cidr, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
            { DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway, Origin: 'CreateRoute', State: 'active' },
          ],
          Tags: [],
          VpcId: vpc.vpcId,
        }),
      );
      return { RouteTables: shown, NextToken: page.nextToken };
    },
  },
);

const GATEWAY_FIELDS: Fields<Routing> = {
  'attachment.state': () => 'available',
  'attachment.vpc-id': (r) => r.vpc.vpcId,
  'internet-gateway-id': (r) => r.gateway,
};

export const describeInternetGateways = operation<
  Ec2.DescribeInternetGatewaysRequest,
  Ec2.DescribeInternetGatewaysResult
>('ec2.DescribeInternetGateways', {
  accepts: ['Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeInternetGateways', resource: '*' }],
  apply(call) {
    const page = listed(routing(call), GATEWAY_FIELDS, call.input as Asked);
    const shown = page.items.map(
      ({ vpc, gateway }): Ec2.InternetGateway => ({
        Attachments: [{ State: 'available' as Ec2.AttachmentStatus, VpcId: vpc.vpcId }],
        InternetGatewayId: gateway,
        OwnerId: call.place.account,
        Tags: [],
      }),
    );
    return { InternetGateways: shown, NextToken: page.nextToken };
  },
});
