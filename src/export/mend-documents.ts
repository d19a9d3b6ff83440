/** The text of a policy that a patch names, as it was seen. Pure. */
import type { Finding } from '../base/outcome.ts';
import type { PolicyHome } from '../base/patch.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';

/** @returns undefined for a policy that is not there yet, or was not seen */
export function documentOf(seen: Observed, home: PolicyHome): string | undefined {
  switch (home.is) {
    case 'key-policy': {
      const policy = keyByArn(seen, home.key)?.policy;
      return policy?.is === 'known' ? policy.value : undefined;
    }
    case 'role-policy': {
      const role = rolesIn(seen, home.account).find((r) => r.name === home.role);
      return role?.inline.find((p) => p.name === home.policy)?.document;
    }
    case 'managed-policy': {
      const all = rolesIn(seen, home.account).flatMap((r) => [...r.attached, ...(r.boundary ? [r.boundary] : [])]);
      return all.find((p) => (p.id ?? p.name) === home.arn)?.document;
    }
    case 'organization-policy': {
      const organization = seen.organization.is === 'known' ? seen.organization.value : undefined;
      const levels = [...(organization?.[`${home.kind}s`].values() ?? [])].flatMap(values).flat();
      return levels.flatMap((l) => l.policies).find((p) => p.id === home.id)?.document;
    }
  }
}

const values = <T>(f: Finding<T>): readonly T[] => (f.is === 'known' ? [f.value] : []);

function rolesIn(seen: Observed, account: string): readonly RoleSeen[] {
  const there = seen.accounts.get(account);
  if (there === undefined) return [];
  return [...there.roles.values(), ...there.serviceLinkedRoles.values(), there.own].flatMap(values);
}

function keyByArn(seen: Observed, arn: string): KeySeen | undefined {
  const builders = [...seen.builder.values()].flatMap((b) => [b.key, ...b.otherKeys.values()]);
  const places = [...seen.places.values()].flatMap((p) => [p.defaultKey, ...p.volumeKeys.values()]);
  return [...builders, ...places].flatMap(values).find((k) => k.arn === arn);
}
