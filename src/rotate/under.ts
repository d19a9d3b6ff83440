/** What still lies under a key that leaked, by account: while anything does, the account keeps its rights on it. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { EncryptedSeen, TemplateKeySeen } from '../model/encrypted.ts';
import { isOfVolume } from '../plan/withdraw-access.ts';
import type { Rotation } from './rotation.ts';

/** One look into a place; failed where amiport may not look. */
export interface Looked {
  readonly account: string;
  readonly region: string;
  readonly found:
    | { readonly ok: true; readonly value: EncryptedSeen }
    | { readonly ok: false; readonly reason: Reason };
}

/** By account: why it is held. */
export type Held = ReadonlyMap<string, readonly Reason[]>;

/**
 * EC2's grants on the key name every attached volume of every account; what is stopped or detached, snapshots and launch
 * templates are seen by a look into the account only. The copies of this delivery are what the rotation takes itself.
 */
export function heldBy(want: Delivery, r: Rotation, looks: readonly Looked[]): Held {
  const held = new Map<string, Map<string, Reason>>();
  const add = (account: string, id: string, why: Reason): void => {
    const there = held.get(account) ?? new Map<string, Reason>();
    held.set(account, there);
    if (!there.has(id)) there.set(id, why);
  };
  const keys = new Set(r.keys.map((k) => k.old.arn));
  for (const { account, region, found } of looks) {
    const where = `${account}/${region}`;
    if (!found.ok) {
      add(account, where, untold(where, found.reason));
      continue;
    }
    for (const v of found.value.volumes)
      if (keys.has(v.kmsKeyId)) add(account, v.volumeId, lies(where, 'volume', v.volumeId, v.attachment?.instanceId));
    for (const s of found.value.snapshots)
      if (keys.has(s.kmsKeyId) && s.tags['amiport:delivery'] !== want.name)
        add(account, s.snapshotId, lies(where, 'snapshot', s.snapshotId));
    for (const t of found.value.templates)
      if (keys.has(t.key)) add(account, `${region} ${t.name} ${t.version}`, names(where, t));
  }
  for (const { old: key } of r.keys) {
    const { region } = key;
    for (const g of key.grants.is === 'known' ? key.grants.value : []) {
      const id = (g.encryptionContextSubset ?? g.encryptionContextEquals)?.['aws:ebs:id'];
      if (!isOfVolume(g) || id === undefined) continue;
      const account = /\d{12}/.exec(g.granteePrincipal)?.[0] ?? g.issuingAccount;
      add(account, id, lies(`${account}/${region}`, 'volume', id));
    }
  }
  return new Map([...held].map(([account, reasons]) => [account, [...reasons.values()]]));
}

function lies(where: string, kind: 'volume' | 'snapshot', id: string, instanceId?: string): Reason {
  const on = instanceId === undefined ? '' : ` of instance ${instanceId}`;
  const does = 'move it under a key of its own (amiport rehome), or delete it';
  return reason(`rotate.under-key.${kind}`, where, `${kind} ${id}${on} in ${where} is under the key that leaked`, {
    remedy: { who: `account ${where.split('/')[0]}`, does },
  });
}

/** Its next launch needs the key, whatever image it is of. */
const names = (where: string, { name, version }: TemplateKeySeen): Reason =>
  reason(
    'rotate.under-key.launch-template',
    where,
    `launch template ${name} version ${version} in ${where} names the key that leaked for its volumes`,
    {
      remedy: {
        who: `account ${where.split('/')[0]}`,
        does: 'make a version that names another key, or none, and the default',
      },
    },
  );

const untold = (where: string, why: Reason): Reason =>
  reason('rotate.under-key.unreadable', where, `nobody can tell what lies under the key that leaked in ${where}`, {
    because: [why],
    remedy: { who: 'you', does: 'let amiport look there (ec2:DescribeVolumes, ec2:DescribeSnapshots)' },
  });
