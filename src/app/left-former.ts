/**
 * Accounts and Regions that were taken out of the config, and may still hold what amiport made there: from the journals of
 * runs, from the grants that carry the delivery's name, and from tagged snapshots in the builder's other Regions. They are
 * added to the delivery, so that they are looked at as all the others are.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import { type Delivery, type Launcher, roleArnFor } from '../model/delivery.ts';
import { REGION_NAMES, regionNamed } from '../model/regions.ts';
import { grantName } from '../plan/access.ts';
import { type JournalRecord, readRuns } from '../run/journal.ts';
import type { LeftResource } from './left-resource.ts';
import type { Session } from './session.ts';

export interface Wider {
  /** The delivery with its former places. */
  readonly wide: Delivery;
  /** Former accounts that cannot be looked at. */
  readonly unreadable: readonly Reason[];
}

/** Where a journal says that something was done; roles that were given a policy. */
interface Former {
  readonly places: readonly Place[];
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
}

/** @param others places in which runs without a journal here did something */
export async function withFormerPlaces(session: Session, others: readonly Place[]): Promise<Wider> {
  const { want } = session;
  const { places: told, roles } = await journaled(session);
  const places = [...told, ...others];
  const regions = [...new Set([...want.regions, ...places.map((p) => p.region), ...(await taggedRegions(session))])];
  const issuers = (await grantIssuers(session, regions)).map((account) =>
    regions.map((region) => ({ account, region })),
  );
  const all = Map.groupBy([...places, ...issuers.flat()], (p) => p.account);
  all.delete(want.builder.account);
  const unreadable: Reason[] = [];
  const wider = want.accounts.map((a) => ({ ...a, regions: regionsOf(a.regions, all.get(a.id)) }));
  const former = [...all].flatMap(([id, where]) => {
    if (want.accounts.some((a) => a.id === id)) return [];
    if (roleArnFor(want.access, id) === undefined) {
      unreadable.push(noRole(id));
      return [];
    }
    const launchers = [...(roles.get(id) ?? [])].map((name): Launcher => ({ kind: 'role', name, path: '/' }));
    return [{ id, name: undefined, regions: regionsOf([], where), launchers }];
  });
  return { wide: { ...want, regions, accounts: [...wider, ...former] }, unreadable };
}

const regionsOf = (own: readonly string[], more: readonly Place[] = []): readonly string[] => [
  ...new Set([...own, ...more.map((p) => p.region)]),
];

/** What is in a place that the config has no more is needed by nobody. Keys say so by themselves. */
export function outside(want: Delivery, r: LeftResource): LeftResource {
  const account = want.accounts.find((a) => a.id === r.account);
  const within = r.account === want.builder.account || account?.regions.includes(r.region);
  if (r.orphan || within || r.kind === 'key' || r.kind === 'alias') return r;
  return { ...r, orphan: true, why: notInConfig(want, r) };
}

export const notInConfig = (want: Delivery, { account, region }: Place): string =>
  want.accounts.some((a) => a.id === account)
    ? `${account} takes no images in ${region} any more`
    : `account ${account} is not in the config`;

async function journaled({ stateDir, want }: Session): Promise<Former> {
  const runs = await readRuns(stateDir);
  const records = runs.flatMap(({ records: all }) => {
    const [head] = all;
    return head?.kind === 'run' && head.delivery === want.name ? all : [];
  });
  const started = records.filter((r): r is Extract<JournalRecord, { kind: 'started' }> => r.kind === 'started');
  const places = new Map<string, Place>();
  const roles = new Map<string, Set<string>>();
  for (const { step, detail } of started) {
    const { account, region } = detail ?? {};
    if (account !== undefined && region !== undefined && regionNamed(region) !== undefined)
      places.set(`${account}/${region}`, { account, region });
    const [, of, role] = /^put-role-policy:(\d{12}):(.+)$/.exec(step) ?? [];
    if (of !== undefined && role !== undefined) roles.set(of, (roles.get(of) ?? new Set()).add(role));
  }
  return { places: [...places.values()], roles };
}

const AT_ONCE = 8;

/** Regions that every account has on and no journal names. Where the builder may not look, nothing says that it ever made anything. */
async function taggedRegions({ want, cloud }: Session): Promise<readonly string[]> {
  const own = regionNamed(want.builder.region)?.partition;
  const others = REGION_NAMES.filter((name) => {
    const region = regionNamed(name);
    return region?.partition === own && !region?.optIn && name !== want.builder.region && !want.regions.includes(name);
  });
  const found = await mapPool(others, AT_ONCE, async (region) => {
    const snapshots = await cloud.findSnapshots({ account: want.builder.account, region }, want.name);
    return snapshots.ok && snapshots.value.length > 0 ? [region] : [];
  });
  return found.flat();
}

/** Accounts that made grants for this delivery on its keys. A key that cannot be read is said by the look that follows. */
async function grantIssuers({ want, cloud }: Session, regions: readonly string[]): Promise<readonly string[]> {
  const prefix = grantName(want.name, '');
  const keys = await mapPool([...new Set([want.builder.region, ...regions])], AT_ONCE, (region) =>
    cloud.findKeys({ account: want.builder.account, region }, want.name),
  );
  const grants = keys
    .flatMap((k) => (k.ok ? k.value : []))
    .flatMap((k) => (k.grants.is === 'known' ? k.grants.value : []));
  return [...new Set(grants.flatMap((g) => (g.name?.startsWith(prefix) ? [g.issuingAccount] : [])))];
}

const noRole = (account: string): Reason =>
  reason(
    'left.account.no-role',
    account,
    `amiport made something in account ${account}, which is not in the config, and no role leads there`,
    {
      remedy: {
        who: 'you',
        does: 'set access.role in amiport.yaml to arn:aws:iam::{account}:role/NAME, and look again',
      },
    },
  );
