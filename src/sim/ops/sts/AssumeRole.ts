/**
 * Temporary credentials for a role. Sources: STS API Reference "AssumeRole"; IAM User Guide "Pass session tags",
 * "Monitor and control actions taken with assumed roles" (source identity); IAM-4 (chained sessions last an hour).
 * Differs from AWS: an account's administrator (its 12-digit access key id) may assume roles; AWS refuses root users.
 */
import { parseArn, roleNameOf } from '../../../base/arn.ts';
import { type Call, type Caller, type Demand, Fault, operation } from '../../operation.ts';
import type { Sts } from '../../wire/shapes.ts';
import type { Role, Session } from '../../world/iam.ts';
import { invalidValue, newCredentials, sessionPolicies, shown } from './credentials.ts';

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
  demands,
  apply(call) {
    const { input, caller, nowMs } = call;
    const name = input.RoleSessionName ?? '';
    if (!/^[\w+=,.@-]{2,64}$/.test(name)) throw invalidValue(name, 'roleSessionName', '[\\w+=,.@-]*');
    const policies = sessionPolicies(input);
    const role = roleOf(call);
    const seconds = durationOf(input.DurationSeconds ?? 3600, role, caller);
    const from = caller.accessKeyId === undefined ? undefined : call.world.sessions.get(caller.accessKeyId);
    const { tags, transitiveTags } = tagsOf(input, from);
    const session: Session = {
      ...newCredentials(call, parseArn(role.arn)?.account ?? '', nowMs + seconds * 1000),
      of: { kind: 'role', roleArn: role.arn, roleId: role.roleId, name },
      policies,
      tags,
      transitiveTags,
      sourceIdentity: sourceIdentityOf(call, from),
    };
    call.world.sessions.set(session.accessKeyId, session);
    role.lastUsed = { atMs: nowMs, region: call.place.region };
    const arn = `arn:${call.world.partition}:sts::${session.account}:assumed-role/${roleNameOf(role.arn)}/${name}`;
    return {
      Credentials: shown(session),
      AssumedRoleUser: { AssumedRoleId: `${role.roleId}:${name}`, Arn: arn },
      PackedPolicySize: 0,
      ...(session.sourceIdentity === undefined ? {} : { SourceIdentity: session.sourceIdentity }),
    };
  },
});

/** Tags and a source identity are permissions of their own, asked of the trust policy, too. */
function demands({ input, caller, world }: Call<Sts.AssumeRoleRequest>): readonly Demand[] {
  const resource = input.RoleArn ?? '';
  const from = caller.accessKeyId === undefined ? undefined : world.sessions.get(caller.accessKeyId);
  const { tags, transitiveTags } = tagsOf(input, from);
  const sourceIdentity = input.SourceIdentity ?? from?.sourceIdentity;
  const context: Record<string, readonly string[]> = { 'sts:rolesessionname': [input.RoleSessionName ?? ''] };
  if (input.ExternalId !== undefined) context['sts:externalid'] = [input.ExternalId];
  if (input.SourceIdentity !== undefined) context['sts:sourceidentity'] = [input.SourceIdentity];
  for (const [key, value] of tags) context[`aws:requesttag/${key.toLowerCase()}`] = [value];
  if (tags.size > 0) context['aws:tagkeys'] = [...tags.keys()];
  if (transitiveTags.length > 0) context['sts:transitivetagkeys'] = transitiveTags;
  const demand = { resource, resourceAccount: parseArn(resource)?.account ?? '', context };
  return [
    { action: 'sts:AssumeRole', ...demand },
    ...(tags.size > 0 ? [{ action: 'sts:TagSession', ...demand }] : []),
    ...(sourceIdentity === undefined ? [] : [{ action: 'sts:SetSourceIdentity', ...demand }]),
  ];
}

/** Transitive tags of the session that assumes go on, and cannot be set anew. */
function tagsOf(
  input: Sts.AssumeRoleRequest,
  from: Session | undefined,
): { readonly tags: ReadonlyMap<string, string>; readonly transitiveTags: readonly string[] } {
  const inherited = from?.transitiveTags ?? [];
  const tags = new Map(inherited.map((key) => [key, from?.tags.get(key) ?? '']));
  for (const { Key = '', Value = '' } of input.Tags ?? []) {
    if (inherited.includes(Key)) {
      const says = `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.`;
      throw new Fault('InvalidParameterValue', says, 400);
    }
    tags.set(Key, Value);
  }
  const passed = input.TransitiveTagKeys ?? [];
  if (passed.some((key) => !tags.has(key)))
    throw new Fault(
      'InvalidParameterValue',
      'The specified transitive tag key must be included in the requested tags.',
      400,
    );
  return { tags, transitiveTags: [...new Set([...inherited, ...passed])] };
}

/** Once set it stays through all roles that are assumed from there. */
function sourceIdentityOf(call: Call<Sts.AssumeRoleRequest>, from: Session | undefined): string | undefined {
  const asked = call.input.SourceIdentity;
  if (asked !== undefined && !/^[\w+=,.@-]{2,64}$/.test(asked))
    throw invalidValue(asked, 'sourceIdentity', '[\\w+=,.@-]*');
  const held = from?.sourceIdentity;
  if (held !== undefined && asked !== undefined && asked !== held) throw denied(call, 'sts:SetSourceIdentity');
  return held ?? asked;
}

function roleOf(call: Call<Sts.AssumeRoleRequest>): Role {
  const arn = call.input.RoleArn ?? '';
  const role = call.world.accounts.get(parseArn(arn)?.account ?? '')?.iam.roles.get(roleNameOf(arn));
  // A role that is not there is denied like one that is forbidden.
  if (role?.arn !== arn) throw denied(call, 'sts:AssumeRole');
  return role;
}

const denied = (call: Call<Sts.AssumeRoleRequest>, action: string): Fault =>
  new Fault(
    'AccessDenied',
    `User: ${call.caller.arn} is not authorized to perform: ${action} on resource: ${call.input.RoleArn ?? ''}`,
    403,
  );

function durationOf(seconds: number, role: Role, caller: Caller): number {
  const chained = caller.principal.kind === 'role';
  if (seconds < 900)
    throw invalidValue(String(seconds), 'durationSeconds', undefined, 'value greater than or equal to 900');
  if (seconds > (chained ? CHAINED_MAX_SECONDS : role.maxSessionSeconds)) {
    const says = chained
      ? 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.'
      : 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    throw new Fault('ValidationError', says, 400);
  }
  return seconds;
}
