/** Every question of a delivery (image × account × Region × launcher), asked and answered from one observation. */
import { absent, type Finding } from '../base/outcome.ts';
import { type Delivery, type Image, launcherText } from '../model/delivery.ts';
import type { ImageSeen, KeySeen, Observed } from '../model/observed.ts';
import {
  accountsIn,
  copiesOf,
  deliveredRegions,
  isCopyOf,
  launcherRole,
  liveCopyOf,
  namedVolumeKey,
} from '../plan/targets.ts';
import { type LaunchQuestion, type Proof, proveLaunch } from './proof.ts';
import type { VolumeKeyWish } from './volume-key.ts';

export interface VerifyScope {
  readonly image?: string;
  readonly region?: string;
  /** Account ids. */
  readonly accounts?: ReadonlySet<string>;
  /** True: judge the state as it will be once the launch permissions are given. */
  readonly asIfShared?: boolean;
}

export function verifyDelivery(want: Delivery, seen: Observed, scope: VerifyScope = {}): readonly Proof[] {
  const images = want.images.filter((i) => scope.image === undefined || i.name === scope.image);
  const regions = deliveredRegions(want).filter((r) => scope.region === undefined || r === scope.region);
  return images.flatMap((image) =>
    regions.flatMap((region) =>
      accountsIn(want, region)
        .filter((a) => scope.accounts === undefined || scope.accounts.has(a.id))
        .flatMap((account) =>
          account.launchers.flatMap((launcher) => {
            const question = questionOf(want, seen, image, region, account.id, scope.asIfShared ?? false);
            if (question === undefined) return [];
            const role = launcherRole(seen, account.id, launcher);
            return [qualified(want, proveLaunch(seen, { ...question, launcher: launcherText(launcher), role }))];
          }),
        ),
    ),
  );
}

/** A proof without guardrails says so: an SCP may still forbid the launch. */
const qualified = (want: Delivery, proof: Proof): Proof =>
  want.organization.guardrails === 'ignore' && proof.verdict === 'can-launch'
    ? { ...proof, by: [...proof.by, 'SCPs and RCPs were not judged (organization.guardrails: ignore)'] }
    : proof;

/** The newest version's copy in the Region; while that is not there, the question is about the copy that is missing. */
export function liveCopy(
  seen: Observed,
  image: Image,
  region: string,
): { readonly version: string; readonly ami: Finding<ImageSeen> } {
  const source = seen.sources.get(image.name);
  const images = seen.builder.get(region)?.images ?? absent;
  if (images.is !== 'known') return { version: source?.is === 'known' ? source.value.imageId : '', ami: images };
  const newestFirst = images.value.filter((i) => isCopyOf(image, i)).toSorted((a, b) => b.createdMs - a.createdMs);
  const version = source?.is === 'known' ? source.value.imageId : newestFirst[0]?.tags['amiport:version'];
  if (version === undefined) return { version: '', ami: absent };
  // A failed copy is still an answer: the proof then says in what state it is.
  const copy = liveCopyOf(newestFirst, image, version) ?? copiesOf(newestFirst, image, version)[0];
  return { version, ami: copy === undefined ? absent : { is: 'known', value: copy } };
}

function questionOf(
  want: Delivery,
  seen: Observed,
  image: Image,
  region: string,
  account: string,
  asIfShared: boolean,
): Omit<LaunchQuestion, 'launcher' | 'role'> | undefined {
  const builder = seen.builder.get(region);
  const place = seen.places.get(`${account}/${region}`);
  if (builder === undefined || place === undefined) return undefined;
  const { version, ami } = liveCopy(seen, image, region);
  const readKeys = new Map<string, Finding<KeySeen>>();
  if (builder.key.is === 'known') readKeys.set(builder.key.value.arn, builder.key);
  return {
    image: image.name,
    imageVersion: version,
    account,
    region,
    ami,
    snapshots: builder.snapshots,
    readKeys,
    place,
    volumeKey: wishOf(image, builder.key, account, region),
    asIfShared: asIfShared || account === want.builder.account,
  };
}

function wishOf(image: Image, deliveryKey: Finding<KeySeen>, account: string, region: string): VolumeKeyWish {
  const named = namedVolumeKey(image, account, region);
  if (named !== undefined) return { is: 'key', id: named };
  if (image.volumeKey.by === 'image' && deliveryKey.is === 'known') return { is: 'image', key: deliveryKey.value };
  return { is: 'account' };
}
