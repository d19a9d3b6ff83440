/**
 * AWS's request rates as token buckets, per calling account and Region, on simulated time.
 * Source: facts/aws-semantics.md section 7 (EC2 API throttling; KMS "Request quotas"; EBS direct quotas); IAM User Guide
 * "IAM and AWS STS quotas" (STS requests); AWS General Reference "Systems Manager endpoints and quotas" (Parameter Store);
 * CloudTrail API Reference "LookupEvents".
 * Differs from AWS: calls that services make to KMS for a caller count (GR-11), and are never refused themselves: they wait, and
 * who comes after them waits for them, too. AWS tells no rates of IAM and Auto Scaling, and those of Organizations are not
 * in here: a quota file may give them some.
 */

import type { Attempt, Gate } from './kernel.ts';
import { onServiceCall } from './kms/service-calls.ts';
import { Fault } from './operation.ts';
import type { World } from './world/world.ts';

export interface Bucket {
  readonly capacity: number;
  readonly perSecond: number;
}

/** Bucket name → rate. Actions that share a bucket share its name in `groupOf`. */
export type Rates = Readonly<Record<string, Bucket>>;

/** How many may be in progress at once, per account and destination Region. */
export interface Limits {
  readonly snapshotCopies: number;
  readonly imageCopies: number;
}

export interface Quotas {
  readonly rates: Rates;
  readonly limits: Limits;
}

const bucket = (capacity: number, perSecond: number): Bucket => ({ capacity, perSecond });
const rate = (perSecond: number): Bucket => bucket(perSecond, perSecond);

const MUTATING_100 = [
  'CreateSnapshot',
  'CreateSnapshots',
  'DeleteSnapshot',
  'ModifySnapshotAttribute',
  'ModifyImageAttribute',
  'DeregisterImage',
  'CreateVolume',
  'CreateLaunchTemplateVersion',
  'ModifyLaunchTemplate',
];
const ONE_TENTH = [
  'EnableImageBlockPublicAccess',
  'DisableImageBlockPublicAccess',
  'EnableSnapshotBlockPublicAccess',
  'DisableSnapshotBlockPublicAccess',
];

const AWS_RATES: Rates = {
  'ec2:reads': bucket(100, 20),
  'ec2:reads-unfiltered': bucket(50, 10),
  'ec2:mutating': bucket(50, 5),
  'ec2.CopyImage': bucket(100, 1),
  'ec2.CreateTags': bucket(100, 10),
  'ec2.DeleteTags': bucket(100, 10),
  'ec2.RunInstances': bucket(5, 2),
  'ec2.StartInstances': bucket(5, 2),
  'ec2:instances-started': bucket(1000, 2),
  'ec2:instances-terminated': bucket(1000, 20),
  ...Object.fromEntries(MUTATING_100.map((action) => [`ec2.${action}`, bucket(100, 5)])),
  ...Object.fromEntries(ONE_TENTH.map((action) => [`ec2.${action}`, bucket(1, 0.1)])),
  'kms:cryptographic': rate(10_000),
  'kms.CreateGrant': rate(50),
  'kms.RetireGrant': rate(50),
  'kms.RevokeGrant': rate(50),
  'kms.ListGrants': rate(100),
  'kms.ListRetirableGrants': rate(100),
  'kms.DescribeKey': rate(2000),
  'kms.GetKeyPolicy': rate(1000),
  'kms.GetKeyRotationStatus': rate(1000),
  'kms.PutKeyPolicy': rate(15),
  'kms.CreateKey': rate(5),
  'kms.ReplicateKey': rate(5),
  'kms.EnableKeyRotation': rate(15),
  'kms.RotateKeyOnDemand': rate(5),
  'kms.ListKeyRotations': rate(100),
  'kms.ScheduleKeyDeletion': rate(15),
  'kms.CreateAlias': rate(5),
  'kms.TagResource': rate(10),
  'kms.ListKeys': rate(500),
  'kms.ListAliases': rate(500),
  'kms.UpdatePrimaryRegion': rate(5),
  'ebs.ListSnapshotBlocks': rate(50),
  'ebs.ListChangedBlocks': rate(50),
  'ebs.GetSnapshotBlock': rate(1000),
  'ebs.PutSnapshotBlock': rate(1000),
  'ebs.StartSnapshot': rate(10),
  'ebs.CompleteSnapshot': rate(10),
  'sts:requests': rate(600),
  'ssm:throughput': rate(40),
  'cloudtrail.LookupEvents': rate(2),
};

/** EBS User Guide "Copy an Amazon EBS snapshot"; EC2 User Guide "How Amazon EC2 AMI copy works" (facts 7). */
export const AWS_QUOTAS: Quotas = { rates: AWS_RATES, limits: { snapshotCopies: 20, imageCopies: 300 } };
const NONE = Number.POSITIVE_INFINITY;
export const NO_QUOTAS: Quotas = { rates: {}, limits: { snapshotCopies: NONE, imageCopies: NONE } };

/** Shares that exist beside single operations. */
export const SHARED_RATES: readonly string[] = [
  ...Object.keys(AWS_RATES).filter((name) => name.includes(':')),
  ...['iam', 'organizations', 'autoscaling', 'ssm', 'cloudtrail', 'servicequotas', 'ebs'].map((s) => `${s}:requests`),
];

const KMS_CRYPTOGRAPHIC =
  /^(Encrypt|Decrypt|ReEncrypt|GenerateDataKey|GenerateRandom|Sign|Verify|GenerateMac|VerifyMac)/;
const kmsShare = (action: string): string | undefined =>
  KMS_CRYPTOGRAPHIC.test(action) ? 'kms:cryptographic' : undefined;
const PARAMETER_THROUGHPUT = new Set(['GetParameter', 'GetParameters', 'PutParameter']);
const UNFILTERED = new Set(['DescribeInstances', 'DescribeSnapshots', 'DescribeVolumes']);

/** Each request draws from these, `tokens` from each; all must have them. */
function drawsOf(attempt: Attempt, quotas: Rates): readonly { readonly name: string; readonly tokens: number }[] {
  const { action, input } = attempt;
  const own = `${attempt.service.name}.${action}`;
  const draws = [{ name: own in quotas ? own : groupOf(attempt), tokens: 1 }];
  if (own === 'ec2.RunInstances') {
    draws.push({ name: 'ec2:instances-started', tokens: (input as { readonly MaxCount?: number }).MaxCount ?? 1 });
  }
  if (own === 'ec2.TerminateInstances') {
    const { InstanceIds } = input as { readonly InstanceIds?: readonly string[] };
    draws.push({ name: 'ec2:instances-terminated', tokens: InstanceIds?.length ?? 1 });
  }
  return draws;
}

function groupOf({ service, action, input }: Attempt): string {
  const share = service.name === 'kms' ? kmsShare(action) : undefined;
  if (share) return share;
  if (service.name === 'ssm' && PARAMETER_THROUGHPUT.has(action)) return 'ssm:throughput';
  if (service.name !== 'ec2') return `${service.name}:requests`;
  if (!/^(Describe|Get|List|Search)/.test(action)) return 'ec2:mutating';
  return UNFILTERED.has(action) && Object.keys(input).length === 0 ? 'ec2:reads-unfiltered' : 'ec2:reads';
}

interface Level {
  tokens: number;
  atMs: number;
}

/** A gate that refuses what exceeds the rates, in the words of each service. @param world whose services' calls count, too */
export function quotaGate(quotas: Rates = AWS_RATES, world?: World): Gate {
  const levels = new Map<string, Level>();
  const levelOf = (account: string, region: string, name: string, nowMs: number): Level | undefined => {
    const rates = quotas[name];
    if (!rates) return undefined;
    const key = `${account}/${region}/${name}`;
    const level = levels.get(key) ?? { tokens: rates.capacity, atMs: nowMs };
    levels.set(key, level);
    const gained = (Math.max(0, nowMs - level.atMs) * rates.perSecond) / 1000;
    level.tokens = Math.min(rates.capacity, level.tokens + gained);
    level.atMs = Math.max(level.atMs, nowMs);
    return level;
  };
  if (world) {
    // GR-11. Below zero: what services still wait for.
    onServiceCall(world, ({ account, region, operation, nowMs }) => {
      const level = levelOf(account, region, kmsShare(operation) ?? `kms.${operation}`, nowMs);
      if (level) level.tokens -= 1;
    });
  }
  return (attempt) => {
    const drawn = drawsOf(attempt, quotas).flatMap(({ name, tokens }) => {
      const level = levelOf(attempt.caller.account, attempt.region, name, attempt.nowMs);
      return level ? [{ level, tokens }] : [];
    });
    if (drawn.some(({ level, tokens }) => level.tokens < tokens)) return throttled(attempt.service.name);
    for (const { level, tokens } of drawn) level.tokens -= tokens;
    return undefined;
  };
}

/** How each service says that it was called too often. */
export function throttled(service: string): Fault {
  switch (service) {
    case 'ec2':
      return new Fault('RequestLimitExceeded', 'Request limit exceeded.', 503);
    case 'kms':
      return new Fault(
        'ThrottlingException',
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
        400,
      );
    case 'ebs':
      return new Fault('RequestThrottledException', 'The request was throttled.', 400, { Reason: 'ACCOUNT_THROTTLED' });
    case 'iam':
    case 'sts':
    case 'autoscaling':
      return new Fault('Throttling', 'Rate exceeded', 400);
    case 'organizations':
      return new Fault('TooManyRequestsException', 'Rate exceeded', 400);
    default:
      return new Fault('ThrottlingException', 'Rate exceeded', 400);
  }
}
