/** Keys, replicas, aliases, grants and role policies of a delivery, and which of them the config still needs. */

import type { Delivery } from '../model/delivery.ts';
import { accountKeyName, launcherPrincipalArn } from '../model/delivery.ts';
import type { GrantSeen, KeySeen, Observed } from '../model/observed.ts';
import { grantName, rolePolicyName } from '../plan/access.ts';
import {
  accountsIn,
  copiedImages,
  customerVolumeKeys,
  deliveredRegions,
  launcherArn,
  needsKey,
} from '../plan/targets.ts';
import { notInConfig } from './left-former.ts';
import { type Found, type LeftResource, orphaned } from './left-resource.ts';

export function keysLeft(want: Delivery, seen: Observed, found: Found): readonly LeftResource[] {
  const out: LeftResource[] = [];
  const listed = new Set<string>();
  for (const [region, keys] of found.keys) {
    for (const key of keys) {
      listed.add(key.arn);
      out.push(keyResource(want, seen, key, region), ...aliasesOf(want, seen, key, region));
    }
  }
  for (const key of [...found.keys.values()].flat()) out.push(...replicasElsewhere(want, key, listed));
  for (const key of grantedKeys(seen, found)) out.push(...grantsLeft(want, seen, key));
  return out;
}

const UNUSED = 'no image of the config is copied under it';

/** Keys that amiport made in user accounts: needed while an image of the config is copied under them. */
export function accountKeysLeft(want: Delivery, found: Found): readonly LeftResource[] {
  return [...found.accountKeys].flatMap(([place, keys]) => {
    const [account = '', region = ''] = place.split('/');
    const named = new Set(copiedImages(want).flatMap((i) => accountKeyName(i, account, region) ?? []));
    return keys.flatMap((key): LeftResource[] => {
      const going = key.state === 'PendingDeletion';
      const here = want.accounts.some((a) => a.id === account && a.regions.includes(region));
      const used = here && [...named].some((n) => key.aliases.includes(n) || key.tags['amiport:alias'] === n);
      const state = orphaned(going || used ? undefined : here ? UNUSED : notInConfig(want, { account, region }));
      const base = { account, region, ...state };
      const aliases = key.aliases.filter((a) => a === key.tags['amiport:alias']);
      return [
        { arn: key.arn, kind: 'key', ...base },
        ...aliases.map(
          (a): LeftResource => ({ arn: `arn:${want.partition}:kms:${region}:${account}:${a}`, kind: 'alias', ...base }),
        ),
      ];
    });
  });
}

function keyResource(want: Delivery, seen: Observed, key: KeySeen, region: string): LeftResource {
  return {
    arn: key.arn,
    kind: key.multiRegion?.type === 'REPLICA' ? 'key-replica' : 'key',
    account: key.account,
    region,
    ...orphaned(whyKeyOrphan(want, seen, key, region)),
  };
}

function whyKeyOrphan(want: Delivery, seen: Observed, key: KeySeen, region: string): string | undefined {
  // It is on its way out: nothing is left to do about it.
  if (key.state === 'PendingDeletion' || key.state === 'PendingReplicaDeletion') return undefined;
  if (!needsKey(want)) return 'no image is under it';
  if (region !== want.builder.region && !deliveredRegions(want).includes(region))
    return `no account takes images in ${region}`;
  const current = seen.builder.get(region)?.key;
  if (current?.is === 'known' && current.value.arn !== key.arn) return `the delivery uses ${current.value.arn}`;
  const reference = want.key?.reference;
  if (reference?.by === 'alias' && !key.aliases.includes(reference.alias)) return `${reference.alias} does not name it`;
  return undefined;
}

function aliasesOf(want: Delivery, seen: Observed, key: KeySeen, region: string): readonly LeftResource[] {
  const reference = want.key?.reference;
  const name = reference?.by === 'alias' ? reference.alias : undefined;
  if (name === undefined || !key.aliases.includes(name)) return [];
  return [
    {
      arn: `arn:${want.partition}:kms:${region}:${key.account}:${name}`,
      kind: 'alias',
      account: key.account,
      region,
      ...orphaned(whyKeyOrphan(want, seen, key, region)),
    },
  ];
}

/** Replicas in Regions that the config names no more: the primary still knows them. */
function replicasElsewhere(want: Delivery, key: KeySeen, listed: Set<string>): readonly LeftResource[] {
  return (key.multiRegion?.replicaRegions ?? []).flatMap((region) => {
    const arn = key.arn.split(':').with(3, region).join(':');
    if (listed.has(arn)) return [];
    listed.add(arn);
    const why = want.regions.includes(region) ? undefined : `${region} is not in the config`;
    return [{ arn, kind: 'key-replica' as const, account: key.account, region, ...orphaned(why) }];
  });
}

/** Every key that may carry a grant of this delivery, each once. */
function grantedKeys(seen: Observed, found: Found): readonly KeySeen[] {
  const keys = new Map<string, KeySeen>();
  for (const builder of seen.builder.values())
    if (builder.key.is === 'known') keys.set(builder.key.value.arn, builder.key.value);
  for (const key of [...found.keys.values()].flat()) keys.set(key.arn, key);
  for (const place of seen.places.values())
    for (const key of [place.defaultKey, ...place.volumeKeys.values()])
      if (key.is === 'known' && key.value.manager === 'CUSTOMER') keys.set(key.value.arn, key.value);
  return [...keys.values()];
}

function grantsLeft(want: Delivery, seen: Observed, key: KeySeen): readonly LeftResource[] {
  if (key.grants.is !== 'known') return [];
  const prefix = grantName(want.name, '');
  const own = key.grants.value.filter((g) => g.name?.startsWith(prefix));
  const kept = new Set<string>();
  return own
    .toSorted((a, b) => a.createdMs - b.createdMs)
    .map((grant): LeftResource => {
      const why = whyGrantOrphan(want, seen, key, grant, kept);
      return {
        arn: key.arn,
        kind: 'grant',
        account: grant.issuingAccount,
        region: key.region,
        id: grant.grantId,
        ...orphaned(why),
      };
    });
}

function whyGrantOrphan(
  want: Delivery,
  seen: Observed,
  key: KeySeen,
  grant: GrantSeen,
  kept: Set<string>,
): string | undefined {
  const { granteePrincipal: grantee, issuingAccount } = grant;
  // KMS shows the unique id of a role that was deleted: made again, the role is another one.
  if (!grantee.startsWith('arn:')) return `its role is gone (${grantee})`;
  const wanted = accountsIn(want, key.region).some(
    (a) =>
      a.id === issuingAccount &&
      a.launchers.some((l) =>
        [launcherPrincipalArn(l, a.id, want.partition), launcherArn(want, seen, a.id, l)].includes(grantee),
      ),
  );
  if (!wanted) return `${grantee} is no launcher of the config in ${issuingAccount}/${key.region}`;
  if (kept.has(grantee)) return 'a second grant to the same role';
  kept.add(grantee);
  return undefined;
}

export function rolePoliciesLeft(want: Delivery, seen: Observed): readonly LeftResource[] {
  const policyName = rolePolicyName(want.name);
  return want.accounts.flatMap((account) => {
    const places = account.regions.flatMap((r) => seen.places.get(`${account.id}/${r}`) ?? []);
    const needed = needsKey(want) || places.some((p) => customerVolumeKeys(want.images, p).length > 0);
    return [...(seen.accounts.get(account.id)?.roles.values() ?? [])].flatMap((role): LeftResource[] => {
      if (role.is !== 'known' || !role.value.inline.some((p) => p.name === policyName)) return [];
      return [
        {
          arn: role.value.arn,
          kind: 'role-policy',
          account: account.id,
          region: account.regions[0] ?? want.builder.region,
          id: policyName,
          ...orphaned(needed ? undefined : 'no launch needs a key'),
        },
      ];
    });
  });
}
