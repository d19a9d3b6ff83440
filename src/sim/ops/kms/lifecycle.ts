/** Key states and deletion. Source: KMS API Reference "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion", "UpdatePrimaryRegion"; facts KMS-40 to KMS-44. */
import { keyDemand, keyOfCall, mustBeCustomer, mustBeUsable } from '../../kms/demand.ts';
import { daysMs } from '../../kms/metadata.ts';
import { type Call, type Ctx, Fault, operation, task } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import type { Key } from '../../world/kms.ts';
import { placeOf } from '../../world/make.ts';
import { rotateIfOverdue } from './rotation.ts';

function changeable(key: Key): void {
  mustBeCustomer(key);
  if (key.state !== 'Enabled' && key.state !== 'Disabled') {
    throw new Fault(
      'KMSInvalidStateException',
      `${key.arn} is ${key.state === 'Creating' ? 'creating' : 'pending deletion (or pending replica deletion)'}.`,
    );
  }
}

/**
 * Whole days since the key was last used, or since it was made where it never was: usage is tracked from then on.
 * Source: KMS Developer Guide "AWS KMS condition keys", kms:TrailingDaysWithoutKeyUsage.
 */
function usageContext(call: Call<{ readonly KeyId: string | undefined }>): Record<string, readonly string[]> {
  const key = keyOfCall(call);
  const days = Math.floor((call.nowMs - (key.lastUsedMs ?? key.createdMs)) / daysMs(1));
  return { 'kms:trailingdayswithoutkeyusage': [String(days)] };
}

export const enableKey = operation<Kms.EnableKeyRequest, Record<string, never>>('kms.EnableKey', {
  accepts: ['KeyId'],
  demands: (call) => [keyDemand(call, 'EnableKey')],
  apply(call) {
    const key = keyOfCall(call);
    changeable(key);
    key.state = 'Enabled';
    rotateIfOverdue(call, key);
    return {};
  },
});

export const disableKey = operation<Kms.DisableKeyRequest, Record<string, never>>('kms.DisableKey', {
  accepts: ['KeyId'],
  demands: (call) => [keyDemand(call, 'DisableKey', usageContext(call))],
  apply(call) {
    const key = keyOfCall(call);
    changeable(key);
    key.state = 'Disabled';
    return {};
  },
});

/** KMS-42: 7 to 30 days; a primary with replicas waits until the last of them is really deleted. */
export const scheduleKeyDeletion = operation<Kms.ScheduleKeyDeletionRequest, Kms.ScheduleKeyDeletionResponse>(
  'kms.ScheduleKeyDeletion',
  {
    accepts: ['KeyId', 'PendingWindowInDays'],
    demands: (call) => [
      keyDemand(call, 'ScheduleKeyDeletion', {
        ...usageContext(call),
        'kms:schedulekeydeletionpendingwindowindays': [String(call.input.PendingWindowInDays ?? 30)],
      }),
    ],
    apply(call) {
      const key = keyOfCall(call);
      changeable(key);
      const days = call.input.PendingWindowInDays ?? 30;
      if (days < 7 || days > 30)
        throw new Fault('ValidationException', 'PendingWindowInDays must be between 7 and 30.');
      key.pendingWindowDays = days;
      const waits = key.multiRegion?.type === 'PRIMARY' && key.multiRegion.replicaRegions.size > 0;
      if (waits) key.state = 'PendingReplicaDeletion';
      else startDeletion(call, key);
      return {
        KeyId: key.arn,
        KeyState: key.state,
        PendingWindowInDays: days,
        ...(key.deletionAtMs === undefined ? {} : { DeletionDate: new Date(key.deletionAtMs) }),
      };
    },
  },
);

function startDeletion(ctx: Ctx, key: Key): void {
  key.state = 'PendingDeletion';
  key.deletionAtMs = ctx.nowMs + daysMs(key.pendingWindowDays ?? 30);
  ctx.later(key.deletionAtMs - ctx.nowMs, 'kms.key-deleted', {
    account: key.account,
    region: key.region,
    keyId: key.keyId,
  });
}

export const cancelKeyDeletion = operation<Kms.CancelKeyDeletionRequest, Kms.CancelKeyDeletionResponse>(
  'kms.CancelKeyDeletion',
  {
    accepts: ['KeyId'],
    demands: (call) => [keyDemand(call, 'CancelKeyDeletion')],
    apply(call) {
      const key = keyOfCall(call);
      if (key.state !== 'PendingDeletion' && key.state !== 'PendingReplicaDeletion') {
        throw new Fault(
          'KMSInvalidStateException',
          `${key.arn} is not pending deletion (or pending replica deletion).`,
        );
      }
      key.state = 'Disabled';
      key.deletionAtMs = undefined;
      key.pendingWindowDays = undefined;
      return { KeyId: key.arn };
    },
  },
);

/** KMS-62: primary and replica change roles; both keys' permission is needed. */
export const updatePrimaryRegion = operation<Kms.UpdatePrimaryRegionRequest, Record<string, never>>(
  'kms.UpdatePrimaryRegion',
  {
    accepts: ['KeyId', 'PrimaryRegion'],
    demands: (call) => [
      keyDemand(call, 'UpdatePrimaryRegion', { 'kms:primaryregion': [call.input.PrimaryRegion ?? ''] }),
    ],
    apply(call) {
      const primary = keyOfCall(call);
      const region = call.input.PrimaryRegion ?? '';
      const replica = placeOf(call.world, primary.account, region).kms.keys.get(primary.keyId);
      if (primary.multiRegion?.type !== 'PRIMARY' || replica?.multiRegion === undefined) {
        throw new Fault(
          'UnsupportedOperationException',
          `${primary.arn} is not a multi-Region primary key with a replica in ${region}.`,
        );
      }
      for (const key of [primary, replica]) mustBeUsable(key);
      const { replicaRegions } = primary.multiRegion;
      replicaRegions.delete(region);
      replicaRegions.add(primary.region);
      for (const r of [region, ...replicaRegions]) {
        const related = placeOf(call.world, primary.account, r).kms.keys.get(primary.keyId);
        if (related?.multiRegion)
          related.multiRegion = { type: r === region ? 'PRIMARY' : 'REPLICA', primaryRegion: region, replicaRegions };
      }
      // The schedule moves with the primary role: the former primary may be deleted before it is due.
      const { nextMs: dueMs } = primary.rotation;
      const { account, keyId } = primary;
      if (dueMs !== undefined) call.later(dueMs - call.nowMs, 'kms.rotate', { account, region, keyId, dueMs });
      return {};
    },
  },
);

interface KeyName {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
}

const named = (ctx: Ctx, data: object): Key | undefined => {
  const { account, region, keyId } = data as KeyName;
  return ctx.world.accounts.get(account)?.places.get(region)?.kms.keys.get(keyId);
};

export const keyEnabled = task('kms.key-enabled', (ctx, data) => {
  const key = named(ctx, data);
  if (key?.state === 'Creating') key.state = 'Enabled';
});

export const keyDeleted = task('kms.key-deleted', (ctx, data) => {
  const key = named(ctx, data);
  if (key?.state !== 'PendingDeletion' || key.deletionAtMs === undefined || key.deletionAtMs > ctx.nowMs) return;
  const place = ctx.world.accounts.get(key.account)?.places.get(key.region)?.kms;
  place?.keys.delete(key.keyId);
  for (const alias of [...(place?.aliases.values() ?? [])])
    if (alias.targetKeyId === key.keyId) place?.aliases.delete(alias.name);
  const multi = key.multiRegion;
  if (multi?.type !== 'REPLICA') return;
  multi.replicaRegions.delete(key.region);
  const primary = named(ctx, { account: key.account, region: multi.primaryRegion, keyId: key.keyId });
  if (primary?.state === 'PendingReplicaDeletion' && multi.replicaRegions.size === 0) startDeletion(ctx, primary);
});
