/** Reads what is not per Region in a user account: amiport's identity there, the launchers' roles with their policies. */
import { roleNameOf } from '../base/arn.ts';
import { type Once, once } from '../base/once.ts';
import { absent, type Finding, known, type Outcome, reason, unreadable } from '../base/outcome.ts';
import { type Delivery, roleArnFor, serviceLinkedRoleOf, type TargetAccount } from '../model/delivery.ts';
import type { AccountSeen, PolicySeen, RoleSeen } from '../model/observed.ts';
import { regionNamed } from '../model/regions.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

/** @param before an earlier look, of which only `changed` roles are read again */
export async function observeAccount(
  c: Connection,
  want: Delivery,
  account: TargetAccount,
  before?: AccountSeen,
  changed: ReadonlySet<string> = new Set(),
): Promise<AccountSeen> {
  const roleNames = new Set(
    account.launchers.flatMap((l) => (l.kind === 'role' || l.kind === 'karpenter' ? [l.name] : [])),
  );
  const linkedNames = new Set(account.launchers.flatMap((l) => serviceLinkedRoleOf(l)?.roleName ?? []));
  const held: Policies = new Map();
  const read = async (name: string) => {
    const seen = before?.roles.get(name) ?? before?.serviceLinkedRoles.get(name);
    return [name, seen === undefined || changed.has(name) ? await readRole(c, account.id, name, held) : seen] as const;
  };
  const ownArn = actsItself(want, account) ? roleArnFor(want.access, account.id) : undefined;
  const [identity, regionsOff, own, roles, linked] = await Promise.all([
    before?.identity ?? readIdentity(c, account.id),
    before?.regionsOff ?? readRegionsOff(c, account),
    before?.own ?? (ownArn === undefined ? absent : readRole(c, account.id, roleNameOf(ownArn), held)),
    Promise.all([...roleNames].map(read)),
    Promise.all([...linkedNames].map(read)),
  ]);
  return {
    account: account.id,
    identity,
    regionsOff,
    own,
    roles: new Map(roles),
    serviceLinkedRoles: new Map(linked),
  };
}

/** Whether amiport's own rights on keys decide anything there: it makes grants, or copies. */
function actsItself(want: Delivery, account: TargetAccount): boolean {
  const copies = want.images.some((i) => i.way === 'account-copies');
  const linked = account.launchers.some((l) => serviceLinkedRoleOf(l) !== undefined);
  const grants = want.manage.grants === 'amiport' && want.images.some((i) => i.way === 'shared-encrypted');
  return copies || (grants && linked);
}

/** Asked only where a Region of the account needs opt-in. */
async function readRegionsOff(c: Connection, account: TargetAccount): Promise<Finding<readonly string[]>> {
  const RegionNames = account.regions.filter((r) => regionNamed(r)?.optIn === true);
  if (RegionNames.length === 0) return known([]);
  const { DescribeRegionsCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', home(c, account.id), 'ec2:DescribeRegions', (ec2) =>
    ec2.send(new DescribeRegionsCommand({ RegionNames, AllRegions: true })),
  );
  if (!answer.ok) return unreadable(answer.reason);
  const off = (answer.value.Regions ?? []).filter((r) => r.OptInStatus === 'not-opted-in');
  return known(off.flatMap((r) => r.RegionName ?? []));
}

/** Who amiport is in an account; credentials of another account are a mistake in the set-up. */
export async function readIdentity(c: Connection, account: string): Promise<Finding<string>> {
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const answer = await c.send('sts', home(c, account), 'sts:GetCallerIdentity', (sts) =>
    sts.send(new GetCallerIdentityCommand({})),
  );
  if (!answer.ok) return unreadable(answer.reason);
  if (answer.value.Account !== account) {
    return unreadable(
      reason('aws.wrong-account', account, `the credentials for account ${account} belong to ${answer.value.Account}`, {
        remedy: {
          who: 'you',
          does: 'set access.role in amiport.yaml, so that amiport assumes a role in every account',
        },
      }),
    );
  }
  return known(answer.value.Arn ?? '');
}

const home = (c: Connection, account: string) => ({ account, region: c.options.homeRegion });

/** The managed policies of an account: roles share them. */
type Policies = Once<Outcome<PolicySeen>>;

async function readRole(c: Connection, account: string, name: string, held: Policies): Promise<Finding<RoleSeen>> {
  const { GetRoleCommand } = await import('@aws-sdk/client-iam');
  const answer = await c.send('iam', home(c, account), 'iam:GetRole', (iam) =>
    iam.send(new GetRoleCommand({ RoleName: name })),
  );
  if (!answer.ok)
    return refusedWith(answer, 'NoSuchEntityException', 'NoSuchEntity') ? absent : unreadable(answer.reason);
  const role = answer.value.Role;
  const [inline, attached] = await Promise.all([
    inlinePolicies(c, account, name),
    attachedPolicies(c, account, name, held),
  ]);
  if (!inline.ok) return unreadable(inline.reason);
  if (!attached.ok) return unreadable(attached.reason);
  const boundaryArn = role?.PermissionsBoundary?.PermissionsBoundaryArn;
  const boundary =
    boundaryArn === undefined ? undefined : await managedPolicy(c, account, boundaryArn, boundaryArn, held);
  if (boundary !== undefined && !boundary.ok) return unreadable(boundary.reason);
  return known({
    arn: role?.Arn ?? '',
    roleId: role?.RoleId ?? '',
    name,
    inline: inline.value,
    attached: attached.value,
    boundary: boundary?.value,
    tags: Object.fromEntries((role?.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? ''])),
  });
}

async function inlinePolicies(c: Connection, account: string, role: string): Promise<Outcome<readonly PolicySeen[]>> {
  const { GetRolePolicyCommand, paginateListRolePolicies } = await import('@aws-sdk/client-iam');
  return c.send('iam', home(c, account), 'iam:GetRolePolicy', async (client) => {
    const policies: PolicySeen[] = [];
    for await (const page of paginateListRolePolicies({ client }, { RoleName: role })) {
      for (const name of page.PolicyNames ?? []) {
        const got = await client.send(new GetRolePolicyCommand({ RoleName: role, PolicyName: name }));
        policies.push({ name, document: decoded(got.PolicyDocument) });
      }
    }
    return policies;
  });
}

async function attachedPolicies(
  c: Connection,
  account: string,
  role: string,
  held: Policies,
): Promise<Outcome<readonly PolicySeen[]>> {
  const { paginateListAttachedRolePolicies } = await import('@aws-sdk/client-iam');
  const listed = await c.send('iam', home(c, account), 'iam:ListAttachedRolePolicies', async (client) => {
    const found: { name: string; arn: string }[] = [];
    for await (const page of paginateListAttachedRolePolicies({ client }, { RoleName: role })) {
      for (const p of page.AttachedPolicies ?? []) found.push({ name: p.PolicyName ?? '', arn: p.PolicyArn ?? '' });
    }
    return found;
  });
  if (!listed.ok) return listed;
  const policies: PolicySeen[] = [];
  for (const { name, arn } of listed.value) {
    const policy = await managedPolicy(c, account, arn, name, held);
    if (!policy.ok) return policy;
    policies.push(policy.value);
  }
  return { ok: true, value: policies };
}

/** AWS's own policies are the same in every account: read once for all. */
const awsPolicies = new WeakMap<Connection, Policies>();

async function managedPolicy(
  c: Connection,
  account: string,
  arn: string,
  name: string,
  ofAccount: Policies,
): Promise<Outcome<PolicySeen>> {
  const everywhere = awsPolicies.get(c) ?? new Map();
  awsPolicies.set(c, everywhere);
  const held = arn.includes(':iam::aws:policy/') ? everywhere : ofAccount;
  const read = await once(held, arn, () => readManagedPolicy(c, account, arn, name));
  // Who was refused says nothing about the others.
  if (!read.ok) held.delete(arn);
  return read.ok ? { ok: true, value: { ...read.value, name } } : read;
}

async function readManagedPolicy(
  c: Connection,
  account: string,
  arn: string,
  name: string,
): Promise<Outcome<PolicySeen>> {
  const { GetPolicyCommand, GetPolicyVersionCommand } = await import('@aws-sdk/client-iam');
  return c.send('iam', home(c, account), 'iam:GetPolicyVersion', async (client) => {
    const policy = await client.send(new GetPolicyCommand({ PolicyArn: arn }));
    const VersionId = policy.Policy?.DefaultVersionId ?? 'v1';
    const version = await client.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId }));
    return { name, id: arn, document: decoded(version.PolicyVersion?.Document) };
  });
}

/** IAM returns policy documents URL-encoded (RFC 3986). */
const decoded = (document: string | undefined): string => decodeURIComponent(document ?? '{}');
