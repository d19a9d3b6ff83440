/**
 * Users and roles that a key policy names stand for what had that name when the policy was written: deleted, and
 * made again or not, they show as their unique ids, which match nobody.
 * Source: IAM User Guide "AWS JSON policy elements: Principal"; facts KMS-13.
 */
import { parsePolicy } from '../../authz/policy.ts';
import { parseArn } from '../../base/arn.ts';
import type { Key } from '../world/kms.ts';
import type { World } from '../world/world.ts';

/** The unique id of the user or role that is there under this ARN now. */
export function uniqueIdOf(world: World, arn: string): string | undefined {
  const parsed = parseArn(arn);
  const iam = parsed?.service === 'iam' ? world.accounts.get(parsed.account)?.iam : undefined;
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const role = iam?.roles.get(name);
  if (role?.arn === arn) return role.roleId;
  const user = iam?.users.get(name);
  return user?.arn === arn ? user.userId : undefined;
}

/** @param policy has passed `checkKeyPolicy` */
export function namedIds(world: World, policy: string): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const statement of parsePolicy(policy)) {
    for (const name of statement.principals?.aws ?? []) {
      const id = uniqueIdOf(world, name);
      if (id !== undefined) ids.set(name, id);
    }
  }
  return ids;
}

/** The policy as it counts and is shown. Cost: one look per principal named by ARN, until one is gone. */
export function policyNow(world: World, key: Key): string {
  const { policyIds } = key;
  if (!policyIds?.size) return key.policy;
  const gone = new Map([...policyIds].filter(([arn, id]) => uniqueIdOf(world, arn) !== id));
  if (gone.size === 0) return key.policy;
  const other = (value: unknown): unknown => {
    if (typeof value === 'string') return gone.get(value) ?? value;
    if (Array.isArray(value)) return value.map(other);
    return value;
  };
  const document = JSON.parse(key.policy) as { Statement: Record<string, unknown>[] | Record<string, unknown> };
  for (const statement of [document.Statement].flat()) {
    for (const field of ['Principal', 'NotPrincipal']) {
      const named = statement[field];
      if (typeof named === 'object' && named !== null && 'AWS' in named)
        statement[field] = { ...named, AWS: other(named.AWS) };
    }
  }
  return JSON.stringify(document);
}
