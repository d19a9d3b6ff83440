/** Rotation of key material. Source: KMS Developer Guide "Rotating AWS KMS keys"; facts KMS-43. Old material stays and decrypts. */
import { keyDemand, keyOfCall, mustBeCustomer, mustBeUsable } from '../../kms/demand.ts';
import { newMaterial } from '../../kms/make.ts';
import { daysMs } from '../../kms/metadata.ts';
import { page } from '../../kms/page.ts';
import { type Ctx, Fault, operation, task } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import type { Key } from '../../world/kms.ts';

function rotatable(key: Key): void {
  mustBeCustomer(key);
  mustBeUsable(key);
  if (key.multiRegion?.type === 'REPLICA')
    throw new Fault(
      'UnsupportedOperationException',
      `${key.arn} is a replica key: rotation is set on its primary key.`,
    );
}

/** The key and its multi-Region relatives: rotation status and material are shared. */
function relatives(ctx: Ctx, key: Key): readonly Key[] {
  const regions =
    key.multiRegion === undefined ? [key.region] : [key.multiRegion.primaryRegion, ...key.multiRegion.replicaRegions];
  return regions.flatMap((r) => ctx.world.accounts.get(key.account)?.places.get(r)?.kms.keys.get(key.keyId) ?? []);
}

export const enableKeyRotation = operation<Kms.EnableKeyRotationRequest, Record<string, never>>(
  'kms.EnableKeyRotation',
  {
    accepts: ['KeyId', 'RotationPeriodInDays'],
    demands: (call) => [
      keyDemand(call, 'EnableKeyRotation', {
        'kms:rotationperiodindays': [String(call.input.RotationPeriodInDays ?? 365)],
      }),
    ],
    apply(call) {
      const key = keyOfCall(call);
      rotatable(key);
      const periodDays = call.input.RotationPeriodInDays ?? 365;
      if (periodDays < 90 || periodDays > 2560)
        throw new Fault('ValidationException', 'RotationPeriodInDays must be between 90 and 2560.');
      const nextMs = call.nowMs + daysMs(periodDays);
      for (const k of relatives(call, key)) k.rotation = { ...k.rotation, enabled: true, periodDays, nextMs };
      call.later(nextMs - call.nowMs, 'kms.rotate', {
        account: key.account,
        region: key.region,
        keyId: key.keyId,
        dueMs: nextMs,
      });
      return {};
    },
  },
);

export const disableKeyRotation = operation<Kms.DisableKeyRotationRequest, Record<string, never>>(
  'kms.DisableKeyRotation',
  {
    accepts: ['KeyId'],
    demands: (call) => [keyDemand(call, 'DisableKeyRotation')],
    apply(call) {
      const key = keyOfCall(call);
      rotatable(key);
      for (const k of relatives(call, key)) k.rotation = { ...k.rotation, enabled: false, nextMs: undefined };
      return {};
    },
  },
);

export const getKeyRotationStatus = operation<Kms.GetKeyRotationStatusRequest, Kms.GetKeyRotationStatusResponse>(
  'kms.GetKeyRotationStatus',
  {
    accepts: ['KeyId'],
    demands: (call) => [keyDemand(call, 'GetKeyRotationStatus')],
    apply(call) {
      const key = keyOfCall(call);
      const { enabled, periodDays, nextMs } = key.rotation;
      return {
        KeyId: key.arn,
        KeyRotationEnabled: enabled,
        ...(enabled ? { RotationPeriodInDays: periodDays } : {}),
        ...(nextMs === undefined ? {} : { NextRotationDate: new Date(nextMs) }),
      };
    },
  },
);

export const rotateKeyOnDemand = operation<Kms.RotateKeyOnDemandRequest, Kms.RotateKeyOnDemandResponse>(
  'kms.RotateKeyOnDemand',
  {
    accepts: ['KeyId'],
    demands: (call) => [keyDemand(call, 'RotateKeyOnDemand')],
    apply(call) {
      const key = keyOfCall(call);
      rotatable(key);
      if (key.rotation.onDemandLeft === 0)
        throw new Fault('LimitExceededException', `The on-demand rotations of ${key.arn} are used up.`);
      const next = key.rotation.nextMs;
      if (next !== undefined && next - call.nowMs < 20 * 60_000)
        throw new Fault('ConflictException', `${key.arn} is about to be rotated automatically.`);
      addMaterial(call, key, 'ON_DEMAND');
      for (const k of relatives(call, key)) k.rotation = { ...k.rotation, onDemandLeft: k.rotation.onDemandLeft - 1 };
      return { KeyId: key.arn };
    },
  },
);

function addMaterial(ctx: Ctx, key: Key, rotation: 'AUTOMATIC' | 'ON_DEMAND'): void {
  const material = newMaterial(ctx, rotation);
  for (const k of relatives(ctx, key)) k.materials.push(material);
}

/**
 * KMS does not rotate a disabled key; enabled again, one whose material is older than its period is rotated at once.
 * Source: KMS Developer Guide "Rotating AWS KMS keys", disabled keys.
 */
export function rotateIfOverdue(ctx: Ctx, key: Key): void {
  const { enabled, periodDays } = key.rotation;
  const fromMs = key.materials.at(-1)?.fromMs ?? ctx.nowMs;
  const overdue = enabled && ctx.nowMs - fromMs >= daysMs(periodDays);
  if (overdue && key.multiRegion?.type !== 'REPLICA') addMaterial(ctx, key, 'AUTOMATIC');
}

export const listKeyRotations = operation<Kms.ListKeyRotationsRequest, Kms.ListKeyRotationsResponse>(
  'kms.ListKeyRotations',
  {
    accepts: ['KeyId', 'Limit', 'Marker'],
    demands: (call) => [keyDemand(call, 'ListKeyRotations')],
    apply(call) {
      const key = keyOfCall(call);
      const rotated = key.materials.filter((m) => m.rotation !== undefined).toReversed();
      const { items, next } = page(rotated, call.input.Limit ?? 100, call.input.Marker, (m) => m.materialId);
      return {
        Rotations: items.map((m) => ({
          KeyId: key.arn,
          RotationDate: new Date(m.fromMs),
          ...(m.rotation === undefined ? {} : { RotationType: m.rotation }),
        })),
        Truncated: next !== undefined,
        ...(next === undefined ? {} : { NextMarker: next }),
      };
    },
  },
);

export const rotate = task('kms.rotate', (ctx, data) => {
  const { account, region, keyId, dueMs } = data as { account: string; region: string; keyId: string; dueMs: number };
  const key = ctx.world.accounts.get(account)?.places.get(region)?.kms.keys.get(keyId);
  if (key === undefined || !key.rotation.enabled || key.rotation.nextMs !== dueMs) return;
  // A disabled key is not rotated; EnableKey makes up for it.
  if (key.state === 'Enabled') addMaterial(ctx, key, 'AUTOMATIC');
  const nextMs = ctx.nowMs + daysMs(key.rotation.periodDays);
  for (const k of relatives(ctx, key)) k.rotation = { ...k.rotation, nextMs };
  ctx.later(nextMs - ctx.nowMs, 'kms.rotate', { account, region, keyId, dueMs: nextMs });
});
