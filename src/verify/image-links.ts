/** The links that hang on the image itself: its state, its permissions, Allowed AMIs, and the snapshots behind it. */
import { kept } from '../base/kept.ts';
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { Patch } from '../base/patch.ts';
import type { ImageSeen, Observed, SnapshotSeen } from '../model/observed.ts';
import type { Link } from './links.ts';
import { ownerOf, patchText } from './patch-text.ts';
import type { PlaceQuestion } from './question.ts';

export const remedyOf = (patch: Patch): Remedy => ({
  who: ownerOf(patch),
  does: patchText(patch),
  patches: [patch],
});

const missing = (
  code: string,
  subject: string,
  says: string,
  remedy: Remedy,
  because: readonly Reason[] = [],
): Link => ({
  is: 'missing',
  reason: reason(code, subject, says, { remedy, because }),
});

export function foundImage(seen: Observed, q: PlaceQuestion, links: Link[]): ImageSeen | undefined {
  if (q.ami.is === 'unreadable') links.push({ is: 'unknown', reason: q.ami.reason });
  if (q.ami.is === 'absent') {
    const says = `image ${q.image} version ${q.imageVersion} is not in ${q.region}`;
    links.push(missing('ec2.image.absent', q.region, says, { who: 'you', does: 'amiport apply copies it there' }));
  }
  if (q.ami.is !== 'known') return undefined;
  const ami = q.ami.value;
  if (ami.state !== 'available') {
    const says = `${ami.imageId} is ${ami.state}${ami.stateReason === undefined ? '' : `: ${ami.stateReason}`}`;
    links.push(missing('ec2.image.not-available', ami.imageId, says, whenNotAvailable(ami)));
  }
  if (!q.asIfShared) permissionLinks(seen, q, ami, links);
  allowedImageLinks(q, ami, links);
  return ami;
}

function whenNotAvailable(ami: ImageSeen): Remedy {
  const who = `account ${ami.ownerId}`;
  if (ami.state === 'pending') return { who: 'you', does: 'wait until the copy is there' };
  if (ami.state === 'disabled')
    return { who, does: `aws ec2 enable-image --image-id ${ami.imageId}, then share it again (amiport apply does)` };
  return { who: 'you', does: 'amiport apply makes a copy anew, and moves the pointers to it' };
}

function permissionLinks(seen: Observed, q: PlaceQuestion, ami: ImageSeen, links: Link[]): void {
  if (q.account === ami.ownerId) return;
  const p = ami.launchPermissions;
  if (p.is === 'unreadable') links.push({ is: 'unknown', reason: p.reason });
  if (p.is === 'unreadable' || (p.is === 'known' && admits(seen, p.value, q.account))) return;
  const toOrganization =
    p.is === 'known' && p.value.organizationArns.length + p.value.organizationalUnitArns.length > 0;
  if (toOrganization && seen.organization.is === 'unreadable') {
    links.push({ is: 'unknown', reason: seen.organization.reason });
    return;
  }
  const patch: Patch = {
    do: 'share-image',
    account: ami.ownerId,
    region: q.region,
    image: ami.imageId,
    with: q.account,
  };
  const says = `${ami.imageId} is not shared with account ${q.account}`;
  links.push(missing('ec2.launch-permission.missing', ami.imageId, says, remedyOf(patch)));
}

/** By account, to everybody, to its organization, or to a unit above it. Source: EC2 User Guide "Share an AMI with specific organizations or OUs". */
function admits(
  seen: Observed,
  p: {
    readonly userIds: readonly string[];
    readonly groups: readonly string[];
    readonly organizationArns: readonly string[];
    readonly organizationalUnitArns: readonly string[];
  },
  account: string,
): boolean {
  if (setOf(p.userIds).has(account) || p.groups.includes('all')) return true;
  if (seen.organization.is !== 'known') return false;
  const path = seen.organization.value.paths.get(account);
  if (path === undefined) return false;
  const above = new Set(path.split('/'));
  return [...p.organizationArns, ...p.organizationalUnitArns].some((arn) => above.has(arn.split('/').at(-1) ?? ''));
}

/** An image may be shared with a thousand accounts, and is asked about for each. */
const setOf = kept((ids: readonly string[]): ReadonlySet<string> => new Set(ids));

/** Allowed AMIs hides shared images of other providers. Source: EC2 User Guide "Allowed AMIs". */
function allowedImageLinks(q: PlaceQuestion, ami: ImageSeen, links: Link[]): void {
  const allowed = q.place.allowedImages;
  if (allowed.is === 'unreadable') links.push({ is: 'unknown', reason: allowed.reason });
  if (allowed.is !== 'known' || allowed.value.state !== 'enabled' || ami.ownerId === q.account) return;
  const admitted = allowed.value.criteria.some(
    (c) =>
      (c.providers === undefined || c.providers.includes(ami.ownerId)) &&
      (c.names === undefined || c.names.some((n) => glob(n).test(ami.name))),
  );
  if (admitted) return;
  const patch: Patch = {
    do: 'allow-image-provider',
    account: q.account,
    region: q.region,
    provider: ami.ownerId,
  };
  const says = `Allowed AMIs of account ${q.account} in ${q.region} does not admit images of ${ami.ownerId}`;
  links.push(missing('ec2.allowed-amis.excluded', `${q.account}/${q.region}`, says, remedyOf(patch)));
}

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

/** What is behind an image: the keys its snapshots are under, the root's first, and what is wrong with them. */
export interface Disks {
  readonly keys: readonly string[];
  readonly links: readonly Link[];
}

/** The same for all accounts that an image is shared with. */
export const disksOf = kept((snapshots: PlaceQuestion['snapshots']) =>
  kept((ami: ImageSeen) => lookAt(snapshots, ami)),
);

function lookAt(snapshots: PlaceQuestion['snapshots'], ami: ImageSeen): Disks {
  const links: Link[] = [];
  const mappings = ami.mappings.toSorted(
    (a, b) => Number(b.deviceName === ami.rootDeviceName) - Number(a.deviceName === ami.rootDeviceName),
  );
  const keys: string[] = [];
  for (const { snapshotId } of mappings) {
    if (snapshotId === undefined) continue;
    const found = snapshots.get(snapshotId);
    if (found?.is === 'known') {
      if (found.value.kmsKeyId !== undefined) keys.push(found.value.kmsKeyId);
      snapshotLink(found.value, links);
    } else {
      const says = `${snapshotId} of ${ami.imageId} was not found`;
      links.push({
        is: 'unknown',
        reason: found?.is === 'unreadable' ? found.reason : reason('ec2.snapshot.absent', snapshotId, says),
      });
    }
  }
  return { keys: [...new Set(keys)], links };
}

/** Source: EC2 API Reference "Snapshot", State. */
function snapshotLink(s: SnapshotSeen, links: Link[]): void {
  if (s.state === 'completed') return;
  if (s.state === 'error') {
    const says = `${s.snapshotId} is in state error: ${s.stateMessage ?? 'no message'}`;
    const remedy = { who: 'you', does: 'amiport apply makes a copy anew' };
    links.push(missing('ec2.snapshot.error', s.snapshotId, says, remedy));
    return;
  }
  const remedy =
    s.state === 'pending'
      ? { who: 'you', does: 'wait until the snapshot is completed' }
      : {
          who: `account ${s.ownerId}`,
          does: `aws ec2 restore-snapshot-from-recycle-bin --snapshot-id ${s.snapshotId}`,
        };
  const says = `${s.snapshotId} is ${s.state}, ${s.progressPercent} % done`;
  links.push(missing('ec2.snapshot.not-completed', s.snapshotId, says, remedy));
}
