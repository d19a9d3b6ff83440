/**
 * Volumes and snapshots that lie under a key which other accounts can use, moved under their account's own key. Pure.
 *
 * A volume is moved while its instance is stopped, so that nothing that is written is lost: snapshot, new volume from it under
 * the own key, checked, swapped. (Replacing the root volume of a running instance would lose what is written in between.)
 * Members of an Auto Scaling group are replaced by a refresh. Old volumes stay until somebody consents to their deletion.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import { roleArnFor } from '../model/delivery.ts';
import {
  DELETE_TAG,
  type EncryptedSeen,
  FOR_DEVICE_TAG,
  FOR_INSTANCE_TAG,
  type HostSeen,
  type OwnSnapshotSeen,
  REHOMES_TAG,
  type TemplateKeySeen,
  type VolumeSeen,
} from '../model/encrypted.ts';
import type { KeySeen, Observed } from '../model/observed.ts';
import { type KeyAccess, samePolicy, withMovers, withoutMovers } from '../plan/access.ts';
import { Draft } from '../plan/draft.ts';
import type { Plan } from '../plan/step.ts';

export interface RehomeWish {
  /** Instances that run may be stopped for the move, and are started again. */
  readonly stop: boolean;
  /** Old volumes and snapshots go once what stands for them is there. */
  readonly deleteOld: boolean;
}

/** What a look into one place found. */
export interface RehomePlace {
  readonly account: string;
  readonly region: string;
  readonly found: EncryptedSeen;
  /** ARN of the key that volumes are to be under. */
  readonly ownKey: string;
  /** By ARN of a key of the account that leaked: its successor, which stands in place of `ownKey`. */
  readonly successors: ReadonlyMap<string, string>;
}

const keyFor = (place: RehomePlace, from: string): string => place.successors.get(from) ?? place.ownKey;

const MIN_HEALTHY_PERCENTAGE = 90;

/** @param leaving ARNs of the keys to leave */
export function planRehome(
  want: Delivery,
  seen: Observed,
  places: readonly RehomePlace[],
  leaving: ReadonlySet<string>,
  wish: RehomeWish,
): Plan {
  const d = new Draft(want, seen);
  const able = places.filter((p) => !leaving.has(p.ownKey));
  for (const place of places) if (!able.includes(place)) d.blocked.push(noOwnKey(place));
  const opened = openKeys(d, able, leaving);
  for (const place of able) {
    planVolumes(d, place, leaving, wish, opened);
    planSnapshots(d, place, leaving, wish, opened);
  }
  closeKeys(d, opened);
  return d.finish();
}

/** By ARN of a key of the builder: the step after which amiport's roles may read from under it. */
type Opened = ReadonlyMap<string, { readonly step: string | undefined; readonly key: KeySeen }>;

/** An account's role for amiport has no rights on the shared key: it gets them for the time of the move. */
function openKeys(d: Draft, places: readonly RehomePlace[], leaving: ReadonlySet<string>): Opened {
  const opened = new Map<string, { step: string | undefined; key: KeySeen }>();
  for (const [region, builder] of d.seen.builder) {
    const keys = [builder.key, ...builder.otherKeys.values()].flatMap((k) => (k.is === 'known' ? [k.value] : []));
    for (const key of keys.filter((k) => leaving.has(k.arn))) {
      const accounts = places.filter((p) => p.region === region && needsMove(d, p, key.arn)).map((p) => p.account);
      if (key.policy.is !== 'known') continue;
      const policy =
        accounts.length === 0 ? key.policy.value : withMovers(key.policy.value, moversOf(d, region, accounts));
      const step = samePolicy(policy, key.policy.value) ? undefined : openStep(d, key, policy);
      opened.set(key.arn, { step, key });
    }
  }
  return opened;
}

const needsMove = (d: Draft, p: RehomePlace, key: string): boolean =>
  p.found.volumes.some((v) => v.kmsKeyId === key && !isMoved(v, standsFor(p, v))) ||
  p.found.snapshots.some(
    (s) =>
      s.kmsKeyId === key &&
      s.tags[REHOMES_TAG] === undefined &&
      s.tags['amiport:delivery'] !== d.want.name &&
      copyOf(p, s) === undefined,
  );

/** The volume under the own key that was made for another one. */
const standsFor = (place: RehomePlace, volume: VolumeSeen): VolumeSeen | undefined =>
  place.found.volumes.find(
    (v) => v.tags[REHOMES_TAG] === volume.volumeId && v.kmsKeyId === keyFor(place, volume.kmsKeyId),
  );

/** True once the new one is where the old one was. */
const isMoved = (volume: VolumeSeen, made: VolumeSeen | undefined): boolean =>
  made !== undefined && volume.attachment === undefined && seatOf(volume, made) === undefined;

const copyOf = (place: RehomePlace, { snapshotId, kmsKeyId }: OwnSnapshotSeen) =>
  place.found.snapshots.find(
    (o) => o.tags[REHOMES_TAG] === snapshotId && o.kmsKeyId === keyFor(place, kmsKeyId) && o.state === 'completed',
  );

const moversOf = (d: Draft, region: string, accounts: readonly string[]): KeyAccess => ({
  delivery: d.want.name,
  partition: d.want.partition,
  region,
  launcherAccounts: [],
  launcherArns: [],
  grantAccounts: [],
  granteeArns: [],
  grantMakerArns: [],
  copierAccounts: accounts,
  copierArns: [
    ...new Set(
      accounts.flatMap((a) => roleArnFor(d.want.access, a) ?? []).map((arn) => arn.split(':').with(4, '*').join(':')),
    ),
  ],
});

function openStep(d: Draft, key: KeySeen, policy: string): string {
  const { account } = d.want.builder;
  return d.add({
    id: `open-key:${key.region}:${key.keyId}`,
    do: 'put-key-policy',
    account,
    region: key.region,
    why: "amiport's roles in the accounts may read from under it, for as long as the move takes",
    needs: [],
    key: key.arn,
    policy,
  });
}

function closeKeys(d: Draft, opened: Opened): void {
  for (const { key } of opened.values()) {
    if (key.policy.is !== 'known') continue;
    const policy = withoutMovers(key.policy.value, d.want.name);
    const needs = d.movesIn(key.region);
    const isOpen = d.planned(`open-key:${key.region}:${key.keyId}`).length > 0 || !samePolicy(policy, key.policy.value);
    if (!isOpen) continue;
    d.add({
      id: `close-key:${key.region}:${key.keyId}`,
      do: 'put-key-policy',
      account: d.want.builder.account,
      region: key.region,
      why: 'the move is over',
      needs: [...needs, ...d.planned(`open-key:${key.region}:${key.keyId}`)],
      key: key.arn,
      policy,
    });
  }
}

const noOwnKey = ({ account, region, ownKey }: RehomePlace): Reason =>
  reason(
    'rehome.no-own-key',
    `${account}/${region}`,
    `the default key for EBS encryption of ${account}/${region} is ${ownKey} itself`,
    {
      remedy: {
        who: `account ${account}`,
        does: 'set a default key of its own: aws ec2 modify-ebs-default-kms-key-id',
      },
    },
  );

/** Where a volume is, or was before an earlier run took it off. */
interface Seat {
  readonly instanceId: string;
  readonly device: string;
  readonly deleteOnTermination: boolean;
}

function seatOf(volume: VolumeSeen, made: VolumeSeen | undefined): Seat | undefined {
  if (volume.attachment !== undefined) return volume.attachment;
  const instanceId = made?.tags[FOR_INSTANCE_TAG];
  if (made === undefined || instanceId === undefined || made.attachment !== undefined) return undefined;
  return {
    instanceId,
    device: made.tags[FOR_DEVICE_TAG] ?? '',
    deleteOnTermination: made.tags[DELETE_TAG] === 'true',
  };
}

function planVolumes(
  d: Draft,
  place: RehomePlace,
  leaving: ReadonlySet<string>,
  wish: RehomeWish,
  opened: Opened,
): void {
  const { found, account, region } = place;
  const hosts = new Map(found.hosts.map((h) => [h.instanceId, h]));
  const naming = found.templates.filter((t) => leaving.has(t.key));
  for (const t of naming) d.blocked.push(namesKey(place, t));
  const moved = new Map<string, string[]>();
  let former: readonly string[] = [];
  for (const volume of found.volumes.filter((v) => leaving.has(v.kmsKeyId))) {
    const made = standsFor(place, volume);
    if (made !== undefined && isMoved(volume, made)) {
      if (wish.deleteOld) deleteVolume(d, place, volume, []);
      else d.notes.push(oldStays(place, 'volume', volume.volumeId, made.volumeId));
      continue;
    }
    const seat = seatOf(volume, made);
    const host = seat === undefined ? undefined : hosts.get(seat.instanceId);
    if (host?.group !== undefined) {
      if (naming.length === 0) former = refresh(d, place, host.group, former);
    } else if (host !== undefined && host.state !== 'stopped' && !wish.stop) d.blocked.push(runs(place, volume, host));
    else moveVolume(d, place, volume, seat, host, moved, readyOf(opened, volume.kmsKeyId));
  }
  for (const { instanceId, state, wasRunning } of found.hosts) {
    const stopped = d.planned(`stop-instance:${instanceId}`);
    if (stopped.length === 0 && !(wasRunning && state === 'stopped')) continue;
    const why = 'it ran before its volumes were moved';
    const needs = [...stopped, ...(moved.get(instanceId) ?? [])];
    d.add({ id: `start-instance:${instanceId}`, do: 'start-instance', account, region, why, needs, instanceId });
  }
}

/** New instances of such a template lie under the key again, so no group is refreshed beside it. */
const namesKey = ({ account, region }: RehomePlace, t: TemplateKeySeen): Reason =>
  reason(
    'rehome.template-names-key',
    `${account}/${region}`,
    `launch template ${t.name} version ${t.version} in ${account}/${region} names ${t.key} for its volumes, so what it launches lies under that key again`,
    {
      remedy: {
        who: `account ${account}`,
        does: 'make a version that names another key, or none, and the default; then amiport rehome goes on',
      },
    },
  );

/** One group of a place after the other: a failed launch stops the rest. The group's own template says what its new instances are of: rotate and the pointers have seen to that. */
function refresh(
  d: Draft,
  { account, region }: RehomePlace,
  group: string,
  former: readonly string[],
): readonly string[] {
  const id = `refresh-instances:${account}:${region}:${group}`;
  if (d.planned(id).length > 0) return former;
  d.add({
    id,
    do: 'refresh-instances',
    account,
    region,
    why: 'its instances have volumes under the key to leave, and new ones do not',
    needs: former,
    group,
    minHealthyPercentage: MIN_HEALTHY_PERCENTAGE,
    // Of the same version they may be: the default key of the place was another one when they were launched.
    replaceAll: true,
  });
  return [id];
}

const runs = ({ account, region }: RehomePlace, volume: VolumeSeen, host: HostSeen): Reason =>
  reason(
    'rehome.running',
    `${account}/${region}`,
    `${volume.volumeId} belongs to ${host.instanceId}, which is ${host.state}: a volume is moved while its instance is stopped`,
    {
      remedy: {
        who: `account ${account}`,
        does: 'stop the instance, or say --stop: it is started again after the move',
      },
    },
  );

function moveVolume(
  d: Draft,
  place: RehomePlace,
  volume: VolumeSeen,
  seat: Seat | undefined,
  host: HostSeen | undefined,
  moved: Map<string, string[]>,
  ready: readonly string[],
): void {
  const { account, region } = place;
  const needs = [...ready];
  if (host !== undefined && host.state !== 'stopped') {
    const id = `stop-instance:${host.instanceId}`;
    if (d.planned(id).length === 0)
      d.add({
        id,
        do: 'stop-instance',
        account,
        region,
        why: 'its volumes are moved while nothing writes to them (--stop)',
        needs: [],
        instanceId: host.instanceId,
      });
    needs.push(id);
  }
  const id = d.add({
    id: `rehome-volume:${volume.volumeId}`,
    do: 'rehome-volume',
    account,
    region,
    why: `it is under ${volume.kmsKeyId}, which other accounts can use`,
    needs,
    volumeId: volume.volumeId,
    key: keyFor(place, volume.kmsKeyId),
    zone: volume.zone,
    type: volume.type,
    sizeGiB: volume.sizeGiB,
    ...(volume.iops === undefined ? {} : { iops: volume.iops }),
    ...(volume.throughput === undefined ? {} : { throughput: volume.throughput }),
    ...(seat === undefined ? {} : { ...seat }),
    tags: carried(d.want, volume.tags),
  });
  if (seat !== undefined) moved.set(seat.instanceId, [...(moved.get(seat.instanceId) ?? []), id]);
}

/** The owner's tags stay on what stands for theirs; those of AWS cannot be set. */
const carried = (want: Delivery, tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(tags).filter(([k]) => !k.startsWith('aws:') && !k.startsWith('amiport:'))),
  'amiport:delivery': want.name,
  'amiport:step': 'rehome',
});

const oldStays = ({ account, region }: RehomePlace, kind: string, old: string, made: string): Reason =>
  reason(
    `rehome.old.${kind}`,
    `${account}/${region}`,
    `${old} in ${account}/${region} stays under the key to leave; ${made} stands for it`,
    { remedy: { who: 'you', does: 'amiport rehome --delete-old deletes it, once all is well' } },
  );

function deleteVolume(d: Draft, { account, region }: RehomePlace, volume: VolumeSeen, needs: readonly string[]): void {
  const why = 'another volume under the own key stands for it (--delete-old)';
  const { volumeId } = volume;
  d.add({ id: `delete-volume:${volumeId}`, do: 'delete-volume', account, region, why, needs, volumeId });
}

const readyOf = (opened: Opened, key: string): readonly string[] => {
  const step = opened.get(key)?.step;
  return step === undefined ? [] : [step];
};

function planSnapshots(
  d: Draft,
  place: RehomePlace,
  leaving: ReadonlySet<string>,
  wish: RehomeWish,
  opened: Opened,
): void {
  const { account, region, found } = place;
  for (const s of found.snapshots.filter((one) => leaving.has(one.kmsKeyId))) {
    const interim = s.tags[REHOMES_TAG] !== undefined;
    // Copies that a delivery made are its own to take.
    if (!interim && s.tags['amiport:delivery'] === d.want.name) continue;
    const of = s.tags[REHOMES_TAG] ?? s.snapshotId;
    const made = interim
      ? found.volumes.find((v) => v.tags[REHOMES_TAG] === of && !leaving.has(v.kmsKeyId) && v.state !== 'creating')
      : copyOf(place, s);
    const base = { account, region, needs: [] };
    const { snapshotId } = s;
    if (made !== undefined && (wish.deleteOld || interim)) {
      const why = interim
        ? 'the volume that was made from it is there'
        : 'a copy under the own key stands for it (--delete-old)';
      d.add({ ...base, id: `delete-snapshot:${snapshotId}`, do: 'delete-snapshot', why, snapshotId });
    } else if (made !== undefined) {
      d.notes.push(oldStays(place, 'snapshot', snapshotId, 'snapshotId' in made ? made.snapshotId : made.volumeId));
    } else if (!interim) {
      const why = `it is under ${s.kmsKeyId}, which other accounts can use`;
      const tags = carried(d.want, s.tags);
      d.add({
        ...base,
        needs: readyOf(opened, s.kmsKeyId),
        id: `rehome-snapshot:${snapshotId}`,
        do: 'rehome-snapshot',
        why,
        snapshotId,
        key: keyFor(place, s.kmsKeyId),
        tags,
      });
    }
  }
}
