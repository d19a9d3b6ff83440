/** A request with the condition keys that follow from its principal, and values looked up by lower-case key. */
import { parseArn, roleNameOf } from '../base/arn.ts';
import type { Principal, Request } from './types.ts';

export interface RequestFacts {
  readonly request: Request;
  readonly action: string;
  readonly callerAccount: string | undefined;
  readonly resourceAccount: string | undefined;
  /** undefined: absent; 'unknown': could not be learnt. */
  value(lowerKey: string): readonly string[] | undefined | 'unknown';
}

/** The account of the caller; service principals and anonymous callers have none. */
export function accountOf(p: Principal): string | undefined {
  switch (p.kind) {
    case 'root':
      return p.account;
    case 'user':
    case 'role':
    case 'federated':
      return parseArn(p.arn)?.account;
    case 'service':
    case 'anonymous':
      return undefined;
  }
}

export function factsOf(request: Request): RequestFacts {
  const callerAccount = accountOf(request.principal);
  const derived = derivedKeys(request, callerAccount);
  const unknown = request.unknownContext ?? [];
  return {
    request,
    action: request.action.toLowerCase(),
    callerAccount,
    resourceAccount: request.resourceAccount ?? callerAccount,
    value(key) {
      const given = request.context[key] ?? derived[key];
      if (given !== undefined) return given;
      return unknown.some((u) => u === key || (u.endsWith('*') && key.startsWith(u.slice(0, -1))))
        ? 'unknown'
        : undefined;
    },
  };
}

/** Source: IAM User Guide "AWS global condition context keys"; KMS Developer Guide "kms:CallerAccount". */
function derivedKeys(request: Request, account: string | undefined): Record<string, readonly string[]> {
  const p = request.principal;
  const keys: Record<string, readonly string[]> = { 'aws:principalisawsservice': [String(p.kind === 'service')] };
  if (account !== undefined) {
    keys['aws:principalaccount'] = [account];
    if (request.action.toLowerCase().startsWith('kms:')) keys['kms:calleraccount'] = [account];
  }
  const resourceAccount = request.resourceAccount ?? account;
  if (resourceAccount !== undefined) keys['aws:resourceaccount'] = [resourceAccount];
  switch (p.kind) {
    case 'root':
      keys['aws:principalarn'] = [`arn:${p.partition ?? 'aws'}:iam::${p.account}:root`];
      keys['aws:principaltype'] = ['Account'];
      keys['aws:userid'] = [p.account];
      break;
    case 'user':
      keys['aws:principalarn'] = [p.arn];
      keys['aws:principaltype'] = ['User'];
      keys['aws:username'] = [roleNameOf(p.arn)];
      if (p.id !== undefined) keys['aws:userid'] = [p.id];
      break;
    case 'role':
      keys['aws:principalarn'] = [p.arn];
      keys['aws:principaltype'] = ['AssumedRole'];
      if (p.id !== undefined && p.session !== undefined) keys['aws:userid'] = [`${p.id}:${p.session}`];
      break;
    case 'federated':
      keys['aws:principalarn'] = [p.arn];
      keys['aws:principaltype'] = ['FederatedUser'];
      break;
    case 'service':
      keys['aws:principalservicename'] = [p.name];
      break;
    case 'anonymous':
      keys['aws:principaltype'] = ['Anonymous'];
  }
  return keys;
}
