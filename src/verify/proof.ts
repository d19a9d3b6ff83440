/**
 * The proof that one launcher can launch one image in one place, or every link that is missing.
 *
 * Pure: decides from what was observed, with authz. A launch of a shared encrypted AMI needs two keys, the
 * one the snapshot is under and the one the volume will be under
 * (EC2 User Guide, "Use encryption with EBS-backed AMIs").
 */

import type { Finding } from '../base/outcome.ts';
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { ImageSeen, KeySeen, Observed, PlaceSeen, RoleSeen, SnapshotSeen } from '../model/observed.ts';
import { launchDemands } from '../plan/demands.ts';
import { decideKey, decideRunInstances, type Link } from './links.ts';
import { type VolumeKeyWish, volumeKeyOf } from './volume-key.ts';

export type Verdict = 'can-launch' | 'cannot-launch' | 'unknown';

export interface Proof {
  readonly image: string;
  readonly imageVersion: string;
  readonly account: string;
  readonly region: string;
  /** `role:NAME`, `autoscaling`, `autoscaling:SUFFIX`, `spot`, … */
  readonly launcher: string;
  readonly verdict: Verdict;
  /** Until then a grant that decides may not be effective everywhere; ms since the epoch. */
  readonly settlesAt?: number;
  /** ARN of the key the root snapshot is under; absent: unencrypted. */
  readonly readKey?: string;
  /** ARN of the key the root volume will be under; absent: unencrypted. */
  readonly volumeKey?: string;
  /** For a negative proof every missing link, for `unknown` what could not be read. */
  readonly reasons: readonly Reason[];
  readonly remedies: readonly Remedy[];
  /** What decided a positive proof: statements and grants, as a reader finds them. */
  readonly by: readonly string[];
}

export interface LaunchQuestion {
  readonly image: string;
  readonly imageVersion: string;
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
  readonly role: Finding<RoleSeen>;
  /** The builder's image in this Region. */
  readonly ami: Finding<ImageSeen>;
  readonly snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>;
  /** The builder's keys in this Region by ARN. */
  readonly readKeys: ReadonlyMap<string, Finding<KeySeen>>;
  readonly place: PlaceSeen;
  readonly volumeKey: VolumeKeyWish;
  /** True: judge the state as it will be once the launch permission is given. */
  readonly asIfShared: boolean;
}

export function proveLaunch(seen: Observed, q: LaunchQuestion): Proof {
  const links: Link[] = [];
  const where = `${q.account}/${q.region}`;
  const role = foundRole(q, links);
  const ami = foundImage(q, links);
  const readKeys = ami === undefined ? [] : keysOfSnapshots(q, ami, links);
  const volume = volumeKeyOf(q.place, readKeys.length > 0, q.volumeKey, readKeys[0]);
  if (volume.is === 'unreadable') links.push({ is: 'unknown', reason: volume.reason });
  if (volume.is === 'absent') links.push({ is: 'missing', reason: keyAbsent(where, volume.says) });
  const volumeKey = volume.is === 'known' ? volume.key : undefined;
  if (role !== undefined && ami !== undefined) {
    links.push(decideRunInstances(seen, q.account, q.region, role, ami.imageId));
    links.push(...decideKeys(seen, q, role, readKeys, volumeKey));
  }
  return assemble(q, links, readKeys[0], volumeKey?.arn);
}

function decideKeys(
  seen: Observed,
  q: LaunchQuestion,
  role: RoleSeen,
  readKeys: readonly string[],
  volumeKey: KeySeen | undefined,
): readonly Link[] {
  const links: Link[] = [];
  const keys = new Map<string, KeySeen>();
  if (volumeKey !== undefined) keys.set(volumeKey.arn, volumeKey);
  for (const arn of readKeys) {
    const key = q.readKeys.get(arn);
    if (key?.is === 'known') keys.set(arn, key.value);
    else
      links.push({
        is: 'unknown',
        reason:
          key?.is === 'unreadable'
            ? key.reason
            : reason('kms.key.unreadable', arn, `key ${arn} was not found in ${q.region}`),
      });
  }
  for (const key of keys.values()) {
    if (key.state !== 'Enabled') links.push({ is: 'missing', reason: keyState(key) });
  }
  const demands = launchDemands(q.region, readKeys, volumeKey?.arn);
  for (const key of keys.values()) {
    const onKey = demands.filter((demand) => demand.keyArn === key.arn);
    links.push(...decideKey(seen, { account: q.account, role }, key, onKey));
  }
  return links;
}

function foundRole(q: LaunchQuestion, links: Link[]): RoleSeen | undefined {
  switch (q.role.is) {
    case 'known':
      return q.role.value;
    case 'unreadable':
      links.push({ is: 'unknown', reason: q.role.reason });
      return undefined;
    case 'absent': {
      const serviceLinked = !q.launcher.startsWith('role:') && !q.launcher.startsWith('karpenter:');
      links.push({
        is: 'missing',
        reason: reason(
          serviceLinked ? 'iam.service-linked-role.absent' : 'iam.role.absent',
          q.account,
          `${q.launcher} is not there in account ${q.account}`,
          {
            remedy: {
              who: `account ${q.account}`,
              does: serviceLinked
                ? 'create the service-linked role (amiport apply does), then the grant to it'
                : 'create the role, or take it out of the launchers in amiport.yaml',
            },
          },
        ),
      });
      return undefined;
    }
  }
}

function foundImage(q: LaunchQuestion, links: Link[]): ImageSeen | undefined {
  if (q.ami.is === 'unreadable') links.push({ is: 'unknown', reason: q.ami.reason });
  if (q.ami.is === 'absent') {
    links.push({
      is: 'missing',
      reason: reason('ec2.image.absent', q.region, `image ${q.image} version ${q.imageVersion} is not in ${q.region}`, {
        remedy: { who: 'you', does: 'amiport apply copies it there' },
      }),
    });
  }
  if (q.ami.is !== 'known') return undefined;
  const ami = q.ami.value;
  if (ami.state !== 'available') {
    links.push({
      is: 'missing',
      reason: reason(
        'ec2.image.not-available',
        ami.imageId,
        `${ami.imageId} is ${ami.state}${ami.stateReason === undefined ? '' : `: ${ami.stateReason}`}`,
      ),
    });
  }
  if (!q.asIfShared) permissionLinks(q, ami, links);
  allowedImageLinks(q, ami, links);
  return ami;
}

function permissionLinks(q: LaunchQuestion, ami: ImageSeen, links: Link[]): void {
  const p = ami.launchPermissions;
  if (q.account === ami.ownerId) return;
  if (p.is === 'unreadable') links.push({ is: 'unknown', reason: p.reason });
  const shared = p.is === 'known' && (p.value.userIds.includes(q.account) || p.value.groups.includes('all'));
  if (shared || p.is === 'unreadable') return;
  links.push({
    is: 'missing',
    reason: reason(
      'ec2.launch-permission.missing',
      ami.imageId,
      `${ami.imageId} is not shared with account ${q.account}`,
      {
        remedy: {
          who: `account ${ami.ownerId}`,
          does: `aws ec2 modify-image-attribute --region ${q.region} --image-id ${ami.imageId} --launch-permission Add=[{UserId=${q.account}}] (amiport apply does)`,
        },
      },
    ),
  });
}

/** Allowed AMIs hides shared images of other providers. Source: EC2 User Guide "Allowed AMIs". */
function allowedImageLinks(q: LaunchQuestion, ami: ImageSeen, links: Link[]): void {
  const allowed = q.place.allowedImages;
  if (allowed.is === 'unreadable') links.push({ is: 'unknown', reason: allowed.reason });
  if (allowed.is !== 'known' || allowed.value.state !== 'enabled' || ami.ownerId === q.account) return;
  const admits = allowed.value.criteria.some(
    (c) =>
      (c.providers === undefined || c.providers.includes(ami.ownerId)) &&
      (c.names === undefined || c.names.some((n) => glob(n).test(ami.name))),
  );
  if (admits) return;
  links.push({
    is: 'missing',
    reason: reason(
      'ec2.allowed-amis.excluded',
      `${q.account}/${q.region}`,
      `Allowed AMIs of account ${q.account} in ${q.region} does not admit images of ${ami.ownerId}`,
      {
        remedy: {
          who: `account ${q.account}`,
          does: `add ${ami.ownerId} to the ImageProviders of Allowed AMIs in ${q.region}`,
        },
      },
    ),
  });
}

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

/** The keys the image's snapshots are under; the root's first. */
function keysOfSnapshots(q: LaunchQuestion, ami: ImageSeen, links: Link[]): readonly string[] {
  const mappings = ami.mappings.toSorted(
    (a, b) => Number(b.deviceName === ami.rootDeviceName) - Number(a.deviceName === ami.rootDeviceName),
  );
  const keys: string[] = [];
  for (const m of mappings) {
    if (m.snapshotId === undefined) continue;
    const found = q.snapshots.get(m.snapshotId);
    if (found?.is === 'known') {
      if (found.value.kmsKeyId !== undefined) keys.push(found.value.kmsKeyId);
      if (found.value.state === 'error')
        links.push({
          is: 'missing',
          reason: reason(
            'ec2.snapshot.error',
            m.snapshotId,
            `${m.snapshotId} is in state error: ${found.value.stateMessage ?? 'no message'}`,
          ),
        });
    } else {
      const why =
        found?.is === 'unreadable'
          ? found.reason
          : reason('ec2.snapshot.absent', m.snapshotId, `${m.snapshotId} of ${ami.imageId} was not found`);
      links.push({ is: 'unknown', reason: why });
    }
  }
  return [...new Set(keys)];
}

function assemble(
  q: LaunchQuestion,
  links: readonly Link[],
  readKey: string | undefined,
  volumeKey: string | undefined,
): Proof {
  const missing = links.filter((l) => l.is === 'missing');
  const unknown = links.filter((l) => l.is === 'unknown');
  const settles = links.flatMap((l) => (l.is === 'there' && l.settlesAt !== undefined ? [l.settlesAt] : []));
  const verdict: Verdict = missing.length > 0 ? 'cannot-launch' : unknown.length > 0 ? 'unknown' : 'can-launch';
  const reasons = distinct([...missing, ...unknown].map((l) => l.reason));
  return {
    image: q.image,
    imageVersion: q.imageVersion,
    account: q.account,
    region: q.region,
    launcher: q.launcher,
    verdict,
    ...(verdict === 'can-launch' && settles.length > 0 ? { settlesAt: Math.max(...settles) } : {}),
    ...(readKey === undefined ? {} : { readKey }),
    ...(volumeKey === undefined ? {} : { volumeKey }),
    reasons,
    remedies: distinct(reasons.flatMap((r) => r.remedy ?? [])),
    by: verdict === 'can-launch' ? [...new Set(links.flatMap((l) => (l.is === 'there' ? l.by : [])))] : [],
  };
}

function distinct<T>(items: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const text = JSON.stringify(item);
    return !seen.has(text) && seen.add(text);
  });
}

const keyAbsent = (where: string, says: string): Reason =>
  reason('kms.volume-key.absent', where, says, {
    remedy: { who: `account ${where.split('/')[0]}`, does: 'create the key or correct volumeKey in amiport.yaml' },
  });

function keyState(key: KeySeen): Reason {
  return reason('kms.key.not-enabled', key.arn, `${key.arn} is ${key.state}`, {
    remedy: {
      who: `account ${key.account}`,
      does:
        key.state === 'PendingDeletion'
          ? `aws kms cancel-key-deletion, then aws kms enable-key, in ${key.region}`
          : `aws kms enable-key --region ${key.region} --key-id ${key.keyId}`,
    },
  });
}
