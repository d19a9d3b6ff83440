/** Steps for images: a copy in every Region, checked; then shared after the proof, or copied into every account. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Image } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { accessSteps } from './access-steps.ts';
import { copyStep, leakedOrigins, type Origin, originOf, planBuilderCopy } from './builder-copy.ts';
import { planPrivateCopies } from './copy-steps.ts';
import type { Cover } from './cover.ts';
import type { Draft } from './draft.ts';
import { keyReadySteps } from './key-steps.ts';
import { tooManyEntities, unitsOf, wantedSharing } from './sharing.ts';
import { deliveredRegions, underKey } from './targets.ts';
import { keptVersions, withdrawnOf } from './versions.ts';

export const sharedStep = (image: string, version: string, region: string): string =>
  `share-image:${image}:${version}:${region}`;

export function planImages(d: Draft): void {
  if (d.want.images.some((i) => !underKey(d.want, i))) planDefaults(d);
  for (const image of d.want.images) planImage(d, image);
}

function planImage(d: Draft, image: Image): void {
  const source = d.seen.sources.get(image.name) ?? { is: 'absent' };
  if (source.is === 'unreadable') d.blocked.push(source.reason);
  if (source.is === 'absent') d.notes.push(notBuilt(image));
  if (source.is !== 'known') return;
  const refused =
    d.gates.get(image.name) ??
    withdrawnReason(d.seen, image, source.value.imageId) ??
    refuseSource(d, image, source.value);
  if (refused !== undefined) {
    d.blocked.push(refused);
    d.refused.add(image.name);
    return;
  }
  for (const region of deliveredRegions(d.want)) {
    if (image.way === 'account-copies') {
      planPrivateCopies(d, image, source.value, region);
      continue;
    }
    planLeakedVersions(d, image, source.value.imageId, region);
    planSharing(d, image, originOf(d, image, source.value, region), region);
  }
}

/** Older versions that are kept, and lie under a key that leaked: whoever is on one must be able to stay, oldest first. */
function planLeakedVersions(d: Draft, image: Image, newest: string, region: string): void {
  const kept = new Set(keptVersions(d.seen, image));
  const after: string[] = [];
  for (const ami of leakedOrigins(d, image, region)) {
    const version = ami.tags['amiport:version'] ?? '';
    if (version === newest || !kept.has(version)) continue;
    planSharing(d, image, { version, ami, region, after: [...after] }, region);
    after.push(...d.planned(copyStep(image.name, version, region)));
  }
}

/** What `retire --emergency` took is not brought back by a config that still names it. */
function withdrawnReason(seen: Observed, image: Image, version: string): Reason | undefined {
  const taken = withdrawnOf(seen, image).find((i) => i.tags['amiport:version'] === version);
  if (taken === undefined) return undefined;
  const says = `version ${version} of ${image.name} was withdrawn at ${taken.tags['amiport:withdrawn']} (retire --emergency), so it is not delivered`;
  const does = `build ${image.name} anew, or write the source of a version that may be delivered`;
  return reason('plan.version.withdrawn', version, says, { remedy: { who: 'you', does } });
}

const notBuilt = (image: Image): Reason =>
  reason('plan.source.absent', image.name, `image ${image.name} has not been built yet`, {
    remedy: {
      who: 'you',
      does:
        image.source.from === 'packer'
          ? 'amiport build (amiport deliver builds and goes on)'
          : 'correct its source in amiport.yaml',
    },
  });

function refuseSource(d: Draft, image: Image, source: ImageSeen): Reason | undefined {
  if (source.state !== 'available') {
    return reason(
      'plan.source.not-available',
      source.imageId,
      `source ${source.imageId} of image ${image.name} is ${source.state}`,
    );
  }
  if (image.way === 'shared-unencrypted' && source.mappings.some((m) => m.encrypted)) {
    return reason(
      'plan.source.encrypted',
      source.imageId,
      `source ${source.imageId} of image ${image.name} is encrypted: AWS never copies it unencrypted`,
      {
        remedy: {
          who: 'you',
          does: `build it again with encryption by default off in ${d.want.builder.account}/${d.want.builder.region} and no encrypted base AMI, or choose the way shared-encrypted`,
        },
      },
    );
  }
  if (image.way === 'account-copies') return refuseCopying(d, image, source);
  // Source: EC2 User Guide "Copy an Amazon EC2 AMI", considerations.
  if (source.productCodes.length > 0 && source.ownerId !== d.want.builder.account) {
    return reason(
      'plan.source.product-codes',
      source.imageId,
      `source ${source.imageId} has product codes: AWS refuses to copy it from another account`,
    );
  }
  return undefined;
}

function refuseCopying(d: Draft, image: Image, source: ImageSeen): Reason | undefined {
  if (source.mappings.some((m) => m.encrypted) && d.want.key === undefined) {
    return reason(
      'plan.source.encrypted',
      source.imageId,
      `source ${source.imageId} of image ${image.name} is encrypted, and other accounts can only copy it from a key that is shared with them`,
      {
        remedy: {
          who: 'you',
          does: 'add key: { alias: amiport-images } to amiport.yaml: the builder re-encrypts it under that key, which only the copiers may read',
        },
      },
    );
  }
  // IMG-35; "Understand AMI billing information": all but plain Linux carries a billing code of its platform.
  const billed = !['', 'Linux/UNIX'].includes(source.platformDetails);
  if (source.productCodes.length === 0 && !billed) return undefined;
  return reason(
    'plan.source.billing-codes',
    source.imageId,
    `source ${source.imageId} of image ${image.name} carries ${billed ? `the billing code of ${source.platformDetails}` : `product code ${source.productCodes[0]}`}: AWS refuses to copy it to another account`,
    {
      remedy: {
        who: 'you',
        does: 'deliver it the way shared-encrypted or shared-unencrypted, which needs no copy in the account',
      },
    },
  );
}

/** Launch permissions on the builder's copy, after the proof of every launcher. */
function planSharing(d: Draft, image: Image, origin: Origin, region: string): void {
  const copy = planBuilderCopy(d, image, origin, region);
  if (copy === undefined) return;
  const cover = wantedSharing(d.want, d.seen, region);
  const tooMany = tooManyEntities(cover, region);
  if (tooMany !== undefined) {
    d.blocked.push(tooMany);
    return;
  }
  const { accounts, units, places } = missingSharing(region, cover, copy.seen);
  if (accounts.length + units.length === 0) return;
  const { version } = origin;
  const base = { account: d.want.builder.account, region, image: image.name, imageVersion: version };
  d.add({
    ...base,
    id: `prove:${image.name}:${version}:${region}`,
    do: 'prove',
    why: `nothing is shared before every launcher in ${places.length} place${places.length === 1 ? '' : 's'} is proven able to launch it`,
    needs: [...copy.ready, ...accessSteps(d, region), ...keyReadySteps(d, region)],
    places,
  });
  d.add({
    ...base,
    id: sharedStep(image.name, version, region),
    do: 'share-image',
    why: `${places.length} account${places.length === 1 ? ' has' : 's have'} no launch permission in ${region}`,
    needs: [`prove:${image.name}:${version}:${region}`],
    imageId: copy.imageId,
    accounts,
    ...(units.length === 0 ? {} : { units }),
  });
}

/** What is not named yet, and the places that it stands for. */
function missingSharing(region: string, cover: Cover, live: ImageSeen | undefined) {
  const permissions = live?.launchPermissions;
  const there = permissions?.is === 'known' ? permissions.value : undefined;
  const accounts = cover.accounts.filter((id) => there?.userIds.includes(id) !== true);
  const units = cover.units.filter((u) => there === undefined || !unitsOf(there).includes(u.arn));
  const places = [...accounts, ...units.flatMap((u) => u.accounts)].map((a) => `${a}/${region}`);
  return { accounts, units: units.map((u) => u.arn), places };
}

/** An encrypted AMI can never be made unencrypted, so this comes before Packer builds and before any copy. */
function planDefaults(d: Draft): void {
  const regions = new Set([d.want.builder.region, ...deliveredRegions(d.want)]);
  for (const region of regions) {
    const on = d.seen.builder.get(region)?.encryptionByDefault;
    if (on?.is === 'unreadable') d.blocked.push(on.reason);
    if (on?.is !== 'known' || !on.value) continue;
    d.add({
      id: `disable-encryption-by-default:${region}`,
      do: 'disable-encryption-by-default',
      account: d.want.builder.account,
      region,
      why: 'encryption by default would encrypt every AMI built or copied here, and no copy can undo that',
      needs: [],
    });
  }
}
