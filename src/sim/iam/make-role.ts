/** Makes roles; the one place where unique ids of roles come from. */
import type { Ctx } from '../operation.ts';
import type { Permissions, Role, Settling } from '../world/iam.ts';

export const NO_PERMISSIONS: Permissions = { inline: new Map(), attached: [], boundary: undefined };

export interface NewRole {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly trust: string;
  readonly description?: string | undefined;
  readonly maxSessionSeconds?: number | undefined;
  readonly permissions?: Permissions;
  readonly tags?: ReadonlyMap<string, string>;
}

export function makeRole(ctx: Ctx, n: NewRole): Role {
  const permissions = n.permissions ?? NO_PERMISSIONS;
  return {
    arn: `arn:${ctx.world.partition}:iam::${n.account}:role${n.path}${n.name}`,
    roleId: newUniqueId(ctx, 'AROA'),
    name: n.name,
    path: n.path,
    description: n.description,
    trust: n.trust,
    // A new role's first policies count at once: nothing could have been cached of it.
    permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
    maxSessionSeconds: n.maxSessionSeconds ?? 3600,
    createdMs: ctx.nowMs,
    tags: new Map(n.tags ?? []),
    lastUsed: undefined,
  };
}

/** 21 upper-case letters and digits. Source: IAM User Guide "IAM identifiers", unique ids. */
export const newUniqueId = (ctx: Ctx, prefix: string): string => `${prefix}${ctx.newHex(17).toUpperCase()}`;

/** IAM is eventually consistent: what was written counts after `iamLagMs`. */
export function settling(ctx: Ctx, before: Settling<Permissions>, now: Permissions): Settling<Permissions> {
  const was = ctx.nowMs >= before.settlesAtMs ? before.now : before.was;
  return { now, was, settlesAtMs: ctx.nowMs + ctx.world.settings.iamLagMs };
}
