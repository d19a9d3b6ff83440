/**
 * Whom a statement of a resource policy names. Source: IAM User Guide, "AWS JSON policy elements: Principal", "NotPrincipal".
 */
import { isAccountId, parseArn } from '../base/arn.ts';
import { accountOf } from './facts-of-request.ts';
import type { Principals } from './policy.ts';
import type { Principal } from './types.ts';

/**
 * How the caller is named. What an Allow is worth depends on it (IAM User Guide, "Policy evaluation logic"):
 * `account` only delegates to the account's IAM policies.
 */
export type Naming = 'user' | 'role' | 'session' | 'everyone' | 'account' | 'service' | 'root';

/** @returns the strongest way in which the caller is named, or undefined */
export function namedBy(names: Principals, caller: Principal): Naming | undefined {
  let best: Naming | undefined;
  for (const name of names.aws) {
    const how = namedByAws(name, caller);
    if (how !== undefined && (best === undefined || STRENGTH.indexOf(how) < STRENGTH.indexOf(best))) best = how;
  }
  if (best !== undefined) return best;
  if (caller.kind === 'service' && names.service.some((s) => s === caller.name || s === '*')) return 'service';
  return undefined;
}

const STRENGTH: readonly Naming[] = ['root', 'session', 'everyone', 'user', 'role', 'service', 'account'];

function namedByAws(name: string, caller: Principal): Naming | undefined {
  if (name === '*') return caller.kind === 'service' ? undefined : 'everyone';
  const account = accountOf(caller);
  if (isAccountId(name) || /:root$/.test(name)) {
    const named = isAccountId(name) ? name : parseArn(name)?.account;
    if (account === undefined || named !== account) return undefined;
    return caller.kind === 'root' ? 'root' : 'account';
  }
  switch (caller.kind) {
    case 'user':
      return name === caller.arn || name === caller.id ? 'user' : undefined;
    case 'role':
      if (name === caller.arn || (caller.id !== undefined && name === caller.id)) return 'role';
      return caller.session !== undefined && name === sessionArn(caller.arn, caller.session) ? 'session' : undefined;
    case 'federated':
      if (name === caller.arn) return 'session';
      return caller.userArn !== undefined && name === caller.userArn ? 'user' : undefined;
    case 'root':
    case 'service':
    case 'anonymous':
      return undefined;
  }
}

/** `arn:aws:iam::1…:role/path/Name` and a session name → `arn:aws:sts::1…:assumed-role/Name/session`. */
export function sessionArn(roleArn: string, session: string): string {
  const arn = parseArn(roleArn);
  const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return `arn:${arn?.partition ?? 'aws'}:sts::${arn?.account ?? ''}:assumed-role/${name}/${session}`;
}

/**
 * Whether NotPrincipal spares the caller. A session needs its role and its account listed beside it; a listed
 * account spares its root user alone.
 */
export function sparedBy(names: Principals, caller: Principal, hasBoundary: boolean): boolean {
  // A principal with a permissions boundary is always denied by NotPrincipal with Deny.
  if (hasBoundary) return false;
  const account = accountOf(caller);
  const accountListed = names.aws.some(
    (n) => (isAccountId(n) ? n : /:root$/.test(n) ? parseArn(n)?.account : undefined) === account,
  );
  if (caller.kind === 'service') return names.service.includes(caller.name);
  const how = namedBy({ ...names, aws: names.aws.filter((n) => !isAccountId(n) && !/:root$/.test(n)) }, caller);
  if (caller.kind === 'root') return accountListed || names.aws.includes('*');
  return how !== undefined && (accountListed || how === 'everyone');
}
