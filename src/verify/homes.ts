/** Where each policy that authz names is kept, so that what it lacks can be written as a change of that very policy. */
import type { Reason } from '../base/outcome.ts';
import type { PolicyHome } from '../base/patch.ts';
import type { KeySeen, LevelSeen, Observed, PolicySeen } from '../model/observed.ts';
import { type CallerSeen, keyPolicyId, levelPolicyId, rolePolicyId } from '../plan/policies.ts';

export interface Homes {
  /** By the id under which authz knows a policy. Policies that AWS keeps have none. */
  readonly byId: ReadonlyMap<string, PolicyHome>;
  /** By level: a policy of the organization to which an Allow can be added there. */
  readonly byLevel: ReadonlyMap<string, PolicyHome>;
  readonly boundary: PolicyHome | undefined;
  /** What of the policies and grants that decide could not be read, and why. */
  readonly unread: readonly Reason[];
}

export function homesOf(seen: Observed, caller: CallerSeen, key: KeySeen): Homes {
  const byId = new Map<string, PolicyHome>();
  const byLevel = new Map<string, PolicyHome>();
  const { role, account } = caller;
  for (const p of role.inline)
    byId.set(rolePolicyId(role, p.name), { is: 'role-policy', account, role: role.name, policy: p.name });
  const managed = (p: PolicySeen): PolicyHome | undefined => {
    const home = managedHome(account, p);
    if (home !== undefined) byId.set(rolePolicyId(role, p.name), home);
    return home;
  };
  for (const p of role.attached) managed(p);
  const boundary = role.boundary === undefined ? undefined : managed(role.boundary);
  if (key.manager === 'CUSTOMER')
    byId.set(keyPolicyId(key), { is: 'key-policy', account: key.account, region: key.region, key: key.arn });
  const organization = seen.organization.is === 'known' ? seen.organization.value : undefined;
  const levels = (kind: 'scp' | 'rcp', of: string): void => {
    const found = organization?.[`${kind}s`].get(of);
    for (const level of found?.is === 'known' ? found.value : [])
      take(level, kind, organization?.managementAccount ?? '', byId, byLevel);
  };
  levels('scp', account);
  levels('rcp', key.account);
  return { byId, byLevel, boundary, unread: unreadFor(seen, caller, key) };
}

function unreadFor(seen: Observed, caller: CallerSeen, key: KeySeen): readonly Reason[] {
  const { organization: o } = seen;
  const levels = o.is === 'known' ? [o.value.scps.get(caller.account), o.value.rcps.get(key.account)] : [];
  return [key.policy, key.grants, o, ...levels].flatMap((f) => (f?.is === 'unreadable' ? [f.reason] : []));
}

/** Policies of AWS itself (`arn:aws:iam::aws:policy/…`) are nobody's to change. */
function managedHome(account: string, p: PolicySeen): PolicyHome | undefined {
  const arn = p.id ?? p.name;
  return arn.split(':')[4] === account ? { is: 'managed-policy', account, arn } : undefined;
}

function take(
  level: LevelSeen,
  kind: 'scp' | 'rcp',
  account: string,
  byId: Map<string, PolicyHome>,
  byLevel: Map<string, PolicyHome>,
): void {
  for (const p of level.policies) {
    // `p-FullAWSAccess` and `p-RCPFullAWSAccess` are kept by AWS.
    if (p.id === undefined || /^p-(?:RCP)?FullAWSAccess$/.test(p.id)) continue;
    const home: PolicyHome = { is: 'organization-policy', account, id: p.id, kind };
    byId.set(levelPolicyId(level, p), home);
    byLevel.set(`${kind} ${level.level}`, byLevel.get(`${kind} ${level.level}`) ?? home);
  }
}
