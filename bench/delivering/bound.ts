/**
 * What a delivery takes at the least, worked out from the fleet and AWS's rules alone: nothing of amiport is asked.
 * Times are those of the simulator's settings; the quotas those of facts 7.
 */
import { DEFAULT_SETTINGS } from '../../src/sim/world/settings.ts';
import { type Fleet, SIZE_GIB, type Way } from './fleet.ts';

/** KMS API Reference "CreateGrant": up to five minutes until a grant counts everywhere. */
const GRANTS_SETTLE_MS = 300_000;
/** IMG-51: accounts that one image is open to at once. */
const ENTITIES_MAX = 1_000;
/** SNAP-1 and ModifyImageAttribute: accounts in one call. */
const ACCOUNTS_PER_SNAPSHOT_CALL = 500;
const GRANTS_PER_PAGE = 100;

const { pendingMs, copyFixedMs, copyMiBPerSecond, ssmImageCheckMs } = DEFAULT_SETTINGS;
/** Beginning, fixed part, and the bytes; within a Region under the same key only the beginning twice. */
const FULL_COPY_MS = pendingMs + copyFixedMs + (1000 * SIZE_GIB * 1024) / copyMiBPerSecond;
const NEAR_COPY_MS = 2 * pendingMs;

/** Calls per second of the builder, of which as many may come at once (facts 7). */
const STS_PER_SECOND = 600;
const REPLICATE_KEY_PER_SECOND = 5;
const queuedMs = (calls: number, perSecond: number): number => (1000 * Math.max(0, calls - perSecond)) / perSecond;

/** A session of each account, each checked, before anything is known; a key for every Region before any grant on it. */
const quotaMs = ({ accounts, regions }: Fleet, way: Way): number =>
  queuedMs(2 * accounts.length + 1, STS_PER_SECOND) +
  (way === 'shared-encrypted' ? queuedMs(regions.length - 1, REPLICATE_KEY_PER_SECOND) : 0);

/** The critical path and the quotas that all of it has to pass: no two things of different places wait for each other else. */
export const leastMs = (fleet: Fleet, way: Way): number => quotaMs(fleet, way) + pathMs(fleet, way);

function pathMs({ accounts, regions }: Fleet, way: Way): number {
  const far = regions.length > 1;
  const builderCopyMs = far || way === 'shared-encrypted' ? FULL_COPY_MS : NEAR_COPY_MS;
  switch (way) {
    case 'shared-unencrypted':
      return builderCopyMs + ssmImageCheckMs;
    case 'shared-encrypted':
      return Math.max(builderCopyMs, GRANTS_SETTLE_MS) + ssmImageCheckMs;
    case 'account-copies':
      return builderCopyMs + Math.ceil(accounts.length / ENTITIES_MAX) * FULL_COPY_MS + ssmImageCheckMs;
  }
}

type Calls = Readonly<Record<string, number>>;

/** Everything that decides, read once; `images`: whether the delivery is there already. */
export function leastReads({ accounts, regions }: Fleet, way: Way, delivered: boolean): Calls {
  const [a, r] = [accounts.length, regions.length];
  const key = way === 'shared-encrypted';
  const own = way === 'account-copies';
  const linkedThere = delivered;
  return added([
    {
      'sts:AssumeRole': a + 1,
      'sts:GetCallerIdentity': a,
      // Settings, image and key of every place; the parameter that is to name the image.
      'ec2:GetEbsEncryptionByDefault': a * r + r,
      'ec2:GetEbsDefaultKmsKeyId': a * r + r,
      'ec2:GetAllowedImagesSettings': a * r,
      'ec2:DescribeImages': a * r + r + 1,
      'ssm:GetParameter': a * r,
      'kms:DescribeKey': a * r + (key ? r : 0) + (own ? a * r : 0),
      'kms:GetKeyPolicy': a * r + (key && delivered ? r : 0) + (own && delivered ? a * r : 0),
      // Whether it leaked is in a key's tags.
      'kms:ListResourceTags': (key && delivered ? r : 0) + (own && delivered ? a * r : 0),
      'kms:ListGrants': (key && delivered ? r * Math.ceil(a / GRANTS_PER_PAGE) : 0) + (own && delivered ? a * r : 0),
      // The launcher's role with its policy; the service-linked one, where it is there.
      'iam:GetRole': 2 * a + (way === 'shared-unencrypted' ? 0 : a),
    },
    rolesRead(a, linkedThere, way),
    // Whether a key is there under another name: CreateKey takes no token, so a broken run's is found by its tags.
    delivered ? { 'ec2:DescribeImageAttribute': r } : { 'kms:ListKeys': own ? a * r : key ? 1 : 0 },
    delivered && key ? { 'kms:ListAliases': r, 'kms:GetKeyRotationStatus': r } : {},
  ]);
}

function rolesRead(accounts: number, linkedThere: boolean, way: Way): Calls {
  const roles = accounts * (1 + (linkedThere ? 1 : 0) + (way === 'shared-unencrypted' ? 0 : 1));
  return {
    'iam:ListRolePolicies': roles,
    'iam:ListAttachedRolePolicies': roles,
    'iam:GetRolePolicy': accounts * (way === 'shared-encrypted' && linkedThere ? 2 : 1),
  };
}

/** What has to be said to AWS once, in the largest calls it takes. */
export function leastEffects({ accounts, regions }: Fleet, way: Way): Calls {
  const [a, r] = [accounts.length, regions.length];
  const sharing = { 'ec2:CopyImage': r, 'ec2:ModifyImageAttribute': r };
  const always = { 'iam:CreateServiceLinkedRole': a, 'ssm:PutParameter': a * r, 'ssm:AddTagsToResource': a * r };
  switch (way) {
    case 'shared-unencrypted':
      return added([always, sharing]);
    case 'shared-encrypted':
      return added([
        always,
        sharing,
        { 'kms:CreateKey': 1, 'kms:ReplicateKey': r - 1, 'kms:CreateAlias': r, 'kms:EnableKeyRotation': 1 },
        { 'kms:CreateGrant': a * r, 'iam:PutRolePolicy': a },
      ]);
    case 'account-copies': {
      const waves = Math.ceil(a / ENTITIES_MAX);
      const open = 2 * Math.max(waves, 1) * r;
      return added([
        always,
        { 'ec2:CopyImage': r + a * r, 'kms:CreateKey': a * r, 'kms:CreateAlias': a * r },
        {
          'ec2:ModifyImageAttribute': open,
          'ec2:ModifySnapshotAttribute': 2 * Math.ceil(a / ACCOUNTS_PER_SNAPSHOT_CALL) * r,
        },
      ]);
    }
  }
}

/** What the run has changed and a proof hangs on, read once more; and each parameter until it names the image. */
export function leastProofReads({ accounts, regions }: Fleet, way: Way): Calls {
  const [a, r] = [accounts.length, regions.length];
  const changedRoles = a * (way === 'shared-encrypted' ? 2 : 1);
  const key = way === 'shared-encrypted';
  return added([
    { 'ec2:DescribeImages': r, 'ssm:GetParameters': a * r },
    { 'iam:GetRole': changedRoles, 'iam:ListRolePolicies': changedRoles, 'iam:ListAttachedRolePolicies': changedRoles },
    key ? { 'iam:GetRolePolicy': 2 * a, 'kms:DescribeKey': r, 'kms:GetKeyPolicy': r } : {},
    key ? { 'kms:ListGrants': r * Math.ceil(a / GRANTS_PER_PAGE) } : {},
    way === 'account-copies' ? { 'kms:DescribeKey': a * r, 'kms:GetKeyPolicy': a * r, 'kms:ListGrants': a * r } : {},
  ]);
}

export function added(parts: readonly Calls[]): Calls {
  const sum: Record<string, number> = {};
  for (const part of parts) for (const [api, calls] of Object.entries(part)) sum[api] = (sum[api] ?? 0) + calls;
  return sum;
}
