/**
 * The ways of delivery side by side, for one fleet: what there is of what, what it costs, and what happens on bad days.
 * Every number says how it came about, so that it can be checked by hand.
 *
 * Not known here: how much of a disk is used (whole volumes are counted) and how much of a later version is new
 * (snapshots are incremental under one key; whole versions are counted). So storage is an upper bound, for all ways alike.
 */
import { keyPolicyText } from '../plan/access.ts';
import type { Fleet } from './fleet.ts';
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
  readonly minutesToRotate: Counted;
}

/** The model of time: one assumption, not a promise of AWS. */
export const COPY_MIB_PER_SECOND = 100;
/** KMS API Reference "CreateGrant": up to five minutes until a grant counts everywhere. */
const GRANT_MINUTES = 5;

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
  readonly gib: number;
  readonly largest: number;
}

const sums = ({ images }: Fleet): Sums => ({
  images: images.length,
  disks: images.reduce((sum, i) => sum + i.disks, 0),
  gib: images.reduce((sum, i) => sum + i.gib, 0),
  largest: Math.max(0, ...images.map((i) => i.gib)),
});

/** One copy of the largest image; Regions and accounts copy side by side. */
const copyMinutes = (gib: number): number => Math.ceil((gib * 1024) / COPY_MIB_PER_SECOND / 60);

function shared(f: Fleet, p: Prices, keys: Counted) {
  const s = sums(f);
  const storage = s.gib * f.versions * f.regions;
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
  const minutes = copyMinutes(sums(f).largest);
  return {
    way: 'shared-unencrypted',
    ...shared(f, p, none),
    keys: none,
    grants: none,
    rolePolicies: none,
    keyPolicyBytes: none,
    minutesToDeliver: n(minutes, `one copy of ${sums(f).largest} GiB at ${COPY_MIB_PER_SECOND} MiB/s`),
    byHand: [
      "encryption by default off in the builder's Regions, before Packer builds",
      'nothing secret in the images: amiport cannot know that for you yet',
    ],
    whenAnAccountLeaves: 'its launch permissions are taken; what it launched goes on',
    oneLeakedKey:
      "there is none: each account's volumes are under its own default key, where encryption by default is on there",
    minutesToRotate: n(0, 'nothing to rotate'),
  };
}

function encrypted(f: Fleet, p: Prices, imageKey: boolean): WayRow {
  const keys = n(f.regions, f.multiRegion ? `1 primary + ${f.regions - 1} replicas` : `${f.regions} Regions x 1 key`);
  const minutes = copyMinutes(sums(f).largest);
  const deliver = minutes + GRANT_MINUTES;
  const reach = f.multiRegion ? `${f.regions} Regions (a multi-Region key has one secret everywhere)` : '1 Region';
  return {
    way: imageKey ? 'shared-encrypted, volumeKey: image' : 'shared-encrypted',
    ...shared(f, p, keys),
    keys,
    grants: n(f.linkedPlaces, `${f.linkedPlaces} pairs of service-linked role and place, one each`),
    rolePolicies: n(f.roles, `${f.roles} roles, one inline policy each`),
    keyPolicyBytes: policyBytes(f, 'launchers'),
    minutesToDeliver: n(deliver, `one copy of ${minutes} min + ${GRANT_MINUTES} min until grants settle`),
    byHand: ['role policies, where their owners keep them (manage.rolePolicy: export)'],
    whenAnAccountLeaves: imageKey
      ? 'its volumes stay under the shared key: taking its rights stops its instances at the next start'
      : 'its permissions, statement and grants are taken; its volumes are under its own key and go on',
    oneLeakedKey: imageKey
      ? `every image, and every volume of ${f.accounts} accounts in ${reach}`
      : `every image in ${reach}; no volume of any account`,
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
  const storage = s.gib * f.versions * sets;
  const others = f.regions - 1;
  const minutes = copyMinutes(s.largest);
  const how = `(${f.regions} Regions of the builder + ${f.places} places)`;
  return {
    way: 'account-copies',
    amis: n(s.images * f.versions * sets, `${s.images} images x ${f.versions} versions x ${how}`),
    snapshots: n(s.disks * f.versions * sets, `${s.disks} disks x ${f.versions} versions x ${how}`),
    keys,
    grants: n(0, 'keys made by amiport serve everybody of their account'),
    rolePolicies: n(0, 'no launcher uses a foreign key'),
    keyPolicyBytes: policyBytes(f, 'copiers'),
    copies: n(s.images * sets, `${s.images} images x ${how}`),
    minutesToDeliver: n(2 * minutes, `two copies one after the other, ${minutes} min each; accounts side by side`),
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
    minutesToRotate: n(minutes + 20, `the copies of one account anew (${minutes} min), then twice 10 min`),
  };
}

/** The text that amiport would write, measured: accounts stand in it by name, roles by one pattern. */
function policyBytes(f: Fleet, who: 'launchers' | 'copiers'): Counted {
  const ids = Array.from({ length: f.accounts }, (_, i) => String(100_000_000_000 + i));
  const role = ['arn:aws:iam::*:role/Launcher'];
  const linked = ['arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling'];
  const text = keyPolicyText(
    {
      delivery: 'delivery',
      partition: 'aws',
      region: 'eu-central-1',
      launcherAccounts: who === 'launchers' && f.roles > 0 ? ids : [],
      launcherArns: role,
      grantAccounts: who === 'launchers' && f.linkedPlaces > 0 ? ids : [],
      granteeArns: linked,
      grantMakerArns: ['arn:aws:iam::*:role/amiport'],
      copierAccounts: who === 'copiers' ? ids : [],
      copierArns: ['arn:aws:iam::*:role/amiport'],
    },
    '111111111111',
    undefined,
  );
  return n(Buffer.byteLength(text), `the policy for ${f.accounts} accounts, measured; AWS takes 32,768`);
}
