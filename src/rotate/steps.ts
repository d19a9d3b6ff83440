/** The steps of each phase of a rotation but `deliver`, which is the plan of the delivery itself. Pure. */
import type { Reason } from '../base/outcome.ts';
import { reason } from '../base/outcome.ts';
import { type Census, type Consumer, censusKey } from '../model/census.ts';
import type { Delivery } from '../model/delivery.ts';
import { CLOSED_TAG, DISABLED_TAG, LEAKED_TAG, MOVED_TAG, REPLACED_BY_TAG, REPLACES_TAG } from '../model/leaked.ts';
import type { KeySeen, Observed } from '../model/observed.ts';
import { grantName, samePolicy } from '../plan/access.ts';
import { withdrawLeakedFromRoles } from '../plan/access-steps.ts';
import { Draft, digestOf } from '../plan/draft.ts';
import { sizedPolicy, wantedAccess } from '../plan/key-steps.ts';
import type { Plan } from '../plan/step.ts';
import { type Leaked, leakedImages, openImages, type Rotation } from './rotation.ts';
import type { Held } from './under.ts';

const stamp = (ms: number): string => new Date(ms).toISOString();

function tag(
  d: Draft,
  key: Pick<KeySeen, 'account' | 'region' | 'keyId' | 'arn'>,
  tags: Readonly<Record<string, string>>,
  why: string,
): string {
  return d.add({
    id: `tag-key:${key.region}:${key.keyId}`,
    do: 'tag-key',
    account: key.account,
    region: key.region,
    why,
    needs: [],
    key: key.arn,
    // A key that amiport did not make becomes one that its role may go on with.
    tags: { 'amiport:delivery': d.want.name, ...tags },
  });
}

/** @param keys those to mark; the moment is that of the first one that was */
export function planMark(want: Delivery, seen: Observed, keys: readonly KeySeen[], atMs: number): Plan {
  const d = new Draft(want, seen);
  for (const key of keys)
    tag(d, key, { [LEAKED_TAG]: stamp(atMs) }, 'whoever plans from now on delivers under its successor');
  return d.finish();
}

/** Copies that end by a time, at AWS's price for that (EBS User Guide "Time-based copies"). */
export function timed(plan: Plan, withinMinutes: number | undefined): Plan {
  if (withinMinutes === undefined) return plan;
  const steps = plan.steps.map((s) => (s.do === 'copy-image' ? { ...s, withinMinutes } : s));
  return { ...plan, steps, digest: digestOf(steps) };
}

/** Replicas before the primary: while it is there, they can be told apart from keys that are on their own. */
function disableAll(d: Draft, r: Rotation, why: string): void {
  const keys = r.keys
    .map((k) => k.old)
    .filter((k) => k.state === 'Enabled')
    .reverse();
  const before: string[] = [];
  for (const key of keys)
    before.push(
      d.add({
        id: `disable-key:${key.region}:${key.keyId}`,
        do: 'disable-key',
        account: key.account,
        region: key.region,
        why,
        needs: [...before],
        key: key.arn,
      }),
    );
}

export function planContain(want: Delivery, seen: Observed, r: Rotation): Plan {
  const d = new Draft(want, seen);
  disableAll(d, r, 'the leak is stopped first (--contain): what is under the key cannot be launched, started or read');
  return d.finish();
}

type Mark = 'moved' | 'closed' | 'disabled';
const MARKS: Readonly<Record<Mark, readonly [string, string]>> = {
  moved: [MOVED_TAG, 'every pointer names images under the successor: from now on ten minutes count'],
  closed: [CLOSED_TAG, 'nothing can be launched from under it: from now on ten minutes count'],
  disabled: [DISABLED_TAG, 'from now on the watch counts'],
};

export function planMarkOf(want: Delivery, seen: Observed, r: Rotation, mark: Mark, atMs = seen.atMs): Plan {
  const d = new Draft(want, seen);
  const [name, why] = MARKS[mark];
  tag(d, r.keys[0].old, { [name]: stamp(atMs) }, why);
  return d.finish();
}

/** Those that decide what is launched next. A running instance needs no image any more. */
const PINS: ReadonlySet<Consumer['kind']> = new Set([
  'launch-template',
  'launch-configuration',
  'auto-scaling-group',
  'fleet',
  'parameter',
  'image-builder-recipe',
]);

const of = ({ account, region, ami }: Leaked) => ({
  account,
  region,
  image: ami.tags['amiport:image'] ?? '',
  imageVersion: ami.tags['amiport:version'] ?? '',
  imageId: ami.imageId,
  needs: [],
});

/** Images that nobody is pinned to are disabled: a launch of them is refused at once, with a reason that people understand. */
export function planClose(want: Delivery, seen: Observed, { owner }: Rotation, census: Census, force: boolean): Plan {
  const d = new Draft(want, seen);
  for (const leaked of openImages(want, seen, owner)) {
    const { region, ami } = leaked;
    const found = census.get(censusKey(region, ami.imageId));
    const pins = found?.is === 'known' ? found.value.filter((c) => PINS.has(c.kind)) : [];
    if (!force && found?.is !== 'known') {
      d.blocked.push(untold(ami.imageId, region, found?.is === 'unreadable' ? [found.reason] : []));
      continue;
    }
    if (!force && pins.length > 0) {
      d.blocked.push(pinned(ami.imageId, region, pins));
      continue;
    }
    const permissions = ami.launchPermissions;
    d.add({
      ...of(leaked),
      id: `disable-image:${ami.imageId}:${region}`,
      do: 'disable-image',
      why: 'it is under the key that leaked, and nothing is launched from it any more',
      accounts: permissions.is === 'known' ? permissions.value.userIds : [],
    });
  }
  return d.finish();
}

const untold = (imageId: string, region: string, because: readonly Reason[]): Reason =>
  reason(
    'rotate.census.unreadable',
    imageId,
    `nobody can tell who launches ${imageId} in ${region}, so it stays open`,
    {
      because,
      remedy: { who: 'you', does: 'let amiport look there, or say --force' },
    },
  );

const pinned = (imageId: string, region: string, pins: readonly Consumer[]): Reason =>
  reason('rotate.pinned', imageId, `${imageId} in ${region} is what somebody launches next, so it stays open`, {
    because: pins.map((c) =>
      reason(`rotate.pinned.${c.kind}`, `${c.account}/${c.region}`, `${c.kind} ${c.id} in ${c.account}/${c.region}`),
    ),
    remedy: {
      who: 'those who launch it',
      does: 'name the new image, then amiport rotate --leaked goes on; --force closes it all the same, and their launches are refused',
    },
  });

/** Rights on the key, account by account: of those that have nothing under it. */
export function planWithdraw(want: Delivery, seen: Observed, r: Rotation, held: Held): Plan {
  const d = new Draft(want, seen);
  // Nobody else was let in to the keys of an account.
  if (r.owner.of === 'account') return d.finish();
  const staying = { ...want, accounts: want.accounts.filter((a) => held.has(a.id)) };
  for (const { old: key } of r.keys) {
    if (key.state !== 'Enabled') continue;
    withdrawStatements(d, new Draft(staying, seen), key);
    withdrawGrants(d, key, held);
  }
  for (const account of want.accounts) if (!held.has(account.id)) withdrawLeakedFromRoles(d, account);
  return d.finish();
}

function withdrawStatements(d: Draft, staying: Draft, key: KeySeen): void {
  if (key.policy.is === 'unreadable') d.blocked.push(key.policy.reason);
  if (key.policy.is !== 'known') return;
  const policy = sizedPolicy(staying, wantedAccess(staying, key.region), key.policy.value).text;
  if (samePolicy(policy, key.policy.value)) return;
  const { account } = d.want.builder;
  if (d.want.manage.keyPolicy === 'export') {
    d.exported.push({ on: 'key', account, region: key.region, key: key.arn, policy });
    return;
  }
  d.add({
    id: `withdraw-key-policy:${key.region}`,
    do: 'put-key-policy',
    account,
    region: key.region,
    why: 'nobody launches or starts anything under this key any more',
    needs: [],
    key: key.arn,
    policy,
  });
}

function withdrawGrants(d: Draft, key: KeySeen, held: Held): void {
  if (key.grants.is === 'unreadable') d.blocked.push(key.grants.reason);
  if (d.want.manage.grants === 'export' || key.grants.is !== 'known') return;
  for (const grant of key.grants.value) {
    if (!grant.name?.startsWith(grantName(d.want.name, '')) || held.has(grant.issuingAccount)) continue;
    d.add({
      id: `revoke-grant:${key.region}:${grant.grantId}`,
      do: 'revoke-grant',
      account: d.want.builder.account,
      region: key.region,
      why: `nothing of account ${grant.issuingAccount} is under this key any more`,
      needs: [],
      key: key.arn,
      grantId: grant.grantId,
    });
  }
}

export function planDisable(want: Delivery, seen: Observed, r: Rotation): Plan {
  const d = new Draft(want, seen);
  disableAll(d, r, 'nothing needs it any more');
  return d.finish();
}

/** KMS Developer Guide "Deleting AWS KMS keys": 7 to 30 days, in which it can be taken back. */
const PENDING_WINDOW_DAYS = 30;

export function planDeletion(want: Delivery, seen: Observed, r: Rotation): Plan {
  const d = new Draft(want, seen);
  const needs = leakedImages(want, seen, r.owner).map((leaked) =>
    d.add({
      ...of(leaked),
      id: `deregister-image:${leaked.ami.imageId}:${leaked.region}`,
      do: 'deregister-image',
      why: 'it is under the key that is deleted, so nobody could ever read it again',
      wasDisabled: true,
    }),
  );
  const scheduled: string[] = [];
  for (const { old: key } of r.keys.toReversed()) {
    if (key.state.startsWith('Pending')) continue;
    const id = d.add({
      id: `schedule-key-deletion:${key.region}:${key.keyId}`,
      do: 'schedule-key-deletion',
      account: key.account,
      region: key.region,
      why: 'nobody missed it while it was disabled',
      needs,
      key: key.arn,
      pendingWindowInDays: PENDING_WINDOW_DAYS,
    });
    scheduled.push(id);
  }
  for (const { successor } of r.keys) {
    if (successor.is !== 'known' || successor.value.tags[REPLACES_TAG] === undefined) continue;
    const { account, region, keyId, arn: key } = successor.value;
    const why = 'the key that it took the place of is no more';
    // Only then: by this tag the other key is found.
    const needs = [...scheduled];
    d.add({
      id: `untag-key:${region}:${keyId}`,
      do: 'untag-key',
      account,
      region,
      why,
      needs,
      key,
      tagKeys: [REPLACES_TAG],
    });
  }
  return d.finish();
}

/** Which of the two stands for the other: each is found by what the other says. */
const swapped = (d: Draft, old: KeySeen, successor: KeySeen): readonly string[] => [
  tag(
    d,
    successor,
    { [LEAKED_TAG]: stamp(d.seen.atMs), [REPLACED_BY_TAG]: old.arn },
    'the rotation to it is taken back',
  ),
  tag(d, old, { [REPLACES_TAG]: successor.arn }, 'it stands for its successor again'),
];

/** The key that leaked is the delivery's again, and its successor is what is taken back: the same phases, the other way. */
export function planBack(want: Delivery, seen: Observed, r: Rotation): Plan {
  const d = new Draft(want, seen);
  for (const { old, successor } of r.keys) {
    const { account, region } = old;
    const base = { account, region, why: 'the rotation is taken back', key: old.arn };
    const enabled =
      old.state === 'Disabled'
        ? [d.add({ ...base, id: `enable-key:${region}:${old.keyId}`, do: 'enable-key', needs: [] })]
        : [];
    const marked = successor.is === 'known' && successor.value.arn !== old.arn ? swapped(d, old, successor.value) : [];
    d.add({
      ...base,
      id: `untag-key:${region}:${old.keyId}`,
      do: 'untag-key',
      needs: [...enabled, ...marked],
      tagKeys: [LEAKED_TAG, MOVED_TAG, CLOSED_TAG, DISABLED_TAG],
    });
  }
  return d.finish();
}
