/** Makes keys and key material. Material comes from the world's seed: worth nothing outside the simulator. */
import type { Ctx } from '../operation.ts';
import type { Key, KeyMaterial } from '../world/kms.ts';
import { namedIds } from './named-principals.ts';

export interface NewKey {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  readonly description: string;
  readonly manager: Key['manager'];
  readonly policy: string;
  readonly state?: Key['state'];
  readonly multiRegion?: Key['multiRegion'];
  readonly materials?: readonly KeyMaterial[];
  readonly tags?: ReadonlyMap<string, string>;
}

export function makeKey(ctx: Ctx, n: NewKey): Key {
  return {
    keyId: n.keyId,
    arn: `arn:${ctx.world.partition}:kms:${n.region}:${n.account}:key/${n.keyId}`,
    account: n.account,
    region: n.region,
    description: n.description,
    createdMs: ctx.nowMs,
    manager: n.manager,
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    state: n.state ?? 'Enabled',
    deletionAtMs: undefined,
    pendingWindowDays: undefined,
    multiRegion: n.multiRegion,
    policy: n.policy,
    policyIds: namedIds(ctx.world, n.policy),
    policyChangedMs: ctx.nowMs,
    grants: new Map(),
    tags: new Map(n.tags ?? []),
    rotation: { enabled: false, periodDays: 365, nextMs: undefined, onDemandLeft: 25 },
    materials: [...(n.materials ?? [newMaterial(ctx, undefined)])],
    lastUsedMs: undefined,
    lastUsedOperation: undefined,
  };
}

export function newMaterial(ctx: Ctx, rotation: KeyMaterial['rotation']): KeyMaterial {
  return { materialId: ctx.newHex(64), bytes: Buffer.from(ctx.newHex(64), 'hex'), fromMs: ctx.nowMs, rotation };
}

/** `mrk-` and 32 digits for multi-Region keys, else a UUID. Source: KMS Developer Guide "Multi-Region keys". */
export function newKeyId(ctx: Ctx, multiRegion: boolean): string {
  const hex = ctx.newHex(32);
  if (multiRegion) return `mrk-${hex}`;
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-');
}

/** KMS-15: the policy of a key made without one. */
export const defaultPolicy = (partition: string, account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
