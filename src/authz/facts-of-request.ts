/** A request with the condition keys that follow from its principal, and values looked up by lower-case key. */
import { SplitArn } from './glob.ts';
import type { Principal, Request } from './types.ts';

/** The account of the caller; service principals, identity providers and anonymous callers have none. */
function accountOf(p: Principal): string | undefined {
  switch (p.kind) {
    case 'root':
      return p.account;
    case 'user':
    case 'role':
    case 'federated':
      return accountIn(p.arn);
    case 'service':
    case 'provider':
    case 'anonymous':
      return undefined;
  }
}

/** The fifth part of an ARN. */
export function accountIn(arn: string): string | undefined {
  let from = 0;
  for (let i = 0; i < 4; i++) {
    const colon = arn.indexOf(':', from);
    if (colon < 0) return undefined;
    from = colon + 1;
  }
  const end = arn.indexOf(':', from);
  return end < 0 ? undefined : arn.slice(from, end);
}

/** `arn:aws:iam::1…:role/path/Name` and a session name → `arn:aws:sts::1…:assumed-role/Name/session`. */
function sessionArn(roleArn: string, session: string): string {
  const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return `arn:${roleArn.split(':')[1] ?? 'aws'}:sts::${accountIn(roleArn) ?? ''}:assumed-role/${name}/${session}`;
}

const lowered = new Map<string, string>();
/** There are some twenty thousand actions, and whoever asks about names that are none is not to fill the memory. */
const LOWERED_MAX = 20_000;

/** Actions in lower case, the same string each time: to look it up then costs no hashing. */
export function lowerCase(action: string): string {
  const there = lowered.get(action);
  if (there !== undefined) return there;
  if (lowered.size >= LOWERED_MAX) lowered.clear();
  const made = action.toLowerCase();
  lowered.set(action, made);
  return made;
}

export class RequestFacts {
  readonly request: Request;
  readonly action: string;
  readonly callerAccount: string | undefined;
  readonly resourceAccount: string | undefined;
  #asked: SplitArn | undefined;
  #sessionArn: string | undefined;

  constructor(request: Request) {
    this.request = request;
    this.action = lowerCase(request.action);
    this.callerAccount = accountOf(request.principal);
    this.resourceAccount = request.resourceAccount ?? this.callerAccount;
  }

  /** Service principals, providers and anonymous callers belong to no account: the resource's side decides on them. */
  get sameAccount(): boolean {
    return this.callerAccount === undefined || this.callerAccount === this.resourceAccount;
  }

  get resource(): SplitArn {
    this.#asked ??= new SplitArn(this.request.resource);
    return this.#asked;
  }

  /** The ARN of the caller's session, for a role with a session. */
  get sessionArn(): string | undefined {
    const p = this.request.principal;
    if (p.kind !== 'role' || p.session === undefined) return undefined;
    this.#sessionArn ??= sessionArn(p.arn, p.session);
    return this.#sessionArn;
  }

  /** undefined: absent; 'unknown': could not be learnt. */
  value(key: string): readonly string[] | undefined | 'unknown' {
    const given = this.request.context[key];
    // A key such as `constructor` finds what every object has.
    if (given !== undefined && Array.isArray(given)) return given;
    const derived = this.#derived(key);
    if (derived !== undefined) return [derived];
    const renamed = RENAMED[key];
    if (renamed !== undefined) return this.value(renamed);
    const unknown = this.request.unknownContext;
    if (unknown === undefined) return undefined;
    for (const u of unknown) if (u === key || (u.endsWith('*') && key.startsWith(u.slice(0, -1)))) return 'unknown';
    return undefined;
  }

  /** Source: IAM User Guide "AWS global condition context keys"; KMS Developer Guide "kms:CallerAccount". */
  #derived(key: string): string | undefined {
    const p = this.request.principal;
    switch (key) {
      case 'aws:principalisawsservice':
        return String(p.kind === 'service');
      case 'aws:principalaccount':
        return this.callerAccount;
      case 'kms:calleraccount':
        return this.action.startsWith('kms:') ? this.callerAccount : undefined;
      case 'aws:resourceaccount':
        return this.resourceAccount;
      case 'aws:principalarn':
        if (p.kind === 'root') return `arn:${p.partition ?? 'aws'}:iam::${p.account}:root`;
        return 'arn' in p ? p.arn : undefined;
      case 'aws:principaltype':
        return TYPES[p.kind];
      case 'aws:username':
        return p.kind === 'user' ? p.arn.slice(p.arn.lastIndexOf('/') + 1) : undefined;
      case 'aws:userid':
        return userIdOf(p);
      case 'aws:principalservicename':
        return p.kind === 'service' ? p.name : undefined;
      default:
        return undefined;
    }
  }
}

/** Old names that policies may still use. Source: KMS Developer Guide "AWS KMS condition keys", deprecated keys. */
const RENAMED: Readonly<Record<string, string | undefined>> = {
  'kms:customermasterkeyspec': 'kms:keyspec',
  'kms:customermasterkeyusage': 'kms:keyusage',
};

const TYPES: Readonly<Record<Principal['kind'], string | undefined>> = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  anonymous: 'Anonymous',
  service: undefined,
  provider: undefined,
};

function userIdOf(p: Principal): string | undefined {
  if (p.kind === 'root') return p.account;
  if (p.kind === 'user') return p.id;
  return p.kind === 'role' && p.id !== undefined && p.session !== undefined ? `${p.id}:${p.session}` : undefined;
}
