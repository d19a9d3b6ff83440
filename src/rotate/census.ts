/** Everything that hangs on the keys that are to be rotated, in the builder and in the user accounts. Pure. */
import type { Reason } from '../base/outcome.ts';
import type { Census, Consumer } from '../model/census.ts';
import type { Delivery } from '../model/delivery.ts';
import type { ImageSeen, KeySeen, Observed } from '../model/observed.ts';
import { isOwnStatement, rolePolicyName, type Statement } from '../plan/access.ts';
import { isOfVolume } from '../plan/withdraw-access.ts';
import type { Looked } from './under.ts';

export interface KeyHeld {
  readonly arn: string;
  readonly region: string;
  readonly state: string;
  readonly aliases: readonly string[];
  readonly statements: { readonly own: readonly string[]; readonly others: readonly string[] };
  /** Of this delivery, of EC2 for attached volumes, and of anybody else by their names or ids. */
  readonly grants: { readonly own: number; readonly volumes: number; readonly others: readonly string[] };
}

export interface ImageHeld {
  readonly imageId: string;
  readonly image: string;
  readonly imageVersion: string;
  readonly account: string;
  readonly region: string;
  readonly state: string;
  readonly snapshots: readonly string[];
  /** Accounts that may launch it. */
  readonly sharedWith: number;
}

export interface PlaceHeld {
  readonly account: string;
  readonly region: string;
  /** Launch templates, groups, parameters and recipes that name an image under the key. */
  readonly pinned: readonly string[];
  readonly instances: readonly string[];
  readonly volumes: readonly { readonly id: string; readonly instance?: string; readonly state?: string }[];
  readonly snapshots: readonly string[];
  /** Launch templates that name the key for their volumes. */
  readonly templates: readonly string[];
}

export interface RotateCensus {
  readonly keys: readonly KeyHeld[];
  readonly images: readonly ImageHeld[];
  readonly places: readonly PlaceHeld[];
  /** Roles whose policy of this delivery names the key: `account/role`. */
  readonly rolePolicies: readonly string[];
  /** What the rotation would wait for, as things are. */
  readonly holds: readonly Reason[];
  readonly unreadable: readonly Reason[];
}

interface Held {
  readonly account: string;
  readonly region: string;
  readonly image: ImageSeen;
}

/** Images with a disk under one of the keys, wherever they are. */
export function imagesUnder(want: Delivery, seen: Observed, keys: readonly KeySeen[]): readonly Held[] {
  const arns = new Set(keys.map((k) => k.arn));
  const all = [
    ...[...seen.builder.values()].map((b) => ({ ...b, account: want.builder.account })),
    ...[...seen.places.values()].filter((p) => p.account !== want.builder.account),
  ];
  return all.flatMap(({ account, region, images, snapshots }) =>
    (images.is === 'known' ? images.value : [])
      .filter((i) =>
        i.mappings.some((m) => {
          const found = snapshots.get(m.snapshotId ?? '');
          return found?.is === 'known' && arns.has(found.value.kmsKeyId ?? '');
        }),
      )
      .map((image) => ({ account, region, image })),
  );
}

export function rotateCensus(
  want: Delivery,
  seen: Observed,
  keys: readonly KeySeen[],
  looked: { readonly consumers: Census; readonly places: readonly Looked[] },
  holds: readonly Reason[],
): RotateCensus {
  const unreadable: Reason[] = [];
  const consumers: Consumer[] = [];
  for (const found of looked.consumers.values()) {
    if (found.is === 'unreadable') unreadable.push(found.reason);
    if (found.is === 'known') consumers.push(...found.value);
  }
  for (const { found } of looked.places) if (!found.ok) unreadable.push(found.reason);
  for (const key of keys)
    for (const part of [key.policy, key.grants]) if (part.is === 'unreadable') unreadable.push(part.reason);
  const arns = new Set(keys.map((k) => k.arn));
  return {
    keys: keys.map((k) => keyHeld(want, k)),
    images: imagesUnder(want, seen, keys).map(imageHeld),
    places: looked.places.flatMap((p) => placeHeld(want, p, arns, consumers)),
    rolePolicies: rolePolicies(want, seen, arns),
    holds,
    unreadable,
  };
}

function keyHeld(want: Delivery, key: KeySeen): KeyHeld {
  const document = key.policy.is === 'known' ? (JSON.parse(key.policy.value) as { readonly Statement?: unknown }) : {};
  const statements = [document.Statement ?? []].flat() as unknown as readonly Statement[];
  const grants = key.grants.is === 'known' ? key.grants.value : [];
  const isOwn = (name: string | undefined): boolean => name?.startsWith(`amiport/${want.name}/`) === true;
  return {
    arn: key.arn,
    region: key.region,
    state: key.state,
    aliases: key.aliases,
    statements: {
      own: statements.filter((s) => isOwnStatement(s, want.name)).map((s) => s.Sid),
      others: statements.filter((s) => !isOwnStatement(s, want.name)).map((s, i) => s.Sid ?? `#${i}`),
    },
    grants: {
      own: grants.filter((g) => isOwn(g.name)).length,
      volumes: grants.filter(isOfVolume).length,
      others: grants.filter((g) => !isOwn(g.name) && !isOfVolume(g)).map((g) => g.name ?? g.grantId),
    },
  };
}

const imageHeld = ({ account, region, image }: Held): ImageHeld => ({
  imageId: image.imageId,
  image: image.tags['amiport:image'] ?? '',
  imageVersion: image.tags['amiport:version'] ?? image.imageId,
  account,
  region,
  state: image.state,
  snapshots: image.mappings.flatMap((m) => m.snapshotId ?? []),
  sharedWith: image.launchPermissions.is === 'known' ? image.launchPermissions.value.userIds.length : 0,
});

function placeHeld(
  want: Delivery,
  { account, region, found }: Looked,
  arns: ReadonlySet<string>,
  consumers: readonly Consumer[],
): readonly PlaceHeld[] {
  const here = consumers.filter((c) => c.account === account && c.region === region);
  const hosts = new Map(found.ok ? found.value.hosts.map((h) => [h.instanceId, h.state]) : []);
  const volumes = found.ok ? found.value.volumes.filter((v) => arns.has(v.kmsKeyId)) : [];
  const snapshots = found.ok
    ? found.value.snapshots.filter((s) => arns.has(s.kmsKeyId) && s.tags['amiport:delivery'] !== want.name)
    : [];
  const held: PlaceHeld = {
    account,
    region,
    pinned: here.filter((c) => c.kind !== 'instance' && c.kind !== 'usage').map((c) => `${c.kind} ${c.id}`),
    instances: here.filter((c) => c.kind === 'instance').map((c) => c.id),
    volumes: volumes.map((v) => {
      const instance = v.attachment?.instanceId;
      const state = hosts.get(instance ?? '');
      return {
        id: v.volumeId,
        ...(instance === undefined ? {} : { instance }),
        ...(state === undefined ? {} : { state }),
      };
    }),
    snapshots: snapshots.map((s) => s.snapshotId),
    templates: found.ok
      ? found.value.templates.filter((t) => arns.has(t.key)).map((t) => `${t.name} version ${t.version}`)
      : [],
  };
  const { pinned, instances, templates } = held;
  const count = [pinned, instances, held.volumes, held.snapshots, templates].reduce((n, list) => n + list.length, 0);
  return count === 0 ? [] : [held];
}

const rolePolicies = (want: Delivery, seen: Observed, arns: ReadonlySet<string>): readonly string[] =>
  [...seen.accounts].flatMap(([account, { roles }]) =>
    [...roles.values()].flatMap((r) => {
      const own = r.is === 'known' ? r.value.inline.find((p) => p.name === rolePolicyName(want.name)) : undefined;
      return r.is === 'known' && [...arns].some((arn) => own?.document.includes(arn) === true)
        ? [`${account}/${r.value.name}`]
        : [];
    }),
  );
