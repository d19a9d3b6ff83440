/** Steps in the user accounts: service-linked roles, role policies, grants made from the user account. */
import { evaluate } from '../authz/evaluate.ts';
import type { PolicyInput, Request } from '../authz/types.ts';
import { absent, reason } from '../base/outcome.ts';
import {
  type Launcher,
  launcherPrincipalArn,
  launcherText,
  serviceLinkedRoleOf,
  type TargetAccount,
} from '../model/delivery.ts';
import { leakedKeysIn } from '../model/leaked.ts';
import type { KeySeen, PlaceSeen, RoleSeen } from '../model/observed.ts';
import { GRANT_OPERATIONS, grantName, rolePolicyName, rolePolicyText, samePolicy } from './access.ts';
import { launchDemands } from './demands.ts';
import type { Draft } from './draft.ts';
import { deliveryKey, keyReadySteps, keyWillBeThere, launchersStillNeedKey } from './key-steps.ts';
import { organizationContext, policiesFor } from './policies.ts';
import { accountsIn, customerVolumeKeys, launcherArn, launcherRole, sharesKey } from './targets.ts';

const linkedRoleStep = (account: string, roleName: string): string =>
  `create-service-linked-role:${account}:${roleName}`;
const rolePolicyStep = (account: string, roleName: string): string => `put-role-policy:${account}:${roleName}`;
const grantStep = (account: string, region: string, keyId: string, roleName: string): string =>
  `create-grant:${account}:${region}:${keyId}:${roleName}`;

export function planAccess(d: Draft): void {
  for (const account of d.want.accounts) {
    for (const launcher of distinctRoles(account.launchers)) {
      if (serviceLinkedRoleOf(launcher) === undefined) planRole(d, account, launcher);
      else planServiceLinked(d, account, launcher);
    }
  }
}

/** All steps that must be done, and settled, before the launchers of a Region (of one account in it) can be proven. */
export function accessSteps(d: Draft, region: string, only?: TargetAccount): readonly string[] {
  if (only !== undefined) return stepsFor(d, region, [only]);
  const known = ofRegion.get(d) ?? new Map<string, readonly string[]>();
  ofRegion.set(d, known);
  const steps = known.get(region) ?? stepsFor(d, region, accountsIn(d.want, region));
  known.set(region, steps);
  return steps;
}

/** Each image of a Region waits for the same steps, which are all planned before the images. */
const ofRegion = new WeakMap<Draft, Map<string, readonly string[]>>();

function stepsFor(d: Draft, region: string, accounts: readonly TargetAccount[]): readonly string[] {
  const ids = accounts.flatMap((a) =>
    a.launchers.flatMap((l) => {
      const linked = serviceLinkedRoleOf(l);
      const roleName = linked?.roleName ?? roleNameOf(l);
      const place = d.seen.places.get(`${a.id}/${region}`);
      const keyIds = [
        'delivery',
        ...(place === undefined ? [] : customerVolumeKeys(d.want.images, place).map((k) => k.keyId)),
      ];
      return [
        linkedRoleStep(a.id, roleName),
        rolePolicyStep(a.id, roleName),
        ...keyIds.map((k) => grantStep(a.id, region, k, roleName)),
      ];
    }),
  );
  return d.planned(...new Set(ids));
}

/** Node groups and plain Auto Scaling launch under one role: what it needs is planned once. */
const distinctRoles = (launchers: readonly Launcher[]): readonly Launcher[] => [
  ...new Map(launchers.map((l) => [serviceLinkedRoleOf(l)?.roleName ?? roleNameOf(l), l])).values(),
];

const roleNameOf = (l: Launcher): string => (l.kind === 'role' || l.kind === 'karpenter' ? l.name : '');

function placesOf(d: Draft, account: TargetAccount): readonly PlaceSeen[] {
  return account.regions.flatMap((r) => d.seen.places.get(`${account.id}/${r}`) ?? []);
}

function planRole(d: Draft, account: TargetAccount, launcher: Launcher): void {
  const role = launcherRole(d.seen, account.id, launcher);
  const name = roleNameOf(launcher);
  if (role.is === 'unreadable') d.blocked.push(role.reason);
  if (role.is === 'absent') {
    d.blocked.push(
      reason(
        'iam.role.absent',
        launcherArn(d.want, d.seen, account.id, launcher),
        `role ${name} is not there in account ${account.id}`,
        {
          remedy: {
            who: `account ${account.id}`,
            does: `create the role, or take ${launcherText(launcher)} out of the launchers in amiport.yaml`,
          },
        },
      ),
    );
  }
  if (role.is !== 'known') return;
  const policyName = rolePolicyName(d.want.name);
  const reads = sharesKey(d.want) || account.regions.some((r) => launchersStillNeedKey(d, r));
  const policy = rolePolicyWish(d, account, role.value, reads);
  const there = ownPolicy(d, role.value);
  if (policy === undefined && there !== undefined) deleteRolePolicy(d, account, role.value, []);
  if (policy !== undefined && !samePolicy(policy, there)) writeRolePolicy(d, account, role.value, policyName, policy);
  for (const place of placesOf(d, account)) {
    for (const key of customerVolumeKeys(d.want.images, place)) {
      if (servedBy(d, account.id, role.value, key, place.region) === 'grant')
        planGrant(d, {
          account: account.id,
          region: place.region,
          key: key.arn,
          keyId: key.keyId,
          grants: key,
          roleName: name,
          arn: role.value.arn,
          volume: true,
        });
    }
  }
}

const ownPolicy = (d: Draft, role: RoleSeen): string | undefined =>
  role.inline.find((p) => p.name === rolePolicyName(d.want.name))?.document;

/** @returns the text of the launcher's policy, or undefined where it needs none */
function rolePolicyWish(
  d: Draft,
  account: TargetAccount,
  role: RoleSeen,
  reads: boolean,
  withLeaked = true,
): string | undefined {
  const volumeKeys = placesOf(d, account).flatMap((p) =>
    customerVolumeKeys(d.want.images, p).filter((k) => servedBy(d, account.id, role, k, p.region) === 'role-policy'),
  );
  const there = account.regions.filter((r) => keyWillBeThere(d, r));
  const readKeys = reads && d.want.key !== undefined ? there.map((r) => deliveryKey(d, r)) : [];
  // A key that leaked stays until its rotation takes it: until then images and volumes under it must launch and start.
  const current = withLeaked ? (ownPolicy(d, role) ?? '') : '';
  const leaked = account.regions.flatMap((r) => leakedKeysIn(d.seen.builder.get(r)).map((k) => k.arn));
  const keyArns = [...readKeys, ...leaked.filter((arn) => current.includes(arn)), ...volumeKeys.map((k) => k.arn)];
  return keyArns.length === 0 ? undefined : rolePolicyText(keyArns);
}

/** After the images of a former way are gone, the launchers' policies need not name the key they were under. */
export function withdrawRolePolicies(d: Draft): void {
  if (sharesKey(d.want) || d.want.manage.rolePolicy === 'export') return;
  for (const account of d.want.accounts) {
    if (!account.regions.some((r) => launchersStillNeedKey(d, r))) continue;
    const needs = account.regions.flatMap((r) => d.stepsThatTake(r));
    for (const launcher of distinctRoles(account.launchers)) {
      const role = launcherRole(d.seen, account.id, launcher);
      if (serviceLinkedRoleOf(launcher) !== undefined || role.is !== 'known') continue;
      const policy = rolePolicyWish(d, account, role.value, false);
      if (policy === undefined) {
        deleteRolePolicy(d, account, role.value, needs);
        continue;
      }
      d.add({
        id: `withdraw-role-policy:${account.id}:${role.value.name}`,
        do: 'put-role-policy',
        account: account.id,
        region: account.regions[0] ?? d.want.builder.region,
        why: `${role.value.name} reads no key of the builder any more`,
        needs: [...needs, ...d.planned(rolePolicyStep(account.id, role.value.name))],
        roleName: role.value.name,
        policyName: rolePolicyName(d.want.name),
        policy,
      });
    }
  }
}

/** At the end of a rotation: the launchers of an account need the key that leaked no more. */
export function withdrawLeakedFromRoles(d: Draft, account: TargetAccount): void {
  const leaked = account.regions.flatMap((r) => leakedKeysIn(d.seen.builder.get(r)).map((k) => k.arn));
  for (const launcher of distinctRoles(account.launchers)) {
    const role = launcherRole(d.seen, account.id, launcher);
    if (serviceLinkedRoleOf(launcher) !== undefined || role.is !== 'known') continue;
    const there = ownPolicy(d, role.value);
    if (there === undefined || !leaked.some((arn) => there.includes(arn))) continue;
    const policy = rolePolicyWish(d, account, role.value, sharesKey(d.want), false);
    if (policy === undefined) deleteRolePolicy(d, account, role.value, []);
    else writeRolePolicy(d, account, role.value, rolePolicyName(d.want.name), policy);
  }
}

function deleteRolePolicy(d: Draft, account: TargetAccount, role: RoleSeen, needs: readonly string[]): void {
  if (d.want.manage.rolePolicy === 'export') return;
  d.add({
    id: `delete-role-policy:${account.id}:${role.name}`,
    do: 'delete-role-policy',
    account: account.id,
    region: account.regions[0] ?? d.want.builder.region,
    why: `no image of this delivery needs a word about keys in the policies of ${role.name}`,
    needs,
    roleName: role.name,
    policyName: rolePolicyName(d.want.name),
  });
}

function writeRolePolicy(d: Draft, account: TargetAccount, role: RoleSeen, policyName: string, policy: string): void {
  if (d.want.manage.rolePolicy === 'export') {
    d.exported.push({ on: 'role', account: account.id, roleName: role.name, policyName, policy });
    return;
  }
  const regions = new Set(account.regions);
  d.add({
    id: rolePolicyStep(account.id, role.name),
    do: 'put-role-policy',
    account: account.id,
    region: account.regions[0] ?? d.want.builder.region,
    why: `a key of another account needs an allow in the role's own account too`,
    needs: [...regions].flatMap((r) =>
      d.planned(
        `create-key:${r}`,
        `replicate-key:${r}`,
        ...(policy.includes(`\${key:${r}}`) ? [`create-key:${d.want.builder.region}`] : []),
      ),
    ),
    roleName: role.name,
    policyName,
    policy,
  });
}

function planServiceLinked(d: Draft, account: TargetAccount, launcher: Launcher): void {
  const linked = serviceLinkedRoleOf(launcher);
  if (linked === undefined) return;
  const role = launcherRole(d.seen, account.id, launcher);
  if (role.is === 'unreadable') {
    d.blocked.push(role.reason);
    return;
  }
  if (role.is === 'absent') {
    d.add({
      id: linkedRoleStep(account.id, linked.roleName),
      do: 'create-service-linked-role',
      account: account.id,
      region: account.regions[0] ?? d.want.builder.region,
      why: `a grant can only name a role that is there`,
      needs: [],
      awsServiceName: linked.awsServiceName,
      ...(linked.suffix === undefined ? {} : { suffix: linked.suffix }),
      roleName: linked.roleName,
    });
  }
  const arn = launcherPrincipalArn(launcher, account.id, d.want.partition);
  for (const region of account.regions) {
    if (sharesKey(d.want) && keyWillBeThere(d, region)) {
      const seen = d.seen.builder.get(region)?.key;
      const grants = seen?.is === 'known' ? seen.value : undefined;
      planGrant(d, {
        account: account.id,
        region,
        key: deliveryKey(d, region),
        keyId: 'delivery',
        grants,
        roleName: linked.roleName,
        arn,
        volume: false,
      });
    }
  }
  for (const place of placesOf(d, account)) {
    for (const key of customerVolumeKeys(d.want.images, place)) {
      const served = role.is === 'known' && servedBy(d, account.id, role.value, key, place.region) === 'key-policy';
      if (!served)
        planGrant(d, {
          account: account.id,
          region: place.region,
          key: key.arn,
          keyId: key.keyId,
          grants: key,
          roleName: linked.roleName,
          arn,
          volume: true,
        });
    }
  }
}

interface GrantWish {
  readonly account: string;
  readonly region: string;
  readonly key: string;
  readonly keyId: string;
  /** The key as seen, for the grants already on it. */
  readonly grants: KeySeen | undefined;
  readonly roleName: string;
  readonly arn: string;
  readonly volume: boolean;
}

function planGrant(d: Draft, g: GrantWish): void {
  const name = grantName(d.want.name, g.roleName);
  const there = g.grants?.grants ?? absent;
  if (there.is === 'unreadable') {
    d.blocked.push(there.reason);
    return;
  }
  // A grant to a role that was deleted and made again shows the dead id as grantee, so it does not match the ARN.
  const has =
    there.is === 'known' &&
    there.value.some(
      (s) =>
        s.granteePrincipal === g.arn &&
        s.issuingAccount === g.account &&
        GRANT_OPERATIONS.every((o) => s.operations.includes(o)) &&
        s.encryptionContextSubset === undefined &&
        s.encryptionContextEquals === undefined,
    );
  if (has) return;
  if (d.want.manage.grants === 'export') {
    d.exported.push({
      on: 'grant',
      account: g.account,
      region: g.region,
      key: g.key,
      name,
      granteePrincipal: g.arn,
      operations: GRANT_OPERATIONS,
    });
    return;
  }
  d.add({
    id: grantStep(g.account, g.region, g.keyId, g.roleName),
    do: 'create-grant',
    account: g.account,
    region: g.region,
    why: g.volume
      ? `volumes in ${g.account}/${g.region} will be under this customer key, which ${g.roleName} may not use yet`
      : `${g.roleName} has no rights on a foreign key, and only a grant made from its own account gives them`,
    needs: [...d.planned(linkedRoleStep(g.account, g.roleName)), ...(g.volume ? [] : keyReadySteps(d, g.region))],
    key: g.key,
    name,
    granteePrincipal: g.arn,
    operations: GRANT_OPERATIONS,
  });
}

/**
 * What lets a launcher use a customer key of its own account: what is there without amiport (`key-policy`), a role
 * policy (where the key's policy delegates to the account), or else a grant. Judged without what amiport gave before,
 * so that the answer stays the same once it is given.
 */
function servedBy(
  d: Draft,
  account: string,
  role: RoleSeen,
  key: KeySeen,
  region: string,
): 'key-policy' | 'role-policy' | 'grant' {
  const policyName = rolePolicyName(d.want.name);
  const bare = { ...role, inline: role.inline.filter((p) => p.name !== policyName) };
  if (mayUse(d, account, bare, withoutOurs(d, key), region, [])) return 'key-policy';
  const policy = { id: 'the role policy of this plan', document: rolePolicyText([key.arn]) };
  const linked = role.arn.includes(':role/aws-service-role/');
  return !linked && mayUse(d, account, bare, withoutOurs(d, key), region, [policy]) ? 'role-policy' : 'grant';
}

function withoutOurs(d: Draft, key: KeySeen): KeySeen {
  if (key.grants.is !== 'known') return key;
  const others = key.grants.value.filter((g) => !g.name?.startsWith(`amiport/${d.want.name}/`));
  return { ...key, grants: { is: 'known', value: others } };
}

function mayUse(
  d: Draft,
  account: string,
  role: RoleSeen,
  key: KeySeen,
  region: string,
  extra: readonly PolicyInput[],
): boolean {
  const policies = policiesFor(d.seen, { account, role }, key, extra);
  const among = organizationContext(d.seen, account);
  return launchDemands(region, [], key.arn)
    .filter((demand) => demand.by === 'launcher')
    .every((demand) => {
      const request: Request = {
        principal: { kind: 'role', arn: role.arn, id: role.roleId },
        action: demand.action,
        resource: key.arn,
        resourceAccount: key.account,
        context: { ...demand.context, ...among.context },
        unknownContext: [...demand.unknownContext, ...among.unknownContext],
      };
      return evaluate(request, policies).is === 'allowed';
    });
}
