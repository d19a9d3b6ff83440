/** Which volumes and snapshots lie under keys that accounts other than their own can use. Pure. */
import type { Reason } from '../base/outcome.ts';
import type { EncryptedSeen } from '../model/encrypted.ts';
import type { GrantSeen, KeySeen } from '../model/observed.ts';
import { isOfVolume } from '../plan/withdraw-access.ts';

export interface SharedVolumes {
  readonly account: string;
  readonly region: string;
  /** ARN of the key. */
  readonly key: string;
  /** The account that the key belongs to. */
  readonly owner: string;
  /** Other accounts that it is open to, as far as its policy and grants could be read: ids, organizations, or `everyone`. */
  readonly openTo: readonly string[];
  readonly volumes: readonly {
    readonly id: string;
    readonly instance?: string;
    readonly instanceState?: string;
    readonly group?: string;
  }[];
  readonly snapshots: readonly string[];
  /** `grants`: nobody could look into the account, and EC2's grants on the key name the volumes that are attached, no others. */
  readonly toldBy: 'account' | 'grants';
}

export interface VolumeKeys {
  readonly version: 1;
  readonly shared: readonly SharedVolumes[];
  /** Volumes and snapshots under keys of their own account that nobody else can use. */
  readonly own: number;
  /** Places and keys that could not be looked at. */
  readonly unreadable: readonly Reason[];
}

interface PolicyStatement {
  readonly Effect?: string;
  readonly Principal?: string | { readonly AWS?: string | readonly string[] };
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Conditions that say whose principals are meant, with what they name. Source: IAM User Guide "AWS global condition context keys". */
const WHOSE = /^(kms:CallerAccount|aws:PrincipalAccount|aws:PrincipalOrgID|aws:PrincipalOrgPaths)$/i;

/** Accounts and organizations, besides `owner`, that the key's policy and grants name. */
export function openTo(key: KeySeen, owner: string): readonly string[] {
  const named = new Set<string>();
  const policy = key.policy.is === 'known' ? (JSON.parse(key.policy.value) as { readonly Statement?: unknown }) : {};
  for (const s of [policy.Statement ?? []].flat() as readonly PolicyStatement[])
    if (s.Effect === 'Allow') for (const who of principalsOf(s)) named.add(who);
  for (const g of key.grants.is === 'known' ? key.grants.value : []) {
    const id = /\d{12}/.exec(g.granteePrincipal)?.[0];
    if (id !== undefined) named.add(id);
  }
  named.delete(owner);
  return [...named].toSorted();
}

function principalsOf({ Principal, Condition }: PolicyStatement): readonly string[] {
  const all = typeof Principal === 'string' ? [Principal] : [Principal?.AWS ?? []].flat();
  const ids = all.flatMap((p) => /\d{12}/.exec(p)?.[0] ?? []);
  if (!all.includes('*')) return ids;
  const whose = Object.values(Condition ?? {}).flatMap((tests) =>
    Object.entries(tests).flatMap(([name, values]) => (WHOSE.test(name) ? [values].flat() : [])),
  );
  return whose.length > 0 ? whose : ['everyone'];
}

const isRead = (key: KeySeen): boolean =>
  key.manager === 'AWS' || (key.policy.is === 'known' && key.grants.is === 'known');

const ownerOf = (arn: string): string => arn.split(':')[4] ?? '';

/** @param keys those that could be read, by ARN */
export function sharedIn(
  place: { readonly account: string; readonly region: string; readonly found: EncryptedSeen },
  keys: ReadonlyMap<string, KeySeen>,
): { readonly shared: readonly SharedVolumes[]; readonly own: number } {
  const { account, region, found } = place;
  const arns = [...new Set([...found.volumes, ...found.snapshots].map((t) => t.kmsKeyId))].toSorted();
  const shared: SharedVolumes[] = [];
  let own = 0;
  for (const arn of arns) {
    const owner = ownerOf(arn);
    const key = keys.get(arn);
    // Whether others can use it is not known: `unreadableKeys` says so.
    if (owner === account && (key === undefined || !isRead(key))) continue;
    const others = key === undefined || key.manager === 'AWS' ? [] : openTo(key, owner);
    const volumes = found.volumes.filter((v) => v.kmsKeyId === arn);
    const snapshots = found.snapshots.filter((s) => s.kmsKeyId === arn).map((s) => s.snapshotId);
    if (owner === account && others.length === 0) {
      own += volumes.length + snapshots.length;
      continue;
    }
    const hosts = new Map(found.hosts.map((h) => [h.instanceId, h]));
    shared.push({
      account,
      region,
      key: arn,
      owner,
      openTo: others,
      volumes: volumes.map((v) => {
        const host = hosts.get(v.attachment?.instanceId ?? '');
        return {
          id: v.volumeId,
          ...(host === undefined ? {} : { instance: host.instanceId, instanceState: host.state }),
          ...(host?.group === undefined ? {} : { group: host.group }),
        };
      }),
      snapshots,
      toldBy: 'account',
    });
  }
  return { shared, own };
}

/**
 * Attached volumes in places that nobody looked into: EC2 makes a grant on the key for each, from the volume's account.
 * Source: KMS Developer Guide "How Amazon EBS uses AWS KMS".
 *
 * @param looked `account/region` of the places that were looked into
 */
export function toldByGrants(keys: Iterable<KeySeen>, looked: ReadonlySet<string>): readonly SharedVolumes[] {
  const shared: SharedVolumes[] = [];
  for (const key of keys) {
    const attached = Map.groupBy(
      (key.grants.is === 'known' ? key.grants.value : []).filter(isOfVolume),
      (g) => g.issuingAccount,
    );
    for (const [account, grants] of [...attached].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      if (account !== key.account && !looked.has(`${account}/${key.region}`))
        shared.push({
          account,
          region: key.region,
          key: key.arn,
          owner: key.account,
          openTo: openTo(key, key.account),
          volumes: grants.map(volumeOf).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
          snapshots: [],
          toldBy: 'grants',
        });
  }
  return shared;
}

/** The grantee is EC2 on behalf of one instance: `…aws:ec2-infrastructure/i-…`, with a colon in some records. */
function volumeOf(grant: GrantSeen): SharedVolumes['volumes'][number] {
  const id = (grant.encryptionContextSubset ?? grant.encryptionContextEquals)?.['aws:ebs:id'] ?? '';
  const instance = /[/:](i-[0-9a-f]+)$/.exec(grant.granteePrincipal)?.[1];
  return instance === undefined ? { id } : { id, instance };
}
