import * as autoscaling from '@aws-sdk/client-auto-scaling';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as ebs from '@aws-sdk/client-ebs';
import * as ec2 from '@aws-sdk/client-ec2';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as organizations from '@aws-sdk/client-organizations';
import * as servicequotas from '@aws-sdk/client-service-quotas';
import * as ssm from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { says } from './ec2/testing.ts';
import { PAGE_BOUNDS } from './page-bounds.ts';
import { OPERATIONS } from './registry.ts';
import { type As, type ClientConfig, simForTests } from './testing.ts';

interface Client {
  send(command: object): Promise<unknown>;
}
type Sdk = Readonly<Record<string, unknown>>;

const SDK: Readonly<Record<string, readonly [Sdk, new (config: ClientConfig) => unknown]>> = {
  autoscaling: [autoscaling, autoscaling.AutoScalingClient],
  cloudtrail: [cloudtrail, cloudtrail.CloudTrailClient],
  ebs: [ebs, ebs.EBSClient],
  ec2: [ec2, ec2.EC2Client],
  iam: [iam, iam.IAMClient],
  kms: [kms, kms.KMSClient],
  organizations: [organizations, organizations.OrganizationsClient],
  servicequotas: [servicequotas, servicequotas.ServiceQuotasClient],
  ssm: [ssm, ssm.SSMClient],
};

const sim = simForTests();
const AS: As = { account: '111111111111' };
/** What some operations cannot do without; the SDK leaves out what an operation has not. */
const REQUIRED = {
  ...{
    SnapshotId: 'snap-1',
    SecondSnapshotId: 'snap-2',
    KeyId: 'alias/none',
    Path: '/none',
    Name: 'none',
    FleetId: 'fleet-0',
    ImageIds: ['ami-0'],
  },
  ...{
    RoleName: 'none',
    UserName: 'none',
    GroupName: 'none',
    PolicyArn: 'arn:aws:iam::aws:policy/none',
    ActionNames: ['s3:*'],
  },
  ...{ PolicySourceArn: 'arn:aws:iam::111111111111:role/none', PolicyInputList: ['{}'], ServiceCode: 'kms' },
  ...{ ParentId: 'r-none', ChildId: '111111111111', ChildType: 'ACCOUNT', TargetId: 'r-none', PolicyId: 'p-none' },
  ...{
    Filter: 'SERVICE_CONTROL_POLICY',
    AutoScalingGroupName: 'none',
    RetiringPrincipal: 'arn:aws:iam::111111111111:root',
  },
};

/** What the call says when it asks for a page of `size`, and no more. */
async function asking(operation: string, member: string, size: number): Promise<string> {
  const [service = '', action = ''] = operation.split('.');
  const [module, ClientOf] = SDK[service] ?? [];
  const CommandOf = module?.[`${action}Command`] as (new (input: object) => object) | undefined;
  if (!ClientOf || !CommandOf) throw new Error(`no client for ${operation}`);
  const client = sim.client(ClientOf, AS) as Client;
  return says(client.send(new CommandOf({ ...REQUIRED, [member]: size })));
}

const REFUSED = new RegExp(
  [
    'InvalidParameterValue: (Value . -?\\d+ . for parameter maxResults is invalid|Maximum results allowed are between)',
    'InvalidInputException: .*MaxResults must be from',
    'InvalidMaxResultsException: ',
    'IllegalArgumentException: MaxResults must be between',
    'ValidationException: MaxResults must be between',
    "Validation(Error|Exception): 1 validation error detected: Value '-?\\d+' at '(limit|max\\w+)' failed to satisfy constraint",
  ].join('|'),
);

describe('PAGE-1: how large a page may be', () => {
  test('every operation with pages has its bounds, and no other', () => {
    const members = ['MaxResults', 'MaxRecords', 'MaxItems', 'Limit'];
    const paged = OPERATIONS.flatMap(({ name, accepts }) =>
      members.filter((member) => accepts.has(member)).map((member) => `${name} ${member}`),
    );
    expect([...PAGE_BOUNDS].map(([name, { member }]) => `${name} ${member}`).toSorted()).toEqual(paged.toSorted());
  });

  test.each([...PAGE_BOUNDS])('%s: %o', async (name, { member, least, most }) => {
    expect(await asking(name, member, least - 1)).toMatch(REFUSED);
    expect(await asking(name, member, least)).not.toMatch(REFUSED);
    expect(await asking(name, member, most ?? 100_000)).not.toMatch(REFUSED);
    if (most !== undefined) expect(await asking(name, member, most + 1)).toMatch(REFUSED);
  });

  const constraint = (value: number, at: string, bound: string) =>
    `1 validation error detected: Value '${value}' at '${at}' failed to satisfy constraint: Member must have value ${bound}`;
  test.each([
    [
      'ec2.DescribeVpcs',
      4,
      'InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
    ],
    [
      'ec2.DescribeLaunchTemplateVersions',
      1000,
      'InvalidParameterValue: Maximum results allowed are between 1 and 200',
    ],
    ['kms.ListGrants', 101, `ValidationException: ${constraint(101, 'limit', 'less than or equal to 100')}`],
    ['iam.ListPolicies', 1001, `ValidationError: ${constraint(1001, 'maxItems', 'less than or equal to 1000')}`],
    ['autoscaling.DescribeTags', 0, `ValidationError: ${constraint(0, 'maxRecords', 'greater than or equal to 1')}`],
    ['ssm.GetParametersByPath', 11, `ValidationException: ${constraint(11, 'maxResults', 'less than or equal to 10')}`],
    ['cloudtrail.LookupEvents', 51, 'InvalidMaxResultsException: Max results must be between 1 and 50.'],
  ])('%s of %i says', async (name, size, text) => {
    expect(await asking(name, PAGE_BOUNDS.get(name)?.member ?? '', size)).toBe(text);
  });

  test('nothing of the simulator broke over them', () => expect(sim.bugs).toEqual([]));
});
