/** Steps for the dedicated key: primary, alias, rotation, a replica and its own policy in every Region. */
import { reason } from '../base/outcome.ts';
import { launcherPrincipalArn, roleArnFor, serviceLinkedRoleOf, type UnitMember } from '../model/delivery.ts';
import { leakedKeysIn, REPLACES_TAG } from '../model/leaked.ts';
import type { ImageSeen, KeySeen } from '../model/observed.ts';
import { type KeyAccess, keyPolicyText, samePolicy } from './access.ts';
import { type CoveredUnit, coverOf } from './cover.ts';
import { type Draft, tagsFor } from './draft.ts';
import { KEY_POLICY_BYTES_MAX, KEY_POLICY_BYTES_OF_ACCOUNTS } from './key-limits.ts';
import { keyRef } from './step.ts';
import {
  accountsIn,
  copiedImages,
  deliveredRegions,
  formerCopies,
  launcherArn,
  sharesKey,
  underKey,
} from './targets.ts';

/** The ARN of the delivery's key in a Region: as seen, else a reference to what the run makes. */
export function deliveryKey(d: Draft, region: string): string {
  const seen = d.seen.builder.get(region)?.key;
  return seen?.is === 'known' ? seen.value.arn : keyRef(region);
}

/** False where the key is neither there nor planned: why is told where it was to be made, and nothing hangs on it. */
export const keyWillBeThere = (d: Draft, region: string): boolean =>
  d.seen.builder.get(region)?.key.is === 'known' ||
  d.planned(`create-key:${region}`, `replicate-key:${region}`).length > 0;

/** Ids of the steps after which the key in this Region can be used as planned. */
export const keyReadySteps = (d: Draft, region: string): readonly string[] =>
  d.planned(`create-key:${region}`, `replicate-key:${region}`, `put-key-policy:${region}`);

export function planKeys(d: Draft): void {
  const key = d.want.key;
  if (key === undefined) return;
  const home = d.want.builder.region;
  const regions = [home, ...deliveredRegions(d.want).filter((r) => r !== home)];
  for (const region of regions) {
    const seen = d.seen.builder.get(region)?.key ?? { is: 'absent' };
    if (seen.is === 'unreadable') {
      d.blocked.push(seen.reason);
      continue;
    }
    if (seen.is === 'known') planExisting(d, seen.value);
    else if (key.reference.by === 'arn') d.blocked.push(noSuchKey(key.reference.arn, region));
    else planMissing(d, region, key.multiRegion && region !== home);
    if (key.reference.by === 'alias') planAlias(d, region, key.reference.alias);
    // Rotation is set on the primary; replicas follow. Source: KMS Developer Guide "Rotating multi-Region keys".
    if (region === home || !key.multiRegion) planRotation(d, region, key.rotation?.everyDays);
  }
}

const noSuchKey = (arn: string, region: string) =>
  reason('kms.key.absent', arn, `key ${arn} has no key in ${region}`, {
    remedy: { who: 'you', does: 'name the key by alias, so that amiport makes it, or create its replica there' },
  });

function planMissing(d: Draft, region: string, replica: boolean): void {
  const { account } = d.want.builder;
  const policy = checkedPolicy(d, region, undefined);
  if (policy === undefined) return;
  const [leaked] = leakedKeysIn(d.seen.builder.get(region));
  const tags = tagsFor(d.want, 'key', leaked === undefined ? {} : { [REPLACES_TAG]: leaked.arn });
  if (!replica) {
    d.add({
      id: `create-key:${region}`,
      do: 'create-key',
      account,
      region,
      why:
        leaked === undefined
          ? `no key of delivery ${d.want.name} is in ${region}: a shared image cannot be under aws/ebs; policy: ${policy.says}`
          : `${leaked.arn} leaked; policy: ${policy.says}`,
      needs: [],
      description: `amiport delivery ${d.want.name}: golden AMIs`,
      multiRegion: d.want.key?.multiRegion ?? false,
      policy: policy.text,
      as: `key:${region}`,
      tags,
    });
    return;
  }
  const home = d.want.builder.region;
  d.add({
    id: `replicate-key:${region}`,
    do: 'replicate-key',
    account,
    region: home,
    why: `copies in ${region} need a key of that Region; a replica keeps one key id everywhere; policy: ${policy.says}`,
    needs: d.planned(`create-key:${home}`),
    key: deliveryKey(d, home),
    toRegion: region,
    policy: policy.text,
    tags,
  });
}

function planExisting(d: Draft, key: KeySeen): void {
  if (key.state !== 'Enabled') {
    d.blocked.push(
      reason('kms.key.not-enabled', key.arn, `${key.arn} is ${key.state}`, {
        remedy: { who: `account ${key.account}`, does: 'enable the key, or name another one in amiport.yaml' },
      }),
    );
    return;
  }
  if (key.policy.is !== 'known') {
    if (key.policy.is === 'unreadable') d.blocked.push(key.policy.reason);
    return;
  }
  const policy = checkedPolicy(d, key.region, key.policy.value);
  if (policy === undefined || samePolicy(policy.text, key.policy.value)) return;
  const { account } = d.want.builder;
  if (d.want.manage.keyPolicy === 'export') {
    d.exported.push({ on: 'key', account, region: key.region, key: key.arn, policy: policy.text });
    return;
  }
  d.add({
    id: `put-key-policy:${key.region}`,
    do: 'put-key-policy',
    account,
    region: key.region,
    why: `the key policy in ${key.region} does not say what this delivery needs (every replica has its own); ${policy.says}`,
    needs: [],
    key: key.arn,
    policy: policy.text,
  });
}

function checkedPolicy(d: Draft, region: string, current: string | undefined): SizedPolicy | undefined {
  const policy = sizedPolicy(d, keyAccess(d, region), current);
  if (policy.bytes <= KEY_POLICY_BYTES_MAX) return policy;
  d.blocked.push(
    reason(
      'kms.key-policy.too-large',
      `${d.want.builder.account}/${region}`,
      `the key policy would have ${policy.bytes} bytes, AWS takes ${KEY_POLICY_BYTES_MAX}`,
      {
        remedy: {
          who: 'you',
          does: 'name organizational units whose accounts all get images in place of single accounts, deliver to fewer accounts with one key, or choose the way account-copies',
        },
      },
    ),
  );
  return undefined;
}

export interface SizedPolicy {
  readonly text: string;
  readonly bytes: number;
  /** How large it is, and to whom it opens. */
  readonly says: string;
}

/** The policy by accounts; by units where the config says so, or where it would get too large. */
export function sizedPolicy(d: Draft, access: KeyAccess, current: string | undefined): SizedPolicy {
  const textOf = (a: KeyAccess): string => keyPolicyText(a, d.want.builder.account, current);
  const plain = textOf(access);
  const { shareBy } = d.want.organization;
  const organization = d.seen.organization;
  const byUnit =
    organization.is === 'known' &&
    (shareBy === 'units' || (shareBy === 'auto' && bytesOf(plain) > KEY_POLICY_BYTES_OF_ACCOUNTS));
  const all = [...new Set([...access.launcherAccounts, ...access.grantAccounts, ...access.copierAccounts])];
  const units = byUnit ? coverOf(d.want, organization.value, access.region, all).units : [];
  const text = units.length === 0 ? plain : textOf({ ...access, units });
  const bytes = bytesOf(text);
  const opens = units.length === 0 ? all.length : opensTo(all, units, d.want.unitMembers);
  const says = `${bytes} of ${KEY_POLICY_BYTES_MAX} bytes; opens to ${opens} account${opens === 1 ? '' : 's'}, delivery needs ${all.length}`;
  return { text, bytes, says };
}

/** Counted from the members of the units, not from what they are to stand for. */
function opensTo(all: readonly string[], units: readonly CoveredUnit[], members: readonly UnitMember[]): number {
  const ids = new Set(units.map((u) => u.id));
  const below = members.filter((m) => m.units.some((u) => ids.has(u))).map((m) => m.id);
  return new Set([...all, ...below]).size;
}

const bytesOf = (text: string): number => Buffer.byteLength(text, 'latin1');

/** What the policy says from the beginning of a run: what is wanted, and what images of a former way still need. */
const keyAccess = (d: Draft, region: string): KeyAccess =>
  accessFor(d, region, sharesKey(d.want) || launchersStillNeedKey(d, region));

/** What the policy says once nothing is left of former ways. */
export const wantedAccess = (d: Draft, region: string): KeyAccess => accessFor(d, region, sharesKey(d.want));

/** Images that were shared under the key before their way was changed are withdrawn last: until then they must launch. */
export const launchersStillNeedKey = (d: Draft, region: string): boolean =>
  formerCopies(d, region).some((i) => i.tags['amiport:way'] === 'shared-encrypted' && isShared(i));

const isShared = (i: ImageSeen): boolean =>
  i.launchPermissions.is === 'known' && i.launchPermissions.value.userIds.length > 0;

function accessFor(d: Draft, region: string, launchers: boolean): KeyAccess {
  const { want, seen } = d;
  const all = accountsIn(want, region);
  const there = launchers ? all : [];
  const copied = copiedImages(want).some((i) => underKey(want, i));
  const copiers = copied ? all.filter((a) => a.id !== want.builder.account) : [];
  const roles = there.flatMap((a) =>
    a.launchers
      .filter((l) => serviceLinkedRoleOf(l) === undefined)
      .map((l) => ({ account: a.id, arn: launcherArn(want, seen, a.id, l) })),
  );
  const linked = there.flatMap((a) =>
    a.launchers
      .filter((l) => serviceLinkedRoleOf(l) !== undefined)
      .map((l) => ({ account: a.id, arn: launcherPrincipalArn(l, a.id, want.partition) })),
  );
  const grantAccounts = unique(linked.map((l) => l.account));
  const makers = want.manage.grants === 'amiport' ? grantAccounts.flatMap((a) => roleArnFor(want.access, a) ?? []) : [];
  return {
    delivery: want.name,
    partition: want.partition,
    region,
    launcherAccounts: unique(roles.map((r) => r.account)),
    launcherArns: unique(roles.map((r) => anyAccount(r.arn))),
    grantAccounts,
    granteeArns: unique(linked.map((l) => anyAccount(l.arn))),
    copierAccounts: copiers.map((a) => a.id),
    copierArns: unique(copiers.flatMap((a) => roleArnFor(want.access, a.id) ?? []).map(anyAccount)),
    grantMakerArns: unique(makers.map(anyAccount)),
  };
}

/** The accounts stand in Principal already: one pattern serves all that use the same role name. */
const anyAccount = (arn: string): string => arn.split(':').with(4, '*').join(':');

const unique = (items: readonly string[]): readonly string[] => [...new Set(items)];

function planAlias(d: Draft, region: string, alias: string): void {
  const seen = d.seen.builder.get(region)?.key;
  if (seen?.is === 'known' && seen.value.aliases.includes(alias)) return;
  d.add({
    id: `put-alias:${region}`,
    do: 'put-alias',
    account: d.want.builder.account,
    region,
    why: `${alias} does not name the key in ${region} yet`,
    needs: keyReadySteps(d, region),
    alias,
    key: deliveryKey(d, region),
  });
}

function planRotation(d: Draft, region: string, everyDays: number | undefined): void {
  if (everyDays === undefined) return;
  const seen = d.seen.builder.get(region)?.key;
  if (seen?.is === 'known') {
    const rotation = seen.value.rotation;
    if (rotation.is === 'unreadable') d.blocked.push(rotation.reason);
    if (rotation.is !== 'known') return;
    if (rotation.value.enabled && rotation.value.periodDays === everyDays) return;
  }
  d.add({
    id: `enable-key-rotation:${region}`,
    do: 'enable-key-rotation',
    account: d.want.builder.account,
    region,
    why: `automatic rotation is not on with ${everyDays} days`,
    needs: d.planned(`create-key:${region}`),
    key: deliveryKey(d, region),
    periodDays: everyDays,
  });
}
