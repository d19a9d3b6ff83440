/**
 * Who signed a request: finds the secret of an access key id and, once the signature holds, the caller.
 * Source: IAM User Guide "IAM identifiers" (unique ids), STS API Reference "GetCallerIdentity" (ARN and user id forms).
 */
import { isAccountId, roleNameOf, rootArn } from '../base/arn.ts';
import type { Caller } from './operation.ts';
import type { Session, User } from './world/iam.ts';
import type { Account, World } from './world/world.ts';

/** What an access key id stands for, before anything was verified. */
export interface Credential {
  readonly secret: string;
  /** Must be sent along: temporary credentials. */
  readonly token: string | undefined;
  readonly expiresMs: number | undefined;
  readonly caller: Caller;
}

/** Access key ids of IAM users; rebuilt when a user is not found there (keys are made at any time). */
type UserIndex = Map<string, { readonly account: string; readonly user: User }>;
const userIndexes = new WeakMap<World, UserIndex>();

/** @returns undefined when the id is unknown, inactive, its user or role is gone, or its account was closed */
export function credentialOf(world: World, accessKeyId: string): Credential | undefined {
  const found = credentialNamed(world, accessKeyId);
  const closed = found && world.organization?.members.get(found.caller.account)?.status === 'SUSPENDED';
  return closed ? undefined : found;
}

function credentialNamed(world: World, accessKeyId: string): Credential | undefined {
  if (isAccountId(accessKeyId)) return accountCredential(world, accessKeyId);
  const session = world.sessions.get(accessKeyId);
  if (session) return sessionCredential(world, session);
  return userCredential(world, accessKeyId);
}

/** The simulator's own rule: a 12-digit account id is the access key id of that account's administrator. */
function accountCredential(world: World, id: string): Credential | undefined {
  const account = world.accounts.get(id);
  if (!account) return undefined;
  let there = administrators.get(account);
  if (!there) {
    const caller = Object.freeze(rootCaller(world, id, id));
    there = { secret: account.secret, token: undefined, expiresMs: undefined, caller };
    administrators.set(account, there);
  }
  return there;
}

/** Made once: nothing of it changes while the account is there. */
const administrators = new WeakMap<Account, Credential>();

const rootCaller = (world: World, account: string, accessKeyId: string | undefined): Caller => ({
  account,
  principal: { kind: 'root', account, partition: world.partition },
  arn: rootArn(account, world.partition),
  userId: account,
  accessKeyId,
  sessionPolicies: undefined,
  sessionTags: NO_TAGS,
});

const NO_TAGS: ReadonlyMap<string, string> = new Map();

function userCredential(world: World, accessKeyId: string): Credential | undefined {
  const found = userOfKey(world, accessKeyId);
  const key = found?.user.accessKeys.get(accessKeyId);
  if (!found || key?.status !== 'Active') return undefined;
  const { account, user } = found;
  const caller: Caller = {
    account,
    principal: { kind: 'user', arn: user.arn, id: user.userId },
    arn: user.arn,
    userId: user.userId,
    accessKeyId,
    sessionPolicies: undefined,
    sessionTags: NO_TAGS,
  };
  return { secret: key.secret, token: undefined, expiresMs: undefined, caller };
}

function userOfKey(world: World, accessKeyId: string): { readonly account: string; readonly user: User } | undefined {
  const index = userIndexes.get(world);
  const there = index?.get(accessKeyId);
  if (there && world.accounts.get(there.account)?.iam.users.get(there.user.name) === there.user) return there;
  // Ids that look like no user's key are not worth a walk over all users.
  if (!accessKeyId.startsWith('AKIA')) return undefined;
  const made: UserIndex = new Map();
  for (const account of world.accounts.values()) {
    for (const user of account.iam.users.values()) {
      for (const id of user.accessKeys.keys()) made.set(id, { account: account.id, user });
    }
  }
  userIndexes.set(world, made);
  return made.get(accessKeyId);
}

function sessionCredential(world: World, session: Session): Credential | undefined {
  const caller = sessionCaller(world, session);
  return caller && { secret: session.secret, token: session.token, expiresMs: session.expiresMs, caller };
}

function sessionCaller(world: World, session: Session): Caller | undefined {
  const { of, account, accessKeyId } = session;
  const rest = { account, accessKeyId, sessionPolicies: session.policies, sessionTags: session.tags };
  switch (of.kind) {
    case 'role':
      return {
        ...rest,
        principal: { kind: 'role', arn: of.roleArn, id: of.roleId, session: of.name },
        arn: `arn:${world.partition}:sts::${account}:assumed-role/${roleNameOf(of.roleArn)}/${of.name}`,
        userId: `${of.roleId}:${of.name}`,
      };
    case 'user':
      return {
        ...rest,
        principal: { kind: 'user', arn: of.userArn, id: of.userId },
        arn: of.userArn,
        userId: of.userId,
      };
    case 'federated':
      return {
        ...rest,
        principal: { kind: 'federated', arn: of.arn, ...(of.userArn === undefined ? {} : { userArn: of.userArn }) },
        arn: of.arn,
        userId: `${account}:${of.arn.slice(of.arn.lastIndexOf('/') + 1)}`,
      };
    case 'root':
      return {
        ...rootCaller(world, account, accessKeyId),
        sessionPolicies: session.policies,
        sessionTags: session.tags,
      };
    default:
      return of satisfies never;
  }
}
