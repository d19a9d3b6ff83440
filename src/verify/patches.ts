/** For each kind of missing link the minimal change that puts it there, as data. */
import type { MissingLink, Request } from '../authz/types.ts';
import { rootArn } from '../base/arn.ts';
import type { AllowStatement, Patch, PolicyHome } from '../base/patch.ts';
import type { KeySeen } from '../model/observed.ts';
import { GRANT_OPERATIONS, grantName, rolePolicyName } from '../plan/access.ts';
import type { CallerSeen } from '../plan/policies.ts';
import type { Homes } from './homes.ts';

export interface Mender {
  readonly homes: Homes;
  readonly caller: CallerSeen;
  /** Absent where the question is about no key. */
  readonly key: KeySeen | undefined;
  /** Whose own policy on a role new statements go to. */
  readonly delivery: string;
  /** ARN of the role by which grants are made in the caller's account; undefined: by whoever may. */
  readonly grantMaker: string | undefined;
  /** Where the question is about a grant that somebody makes by a call of their own, not EC2 for them. */
  readonly grant?: { readonly grantee: string };
}

/** @param actions all that lack this very link @returns none where nobody can put it there by a change of one thing */
export function patchesFor(
  link: MissingLink,
  actions: readonly string[],
  request: Request,
  m: Mender,
): readonly Patch[] {
  const Resource = m.key?.arn ?? '*';
  switch (link.code) {
    case 'explicit-deny':
      return exemption(link, request, m);
    case 'identity.no-allow':
      return isLinked(m) ? grantTo(m) : allowsIn(roleHome(m), actions, Resource, m);
    case 'key-policy.no-allow':
      return isLinked(m) ? grantTo(m) : keyAllows(actions, m);
    case 'key-trust.missing':
      return isLinked(m) ? grantTo(m) : allowsIn(roleHome(m), actions, Resource, m);
    case 'boundary.no-allow':
      return allowsIn(m.homes.boundary, actions, Resource, m);
    case 'scp.no-allow':
    case 'rcp.no-allow':
      return allowsIn(m.homes.byLevel.get(`${link.layer} ${link.source?.level ?? ''}`), actions, '*', m);
    default:
      return [];
  }
}

/** Nobody edits the policies of a service-linked role: what it may do on a key, a grant says. */
export const isLinked = ({ caller }: Pick<Mender, 'caller'>): boolean =>
  caller.role.arn.includes(':role/aws-service-role/');

function exemption(link: MissingLink, request: Request, m: Mender): readonly Patch[] {
  const home = m.homes.byId.get(link.source?.id ?? '');
  const { principal } = request;
  if (home === undefined || link.source?.statement === undefined || !('arn' in principal)) return [];
  return [{ do: 'exempt', in: home, statement: link.source.statement, principal: principal.arn }];
}

const roleHome = (m: Mender): PolicyHome => ({
  is: 'role-policy',
  account: m.caller.account,
  role: m.caller.role.name,
  policy: rolePolicyName(m.delivery),
});

function grantTo(m: Mender): readonly Patch[] {
  if (m.key === undefined) return [];
  return [
    {
      do: 'create-grant',
      account: m.caller.account,
      ...(m.grantMaker === undefined ? {} : { by: m.grantMaker }),
      region: m.key.region,
      key: m.key.arn,
      name: grantName(m.delivery, m.caller.role.name),
      grantee: m.caller.role.arn,
      operations: GRANT_OPERATIONS,
    },
  ];
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The use of a key and the grants of EC2 for it are two statements, as in the policies that AWS documents. */
function statements(
  actions: readonly string[],
  more: Pick<AllowStatement, 'Principal' | 'Resource'>,
  m: Mender,
  through: Conditions = {},
): readonly AllowStatement[] {
  const uses = actions.filter((a) => a !== 'kms:CreateGrant');
  const grants = actions.filter((a) => a === 'kms:CreateGrant');
  if (m.grant !== undefined) {
    const { ArnEquals } = through;
    return statement('AmiportMendGrant', grants, more, {
      ArnEquals: { ...ArnEquals, 'kms:GranteePrincipal': m.grant.grantee },
    });
  }
  const byService = { ...through, Bool: { 'kms:GrantIsForAWSResource': 'true' } };
  return [
    ...statement('AmiportMendUse', uses, more, through),
    ...statement('AmiportMendAttach', grants, more, byService),
  ];
}

function statement(
  Sid: string,
  Action: readonly string[],
  more: Pick<AllowStatement, 'Principal' | 'Resource'>,
  Condition: Conditions,
): readonly AllowStatement[] {
  if (Action.length === 0) return [];
  const conditions = Object.keys(Condition).length === 0 ? {} : { Condition };
  return [{ Sid, Effect: 'Allow', ...more, Action, ...conditions }];
}

const allowsIn = (
  home: PolicyHome | undefined,
  actions: readonly string[],
  Resource: string,
  m: Mender,
): readonly Patch[] =>
  home === undefined
    ? []
    : statements(actions, { Resource }, m).map((one) => ({ do: 'allow', in: home, statement: one }));

/** The account is named, narrowed to the one role: a role's own ARN as principal dies with the role. */
function keyAllows(actions: readonly string[], m: Mender): readonly Patch[] {
  const { key, caller } = m;
  if (key === undefined || key.manager === 'AWS') return [];
  const home: PolicyHome = { is: 'key-policy', account: key.account, region: key.region, key: key.arn };
  const Principal = { AWS: rootArn(caller.account, caller.role.arn.split(':')[1]) };
  const through = {
    ArnEquals: { 'aws:PrincipalArn': caller.role.arn },
    StringEquals: { 'kms:ViaService': `ec2.${key.region}.amazonaws.com` },
  };
  return statements(actions, { Principal, Resource: '*' }, m, through).map((one) => ({
    do: 'allow',
    in: home,
    statement: one,
  }));
}
