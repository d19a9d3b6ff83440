/** Steps for images: a copy in every Region under that Region's key, checked, proven, then shared. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Image } from '../model/delivery.ts';
import type { BuilderRegionSeen, ImageSeen } from '../model/observed.ts';
import { accessSteps } from './access-steps.ts';
import { type Draft, tagsFor, tokenFor } from './draft.ts';
import { deliveryKey, keyReadySteps } from './key-steps.ts';
import { imageRef } from './step.ts';
import { accountsIn, copiesOf, deliveredRegions, liveCopyOf } from './targets.ts';

export const sharedStep = (image: string, version: string, region: string): string =>
  `share-image:${image}:${version}:${region}`;

export function planImages(d: Draft): void {
  const gate = d.want.policy.secrets;
  if (gate !== undefined && gate.allowShared !== 'always') {
    // A gate that cannot be checked is never taken for passed.
    d.blocked.push(
      reason(
        'plan.gate.secrets',
        d.want.name,
        'policy.secrets asks for an audit of the disks before sharing, which this version cannot make',
        {
          remedy: { who: 'you', does: 'take policy.secrets out of amiport.yaml to deliver without that gate' },
        },
      ),
    );
    return;
  }
  if (d.want.images.some((i) => i.way === 'shared-unencrypted')) planDefaults(d);
  for (const image of d.want.images) planImage(d, image);
}

function planImage(d: Draft, image: Image): void {
  const source = d.seen.sources.get(image.name) ?? { is: 'absent' };
  if (source.is === 'unreadable') d.blocked.push(source.reason);
  if (source.is === 'absent') d.notes.push(notBuilt(image));
  if (source.is !== 'known') return;
  if (image.way === 'account-copies') {
    d.blocked.push(
      reason('plan.way.unsupported', image.name, `the way account-copies of image ${image.name} is not supported yet`, {
        remedy: { who: 'you', does: 'choose shared-encrypted or shared-unencrypted' },
      }),
    );
    return;
  }
  const refused = refuseSource(d, image, source.value);
  if (refused !== undefined) {
    d.blocked.push(refused);
    return;
  }
  for (const region of deliveredRegions(d.want)) planRegion(d, image, source.value, region);
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

function planRegion(d: Draft, image: Image, source: ImageSeen, region: string): void {
  const version = source.imageId;
  const builder = d.seen.builder.get(region);
  const images = builder?.images ?? { is: 'absent' };
  if (images.is === 'unreadable') {
    d.blocked.push(images.reason);
    return;
  }
  const known = images.is === 'known' ? images.value : [];
  const live = liveCopyOf(known, image, version);
  const imageId = live?.imageId ?? imageRef(image.name, version, region);
  const base = { account: d.want.builder.account, region, image: image.name, imageVersion: version };
  if (live === undefined) addCopy(d, image, source, region, copiesOf(known, image, version).length + 1);
  const key = image.way === 'shared-encrypted' ? deliveryKey(d, region) : undefined;
  const wrong = live === undefined || builder === undefined ? undefined : wrongKey(live, builder, key);
  if (wrong !== undefined) {
    d.blocked.push(wrong);
    return;
  }
  const missing = missingAccounts(d, region, live);
  if (live?.state !== 'available') {
    d.add({
      ...base,
      id: `check-image:${image.name}:${version}:${region}`,
      do: 'check-image',
      why:
        key === undefined
          ? 'every snapshot must be unencrypted, or user accounts cannot launch it'
          : `every snapshot must be under the delivery's key, whatever the copy was asked for`,
      needs: d.planned(`copy-image:${image.name}:${version}:${region}`),
      imageId,
      ...(key === undefined ? {} : { key }),
    });
  }
  if (missing.length === 0) return;
  const places = missing.map((a) => `${a}/${region}`);
  d.add({
    ...base,
    id: `prove:${image.name}:${version}:${region}`,
    do: 'prove',
    why: `nothing is shared before every launcher in ${places.length} place${places.length === 1 ? '' : 's'} is proven able to launch it`,
    needs: [
      ...d.planned(`check-image:${image.name}:${version}:${region}`),
      ...accessSteps(d, region),
      ...keyReadySteps(d, region),
    ],
    places,
  });
  d.add({
    ...base,
    id: sharedStep(image.name, version, region),
    do: 'share-image',
    why: `${missing.length} account${missing.length === 1 ? ' has' : 's have'} no launch permission in ${region}`,
    needs: [`prove:${image.name}:${version}:${region}`],
    imageId,
    accounts: missing,
  });
}

function addCopy(d: Draft, image: Image, source: ImageSeen, region: string, attempt: number): void {
  const version = source.imageId;
  const tags = tagsFor(d.want, 'copy', {
    'amiport:image': image.name,
    'amiport:version': version,
    'amiport:way': image.way,
  });
  const encrypted = image.way === 'shared-encrypted';
  // With encryption by default on, what Packer builds is under aws/ebs, which cannot be shared.
  const reEncrypts =
    encrypted && source.mappings.some((m) => m.encrypted)
      ? '; the source is encrypted under another key, so the copy re-encrypts it'
      : '';
  d.add({
    id: `copy-image:${image.name}:${version}:${region}`,
    do: 'copy-image',
    account: d.want.builder.account,
    region,
    image: image.name,
    imageVersion: version,
    why: `${region} holds no copy of ${version}${encrypted ? ' under the key of this delivery' : ''}${attempt > 1 ? ` (attempt ${attempt}: earlier ones failed)` : ''}${reEncrypts}`,
    needs: [...(encrypted ? keyReadySteps(d, region) : d.planned(`disable-encryption-by-default:${region}`))],
    sourceImageId: source.imageId,
    sourceRegion: d.want.builder.region,
    name: copyName(d.want.name, image.name, version, attempt),
    description: `${image.name}, copied by amiport from ${source.imageId} in ${d.want.builder.region}`,
    ...(encrypted ? { key: deliveryKey(d, region) } : {}),
    token: tokenFor(d.want.name, image.name, image.way, version, region, String(attempt)),
    tags: { ...tags, Name: image.name },
  });
}

/** AMI names take 128 characters and are unique in a place; a failed copy may hold its name for a while. */
const copyName = (delivery: string, image: string, version: string, attempt: number): string =>
  `amiport/${delivery}/${image}/${version}${attempt > 1 ? `-${attempt}` : ''}`.slice(0, 128);

function wrongKey(live: ImageSeen, builder: BuilderRegionSeen, key: string | undefined): Reason | undefined {
  if (live.state !== 'available') return undefined;
  for (const m of live.mappings) {
    if (m.snapshotId === undefined) continue;
    const found = builder.snapshots.get(m.snapshotId);
    if (found?.is === 'unreadable') return found.reason;
    if (found?.is === 'known' && found.value.kmsKeyId !== key) {
      return reason(
        'ec2.copy.wrong-key',
        live.imageId,
        `snapshot ${m.snapshotId} of ${live.imageId} is under ${found.value.kmsKeyId ?? 'no key'}, not ${key ?? 'unencrypted'}`,
        {
          remedy: {
            who: 'you',
            does: `deregister ${live.imageId} with its snapshots in ${builder.region}, then apply again`,
          },
        },
      );
    }
  }
  return undefined;
}

function missingAccounts(d: Draft, region: string, live: ImageSeen | undefined): readonly string[] {
  const wanted = accountsIn(d.want, region)
    .map((a) => a.id)
    .filter((id) => id !== d.want.builder.account);
  const permissions = live?.launchPermissions;
  if (permissions?.is !== 'known') return wanted;
  return wanted.filter((id) => !permissions.value.userIds.includes(id));
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
