/**
 * Temporary credentials for a role. Source: STS API Reference "AssumeRole"; IAM-4 (chained sessions last an hour).
 * Differs from AWS: an account's administrator (its 12-digit access key id) may assume roles; AWS refuses root users.
 */
import { parseArn, roleNameOf } from '../../../base/arn.ts';
import { type Call, type Caller, Fault, operation } from '../../operation.ts';
import type { Sts } from '../../wire/shapes.ts';
import type { Role, Session } from '../../world/iam.ts';

const CHAINED_MAX_SECONDS = 3600;

export const assumeRole = operation<Sts.AssumeRoleRequest, Sts.AssumeRoleResponse>('sts.AssumeRole', {
  accepts: [
    'RoleArn',
    'RoleSessionName',
    'PolicyArns',
    'Policy',
    'DurationSeconds',
    'Tags',
    'TransitiveTagKeys',
    'ExternalId',
    'SourceIdentity',
  ],
  demands: ({ input }) => {
    const resource = input.RoleArn ?? '';
    const demand = {
      action: 'sts:AssumeRole',
      resource,
      resourceAccount: parseArn(resource)?.account ?? '',
      context: {
        'sts:rolesessionname': [input.RoleSessionName ?? ''],
        ...(input.ExternalId === undefined ? {} : { 'sts:externalid': [input.ExternalId] }),
        ...(input.SourceIdentity === undefined ? {} : { 'sts:sourceidentity': [input.SourceIdentity] }),
      },
    };
    return (input.Tags?.length ?? 0) > 0 ? [demand, { ...demand, action: 'sts:TagSession' }] : [demand];
  },
  apply(call) {
    const { input, caller, nowMs } = call;
    const role = roleOf(call);
    const name = input.RoleSessionName ?? '';
    if (!/^[\w+=,.@-]{2,64}$/.test(name))
      throw new Fault(
        'ValidationError',
        `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint`,
        400,
      );
    const seconds = durationOf(input.DurationSeconds ?? 3600, role, caller);
    const session: Session = {
      ...newCredentials(call, parseArn(role.arn)?.account ?? '', nowMs + seconds * 1000),
      of: { kind: 'role', roleArn: role.arn, roleId: role.roleId, name },
      policies: sessionPolicies(input),
      tags: new Map((input.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? ''])),
      sourceIdentity: input.SourceIdentity,
    };
    call.world.sessions.set(session.accessKeyId, session);
    role.lastUsed = { atMs: nowMs, region: call.place.region };
    const arn = `arn:${call.world.partition}:sts::${session.account}:assumed-role/${roleNameOf(role.arn)}/${name}`;
    return {
      Credentials: shown(session),
      AssumedRoleUser: { AssumedRoleId: `${role.roleId}:${name}`, Arn: arn },
      PackedPolicySize: 0,
    };
  },
});

function roleOf(call: Call<Sts.AssumeRoleRequest>): Role {
  const arn = call.input.RoleArn ?? '';
  const role = call.world.accounts.get(parseArn(arn)?.account ?? '')?.iam.roles.get(roleNameOf(arn));
  // A role that is not there is denied like one that is forbidden.
  if (role?.arn !== arn)
    throw new Fault(
      'AccessDenied',
      `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      403,
    );
  return role;
}

function durationOf(seconds: number, role: Role, caller: Caller): number {
  const chained = caller.principal.kind === 'role';
  const max = chained ? CHAINED_MAX_SECONDS : role.maxSessionSeconds;
  if (seconds < 900)
    throw new Fault(
      'ValidationError',
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
      400,
    );
  if (seconds > max) {
    const says = chained
      ? 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.'
      : 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    throw new Fault('ValidationError', says, 400);
  }
  return seconds;
}

function sessionPolicies(input: Sts.AssumeRoleRequest): readonly string[] | undefined {
  const all = [
    ...(input.Policy === undefined ? [] : [input.Policy]),
    ...(input.PolicyArns ?? []).flatMap((p) => p.arn ?? []),
  ];
  return all.length === 0 ? undefined : all;
}

export function newCredentials(
  call: Call<unknown>,
  account: string,
  expiresMs: number,
): Pick<Session, 'accessKeyId' | 'secret' | 'token' | 'account' | 'expiresMs'> {
  return {
    accessKeyId: `ASIA${call.newHex(16).toUpperCase()}`,
    secret: call.newHex(40),
    // Clients tell the simulator's credentials from real ones by this beginning.
    token: `amiport-sim-${call.newHex(64)}`,
    account,
    expiresMs,
  };
}

export const shown = (s: Pick<Session, 'accessKeyId' | 'secret' | 'token' | 'expiresMs'>): Sts.Credentials => ({
  AccessKeyId: s.accessKeyId,
  SecretAccessKey: s.secret,
  SessionToken: s.token,
  Expiration: new Date(s.expiresMs),
});
