/**
 * Everything that amiport ever made for a delivery and is still there, found by tags and deterministic names, and
 * which of it nothing needs any more. Looks in every place of the config, and in those that were taken out of it.
 */
import { distinct, type Outcome, type Reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import type { Emit } from './events.ts';
import { outside, withFormerPlaces } from './left-former.ts';
import { imagesLeft, privateImagesLeft } from './left-images.ts';
import { accountKeysLeft, keysLeft, rolePoliciesLeft } from './left-keys.ts';
import { canariesLeft, parametersLeft } from './left-places.ts';
import type { Found, LeftResource } from './left-resource.ts';
import type { Session } from './session.ts';

export interface Left {
  readonly version: 1;
  readonly resources: readonly LeftResource[];
  /** Where nothing could be seen. */
  readonly unreadable: readonly Reason[];
}

const AT_ONCE = 8;

/** @param others places in which runs without a journal here did something */
export async function left(session: Session, emit: Emit, others: readonly Place[] = []): Promise<Left> {
  const { want } = session;
  const { wide, unreadable: without } = await withFormerPlaces(session, others);
  const seen = await session.look(wide, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const unreadable = [...unreadableParts(seen), ...without];
  const found = await search(session, wide, unreadable);
  for (const key of [...found.keys.values()].flat())
    if (key.grants.is === 'unreadable') unreadable.push(key.grants.reason);
  const resources = leftOf(want, wide, seen, found).map((r) => outside(want, r));
  return { version: 1, resources, unreadable: distinct(unreadable) };
}

function leftOf(want: Delivery, wide: Delivery, seen: Observed, found: Found): readonly LeftResource[] {
  return [
    ...keysLeft(want, seen, found),
    ...accountKeysLeft(want, found),
    ...imagesLeft(want, seen, found),
    ...privateImagesLeft(want, seen, found),
    ...rolePoliciesLeft(wide, seen),
    ...parametersLeft(want, found),
    ...canariesLeft(want, found),
  ];
}

async function search({ cloud }: Session, want: Delivery, unreadable: Reason[]): Promise<Found> {
  const regions = [...new Set([want.builder.region, ...want.regions])];
  const places = want.accounts.flatMap((a) => a.regions.map((region) => ({ account: a.id, region })));
  const at = (region: string): Place => ({ account: want.builder.account, region });
  const keep = <T>(outcome: Outcome<T>): T | undefined => {
    if (outcome.ok) return outcome.value;
    unreadable.push(outcome.reason);
    return undefined;
  };
  const all = async <K, T>(items: readonly K[], name: (item: K) => string, look: (item: K) => Promise<Outcome<T>>) => {
    const values = await mapPool(items, AT_ONCE, async (item) => [name(item), keep(await look(item))] as const);
    return new Map(values.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
  };
  const self = (region: string) => region;
  const placeName = (p: Place) => `${p.account}/${p.region}`;
  // In the builder's own places all of it is found already.
  const foreign = places.filter((p) => p.account !== want.builder.account);
  const [keys, snapshots, accountKeys, accountSnapshots, parameters, canaries] = await Promise.all([
    all(regions, self, (region) => cloud.findKeys(at(region), want.name)),
    all(regions, self, (region) => cloud.findSnapshots(at(region), want.name)),
    all(foreign, placeName, (place) => cloud.findKeys(place, want.name)),
    all(foreign, placeName, (place) => cloud.findSnapshots(place, want.name)),
    all(places, placeName, (place) => cloud.findParameters(place, want.name)),
    all(places, placeName, (place) => cloud.listCanaries(place, want.name)),
  ]);
  return { keys, snapshots, accountKeys, accountSnapshots, parameters, canaries };
}

function unreadableParts(seen: Observed): Reason[] {
  const findings = [
    ...[...seen.builder.values()].flatMap((b) => [b.images, b.key]),
    ...[...seen.places.values()].map((p) => p.images),
    ...[...seen.accounts.values()].flatMap((a) => [...a.roles.values()]),
  ];
  return findings.flatMap((f) => (f.is === 'unreadable' ? [f.reason] : []));
}
