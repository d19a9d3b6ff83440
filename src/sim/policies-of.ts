/**
 * The policies that AWS would consult for a caller and a resource, gathered from the world.
 * Sources: IAM User Guide "Policy evaluation logic"; Organizations User Guide "SCP evaluation", "RCP evaluation".
 */

import type { Grant, PolicyInput, PolicyLevel, ResourcePolicy } from '../authz/types.ts';
import { parseArn } from '../base/arn.ts';
import { awsManagedPolicy } from './iam/managed-policies.ts';
import { policyNow } from './kms/named-principals.ts';
import type { Caller } from './operation.ts';
import { type IamAccount, type Permissions, settled } from './world/iam.ts';
import type { Key, KeyGrant } from './world/kms.ts';
import type { Organization } from './world/organizations.ts';
import type { World } from './world/world.ts';

export interface IdentitySide {
  readonly identity: readonly PolicyInput[];
  readonly boundary: readonly PolicyInput[] | undefined;
  readonly session: readonly PolicyInput[] | undefined;
  /** Tags of the user or role, overridden by those of the session. */
  readonly tags: ReadonlyMap<string, string>;
}

/** @returns no policies at all when the caller's user or role is gone: nothing is allowed to it */
export function identitySide(world: World, caller: Caller, nowMs: number): IdentitySide {
  const iam = world.accounts.get(caller.account)?.iam;
  const session = caller.sessionPolicies?.map((text, i) => policyOf(iam, text, `session policy ${i + 1}`));
  const { principal } = caller;
  if (principal.kind === 'root')
    return { identity: ADMINISTRATOR, boundary: undefined, session, tags: caller.sessionTags };
  if (!iam || (principal.kind !== 'role' && principal.kind !== 'user' && principal.kind !== 'federated')) {
    return { identity: [], boundary: undefined, session, tags: caller.sessionTags };
  }
  if (principal.kind === 'role') {
    const name = nameOf(principal.arn);
    const role = iam.roles.get(name);
    const same = role && (principal.id === undefined || principal.id === role.roleId);
    if (!same) return { identity: [], boundary: undefined, session, tags: caller.sessionTags };
    const permissions = settled(role.permissions, nowMs);
    return {
      identity: held(iam, permissions, `role/${name}`),
      boundary: boundaryOf(iam, permissions),
      session,
      tags: merged(role.tags, caller.sessionTags),
    };
  }
  const userArn = principal.kind === 'user' ? principal.arn : principal.userArn;
  const user = userArn === undefined ? undefined : iam.users.get(nameOf(userArn));
  if (!user) return { identity: [], boundary: undefined, session, tags: caller.sessionTags };
  const permissions = settled(user.permissions, nowMs);
  const identity = held(iam, permissions, `user/${user.name}`);
  for (const name of user.groups) {
    const group = iam.groups.get(name);
    if (group) identity.push(...held(iam, settled(group.permissions, nowMs), `group/${name}`));
  }
  return { identity, boundary: boundaryOf(iam, permissions), session, tags: merged(user.tags, caller.sessionTags) };
}

/** Root needs no policy at home; abroad its own account's side must allow, as an administrator's policies would. */
const ADMINISTRATOR: readonly PolicyInput[] = [
  {
    id: 'administrator of the account',
    document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
  },
];

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

function merged(own: ReadonlyMap<string, string>, session: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return session.size === 0 ? own : new Map([...own, ...session]);
}

function held(iam: IamAccount, permissions: Permissions, whose: string): PolicyInput[] {
  const out: PolicyInput[] = [];
  for (const [name, document] of permissions.inline) out.push({ id: `${whose} policy ${name}`, document });
  for (const arn of permissions.attached) out.push(policyOf(iam, arn, arn));
  return out;
}

const boundaryOf = (iam: IamAccount, permissions: Permissions): readonly PolicyInput[] | undefined =>
  permissions.boundary === undefined ? undefined : [policyOf(iam, permissions.boundary, permissions.boundary)];

/** A policy that is gone allows nothing. */
const EMPTY_POLICY = '{"Version":"2012-10-17","Statement":[]}';

/** @param text an ARN of a managed policy, or the JSON itself */
function policyOf(iam: IamAccount | undefined, text: string, id: string): PolicyInput {
  if (!text.startsWith('arn:')) return { id, document: text };
  const custom = iam?.policies.get(text);
  const document = custom ? custom.versions.get(custom.defaultVersion)?.document : awsManagedPolicy(text);
  return { id: text, document: document ?? EMPTY_POLICY };
}

/** SCPs of a member account by level, root first; undefined where none apply: no organization, or its management account. */
export function serviceControlPolicies(world: World, account: string): readonly PolicyLevel[] | undefined {
  const { organization } = world;
  if (!organization?.policyTypes.has('SERVICE_CONTROL_POLICY') || account === organization.managementAccount)
    return undefined;
  return levelsOf(organization, world.partition, account, 'SERVICE_CONTROL_POLICY');
}

export function resourceControlPolicies(world: World, account: string): readonly PolicyLevel[] | undefined {
  const { organization } = world;
  if (!organization?.policyTypes.has('RESOURCE_CONTROL_POLICY') || account === organization.managementAccount)
    return undefined;
  return levelsOf(organization, world.partition, account, 'RESOURCE_CONTROL_POLICY');
}

function levelsOf(
  organization: Organization,
  partition: string,
  account: string,
  type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY',
): readonly PolicyLevel[] | undefined {
  const path = pathOf(organization, account);
  if (!path) return undefined;
  const owner = `arn:${partition}:organizations::${organization.managementAccount}:policy/${organization.id}`;
  return [...path, account].map((target) => {
    const policies: PolicyInput[] = [];
    for (const id of organization.attachments.get(target) ?? []) {
      const policy = organization.policies.get(id);
      if (policy?.type === type)
        policies.push({ id: `${owner}/${type.toLowerCase()}/${id} at ${target}`, document: policy.content });
    }
    const level =
      target === account ? `Account ${target}` : target === organization.rootId ? `Root ${target}` : `OU ${target}`;
    return { level, policies };
  });
}

/** Root id and OU ids down to the account's parent; undefined when the account is no member. */
export function pathOf(organization: Organization, account: string): readonly string[] | undefined {
  const member = organization.members.get(account);
  if (!member) return undefined;
  const path: string[] = [];
  for (let at: string | undefined = member.parentId; at !== undefined && at !== organization.rootId; ) {
    path.unshift(at);
    at = organization.units.get(at)?.parentId;
  }
  return [organization.rootId, ...path];
}

/** `o-abc/r-ab12/ou-1/ou-2/`: the form of `aws:PrincipalOrgPaths`. */
export function orgPathText(organization: Organization, account: string): string | undefined {
  const path = pathOf(organization, account);
  return path && `${organization.id}/${path.join('/')}/`;
}

/** Calls use the same few keys again and again. */
let lastArn: { readonly text: string; readonly parsed: ReturnType<typeof parseArn> } = { text: '', parsed: undefined };

/** The key whose ARN this is, without looking at aliases. */
export function keyOfArn(world: World, arn: string): Key | undefined {
  if (!arn.includes(':kms:')) return undefined;
  if (lastArn.text !== arn) lastArn = { text: arn, parsed: parseArn(arn) };
  const { parsed } = lastArn;
  if (parsed?.service !== 'kms' || !parsed.resource.startsWith('key/')) return undefined;
  return world.accounts
    .get(parsed.account)
    ?.places.get(parsed.region)
    ?.kms.keys.get(parsed.resource.slice('key/'.length));
}

export const keyPolicy = (world: World, key: Key): ResourcePolicy => ({
  kind: 'key-policy',
  policies: [{ id: `key policy of ${key.arn}`, document: policyNow(world, key) }],
  awsManaged: key.manager === 'AWS',
});

/** Trust policy of the role that `arn` names; undefined when there is none. */
export function roleTrust(world: World, arn: string): ResourcePolicy | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'iam' || !parsed.resource.startsWith('role/')) return undefined;
  const role = world.accounts.get(parsed.account)?.iam.roles.get(nameOf(arn));
  if (role?.arn !== arn) return undefined;
  return { kind: 'role-trust', policies: [{ id: `trust policy of ${arn}`, document: role.trust }] };
}

/** The grants on `key` that concern the caller, in authz's words: a key may carry 50,000 others. */
export function grantsFor(key: Key, concerns: (grant: KeyGrant) => boolean, nowMs: number): readonly Grant[] {
  const out: Grant[] = [];
  for (const grant of key.grants.values()) {
    if (concerns(grant)) out.push(grantOf(key, grant, nowMs));
  }
  return out;
}

function grantOf(key: Key, grant: KeyGrant, nowMs: number): Grant {
  const { constraints } = grant;
  return {
    id: grant.grantId,
    keyArn: key.arn,
    grantee: grant.granteePrincipal,
    operations: grant.operations,
    issuingAccount: grant.issuingAccount,
    tokens: grant.tokens,
    propagated: nowMs >= grant.usableAtMs,
    ...(grant.name === undefined ? {} : { name: grant.name }),
    ...(grant.granteeId === undefined ? {} : { granteeId: grant.granteeId }),
    ...(grant.retiringPrincipal === undefined ? {} : { retiringPrincipal: grant.retiringPrincipal }),
    ...(constraints
      ? {
          constraints: {
            ...(constraints.EncryptionContextSubset
              ? { encryptionContextSubset: constraints.EncryptionContextSubset }
              : {}),
            ...(constraints.EncryptionContextEquals
              ? { encryptionContextEquals: constraints.EncryptionContextEquals }
              : {}),
            ...(constraints.SourceArn ? { sourceArn: constraints.SourceArn } : {}),
          },
        }
      : {}),
  };
}
