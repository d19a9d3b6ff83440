/** What still lies under a key that leaked, by account: while anything does, the account keeps its rights on it. */
import { type Reason, reason } from '../base/outcome.ts';
import type { UnderKey } from '../model/cloud.ts';
import type { Delivery } from '../model/delivery.ts';
import { isOfVolume } from '../plan/withdraw-access.ts';
import type { Rotation } from './rotation.ts';

/** One look into a place; unreadable where amiport may not look. */
export interface Looked {
  readonly account: string;
  readonly region: string;
  readonly found:
    | { readonly ok: true; readonly value: readonly UnderKey[] }
    | { readonly ok: false; readonly reason: Reason };
}

/** By account: why it is held. */
export type Held = ReadonlyMap<string, readonly Reason[]>;

/**
 * EC2's grants on the key name every attached volume of every account; what is stopped or detached, and snapshots, are seen
 * by a look into the account only. The copies of this delivery are what the rotation takes itself.
 */
export function heldBy(want: Delivery, r: Rotation, looks: readonly Looked[]): Held {
  const held = new Map<string, Map<string, Reason>>();
  const add = (account: string, id: string, why: Reason): void => {
    const there = held.get(account) ?? new Map<string, Reason>();
    held.set(account, there);
    if (!there.has(id)) there.set(id, why);
  };
  for (const look of looks) {
    const where = `${look.account}/${look.region}`;
    if (!look.found.ok) {
      add(look.account, where, untold(where, look.found.reason));
      continue;
    }
    for (const thing of look.found.value)
      if (thing.tags['amiport:delivery'] !== want.name) add(look.account, thing.id, lies(where, thing));
  }
  for (const [region, key] of r.old) {
    for (const g of key.grants.is === 'known' ? key.grants.value : []) {
      const id = (g.encryptionContextSubset ?? g.encryptionContextEquals)?.['aws:ebs:id'];
      if (!isOfVolume(g) || id === undefined) continue;
      const account = /\d{12}/.exec(g.granteePrincipal)?.[0] ?? g.issuingAccount;
      add(account, id, lies(`${account}/${region}`, { kind: 'volume', id, instanceId: undefined }));
    }
  }
  return new Map([...held].map(([account, reasons]) => [account, [...reasons.values()]]));
}

function lies(where: string, t: Pick<UnderKey, 'kind' | 'id' | 'instanceId'>): Reason {
  const on = t.instanceId === undefined ? '' : ` of instance ${t.instanceId}`;
  return reason(
    `rotate.under-key.${t.kind}`,
    where,
    `${t.kind} ${t.id}${on} in ${where} is under the key that leaked`,
    {
      remedy: {
        who: `account ${where.split('/')[0]}`,
        does:
          t.kind === 'volume'
            ? 'move it under a key of its own: replace the instance, or its root volume from an image under the new key'
            : 'copy the snapshot under a key of its own, then delete it',
      },
    },
  );
}

const untold = (where: string, why: Reason): Reason =>
  reason('rotate.under-key.unreadable', where, `nobody can tell what lies under the key that leaked in ${where}`, {
    because: [why],
    remedy: { who: 'you', does: 'let amiport look there (ec2:DescribeVolumes, ec2:DescribeSnapshots)' },
  });
