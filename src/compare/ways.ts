/**
 * The ways of delivery side by side, for one fleet: what there is of what, what it costs, and what happens on bad days.
 * Every number says how it came about, so that it can be checked by hand.
 *
 * Snapshots hold what is used of a disk: known where an audit saw it, else whole volumes are counted. Versions that Packer builds have no
 * lineage in common, so each is stored whole; whoever snapshots one volume again and again says how much changes (`changed`).
 */
import { type KeyAccess, keyPolicyText } from '../plan/access.ts';
import type { CoveredUnit } from '../plan/cover.ts';
import { KEY_POLICY_BYTES_OF_ACCOUNTS } from '../plan/key-limits.ts';
import { type CopyLoad, copiesDuration, encryptedDuration, unencryptedDuration } from './duration.ts';
import type { Fleet, ImageSize } from './fleet.ts';
import type { Prices } from './prices.ts';

export interface Counted {
  readonly value: number;
  /** `2 images x 3 versions x 4 Regions` */
  readonly how: string;
}

export type WayName =
  | 'shared-unencrypted'
  | 'shared-encrypted'
  | 'shared-encrypted, volumeKey: image'
  | 'account-copies';

export interface WayRow {
  readonly way: WayName;
  readonly amis: Counted;
  readonly snapshots: Counted;
  /** Customer managed keys, replicas counted. */
  readonly keys: Counted;
  readonly grants: Counted;
  readonly rolePolicies: Counted;
  /** In the policies of all keys that others may use. */
  readonly keyPolicyStatements: Counted;
  /** Of the fullest key policy; AWS takes 32,768. */
  readonly keyPolicyBytes: Counted;
  /** Made for each new version. */
  readonly copies: Counted;
  readonly minutesToDeliver: Counted;
  readonly monthlyUsd: Counted;
  /** For each new version of every image. */
  readonly versionUsd: Counted;
  readonly byHand: readonly string[];
  readonly whenAnAccountLeaves: string;
  readonly oneLeakedKey: string;
  /** Accounts whose volumes one leaked key opens. */
  readonly leakedAccounts: Counted;
  /** Regions in which it opens anything. */
  readonly leakedRegions: Counted;
  readonly minutesToRotate: Counted;
}

const n = (value: number, how: string): Counted => ({ value, how });
const round = (usd: number): number => Math.round(usd * 100) / 100;

export function compareWays(fleet: Fleet, prices: Prices): readonly WayRow[] {
  return [
    unencrypted(fleet, prices),
    encrypted(fleet, prices, false),
    encrypted(fleet, prices, true),
    copies(fleet, prices),
  ];
}

interface Sums {
  readonly images: number;
  readonly disks: number;
  /** Held by the snapshots of one version of every image. */
  readonly gib: number;
  readonly largest: number;
}

const heldGib = ({ gib, usedGib }: ImageSize): number => usedGib ?? gib;

const sums = ({ images }: Fleet): Sums => ({
  images: images.length,
  disks: images.reduce((sum, i) => sum + i.disks, 0),
  gib: round(images.reduce((sum, i) => sum + heldGib(i), 0)),
  largest: Math.max(0, ...images.map(heldGib)),
});

/** The first version whole, of each later one what is new in it. */
const versionsWorth = (f: Fleet): number => 1 + (f.versions - 1) * f.changed;

const load = (f: Fleet): CopyLoad => ({ gib: sums(f).largest, copies: f.images.length });

function shared(f: Fleet, p: Prices, keys: Counted) {
  const s = sums(f);
  const storage = round(s.gib * versionsWorth(f) * f.regions);
  const others = f.regions - 1;
  return {
    amis: n(s.images * f.versions * f.regions, `${s.images} images x ${f.versions} versions x ${f.regions} Regions`),
    snapshots: n(s.disks * f.versions * f.regions, `${s.disks} disks x ${f.versions} versions x ${f.regions} Regions`),
    copies: n(s.images * f.regions, `${s.images} images x ${f.regions} Regions, all by the builder`),
    monthlyUsd: n(
      round(storage * p.snapshotGiBMonth + keys.value * p.keyMonth),
      `${storage} GiB x ${p.snapshotGiBMonth} + ${keys.value} keys x ${p.keyMonth}`,
    ),
    versionUsd: n(round(s.gib * others * p.transferGiB), `${s.gib} GiB x ${others} other Regions x ${p.transferGiB}`),
  };
}

function unencrypted(f: Fleet, p: Prices): WayRow {
  const none = n(0, 'no key');
  const { minutes, how } = unencryptedDuration(load(f));
  return {
    way: 'shared-unencrypted',
    ...shared(f, p, none),
    keys: none,
    grants: none,
    rolePolicies: none,
    keyPolicyStatements: none,
    keyPolicyBytes: none,
    minutesToDeliver: n(minutes, how),
    byHand: [
      "encryption by default off in the builder's Regions, before Packer builds",
      'nothing secret in the images: amiport audit says so of each version, and policy.secrets makes it a gate',
    ],
    whenAnAccountLeaves: 'its launch permissions are taken; what it launched goes on',
    oneLeakedKey:
      "there is none: each account's volumes are under its own default key, where encryption by default is on there",
    leakedAccounts: n(0, 'no key is shared'),
    leakedRegions: n(0, 'no key is shared'),
    minutesToRotate: n(0, 'nothing to rotate'),
  };
}

function encrypted(f: Fleet, p: Prices, imageKey: boolean): WayRow {
  const keys = n(f.regions, f.multiRegion ? `1 primary + ${f.regions - 1} replicas` : `${f.regions} Regions x 1 key`);
  const { minutes: deliver, how } = encryptedDuration(load(f));
  const policy = keyPolicy(f, 'launchers');
  const reachedRegions = f.multiRegion ? f.regions : 1;
  const reach = f.multiRegion ? `${f.regions} Regions (a multi-Region key has one secret everywhere)` : '1 Region';
  return {
    way: imageKey ? 'shared-encrypted, volumeKey: image' : 'shared-encrypted',
    ...shared(f, p, keys),
    keys,
    grants: n(f.linkedPlaces, `${f.linkedPlaces} pairs of service-linked role and place, one each`),
    rolePolicies: n(f.roles, `${f.roles} roles, one inline policy each`),
    keyPolicyStatements: n(policy.statements * keys.value, `${policy.statements} statements x ${keys.value} keys`),
    keyPolicyBytes: policy.bytes,
    minutesToDeliver: n(deliver, how),
    byHand: ['role policies, where their owners keep them (manage.rolePolicy: export)'],
    whenAnAccountLeaves: imageKey
      ? 'its volumes stay under the shared key: taking its rights stops its instances at the next start'
      : 'its permissions, statement and grants are taken; its volumes are under its own key and go on',
    oneLeakedKey: imageKey
      ? `every image, and every volume of ${f.accounts} accounts in ${reach}`
      : `every image in ${reach}; no volume of any account`,
    leakedAccounts: imageKey
      ? n(f.accounts, `${f.accounts} accounts, whose volumes are under the image's key`)
      : n(0, 'the volumes of each account are under its own key'),
    leakedRegions: n(
      reachedRegions,
      f.multiRegion
        ? `${f.regions} Regions: replicas of a multi-Region key have one secret`
        : '1 Region: a key for each',
    ),
    minutesToRotate: n(
      deliver + 20,
      `all copies anew (${deliver} min), then twice 10 min until nothing launches from the old ones`,
    ),
  };
}

function copies(f: Fleet, p: Prices): WayRow {
  const s = sums(f);
  const sets = f.regions + f.places;
  const keys = n(f.regions + f.places, `${f.regions} of the builder + ${f.places} places x 1 of their own`);
  const storage = round(s.gib * versionsWorth(f) * sets);
  const others = f.regions - 1;
  const { minutes, how: chain } = copiesDuration(load(f));
  const policy = keyPolicy(f, 'copiers');
  const how = `(${f.regions} Regions of the builder + ${f.places} places)`;
  return {
    way: 'account-copies',
    amis: n(s.images * f.versions * sets, `${s.images} images x ${f.versions} versions x ${how}`),
    snapshots: n(s.disks * f.versions * sets, `${s.disks} disks x ${f.versions} versions x ${how}`),
    keys,
    grants: n(0, 'keys made by amiport serve everybody of their account'),
    rolePolicies: n(0, 'no launcher uses a foreign key'),
    keyPolicyStatements: n(
      policy.statements * f.regions,
      `${policy.statements} statements x ${f.regions} keys of the builder`,
    ),
    keyPolicyBytes: policy.bytes,
    copies: n(s.images * sets, `${s.images} images x ${how}`),
    minutesToDeliver: n(minutes, `${chain}; accounts side by side`),
    monthlyUsd: n(
      round(storage * p.snapshotGiBMonth + keys.value * p.keyMonth),
      `${storage} GiB x ${p.snapshotGiBMonth} + ${keys.value} keys x ${p.keyMonth}`,
    ),
    versionUsd: n(
      round(s.gib * others * p.transferGiB),
      `${s.gib} GiB x ${others} other Regions x ${p.transferGiB}; copies within a Region are free of transfer`,
    ),
    byHand: ["amiport's role in each account may copy and make a key there"],
    whenAnAccountLeaves: 'it keeps its own copies and goes on; nothing of the builder is shared with it',
    oneLeakedKey:
      'one account in one Region (its images and volumes); or the key of the builder: its copies only, and no volume',
    leakedAccounts: n(1, 'every account has keys of its own'),
    leakedRegions: n(1, 'every account has one in each Region'),
    minutesToRotate: n(minutes + 20, `the copies of one account anew (${minutes} min), then twice 10 min`),
  };
}

/** The text that amiport would write, measured: roles stand in it by one pattern, accounts by name, or by unit where that gets long. */
function keyPolicy(f: Fleet, who: 'launchers' | 'copiers'): { readonly bytes: Counted; readonly statements: number } {
  const ids = Array.from({ length: f.accounts }, (_, i) => String(100_000_000_000 + i));
  const access: KeyAccess = {
    delivery: 'delivery',
    partition: 'aws',
    region: 'eu-central-1',
    launcherAccounts: who === 'launchers' && f.roles > 0 ? ids : [],
    launcherArns: ['arn:aws:iam::*:role/Launcher'],
    grantAccounts: who === 'launchers' && f.linkedPlaces > 0 ? ids : [],
    granteeArns: ['arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling'],
    grantMakerArns: ['arn:aws:iam::*:role/amiport'],
    copierAccounts: who === 'copiers' ? ids : [],
    copierArns: ['arn:aws:iam::*:role/amiport'],
  };
  const textOf = (a: KeyAccess): string => keyPolicyText(a, '111111111111', undefined);
  const named = textOf(access);
  const byUnit = f.units > 0 && Buffer.byteLength(named) > KEY_POLICY_BYTES_OF_ACCOUNTS;
  const text = byUnit ? textOf({ ...access, units: unitsOf(f, ids) }) : named;
  const { Statement } = JSON.parse(text) as { readonly Statement: readonly unknown[] };
  const of = byUnit ? `${f.units} organizational units, in place of ${f.accounts} accounts` : `${f.accounts} accounts`;
  return {
    bytes: n(Buffer.byteLength(text), `the policy for ${of}, measured; AWS takes 32,768`),
    statements: Statement.length,
  };
}

/** As if every account stood in one of them. */
const unitsOf = ({ units }: Fleet, ids: readonly string[]): readonly CoveredUnit[] =>
  Array.from({ length: units }, (_, u) => {
    const id = `ou-ab12-${String(10_000_000 + u)}`;
    const arn = `arn:aws:organizations::111111111111:ou/o-exampleorg/${id}`;
    return { id, arn, path: `o-exampleorg/r-ab12/${id}/*`, accounts: ids.filter((_id, i) => i % units === u) };
  });
