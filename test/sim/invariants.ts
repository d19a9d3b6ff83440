/**
 * What must hold at every moment, looked up in the world itself and not in what amiport says of it.
 * Each rule reads the world right after an effect, and answers with what is against it.
 */
import type { Image, Snapshot } from '../../src/sim/world/ec2.ts';
import type { Key } from '../../src/sim/world/kms.ts';
import type { World } from '../../src/sim/world/world.ts';
import { BUILDER } from '../deliver/stage.ts';
import { FOREIGN_GRANT, FOREIGN_SID, REGIONS, TEMPLATE, USERS } from './base.ts';

export interface Rule {
  readonly name: string;
  /** @param before the world at the start @param accounts those that get images now */
  against(world: World, before: World, accounts: readonly string[]): readonly string[];
}

const tag = (at: { readonly tags: ReadonlyMap<string, string> }, name: string): string | undefined =>
  at.tags.get(`amiport:${name}`);

export const imagesOf = (world: World): readonly Image[] =>
  REGIONS.flatMap((region) => [...(world.regions.get(region)?.ec2.images.values() ?? [])]).filter((i) =>
    [BUILDER, ...USERS].includes(i.ownerId),
  );

export const imageById = (world: World, region: string, id: string): Image | undefined =>
  world.regions.get(region)?.ec2.images.get(id);

const snapshotsOf = (world: World): readonly Snapshot[] =>
  REGIONS.flatMap((region) => [...(world.regions.get(region)?.ec2.snapshots.values() ?? [])]).filter((s) =>
    [BUILDER, ...USERS].includes(s.ownerId),
  );

const keysOf = (world: World): readonly Key[] =>
  [BUILDER, ...USERS].flatMap((account) =>
    REGIONS.flatMap((region) => [...(world.accounts.get(account)?.places.get(region)?.kms.keys.values() ?? [])]),
  );

const behind = (world: World, image: Image): readonly Snapshot[] =>
  image.mappings.flatMap((m) => {
    const id = m.ebs?.snapshotId;
    const found = id === undefined ? undefined : world.regions.get(image.region)?.ec2.snapshots.get(id);
    return found === undefined ? [] : [found];
  });

const byArn = (world: World): ReadonlyMap<string, Key> => new Map(keysOf(world).map((k) => [k.arn, k]));

function aliasKey(world: World, account: string, region: string, alias: string): string | undefined {
  const kms = world.accounts.get(account)?.places.get(region)?.kms;
  const id = kms?.aliases.get(alias)?.targetKeyId;
  return id === undefined ? undefined : kms?.keys.get(id)?.arn;
}

/** The key that the snapshots of a copy must be under, by its tags. */
function keyWanted(world: World, image: Image): string | undefined {
  if (tag(image, 'way') === 'shared-unencrypted') return undefined;
  return tag(image, 'step') === 'account-copy'
    ? aliasKey(world, image.ownerId, image.region, `alias/ebs-${image.ownerId}`)
    : aliasKey(world, image.ownerId, image.region, 'alias/amiport-images');
}

const live = (i: Image): boolean => i.state !== 'deregistered';

export interface Pointer {
  readonly where: string;
  readonly account: string;
  readonly region: string;
  readonly imageId: string;
}

/** Every parameter and launch template by which user accounts launch. */
export function pointersOf(world: World): readonly Pointer[] {
  return USERS.flatMap((account) =>
    REGIONS.flatMap((region) => {
      const place = world.accounts.get(account)?.places.get(region);
      const parameters = [...(place?.ssm.parameters.values() ?? [])]
        .filter((p) => p.name.startsWith('/golden/'))
        .map((p) => ({ where: p.name, account, region, imageId: p.versions.at(-1)?.value ?? '' }));
      const template = [...(place?.ec2.launchTemplates.values() ?? [])].find((t) => t.name === TEMPLATE);
      const imageId = template?.versions.get(template.defaultVersion)?.data.ImageId;
      return typeof imageId === 'string' ? [...parameters, { where: TEMPLATE, account, region, imageId }] : parameters;
    }),
  );
}

const visibleTo = (image: Image, account: string): boolean =>
  image.ownerId === account || image.launchPermissions.has(account) || image.launchPermissions.has('all');

export const RULES: readonly Rule[] = [
  {
    name: 'nobody sees a copy before it is whole and under the key that was asked for',
    against: (world) =>
      imagesOf(world)
        .filter((i) => live(i) && tag(i, 'step') === 'copy' && i.launchPermissions.size > 0)
        .flatMap((image) => {
          const wanted = keyWanted(world, image);
          const wrong = behind(world, image).filter((s) => s.state !== 'completed' || s.kmsKeyId !== wanted);
          return image.state === 'available' && wrong.length === 0
            ? []
            : [`${image.imageId} (${image.state}) of ${image.region}: ${wrong.map((s) => s.kmsKeyId ?? 'no key')}`];
        }),
  },
  {
    name: 'a pointer names an image that its account can see and launch',
    against: (world, _before, accounts) =>
      pointersOf(world).flatMap(({ where, account, region, imageId }) => {
        if (!accounts.includes(account)) return [];
        const image = imageById(world, region, imageId);
        const good = image?.state === 'available' && visibleTo(image, account);
        return good
          ? []
          : [`${where} of ${account}/${region} names ${imageId}, which is ${image?.state ?? 'not there'}`];
      }),
  },
  {
    name: 'nothing under a key that AWS manages is shared',
    against: (world) => {
      const keys = byArn(world);
      const managed = (s: Snapshot): boolean => keys.get(s.kmsKeyId ?? '')?.manager === 'AWS';
      const images = imagesOf(world).filter(
        (i) => live(i) && i.launchPermissions.size > 0 && behind(world, i).some(managed),
      );
      const snapshots = snapshotsOf(world).filter((s) => s.createVolumePermissions.size > 0 && managed(s));
      return [...images.map((i) => i.imageId), ...snapshots.map((s) => s.snapshotId)];
    },
  },
  {
    name: 'no key that an image needs is switched off',
    against: (world) => {
      const keys = byArn(world);
      return imagesOf(world)
        .filter(live)
        .flatMap((i) => behind(world, i).flatMap((s) => s.kmsKeyId ?? []))
        .filter((arn) => keys.get(arn)?.state !== 'Enabled');
    },
  },
  {
    name: 'all that is made carries the tags of the delivery',
    against: (world, before) => {
      const had = new Set([
        ...imagesOf(before).map((i) => i.imageId),
        ...snapshotsOf(before).map((s) => s.snapshotId),
        ...keysOf(before).map((k) => k.arn),
      ]);
      const made: readonly (readonly [string, { readonly tags: ReadonlyMap<string, string> }])[] = [
        ...imagesOf(world).map((i) => [i.imageId, i] as const),
        ...snapshotsOf(world).map((s) => [s.snapshotId, s] as const),
        ...keysOf(world)
          .filter((k) => k.manager === 'CUSTOMER')
          .map((k) => [k.arn, k] as const),
      ];
      return made.filter(([id, at]) => !had.has(id) && tag(at, 'delivery') !== 'bedrock').map(([id]) => id);
    },
  },
  {
    name: 'what others put on a key stays as it is',
    against: (world, before) =>
      keysOf(before)
        .filter((k) => k.policy.includes(FOREIGN_SID))
        .flatMap((was) => {
          const now = keysOf(world).find((k) => k.arn === was.arn);
          const statement = now?.policy.includes(FOREIGN_SID) === true;
          const grant = [...(now?.grants.values() ?? [])].some((g) => g.name === FOREIGN_GRANT);
          return [
            ...(statement ? [] : [`their statement is gone from ${was.arn}`]),
            ...(grant ? [] : ['their grant is gone']),
          ];
        }),
  },
  {
    name: 'what others put on a role stays as it is',
    against: (world) =>
      USERS.filter(
        (account) => !world.accounts.get(account)?.iam.roles.get('Launcher')?.permissions.now.inline.has('launch'),
      ),
  },
];
