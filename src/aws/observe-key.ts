/** Reads one key with all that decides who may use it: state, policy, rotation, aliases, tags, grants. */

import { type Once, once } from '../base/once.ts';
import { absent, done, type Finding, known, type Outcome, unreadable } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { isLeaked, REPLACED_BY_TAG } from '../model/leaked.ts';
import type { GrantSeen, KeySeen } from '../model/observed.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { grantSeen } from './shapes.ts';

/** What was read of the keys of a place, by ARN: the config may name a key twice, and the place have it as its default. */
export interface KeyReads {
  readonly policies: Once<Finding<string>>;
  readonly grants: Once<Finding<readonly GrantSeen[]>>;
}

/**
 * @param id key id, key ARN, alias or alias ARN. Reads with the identity of `at.account`.
 * @param what `use`: only what decides who may use it; its rotation is `absent` then, its aliases and tags empty. `named`: its
 * tags, too; `listed`: tags and aliases
 * @returns `unreadable` also where only its tags or aliases cannot be read: they say whether it leaked, and whose it is
 */
export async function readKey(
  c: Connection,
  at: Place,
  id: string,
  what: 'all' | 'listed' | 'named' | 'use' = 'all',
  held: KeyReads = { policies: new Map(), grants: new Map() },
): Promise<Finding<KeySeen>> {
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  const answer = await c.send('kms', at, 'kms:DescribeKey', (kms) => kms.send(new DescribeKeyCommand({ KeyId: id })));
  if (!answer.ok) return refusedWith(answer, 'NotFoundException') ? absent : unreadable(answer.reason);
  const m = answer.value.KeyMetadata;
  if (m?.Arn === undefined || m.KeyId === undefined) return absent;
  // The reads below work for the owner only; a foreign key's policy is unreadable by design (KMS "Cross-account use").
  const own = m.KeyManager === 'CUSTOMER';
  const here = (m.AWSAccountId ?? at.account) === at.account;
  const arn = m.Arn;
  const [policy, rotation, aliases, tags, grants] = await Promise.all([
    once(held.policies, arn, () => readPolicy(c, at, arn)),
    what === 'all' && own ? readRotation(c, at, m.Arn) : absent,
    here && (what === 'all' || what === 'listed') ? readAliases(c, at, m.KeyId) : done([]),
    what !== 'use' && own && here ? readTags(c, at, m.KeyId) : done({}),
    own ? once(held.grants, arn, () => readGrants(c, at, arn)) : known([]),
  ]);
  if (!aliases.ok) return unreadable(aliases.reason);
  if (!tags.ok) return unreadable(tags.reason);
  const multi = m.MultiRegionConfiguration;
  return known({
    arn: m.Arn,
    keyId: m.KeyId,
    account: m.AWSAccountId ?? at.account,
    region: at.region,
    state: m.KeyState ?? 'Unavailable',
    manager: m.KeyManager ?? 'CUSTOMER',
    multiRegion:
      multi?.MultiRegionKeyType === undefined
        ? undefined
        : {
            type: multi.MultiRegionKeyType,
            primaryRegion: multi.PrimaryKey?.Region ?? at.region,
            replicaRegions: (multi.ReplicaKeys ?? []).flatMap((r) => (r.Region === undefined ? [] : [r.Region])),
          },
    policy,
    rotation,
    aliases: aliases.value,
    tags: tags.value,
    grants,
  });
}

export interface KeyFound {
  readonly key: Finding<KeySeen>;
  /** Keys that were found where this one was looked for, and that leaked. */
  readonly leaked: readonly KeySeen[];
}

/** A key that leaked is nobody's key any more, whatever name it has. */
export const foundAs = (key: Finding<KeySeen>): KeyFound =>
  key.is === 'known' && isLeaked(key.value) ? { key: absent, leaked: [key.value] } : { key, leaked: [] };

/** The key that a rotation was taken back to, or the tagged one that did not leak. */
export function successorOf(
  c: Connection,
  at: Place,
  delivery: string,
  alias: string | undefined,
  leaked: readonly KeySeen[],
): Promise<Finding<KeySeen>> {
  const named = leaked.flatMap((k) => k.tags[REPLACED_BY_TAG] ?? [])[0];
  return named === undefined ? findTaggedKey(c, at, delivery, alias) : readKey(c, at, named, reading(alias));
}

/** The rotation of accounts' own keys is their owners' business. */
const reading = (alias: string | undefined) => (alias === undefined ? 'all' : 'listed');

/**
 * KMS has no look-up by tag: every customer key of the place is asked, which only happens while the alias is not there.
 * @param alias of a key that was made for an account's copies; undefined: the delivery's key
 */
async function findTaggedKey(
  c: Connection,
  at: Place,
  delivery: string,
  alias: string | undefined,
): Promise<Finding<KeySeen>> {
  const ids = await taggedKeyIds(c, at, delivery);
  if (!ids.ok) return unreadable(ids.reason);
  for (const id of ids.value) {
    const key = await readKey(c, at, id, reading(alias));
    if (key.is !== 'known') return key;
    const { state, tags } = key.value;
    if (isLeaked(key.value)) continue;
    if (tags['amiport:alias'] === alias && (state === 'Enabled' || state === 'Creating')) return key;
  }
  return absent;
}

/** The keys that amiport made for a delivery in a place, in the order KMS lists them. */
export async function taggedKeyIds(c: Connection, at: Place, delivery: string): Promise<Outcome<readonly string[]>> {
  const { paginateListKeys } = await import('@aws-sdk/client-kms');
  const listed = await c.send('kms', at, 'kms:ListKeys', async (client) => {
    const ids: string[] = [];
    for await (const page of paginateListKeys({ client }, { Limit: 1000 }))
      for (const k of page.Keys ?? []) if (k.KeyId) ids.push(k.KeyId);
    return ids;
  });
  if (!listed.ok) return listed;
  const tagged: string[] = [];
  for (const id of listed.value) {
    const tags = await readTags(c, at, id);
    // Tags of AWS managed keys are refused: such a key is not ours. Those of any other may be.
    if (!tags.ok && !(await isOfAws(c, at, id))) return tags;
    if (tags.ok && tags.value['amiport:delivery'] === delivery && tags.value['amiport:step'] === 'key') tagged.push(id);
  }
  return done(tagged);
}

async function isOfAws(c: Connection, at: Place, KeyId: string): Promise<boolean> {
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  const answer = await c.send('kms', at, 'kms:DescribeKey', (kms) => kms.send(new DescribeKeyCommand({ KeyId })));
  return answer.ok && answer.value.KeyMetadata?.KeyManager === 'AWS';
}

async function readPolicy(c: Connection, at: Place, keyArn: string): Promise<Finding<string>> {
  const { GetKeyPolicyCommand } = await import('@aws-sdk/client-kms');
  const answer = await c.send('kms', at, 'kms:GetKeyPolicy', (kms) =>
    kms.send(new GetKeyPolicyCommand({ KeyId: keyArn, PolicyName: 'default' })),
  );
  return answer.ok ? known(answer.value.Policy ?? '{}') : unreadable(answer.reason);
}

async function readRotation(c: Connection, at: Place, keyArn: string): Promise<KeySeen['rotation']> {
  const { GetKeyRotationStatusCommand } = await import('@aws-sdk/client-kms');
  const answer = await c.send('kms', at, 'kms:GetKeyRotationStatus', (kms) =>
    kms.send(new GetKeyRotationStatusCommand({ KeyId: keyArn })),
  );
  if (!answer.ok) return unreadable(answer.reason);
  return known({ enabled: answer.value.KeyRotationEnabled ?? false, periodDays: answer.value.RotationPeriodInDays });
}

async function readAliases(c: Connection, at: Place, keyId: string): Promise<Outcome<readonly string[]>> {
  const { paginateListAliases } = await import('@aws-sdk/client-kms');
  return c.send('kms', at, 'kms:ListAliases', async (client) => {
    const names: string[] = [];
    for await (const page of paginateListAliases({ client }, { KeyId: keyId })) {
      for (const a of page.Aliases ?? []) if (a.AliasName !== undefined) names.push(a.AliasName);
    }
    return names;
  });
}

async function readTags(c: Connection, at: Place, keyId: string): Promise<Outcome<Readonly<Record<string, string>>>> {
  const { paginateListResourceTags } = await import('@aws-sdk/client-kms');
  return c.send('kms', at, 'kms:ListResourceTags', async (client) => {
    const tags: Record<string, string> = {};
    for await (const page of paginateListResourceTags({ client }, { KeyId: keyId })) {
      for (const t of page.Tags ?? []) if (t.TagKey !== undefined) tags[t.TagKey] = t.TagValue ?? '';
    }
    return tags;
  });
}

async function readGrants(c: Connection, at: Place, keyArn: string): Promise<Finding<readonly GrantSeen[]>> {
  const { paginateListGrants } = await import('@aws-sdk/client-kms');
  const answer = await c.send('kms', at, 'kms:ListGrants', async (client) => {
    const grants: GrantSeen[] = [];
    for await (const page of paginateListGrants({ client }, { KeyId: keyArn, Limit: 100 }))
      grants.push(...(page.Grants ?? []).map(grantSeen));
    return grants;
  });
  return answer.ok ? known(answer.value) : unreadable(answer.reason);
}
