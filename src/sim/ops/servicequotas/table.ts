/**
 * Table of AWS facts: the quotas that the simulator enforces, under the codes that Service Quotas has for them.
 * Sources: EC2 User Guide "AMI quotas"; KMS Developer Guide "Resource quotas", "Request quotas"; EBS User Guide
 * "Quotas for Amazon EBS"; codes as ListServiceQuotas gives them.
 */
import { GRANTS_MAX } from '../../kms/grants.ts';
import { AWS_QUOTAS } from '../../quotas.ts';

export interface Quota {
  readonly service: 'ec2' | 'ebs' | 'kms';
  readonly code: string;
  readonly name: string;
  readonly value: number;
  readonly adjustable: boolean;
  readonly unit: 'None' | 'Bytes';
  /** A rate: so many in each second. */
  readonly perSecond: boolean;
}

export const SERVICE_NAMES: Readonly<Record<Quota['service'], string>> = {
  ebs: 'Amazon Elastic Block Store (Amazon EBS)',
  ec2: 'Amazon Elastic Compute Cloud (Amazon EC2)',
  kms: 'AWS Key Management Service (AWS KMS)',
};

const count = (service: Quota['service'], code: string, name: string, value: number): Quota => ({
  service,
  code,
  name,
  value,
  adjustable: true,
  unit: 'None',
  perSecond: false,
});

/** The very rate that the throttle goes by. */
const rate = (service: 'ebs' | 'kms', code: string, bucket: string, name: string, adjustable: boolean): Quota => ({
  service,
  code,
  name,
  value: AWS_QUOTAS.rates[bucket]?.perSecond ?? 0,
  adjustable,
  unit: 'None',
  perSecond: true,
});

const ebs = (code: string, action: string, adjustable = false): Quota =>
  rate('ebs', code, `ebs.${action}`, `${action} requests per account`, adjustable);
const kms = (code: string, action: string): Quota => rate('kms', code, `kms.${action}`, `${action} request rate`, true);

export const QUOTAS: readonly Quota[] = [
  count('ec2', 'L-70015FFA', 'AMI sharing', 1000),
  ebs('L-18E976AB', 'ListSnapshotBlocks'),
  ebs('L-DB2FBAA1', 'ListChangedBlocks'),
  ebs('L-C125AE42', 'GetSnapshotBlock', true),
  ebs('L-AFAE1BE8', 'PutSnapshotBlock', true),
  ebs('L-AFEBDF7A', 'StartSnapshot'),
  ebs('L-1D4D9345', 'CompleteSnapshot'),
  { ...count('kms', 'L-8D683C05', 'Key policy document size', 32_768), adjustable: false, unit: 'Bytes' },
  count('kms', 'L-D594A657', 'Grants per CMK', GRANTS_MAX),
  rate('kms', 'L-6E3AF000', 'kms:cryptographic', 'Cryptographic operations (symmetric) request rate', true),
  kms('L-0428A42E', 'CreateGrant'),
  kms('L-74021A59', 'RetireGrant'),
  kms('L-F20EBCB7', 'RevokeGrant'),
  kms('L-D39AB822', 'ListGrants'),
  kms('L-161E93A6', 'ListRetirableGrants'),
  kms('L-FAE8F084', 'DescribeKey'),
  kms('L-A2A30EC6', 'GetKeyPolicy'),
  kms('L-D7711EF4', 'GetKeyRotationStatus'),
  kms('L-9DDDE6CA', 'PutKeyPolicy'),
  kms('L-32B67F4A', 'CreateKey'),
  kms('L-E1C93865', 'ReplicateKey'),
  kms('L-BE799B67', 'EnableKeyRotation'),
  kms('L-88313D4A', 'ScheduleKeyDeletion'),
  kms('L-F7504F73', 'CreateAlias'),
  kms('L-7D6DE447', 'TagResource'),
  kms('L-8A08DAEA', 'ListKeys'),
  kms('L-BF3F8F1D', 'ListAliases'),
  kms('L-F83AC7F7', 'UpdatePrimaryRegion'),
];
