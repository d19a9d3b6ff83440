/** Making grants. Source: KMS API Reference "CreateGrant"; KMS Developer Guide "Grants in AWS KMS". */
import type { Ctx } from '../operation.ts';
import type { Key, KeyGrant } from '../world/kms.ts';

/** GR-8: grants per key, including those that EC2 makes. */
export const GRANTS_MAX = 50_000;

export interface GrantWish {
  readonly granteePrincipal: string;
  readonly granteeId: string | undefined;
  readonly operations: readonly string[];
  readonly constraints: KeyGrant['constraints'];
  readonly retiringPrincipal: string | undefined;
  readonly granteeService?: string | undefined;
  readonly retiringService?: string | undefined;
  readonly name: string | undefined;
  readonly issuingAccount: string;
}

/** @returns the grant with a fresh token; GR-2: a name with equal parameters gives the grant that is there */
export function putGrant(ctx: Ctx, key: Key, wish: GrantWish): { readonly grant: KeyGrant; readonly token: string } {
  const token = Buffer.from(`amiport-sim-grant-${ctx.newHex(64)}`).toString('base64');
  const same =
    wish.name === undefined ? undefined : [...key.grants.values()].find((g) => g.name === wish.name && isSame(g, wish));
  if (same !== undefined) {
    same.tokens.push(token);
    return { grant: same, token };
  }
  const grant: KeyGrant = {
    grantId: ctx.newHex(64),
    name: wish.name,
    granteePrincipal: wish.granteePrincipal,
    granteeId: wish.granteeId,
    retiringPrincipal: wish.retiringPrincipal,
    ...(wish.granteeService === undefined ? {} : { granteeService: wish.granteeService }),
    ...(wish.retiringService === undefined ? {} : { retiringService: wish.retiringService }),
    operations: wish.operations,
    constraints: wish.constraints,
    issuingAccount: wish.issuingAccount,
    createdMs: ctx.nowMs,
    usableAtMs: ctx.nowMs + ctx.world.settings.grantLagMs,
    tokens: [token],
  };
  key.grants.set(grant.grantId, grant);
  return { grant, token };
}

function isSame(g: KeyGrant, w: GrantWish): boolean {
  const plain = (operations: readonly string[]) => operations.toSorted().join();
  return (
    g.granteePrincipal === w.granteePrincipal &&
    g.granteeId === w.granteeId &&
    g.retiringPrincipal === w.retiringPrincipal &&
    g.granteeService === w.granteeService &&
    g.retiringService === w.retiringService &&
    g.issuingAccount === w.issuingAccount &&
    plain(g.operations) === plain(w.operations) &&
    JSON.stringify(g.constraints ?? null) === JSON.stringify(w.constraints ?? null)
  );
}
