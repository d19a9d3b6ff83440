/** Turns what was observed into what authz asks for: the policies AWS would consult for one caller and one key. */
import type { Grant, Policies, PolicyInput, PolicyLevels, PolicySet, Request } from '../authz/types.ts';
import { kept } from '../base/kept.ts';
import type { Finding } from '../base/outcome.ts';
import type { GrantSeen, KeySeen, LevelSeen, Observed, PolicySeen, RoleSeen } from '../model/observed.ts';

/**
 * Source: KMS API Reference "CreateGrant": it can take up to five minutes until a new grant is effective everywhere.
 */
export const GRANT_SETTLES_MS = 5 * 60_000;

export interface CallerSeen {
  readonly account: string;
  readonly role: RoleSeen;
}

/** @param extra policies that are not there yet but will be, such as the role policy a plan is about to write */
export function policiesFor(
  seen: Observed,
  caller: CallerSeen,
  key: KeySeen,
  extra: readonly PolicyInput[] = [],
): Policies {
  const scps = levelsOf(seen, caller.account, 'scps');
  const rcps = key.manager === 'AWS' ? undefined : levelsOf(seen, key.account, 'rcps');
  const { identity, boundary } = ofRole(caller.role);
  return {
    identity: extra.length === 0 ? identity : [...identity, ...extra],
    ...(boundary ? { boundary } : {}),
    ...(scps ? { scps } : {}),
    ...(rcps ? { rcps } : {}),
    ...ofKey(key),
  };
}

// What belongs to a role, a key or an account is the same object each time: authz then makes it ready once.
const ofRole = kept((role: RoleSeen) => ({
  identity: [...role.inline, ...role.attached].map((p) => named(role, p)),
  boundary: role.boundary && [named(role, role.boundary)],
}));

const ofKey = kept(
  (key: KeySeen): Required<Pick<Policies, 'resource' | 'grants'>> => ({
    resource: { kind: 'key-policy', policies: keyPolicy(key), ...(key.manager === 'AWS' ? { awsManaged: true } : {}) },
    grants: grantsOf(key),
  }),
);

const ofLevels = kept(
  (levels: readonly LevelSeen[]): PolicyLevels =>
    levels.map((l) => ({
      level: l.level,
      policies: l.policies.map((p) => ({ id: levelPolicyId(l, p), document: p.document })),
    })),
);
/** What KMS knows of the caller's organization; what nobody could read is not known, which is no answer. */
export function organizationContext(
  seen: Observed,
  account: string,
): Required<Pick<Request, 'context' | 'unknownContext'>> {
  if (seen.organization.is === 'unreadable')
    return { context: {}, unknownContext: ['aws:principalorgid', 'aws:principalorgpaths'] };
  const path = seen.organization.is === 'known' ? seen.organization.value.paths.get(account) : undefined;
  if (path === undefined) return { context: {}, unknownContext: [] };
  return {
    context: { 'aws:principalorgid': [path.split('/')[0] ?? ''], 'aws:principalorgpaths': [path] },
    unknownContext: [],
  };
}

const named = (role: RoleSeen, p: PolicySeen): PolicyInput => ({
  id: rolePolicyId(role, p.name),
  document: p.document,
});

/** The names by which authz tells of a policy. */
export const rolePolicyId = (role: RoleSeen, policy: string): string => `role ${role.name}: ${policy}`;
export const keyPolicyId = (key: KeySeen): string => `key policy of ${key.arn}`;
export const levelPolicyId = (level: LevelSeen, policy: PolicySeen): string => `${level.level}: ${policy.name}`;

function keyPolicy(key: KeySeen): PolicySet {
  switch (key.policy.is) {
    case 'known':
      return [{ id: keyPolicyId(key), document: key.policy.value }];
    case 'absent':
      return [];
    case 'unreadable':
      return { unreadable: key.policy.reason.says };
  }
}

function grantsOf(key: KeySeen): NonNullable<Policies['grants']> {
  switch (key.grants.is) {
    case 'known':
      return key.grants.value.map((g) => grantOf(g, key.arn));
    case 'absent':
      return [];
    case 'unreadable':
      return { unreadable: key.grants.reason.says };
  }
}

function grantOf(g: GrantSeen, keyArn: string): Grant {
  const constraints = {
    ...(g.encryptionContextSubset ? { encryptionContextSubset: g.encryptionContextSubset } : {}),
    ...(g.encryptionContextEquals ? { encryptionContextEquals: g.encryptionContextEquals } : {}),
  };
  return {
    id: g.grantId,
    ...(g.name === undefined ? {} : { name: g.name }),
    keyArn,
    grantee: g.granteePrincipal,
    operations: g.operations,
    ...(Object.keys(constraints).length > 0 ? { constraints } : {}),
    ...(g.retiringPrincipal === undefined ? {} : { retiringPrincipal: g.retiringPrincipal }),
    issuingAccount: g.issuingAccount,
  };
}

/** SCPs do not apply to the management account, RCPs not to its resources: the caller of authz leaves them out. */
function levelsOf(seen: Observed, account: string, kind: 'scps' | 'rcps'): PolicyLevels | undefined {
  const org = seen.organization;
  if (org.is === 'absent') return undefined;
  if (org.is === 'unreadable')
    return { unreadable: `${kind === 'scps' ? 'SCPs' : 'RCPs'} of ${account}: ${org.reason.says}` };
  if (org.value.managementAccount === account) return undefined;
  const levels: Finding<readonly LevelSeen[]> | undefined = org.value[kind].get(account);
  if (levels === undefined || levels.is === 'absent') return undefined;
  if (levels.is === 'unreadable') return { unreadable: levels.reason.says };
  return ofLevels(levels.value);
}
