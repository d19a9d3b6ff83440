/** Who calls, and temporary credentials of oneself. Source: STS API Reference "GetCallerIdentity", "GetSessionToken", "GetFederationToken". */
import { Fault, operation } from '../../operation.ts';
import type { Sts } from '../../wire/shapes.ts';
import type { Session } from '../../world/iam.ts';
import { newCredentials, shown } from './AssumeRole.ts';

/** Needs no permission, and cannot be denied. */
export const getCallerIdentity = operation<Sts.GetCallerIdentityRequest, Sts.GetCallerIdentityResponse>(
  'sts.GetCallerIdentity',
  {
    accepts: [],
    demands: () => [],
    apply: ({ caller }) => ({ UserId: caller.userId, Account: caller.account, Arn: caller.arn }),
  },
);

export const getSessionToken = operation<Sts.GetSessionTokenRequest, Sts.GetSessionTokenResponse>(
  'sts.GetSessionToken',
  {
    accepts: ['DurationSeconds'],
    readOnly: false,
    demands: () => [],
    apply(call) {
      const { principal } = call.caller;
      if (principal.kind !== 'user' && principal.kind !== 'root')
        throw new Fault('AccessDenied', 'Cannot call GetSessionToken with session credentials', 403);
      const of: Session['of'] =
        principal.kind === 'user'
          ? { kind: 'user', userArn: principal.arn, userId: call.caller.userId }
          : { kind: 'root' };
      const seconds = call.input.DurationSeconds ?? 43_200;
      const session: Session = {
        ...newCredentials(call, call.caller.account, call.nowMs + seconds * 1000),
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

export const getFederationToken = operation<Sts.GetFederationTokenRequest, Sts.GetFederationTokenResponse>(
  'sts.GetFederationToken',
  {
    accepts: ['Name', 'Policy', 'PolicyArns', 'DurationSeconds', 'Tags'],
    readOnly: false,
    demands: (call) => [
      {
        action: 'sts:GetFederationToken',
        resource: `arn:${call.world.partition}:sts::${call.caller.account}:federated-user/${call.input.Name ?? ''}`,
      },
    ],
    apply(call) {
      const { principal, account } = call.caller;
      if (principal.kind !== 'user' && principal.kind !== 'root')
        throw new Fault('AccessDenied', 'Cannot call GetFederationToken with session credentials', 403);
      const name = call.input.Name ?? '';
      const arn = `arn:${call.world.partition}:sts::${account}:federated-user/${name}`;
      const policies = [
        ...(call.input.Policy === undefined ? [] : [call.input.Policy]),
        ...(call.input.PolicyArns ?? []).flatMap((p) => p.arn ?? []),
      ];
      const session: Session = {
        ...newCredentials(call, account, call.nowMs + (call.input.DurationSeconds ?? 43_200) * 1000),
        of: { kind: 'federated', arn, userArn: principal.kind === 'user' ? principal.arn : undefined },
        // Without a session policy a federated user may do nothing.
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
