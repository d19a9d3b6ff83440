/** Every question of a delivery (image × account × Region × launcher), asked and answered from one observation. */
import { kept } from '../base/kept.ts';
import { absent, type Finding } from '../base/outcome.ts';
import {
  accountKeyName,
  type Delivery,
  type Image,
  launcherText,
  namedVolumeKey,
  roleArnFor,
  serviceLinkedRoleOf,
  type TargetAccount,
} from '../model/delivery.ts';
import type { AccountSeen, BuilderRegionSeen, ImageSeen, KeySeen, Observed, SnapshotSeen } from '../model/observed.ts';
import {
  accountsIn,
  copiesOf,
  deliveredRegions,
  deliveredStep,
  imagesFor,
  isCopyOf,
  isFailed,
  launcherRole,
  liveCopyOf,
} from '../plan/targets.ts';
import { Judge, RoleJudge } from './judge.ts';
import type { MendAs } from './links.ts';
import { type Ground, groundOf, proveLaunch } from './proof.ts';
import type { LauncherQuestion, PlaceQuestion, Proof } from './question.ts';
import type { VolumeKeyWish } from './volume-key.ts';

export interface VerifyScope {
  readonly image?: string;
  /** Source AMI of a version; default: the newest. */
  readonly version?: string;
  readonly region?: string;
  /** Account ids. */
  readonly accounts?: ReadonlySet<string>;
  /** True: judge the state as it will be once the launch permissions are given. */
  readonly asIfShared?: boolean;
}

export function verifyDelivery(want: Delivery, seen: Observed, scope: VerifyScope = {}): readonly Proof[] {
  const byImage = imagesIn(want, scope).map((): Proof[] => []);
  for (const { nth, ground, launchers } of groundsOf(want, seen, scope))
    for (const { launcher, judge } of launchers)
      byImage[nth]?.push(qualified(want, proveLaunch(ground, launcher, judge)));
  return byImage.flat();
}

const imagesIn = (want: Delivery, scope: VerifyScope): readonly Image[] =>
  want.images.filter((i) => scope.image === undefined || i.name === scope.image);

interface AskedGround {
  /** Of the images in the scope. */
  readonly nth: number;
  readonly ground: Ground;
  readonly launchers: readonly AskedLauncher[];
}

/** Every image in every place, with those who launch it there. What was found out about a place is dropped with its last image. */
export function* groundsOf(want: Delivery, seen: Observed, scope: VerifyScope = {}): Generator<AskedGround> {
  const images = imagesIn(want, scope);
  const asked = askedOf(want, seen);
  const regions = deliveredRegions(want).filter((r) => scope.region === undefined || r === scope.region);
  for (const region of regions) {
    const builder = seen.builder.get(region);
    if (builder === undefined) continue;
    const copies = images.map((image) => sharedCopy(want, seen, image, builder, scope.version));
    for (const account of accountsIn(want, region)) {
      if (scope.accounts !== undefined && !scope.accounts.has(account.id)) continue;
      const { mendAs, launchers, leavePlace } = asked(account);
      const at = placeOf(seen, account.id, region, mendAs);
      if (at === undefined) continue;
      // One image after the other at a place: most hang on the same keys.
      let before: Ground | undefined;
      for (const [nth, image] of images.entries()) {
        const ground = groundOf(seen, questionOf(want, seen, image, at, scope, copies[nth]), before);
        before = ground;
        yield { nth, ground, launchers };
      }
      leavePlace();
    }
  }
}

interface AskedLauncher {
  readonly launcher: LauncherQuestion;
  readonly judge: RoleJudge | undefined;
}

interface AskedAccount {
  readonly mendAs: MendAs;
  /** With all that was asked about them so far at a place. */
  readonly launchers: readonly AskedLauncher[];
  leavePlace(): void;
}

function askedOf(want: Delivery, seen: Observed): (account: TargetAccount) => AskedAccount {
  const judge = new Judge(seen);
  return kept((account) => {
    const mendAs = { delivery: want.name, grantMaker: roleArnFor(want.access, account.id) };
    const launchers = account.launchers.map((launcher): AskedLauncher => {
      const role = launcherRole(seen, account.id, launcher);
      const linked = serviceLinkedRoleOf(launcher);
      const linkedRole = linked && { service: linked.awsServiceName, suffix: linked.suffix };
      return {
        launcher: { launcher: launcherText(launcher), role, linkedRole },
        judge: role.is === 'known' ? new RoleJudge(judge, account.id, role.value, launcher.kind) : undefined,
      };
    });
    const leavePlace = (): void => {
      judge.leavePlace();
      for (const one of launchers) one.judge?.leavePlace();
    };
    return { mendAs, launchers, leavePlace };
  });
}

/** A proof without guardrails says so: an SCP may still forbid the launch. */
const qualified = (want: Delivery, proof: Proof): Proof =>
  want.organization.guardrails === 'ignore' && proof.verdict === 'can-launch'
    ? { ...proof, by: [...proof.by, 'SCPs and RCPs were not judged (organization.guardrails: ignore)'] }
    : proof;

/**
 * What a place launches of the newest version: the account's own copy, or the builder's in that Region. While that is
 * not there, the question is about the copy that is missing.
 */
export function liveCopy(
  seen: Observed,
  image: Image,
  account: string,
  region: string,
  asked?: string,
): { readonly version: string; readonly ami: Finding<ImageSeen> } {
  const source = seen.sources.get(image.name);
  const newest = asked ?? (source?.is === 'known' ? source.value.imageId : undefined);
  const images = imagesFor(seen, image, account, region);
  if (images.is !== 'known') return { version: newest ?? '', ami: images };
  const step = deliveredStep(image);
  const newestFirst = images.value
    // IMG-5: a deregistered image is still listed for a while.
    .filter((i) => isCopyOf(image, i, step) && i.state !== 'deregistered')
    .toSorted((a, b) => b.createdMs - a.createdMs);
  const version = newest ?? newestFirst[0]?.tags['amiport:version'];
  if (version === undefined) return { version: '', ami: absent };
  // A failed copy is still an answer: the proof then says in what state it is.
  const copy = liveCopyOf(newestFirst, image, version, step) ?? copiesOf(newestFirst, image, version, step)[0];
  return { version, ami: copy === undefined ? absent : { is: 'known', value: copy } };
}

/** What all accounts of a Region share of the builder's copy. */
type SharedCopy = ReturnType<typeof liveCopy> & Pick<PlaceQuestion, 'readKeys' | 'snapshots'> & BuilderKey;
interface BuilderKey {
  readonly builderKey: Finding<KeySeen>;
}

/** @returns undefined where every account has a copy of its own */
function sharedCopy(
  want: Delivery,
  seen: Observed,
  image: Image,
  builder: BuilderRegionSeen,
  version: string | undefined,
): SharedCopy | undefined {
  if (image.way === 'account-copies') return undefined;
  const copy = liveCopy(seen, image, want.builder.account, builder.region, version);
  return { ...copy, readKeys: readKeysOf(builder), snapshots: builder.snapshots, builderKey: builder.key };
}

/** The same object for all images of a Region. */
const readKeysOf = kept(
  ({ otherKeys, key }: BuilderRegionSeen): PlaceQuestion['readKeys'] => new Map([...otherKeys, ...keysByArn(key)]),
);

type At = Pick<PlaceQuestion, 'account' | 'region' | 'place' | 'regionOn' | 'own' | 'mendAs'>;

/** @returns undefined where the place was not looked at */
function placeOf(seen: Observed, account: string, region: string, mendAs: MendAs): At | undefined {
  const place = seen.places.get(`${account}/${region}`);
  const there = seen.accounts.get(account);
  return place && { account, region, place, regionOn: regionOn(there, region), own: there?.own ?? absent, mendAs };
}

function questionOf(
  want: Delivery,
  seen: Observed,
  image: Image,
  at: At,
  { asIfShared = false, version: asked }: VerifyScope,
  shared: SharedCopy | undefined,
): PlaceQuestion {
  const { account, region, place } = at;
  const named = namedVolumeKey(image, account, region);
  if (shared !== undefined) {
    return {
      ...at,
      image: image.name,
      imageVersion: shared.version,
      ami: shared.ami,
      snapshots: shared.snapshots,
      readKeys: shared.readKeys,
      volumeKey: wishOf(image, shared.builderKey, named),
      asIfShared: asIfShared || account === want.builder.account,
    };
  }
  const { version, ami } = liveCopy(seen, image, account, region, asked);
  const key = place.volumeKeys.get(accountKeyName(image, account, region) ?? '') ?? absent;
  const question: PlaceQuestion = {
    ...at,
    image: image.name,
    imageVersion: version,
    ami,
    snapshots: place.snapshots,
    readKeys: keysByArn(key),
    volumeKey: { is: 'key', id: named ?? '' },
    asIfShared: true,
  };
  // A failed copy is made anew: the question is about the next one.
  const isToCome = ami.is === 'absent' || (ami.is === 'known' && isFailed(ami.value));
  return asIfShared && isToCome ? asIfCopied(seen, image, question, key) : question;
}

function regionOn(account: AccountSeen | undefined, region: string): Finding<boolean> {
  const off = account?.regionsOff ?? absent;
  return off.is === 'known' ? { is: 'known', value: !off.value.includes(region) } : off;
}

const keysByArn = (key: Finding<KeySeen>): ReadonlyMap<string, Finding<KeySeen>> =>
  new Map(key.is === 'known' ? [[key.value.arn, key]] : []);

/**
 * The private copy as it will be: the source's disks under the account's key. The source's owner stays, since Allowed
 * AMIs of the account must admit the image that is copied (EC2 User Guide "Allowed AMIs").
 */
function asIfCopied(seen: Observed, image: Image, q: PlaceQuestion, key: Finding<KeySeen>): PlaceQuestion {
  const source = seen.sources.get(image.name);
  if (source?.is !== 'known' || key.is !== 'known') return q;
  const mappings = source.value.mappings.map((m) => ({
    ...m,
    encrypted: true,
    snapshotId: `the copy of ${m.deviceName}`,
  }));
  const snapshots = mappings.map(({ snapshotId, volumeSizeGiB }): readonly [string, Finding<SnapshotSeen>] => [
    snapshotId,
    {
      is: 'known',
      value: {
        snapshotId,
        ownerId: q.account,
        state: 'completed',
        stateMessage: undefined,
        progressPercent: 100,
        encrypted: true,
        kmsKeyId: key.value.arn,
        volumeSizeGiB,
        startMs: seen.atMs,
      },
    },
  ]);
  return { ...q, ami: { is: 'known', value: { ...source.value, mappings } }, snapshots: new Map(snapshots) };
}

function wishOf(image: Image, deliveryKey: Finding<KeySeen>, named: string | undefined): VolumeKeyWish {
  if (named !== undefined) return { is: 'key', id: named };
  if (image.volumeKey.by === 'image' && deliveryKey.is === 'known') return { is: 'image', key: deliveryKey.value };
  return { is: 'account' };
}
