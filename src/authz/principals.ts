/**
 * Whom a statement of a resource policy names. Source: IAM User Guide, "AWS JSON policy elements: Principal", "NotPrincipal".
 */
import type { RequestFacts } from './facts-of-request.ts';
import type { Principals } from './policy.ts';

/**
 * How the caller is named. What an Allow is worth depends on it (IAM User Guide, "Policy evaluation logic"):
 * `account` only delegates to the account's IAM policies.
 */
export type Naming = 'root' | 'session' | 'everyone' | 'user' | 'role' | 'service' | 'account';

/** @returns the strongest way in which the caller is named, or undefined */
export function namedBy(names: Principals, facts: RequestFacts): Naming | undefined {
  const caller = facts.request.principal;
  const account = facts.callerAccount !== undefined && names.accounts.has(facts.callerAccount);
  if (caller.kind === 'root' && account) return 'root';
  const { sessionArn } = facts;
  if (sessionArn !== undefined && names.principals.has(sessionArn)) return 'session';
  if (caller.kind === 'federated' && names.principals.has(caller.arn)) return 'session';
  // Services too: that is why policies exempt them by aws:PrincipalIsAWSService ("AWS global condition context keys").
  if (names.everyone) return 'everyone';
  switch (caller.kind) {
    case 'user':
      if (names.principals.has(caller.arn) || names.principals.has(caller.id ?? '')) return 'user';
      break;
    case 'federated':
      if (names.principals.has(caller.userArn ?? '')) return 'user';
      break;
    case 'role':
      if (names.principals.has(caller.arn) || names.principals.has(caller.id ?? '')) return 'role';
      break;
    case 'service':
      return names.service.includes(caller.name) ? 'service' : undefined;
    case 'provider':
      return names.federated.includes(caller.name) ? 'service' : undefined;
    case 'root':
    case 'anonymous':
      return undefined;
  }
  return account ? 'account' : undefined;
}

/**
 * Whether NotPrincipal spares the caller. A session needs its role and its account listed beside it, a user its account; a
 * listed account spares its root user alone. With a part of that list AWS "might deny": undecided.
 */
export function sparedBy(names: Principals, facts: RequestFacts, hasBoundary: boolean): boolean | 'undecided' {
  // A principal with a permissions boundary is always denied by NotPrincipal with Deny.
  if (hasBoundary) return false;
  const caller = facts.request.principal;
  if (names.everyone) return true;
  const account = facts.callerAccount !== undefined && names.accounts.has(facts.callerAccount);
  switch (caller.kind) {
    case 'root':
      return account;
    case 'service':
      return names.service.includes(caller.name);
    case 'provider':
      return names.federated.includes(caller.name);
    case 'anonymous':
      return false;
    case 'user':
      return partly(false, names.principals.has(caller.arn) || names.principals.has(caller.id ?? ''), account);
    case 'federated':
      return partly(false, names.principals.has(caller.arn), account);
    case 'role': {
      const role = names.principals.has(caller.arn) || names.principals.has(caller.id ?? '');
      const session = facts.sessionArn !== undefined && names.principals.has(facts.sessionArn);
      return session && role ? partly(false, true, account) : partly(session || role, false, account);
    }
  }
}

function partly(some: boolean, all: boolean, account: boolean): boolean | 'undecided' {
  if (all && account) return true;
  return some || all ? 'undecided' : false;
}
