/** What a look would show once the keys carry their mark: so that the look before it serves for the plan after it. Pure. */
import { absent, type Finding, known } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import { LEAKED_TAG, markLeaked } from '../model/leaked.ts';
import type { BuilderRegionSeen, KeySeen, Observed, PlaceSeen, RoleSeen } from '../model/observed.ts';
import type { Step } from '../plan/step.ts';
import type { Owner } from './rotation.ts';

export function asMarked(want: Delivery, seen: Observed, owner: Owner, atMs: number): Observed {
  const mark = (key: KeySeen): KeySeen => ({
    ...key,
    tags: { ...key.tags, 'amiport:delivery': want.name, [LEAKED_TAG]: new Date(atMs).toISOString() },
  });
  if (owner.of === 'delivery')
    return { ...seen, builder: new Map([...seen.builder].map(([region, b]) => [region, builderMarked(b, mark)])) };
  const places = [...seen.places].map(
    ([name, p]) => [name, p.account === owner.account ? placeMarked(p, mark) : p] as const,
  );
  return { ...seen, places: new Map(places) };
}

function builderMarked(b: BuilderRegionSeen, mark: (key: KeySeen) => KeySeen): BuilderRegionSeen {
  if (b.key.is !== 'known') return b;
  const key = mark(b.key.value);
  const otherKeys = new Map([...b.otherKeys, [key.arn, known(key)]]);
  return { ...b, key: absent, otherKeys, images: markLeaked(b.images, b.snapshots, new Set([key.arn])) };
}

function placeMarked(p: PlaceSeen, mark: (key: KeySeen) => KeySeen): PlaceSeen {
  const volumeKeys = new Map<string, Finding<KeySeen>>();
  const leakedKeys = new Map<string, readonly KeySeen[]>();
  for (const [name, key] of p.volumeKeys) {
    const isOwn = key.is === 'known' && key.value.account === p.account && name.startsWith('alias/');
    volumeKeys.set(name, isOwn ? absent : key);
    if (isOwn) leakedKeys.set(name, [mark(key.value)]);
  }
  const arns = new Set([...leakedKeys.values()].flat().map((k) => k.arn));
  return { ...p, volumeKeys, leakedKeys, images: markLeaked(p.images, p.snapshots, arns) };
}

/** What a look would show of the roles once the steps were carried out. */
export function asWritten(seen: Observed, steps: readonly Step[]): Observed {
  const accounts = new Map(seen.accounts);
  for (const step of steps) {
    if (step.do !== 'put-role-policy' && step.do !== 'delete-role-policy') continue;
    const account = accounts.get(step.account);
    const role = account?.roles.get(step.roleName);
    if (account === undefined || role?.is !== 'known') continue;
    const others = role.value.inline.filter((p) => p.name !== step.policyName);
    const own = step.do === 'put-role-policy' ? [{ name: step.policyName, document: step.policy }] : [];
    const roles = new Map<string, Finding<RoleSeen>>([
      ...account.roles,
      [step.roleName, known<RoleSeen>({ ...role.value, inline: [...others, ...own] })] as const,
    ]);
    accounts.set(step.account, { ...account, roles });
  }
  return { ...seen, accounts };
}
