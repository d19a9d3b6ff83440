/**
 * Table of AWS facts: how many calls an account may make in a Region, as token buckets (most at once, refill per second).
 * Sources: EC2 Developer Guide "Request throttling for the Amazon EC2 API"; KMS Developer Guide "Request quotas"; AWS
 * General Reference "Systems Manager endpoints and quotas" (standard throughput); IAM User Guide "IAM and AWS STS quotas".
 * AWS publishes no rates of IAM, Organizations and Auto Scaling: calls there wait only once AWS has said "slow down".
 */
export interface Rate {
  /** Calls of one name share a bucket. */
  readonly name: string;
  readonly capacity: number;
  readonly perSecond: number;
}

const rate = (name: string, capacity: number, perSecond = capacity): Rate => ({ name, capacity, perSecond });

const EC2: Readonly<Record<string, Rate>> = {
  CopyImage: rate('ec2:CopyImage', 100, 1),
  ...Object.fromEntries(
    [
      'CreateSnapshot',
      'DeleteSnapshot',
      'ModifySnapshotAttribute',
      'ModifyImageAttribute',
      'DeregisterImage',
      'CreateLaunchTemplateVersion',
      'ModifyLaunchTemplate',
    ].map((action) => [action, rate(`ec2:${action}`, 100, 5)]),
  ),
  CreateTags: rate('ec2:CreateTags', 100, 10),
  RunInstances: rate('ec2:RunInstances', 5, 2),
};
const EC2_READS = rate('ec2:reads', 100, 20);
const EC2_CHANGES = rate('ec2:changes', 50, 5);

/** Per second; AWS lets no more at once than in a second. */
const KMS: Readonly<Record<string, number>> = {
  CreateAlias: 5,
  CreateGrant: 50,
  CreateKey: 5,
  DescribeKey: 2000,
  EnableKeyRotation: 15,
  GetKeyPolicy: 1000,
  GetKeyRotationStatus: 1000,
  ListAliases: 500,
  ListGrants: 100,
  ListKeys: 500,
  PutKeyPolicy: 15,
  ReplicateKey: 5,
  RetireGrant: 50,
  RevokeGrant: 50,
  ScheduleKeyDeletion: 15,
  TagResource: 10,
};

/** Facts 7, of two lists of AWS's own default quotas. */
const EBS: Readonly<Record<string, number>> = { GetSnapshotBlock: 1000, ListChangedBlocks: 50, ListSnapshotBlocks: 50 };

const SSM_THROUGHPUT = rate('ssm:throughput', 40);
const SSM_SHARED = new Set(['GetParameter', 'GetParameters', 'PutParameter']);
const STS = rate('sts:requests', 600);

/** @param what `ec2:CopyImage` @returns undefined where AWS publishes no rate */
export function rateOf(what: string): Rate | undefined {
  const [service = '', action = ''] = what.split(':');
  switch (service) {
    case 'ec2':
      return EC2[action] ?? (/^(Describe|Get|List|Search)/.test(action) ? EC2_READS : EC2_CHANGES);
    case 'ebs':
    case 'kms': {
      const perSecond = (service === 'kms' ? KMS : EBS)[action];
      return perSecond === undefined ? undefined : rate(what, perSecond);
    }
    case 'ssm':
      return SSM_SHARED.has(action) ? SSM_THROUGHPUT : undefined;
    case 'sts':
      return STS;
    default:
      return undefined;
  }
}
