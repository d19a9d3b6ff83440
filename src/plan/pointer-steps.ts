/** Steps that move what user accounts launch by: SSM parameters and launch templates. After sharing, never before. */
import { reason } from '../base/outcome.ts';
import { fillTemplate, type Image, namedVolumeKey, type TargetAccount } from '../model/delivery.ts';
import type { ImageSeen, LaunchTemplateSeen, PlaceSeen } from '../model/observed.ts';
import { accountKey } from './account-keys.ts';
import { checkStep } from './builder-copy.ts';
import { type Draft, tagsFor, tokenFor } from './draft.ts';
import { sharedStep } from './image-steps.ts';
import { deliveryKey } from './key-steps.ts';
import { imageRef, type MappingKey } from './step.ts';
import {
  accountsIn,
  deliveredRegions,
  deliveredStep,
  disabledCopyOf,
  imagesFor,
  liveCopyOf,
  whereDelivered,
} from './targets.ts';

export function planPointers(d: Draft): void {
  for (const image of d.want.images) {
    const source = d.seen.sources.get(image.name);
    if (source?.is !== 'known' || d.refused.has(image.name)) continue;
    for (const region of deliveredRegions(d.want)) {
      for (const account of accountsIn(d.want, region)) {
        const place = d.seen.places.get(`${account.id}/${region}`);
        if (place === undefined || !isThere(d, image, source.value.imageId, place)) continue;
        planParameter(d, image, source.value, account, place);
        for (const name of image.publish.launchTemplates) planTemplate(d, image, source.value, place, name);
      }
    }
  }
}

export const templateStep = (account: string, region: string, name: string): string =>
  `set-launch-template:${account}:${region}:${name}`;

function copyIn(d: Draft, image: Image, version: string, { account, region }: PlaceSeen): ImageSeen | undefined {
  const images = imagesFor(d.seen, image, account, region);
  if (images.is !== 'known') return undefined;
  const step = deliveredStep(image);
  return liveCopyOf(images.value, image, version, step) ?? disabledCopyOf(images.value, image, version, step);
}

/** Something keeps its copy from being planned, and is told: no pointer can name what nobody makes. */
const isThere = (d: Draft, image: Image, version: string, place: PlaceSeen): boolean =>
  copyIn(d, image, version, place) !== undefined || deliveredSteps(d, image, version, place).length > 0;

/** The image's id in this place as the pointers must name it. */
const imageIdIn = (d: Draft, image: Image, version: string, place: PlaceSeen): string =>
  copyIn(d, image, version, place)?.imageId ??
  imageRef(image.name, version, whereDelivered(image, place.account, place.region));

/** Ids of the steps after which the image can be launched in the place. */
const deliveredSteps = (d: Draft, image: Image, version: string, { account, region }: PlaceSeen): readonly string[] =>
  image.way === 'account-copies'
    ? d.planned(checkStep(image.name, version, `${account}/${region}`))
    : d.planned(sharedStep(image.name, version, region), checkStep(image.name, version, region));

/** Ids of the steps after which a pointer of the place may move: the canary's, where one is asked for. */
function readySteps(d: Draft, image: Image, version: string, place: PlaceSeen): readonly string[] {
  const delivered = deliveredSteps(d, image, version, place);
  if (!image.publish.canary) return delivered;
  const { account, region } = place;
  const id = `canary:${image.name}:${version}:${account}/${region}`;
  if (d.planned(id).length > 0) return [id];
  return [
    d.add({
      id,
      do: 'canary',
      account,
      region,
      image: image.name,
      imageVersion: version,
      why: 'publish.canary: no pointer moves here before the image has been launched',
      needs: delivered,
      imageId: imageIdIn(d, image, version, place),
    }),
  ];
}

function planParameter(d: Draft, image: Image, source: ImageSeen, account: TargetAccount, place: PlaceSeen): void {
  if (image.publish.ssm === undefined) return;
  const version = source.imageId;
  const { region } = place;
  const name = fillTemplate(image.publish.ssm, { image: image.name, account: account.id, region, version });
  const imageId = imageIdIn(d, image, version, place);
  const there = place.parameters.get(name) ?? { is: 'absent' };
  if (there.is === 'unreadable') {
    d.blocked.push(there.reason);
    return;
  }
  if (there.is === 'known' && there.value.value === imageId) return;
  d.add({
    id: `put-parameter:${account.id}:${region}:${name}`,
    do: 'put-parameter',
    account: account.id,
    region,
    image: image.name,
    imageVersion: version,
    why: there.is === 'known' ? `${name} still names ${imageOrElse(there.value.value)}` : `${name} is not there yet`,
    needs: readySteps(d, image, version, place),
    name,
    imageId,
    tags: tagsFor(d.want, 'pointer', { 'amiport:image': image.name }),
  });
}

/** A parameter may hold anything, a secret too: only what looks like an AMI id is shown. */
const imageOrElse = (value: string): string =>
  /^ami-[0-9a-f]{8,17}$/.test(value) ? value : 'something that is no AMI';

function planTemplate(d: Draft, image: Image, source: ImageSeen, place: PlaceSeen, name: string): void {
  const version = source.imageId;
  const { account, region } = place;
  const there = place.launchTemplates.get(name) ?? { is: 'absent' };
  if (there.is === 'unreadable') d.blocked.push(there.reason);
  if (there.is === 'absent') {
    d.notes.push(
      reason(
        'ec2.launch-template.absent',
        `${account}/${region}`,
        `launch template ${name} is not there in ${account}/${region}`,
        {
          remedy: { who: `account ${account}`, does: 'create it, or take it out of publish.launchTemplates' },
        },
      ),
    );
  }
  if (there.is !== 'known') return;
  const imageId = imageIdIn(d, image, version, place);
  if ((image.publish.setDefault ? there.value.imageId : there.value.latestImageId) === imageId) return;
  if (d.want.manage.launchTemplates === 'export') {
    d.notes.push(
      reason(
        'ec2.launch-template.others',
        `${account}/${region}`,
        `launch template ${name} names ${there.value.imageId ?? 'no image'}, and manage.launchTemplates leaves it to its owner`,
        {
          remedy: { who: `account ${account}`, does: `point it at image ${image.name}, version ${version}` },
        },
      ),
    );
    return;
  }
  d.add({
    id: templateStep(account, region, name),
    do: 'set-launch-template',
    account,
    region,
    image: image.name,
    imageVersion: version,
    why: image.publish.setDefault
      ? `the default version of ${name} names ${there.value.imageId ?? 'no image'}`
      : `the latest version of ${name} names ${there.value.latestImageId ?? 'no image'}; the default stays (publish.setDefault)`,
    ...(image.publish.setDefault ? {} : { setDefault: false as const }),
    needs: readySteps(d, image, version, place),
    name,
    imageId,
    mappings: mappingsFor(d, image, source, place),
    // A run that made the version and died before it was the default comes to the same one.
    token: tokenFor(d.want.name, image.name, version, account, region, name, String(from(image, there.value))),
  });
}

/** The version that the new one follows. */
const from = (image: Image, template: LaunchTemplateSeen): number =>
  image.publish.setDefault ? template.defaultVersion : template.latestVersion;

/** Every encrypted mapping with the full ARN of its key, so that no default decides. */
function mappingsFor(d: Draft, image: Image, source: ImageSeen, place: PlaceSeen): readonly MappingKey[] {
  const kmsKeyId = volumeKeyArn(d, image, place);
  if (kmsKeyId === undefined) return [];
  return source.mappings.map((m) => ({ deviceName: m.deviceName, kmsKeyId }));
}

function volumeKeyArn(d: Draft, image: Image, place: PlaceSeen): string | undefined {
  if (image.way === 'account-copies' && ['account', 'image'].includes(image.volumeKey.by))
    return accountKey(d, image, place.account, place.region);
  if (image.volumeKey.by === 'image') return deliveryKey(d, place.region);
  const named = namedVolumeKey(image, place.account, place.region);
  const key = named === undefined ? place.defaultKey : place.volumeKeys.get(named);
  if (image.way === 'shared-unencrypted' && named === undefined) {
    const on = place.encryptionByDefault;
    if (on.is !== 'known' || !on.value) return undefined;
  }
  return key?.is === 'known' ? key.value.arn : undefined;
}
