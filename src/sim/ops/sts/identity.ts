/**
 * Who calls, and temporary credentials of oneself.
 * Source: STS API Reference "GetCallerIdentity", "GetSessionToken", "GetFederationToken", "GetAccessKeyInfo".
 */
import { credentialOf } from '../../identity.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Sts } from '../../wire/shapes.ts';
import type { Session } from '../../world/iam.ts';
import { invalidValue, newCredentials, ownSeconds, sessionPolicies, shown } from './credentials.ts';

/** Needs no permission, and cannot be denied. */
export const getCallerIdentity = operation<Sts.GetCallerIdentityRequest, Sts.GetCallerIdentityResponse>(
  'sts.GetCallerIdentity',
  {
    accepts: [],
    demands: () => [],
    apply: ({ caller }) => ({ UserId: caller.userId, Account: caller.account, Arn: caller.arn }),
  },
);

/** The account that a key is of. Needs no permission. */
export const getAccessKeyInfo = operation<Sts.GetAccessKeyInfoRequest, Sts.GetAccessKeyInfoResponse>(
  'sts.GetAccessKeyInfo',
  {
    accepts: ['AccessKeyId'],
    demands: () => [],
    apply({ input, world }) {
      const id = input.AccessKeyId ?? '';
      const account = credentialOf(world, id)?.caller.account;
      if (account === undefined) throw new Fault('ValidationError', `Invalid key format or unknown key: ${id}`, 400);
      return { Account: account };
    },
  },
);

/** @throws Fault when temporary credentials call */
function lastingCaller(call: Call<unknown>, action: string): void {
  const { principal, accessKeyId } = call.caller;
  const temporary = accessKeyId !== undefined && call.world.sessions.has(accessKeyId);
  if (temporary || (principal.kind !== 'user' && principal.kind !== 'root'))
    throw new Fault('AccessDenied', `Cannot call ${action} with session credentials`, 403);
}

export const getSessionToken = operation<Sts.GetSessionTokenRequest, Sts.GetSessionTokenResponse>(
  'sts.GetSessionToken',
  {
    accepts: ['DurationSeconds'],
    readOnly: false,
    demands: () => [],
    apply(call) {
      lastingCaller(call, 'GetSessionToken');
      const { principal, account, userId } = call.caller;
      const of: Session['of'] =
        principal.kind === 'user' ? { kind: 'user', userArn: principal.arn, userId } : { kind: 'root' };
      const session: Session = {
        ...newCredentials(call, account, call.nowMs + ownSeconds(call) * 1000),
        of,
        policies: undefined,
        tags: new Map(),
        sourceIdentity: undefined,
      };
      call.world.sessions.set(session.accessKeyId, session);
      return { Credentials: shown(session) };
    },
  },
);

const federatedArn = (call: Call<Sts.GetFederationTokenRequest>): string =>
  `arn:${call.world.partition}:sts::${call.caller.account}:federated-user/${call.input.Name ?? ''}`;

export const getFederationToken = operation<Sts.GetFederationTokenRequest, Sts.GetFederationTokenResponse>(
  'sts.GetFederationToken',
  {
    accepts: ['Name', 'Policy', 'PolicyArns', 'DurationSeconds', 'Tags'],
    readOnly: false,
    demands: (call) => [{ action: 'sts:GetFederationToken', resource: federatedArn(call) }],
    apply(call) {
      lastingCaller(call, 'GetFederationToken');
      const { principal, account } = call.caller;
      const name = call.input.Name ?? '';
      if (!/^[\w+=,.@-]{2,32}$/.test(name)) throw invalidValue(name, 'name', '[\\w+=,.@-]*');
      // Without a session policy a federated user may do nothing.
      const policies = sessionPolicies(call.input) ?? [];
      const arn = federatedArn(call);
      const session: Session = {
        ...newCredentials(call, account, call.nowMs + ownSeconds(call) * 1000),
        of: { kind: 'federated', arn, userArn: principal.kind === 'user' ? principal.arn : undefined },
        policies,
        tags: new Map((call.input.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? ''])),
        sourceIdentity: undefined,
      };
      call.world.sessions.set(session.accessKeyId, session);
      return {
        Credentials: shown(session),
        FederatedUser: { FederatedUserId: `${account}:${name}`, Arn: arn },
        PackedPolicySize: 0,
      };
    },
  },
);
