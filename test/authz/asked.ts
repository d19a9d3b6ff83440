/** One question as authz and the other simulator are both asked it. */
import type { Principal } from '../../src/authz/types.ts';

export const HOME = '111111111111';
export const ABROAD = '222222222222';
export const OTHER = '333333333333';

export interface Service {
  readonly kind: 'key-policy' | 'role-trust' | 'other';
  readonly resource: string;
  readonly actions: readonly string[];
  readonly patterns: readonly string[];
}

export interface Document {
  readonly Version: string;
  /** Absent: malformed. */
  readonly Statement?: readonly object[];
}

export interface Asked {
  readonly service: Service;
  /** The caller's; the resource is in HOME. */
  readonly account: string;
  /** `name`: as the other simulator takes it. */
  readonly caller: { readonly principal: Principal; readonly name: string };
  readonly action: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly identity: Document;
  readonly resource?: Document | undefined;
  readonly boundary?: Document | undefined;
  readonly session?: Document | undefined;
  readonly scps?: readonly Document[] | undefined;
  readonly rcps?: readonly Document[] | undefined;
  readonly endpoint?: Document | undefined;
}

const TYPES: Readonly<Record<Principal['kind'], string>> = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  service: 'AWSService',
  provider: 'FederatedUser',
  anonymous: 'Anonymous',
};

/** What authz works out by itself, and the other simulator wants to be told. Source: IAM User Guide "AWS global condition context keys". */
export function derivedContext({ caller: { principal: p, name }, account, action }: Asked): Record<string, string> {
  const isService = p.kind === 'service';
  const userid =
    p.kind === 'role'
      ? p.id && `${p.id}:${p.session}`
      : p.kind === 'user'
        ? p.id
        : p.kind === 'root'
          ? account
          : undefined;
  return {
    'aws:PrincipalIsAWSService': String(isService),
    'aws:ResourceAccount': HOME,
    ...(isService
      ? { 'aws:PrincipalServiceName': name }
      : { 'aws:PrincipalAccount': account, 'aws:PrincipalType': TYPES[p.kind] }),
    ...(p.kind === 'role' || p.kind === 'user' || p.kind === 'federated' ? { 'aws:PrincipalArn': p.arn } : {}),
    ...(p.kind === 'root' ? { 'aws:PrincipalArn': name } : {}),
    ...(p.kind === 'user' ? { 'aws:username': p.arn.slice(p.arn.lastIndexOf('/') + 1) } : {}),
    ...(userid === undefined ? {} : { 'aws:userid': userid }),
    ...(action.startsWith('kms:') && !isService ? { 'kms:CallerAccount': account } : {}),
  };
}
