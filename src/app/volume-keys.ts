/** Looks into every user account for what lies under keys that others can use: `status --volume-keys`, and what `rehome` moves. */

import { type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { EncryptedSeen } from '../model/encrypted.ts';
import { leakedKeysIn } from '../model/leaked.ts';
import type { KeySeen, Observed } from '../model/observed.ts';
import type { Plan } from '../plan/step.ts';
import { planRehome, type RehomePlace, type RehomeWish } from '../rotate/rehome.ts';
import { sharedIn, toldByGrants, type VolumeKeys } from '../rotate/volume-keys.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

const AT_ONCE = 16;

interface Looks {
  readonly seen: Observed;
  readonly places: readonly (Place & { readonly found: EncryptedSeen })[];
  readonly unreadable: readonly Reason[];
}

async function lookIntoAll(session: Session, emit: Emit): Promise<Looks> {
  const { want, cloud } = session;
  const seen = await session.look(want, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const targets = want.accounts.flatMap((a) => a.regions.map((region) => ({ account: a.id, region })));
  const looked = await mapPool(targets, AT_ONCE, async (at) => ({ at, found: await cloud.findEncrypted(at) }));
  return {
    seen,
    places: looked.flatMap(({ at, found }) => (found.ok ? [{ ...at, found: found.value }] : [])),
    unreadable: looked.flatMap(({ at, found }) =>
      found.ok
        ? []
        : [
            reason(
              'rehome.unreadable',
              `${at.account}/${at.region}`,
              `nobody can look at the volumes of ${at.account}/${at.region}`,
              {
                because: [found.reason],
              },
            ),
          ],
    ),
  };
}

export async function volumeKeys(session: Session, emit: Emit): Promise<VolumeKeys> {
  const { seen, places, unreadable } = await lookIntoAll(session, emit);
  const { keys, unread } = await keysUnder(session, seen, places);
  const found = places.map((p) => sharedIn(p, keys));
  const looked = new Set(places.map((p) => `${p.account}/${p.region}`));
  return {
    version: 1,
    shared: [...found.flatMap((f) => f.shared), ...toldByGrants(keys.values(), looked)],
    own: found.reduce((n, f) => n + f.own, 0),
    unreadable: [...unreadable, ...unread],
  };
}

interface KeysRead {
  /** By ARN. */
  readonly keys: ReadonlyMap<string, KeySeen>;
  readonly unread: readonly Reason[];
}

/** Each key once: the builder's as they were seen, an account's own by its owner. */
async function keysUnder({ cloud }: Session, seen: Observed, places: Looks['places']): Promise<KeysRead> {
  const keys = new Map<string, KeySeen>();
  for (const builder of seen.builder.values())
    for (const key of [builder.key, ...builder.otherKeys.values()])
      if (key.is === 'known') keys.set(key.value.arn, key.value);
  const wanted = new Map<string, Place>();
  for (const { account, region, found } of places)
    for (const { kmsKeyId } of [...found.volumes, ...found.snapshots])
      if (!keys.has(kmsKeyId) && kmsKeyId.split(':')[4] === account) wanted.set(kmsKeyId, { account, region });
  const read = await mapPool([...wanted], AT_ONCE, ([arn, at]) => cloud.describeKey(at, arn));
  const unread: Reason[] = [];
  for (const [i, key] of read.entries()) {
    const arn = [...wanted.keys()][i] ?? '';
    if (key.ok) keys.set(key.value.arn, key.value);
    const parts = key.ok ? (key.value.manager === 'AWS' ? [] : [key.value.policy, key.value.grants]) : [];
    const because = key.ok ? parts.flatMap((p) => (p.is === 'unreadable' ? [p.reason] : [])) : [key.reason];
    if (because.length > 0)
      unread.push(reason('rehome.key-unreadable', arn, `nobody can tell to whom ${arn} is open`, { because }));
  }
  return { keys, unread };
}

export interface RehomeAsked extends RehomeWish {
  /** Account ids; absent: all. */
  readonly accounts?: ReadonlySet<string>;
}

export async function rehomePlan(session: Session, asked: RehomeAsked, emit: Emit): Promise<Plan> {
  const { seen, places, unreadable } = await lookIntoAll(session, emit);
  const { keys, unread } = await keysUnder(session, seen, places);
  const chosen = places.filter((p) => asked.accounts === undefined || asked.accounts.has(p.account));
  const leaked = [
    ...[...seen.builder.values()].flatMap((b) => leakedKeysIn(b)),
    ...[...seen.places.values()].flatMap((p) => [...(p.leakedKeys?.values() ?? [])].flat()),
  ];
  const leaving = new Set([
    ...chosen.flatMap((p) => sharedIn(p, keys).shared.map((s) => s.key)),
    ...leaked.map((k) => k.arn),
  ]);
  const to: RehomePlace[] = [];
  const unknown: Reason[] = [...unreadable, ...unread];
  for (const place of chosen) {
    const key = seen.places.get(`${place.account}/${place.region}`)?.defaultKey;
    const successors = successorsIn(seen, place);
    if (key?.is === 'known') to.push({ ...place, ownKey: key.value.arn, successors });
    else if (key?.is === 'unreadable') unknown.push(key.reason);
  }
  const plan = planRehome(session.want, seen, to, leaving, asked);
  return { ...plan, blocked: [...plan.blocked, ...unknown] };
}

/** What is under a key of the account's private copies that leaked goes under the one that has its name now. */
function successorsIn(seen: Observed, { account, region }: Place): ReadonlyMap<string, string> {
  const place = seen.places.get(`${account}/${region}`);
  return new Map(
    [...(place?.leakedKeys ?? [])].flatMap(([name, keys]) => {
      const now = place?.volumeKeys.get(name);
      return now?.is === 'known' ? keys.map((k) => [k.arn, now.value.arn] as const) : [];
    }),
  );
}
