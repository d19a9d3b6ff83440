/**
 * Carries the rotation of a leaked key on, phase by phase: looks, plans the phase that is due, applies it like any plan, and
 * looks again. All that it knows is read off AWS, so a rotation that was stopped goes on from any process.
 */

import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { mapPool } from '../base/pool.ts';
import { accountKeyName, type Delivery } from '../model/delivery.ts';
import type { KeySeen, Observed } from '../model/observed.ts';
import type { Plan } from '../plan/step.ts';
import { copiedImages } from '../plan/targets.ts';
import { holdsAhead } from '../rotate/ahead.ts';
import { imagesUnder, type RotateCensus, rotateCensus } from '../rotate/census.ts';
import {
  type Owner,
  openImages,
  type Phase,
  phaseOf,
  type Rotation,
  rotationOf,
  SETTLE_MS,
  slotsOf,
} from '../rotate/rotation.ts';
import {
  planBack,
  planClose,
  planContain,
  planDeletion,
  planDisable,
  planMark,
  planMarkOf,
  planWithdraw,
  timed,
} from '../rotate/steps.ts';
import { heldBy, type Looked } from '../rotate/under.ts';
import type { RunResult } from '../run/drive.ts';
import { takeCensus } from './census.ts';
import { applyPlan, planFor } from './deliver.ts';
import type { Emit } from './events.ts';
import { type RotateOverview, rotateOverview } from './rotate-overview.ts';
import type { Session } from './session.ts';

export interface RotateWish {
  /** Whose keys; default: the delivery's. */
  readonly owner?: Owner;
  /** Disables the key first: what it breaks is less bad than the leak. */
  readonly contain: boolean;
  /** Closes images though somebody is pinned to them, or nobody can tell. */
  readonly force: boolean;
  readonly watchDays: number;
  /** Copies end by then, at AWS's price for that: minutes, in steps of 15. */
  readonly withinMinutes?: number;
  /** Consents to the deletion of the key after the watch. */
  readonly deleteKey: boolean;
}

/** The phase that is due. */
export type Stage =
  | {
      readonly is: 'to-do';
      readonly phase: Phase;
      readonly plan: Plan;
      readonly seen: Observed;
      /** What lies under the keys, where the plan hangs on that. */
      readonly looked?: readonly Looked[];
    }
  /** Nothing but time has to pass. */
  | { readonly is: 'settling'; readonly phase: Phase; readonly untilMs: number }
  /** Somebody else has to do something first. */
  | { readonly is: 'held'; readonly phase: Phase; readonly reasons: readonly Reason[] }
  | {
      readonly is: 'watching';
      /** ARN of the disabled key; after a rotation was taken back that of its successor. */
      readonly key: string;
      readonly untilMs: number;
      readonly denied: readonly Reason[];
      readonly over: boolean;
    }
  | { readonly is: 'over' };

const AT_ONCE = 16;
const DELIVERY: Owner = { of: 'delivery' };
const DAY_MS = 86_400_000;

/** What is ahead, while nothing has begun. */
export function overviewOf(session: Session, wish: RotateWish, seen: Observed): RotateOverview {
  const keys = keysOf(session, seen, wish.owner);
  return rotateOverview(session.want, seen, { ...wish, keys: keys.ok ? keys.value : [] });
}

export const look = (session: Session, emit: Emit): Promise<Observed> =>
  session.look(session.want, (finished, total) => emit({ kind: 'looking', done: finished, total }));

/** The builder's first: it is the primary. */
export function keysOf({ want }: Session, seen: Observed, owner: Owner = DELIVERY): Outcome<readonly KeySeen[]> {
  const { key } = want;
  if (owner.of === 'account') return accountKeysOf(want, seen, owner);
  const none = (says: string, does: string): Outcome<never> =>
    failed(reason('rotate.key.none', want.name, says, { remedy: { who: 'you', does } }));
  if (key === undefined) return none('this delivery has no key of its own', 'rotate where the key is: in its account');
  if (key.reference.by === 'arn')
    return none(
      'the config names the key by its ARN, which its successor cannot have',
      'give the key an alias, and name that in amiport.yaml (key.alias)',
    );
  const keys: KeySeen[] = [];
  for (const { key: there } of seen.builder.values()) {
    if (there.is === 'unreadable') return failed(there.reason);
    if (there.is === 'known') keys.push(there.value);
  }
  return keys.length === 0 ? none('the key of this delivery is not there yet', 'amiport apply makes it') : done(keys);
}

function accountKeysOf(want: Delivery, seen: Observed, owner: Owner): Outcome<readonly KeySeen[]> {
  const account = owner.of === 'account' ? owner.account : '';
  const slots = slotsOf(want, seen, owner);
  const keys = slots.flatMap((s) => (s.key.is === 'known' ? [s.key.value] : []));
  const unreadable = slots.find((s) => s.key.is === 'unreadable');
  if (unreadable?.key.is === 'unreadable') return failed(unreadable.key.reason);
  const byArn = copiedImages(want).find((i) => i.accountKey?.by === 'arn');
  const does = 'name it by alias in accountKey: an ARN cannot be what its successor is found by';
  if (byArn !== undefined)
    return failed(
      reason('rotate.key.none', account, `accountKey of ${byArn.name} is an ARN`, { remedy: { who: 'you', does } }),
    );
  if (keys.length > 0) return done(keys);
  const says = `account ${account} has no key of its own for private copies of this delivery`;
  return failed(reason('rotate.key.none', account, says));
}

/** @param looked what a moment ago was found to lie under the keys; absent: everybody is looked into */
export async function stageOf(
  session: Session,
  seen: Observed,
  wish: RotateWish,
  looked?: readonly Looked[],
): Promise<Stage> {
  const { want, clock } = session;
  const r = rotationOf(want, seen, wish.owner);
  if (r === undefined) return { is: 'over' };
  const delivery = planFor(session, want, seen);
  const undelivered = delivery.steps.length + delivery.blocked.length > 0;
  const open = openImages(want, seen, r.owner).length > 0;
  const phase = phaseOf(r, { contain: wish.contain, undelivered, open, nowMs: clock.nowMs() });
  const toDo = (plan: Plan): Stage => ({ is: 'to-do', phase, plan, seen });
  switch (phase) {
    case 'mark':
      return toDo(planMark(want, seen, r.unmarked, r.leakedMs));
    case 'contain':
      return toDo(planContain(want, seen, r));
    case 'deliver':
      return delivery.steps.length === 0
        ? { is: 'held', phase, reasons: delivery.blocked }
        : toDo(timed(delivery, wish.withinMinutes));
    case 'moved':
    case 'closed':
      return toDo(planMarkOf(want, seen, r, phase));
    case 'settle':
      return { is: 'settling', phase, untilMs: (r.movedMs ?? 0) + SETTLE_MS };
    case 'settle-again':
      return { is: 'settling', phase, untilMs: (r.closedMs ?? 0) + SETTLE_MS };
    case 'close': {
      const plan = planClose(want, seen, r, await censusOf(session, seen, r), wish.force);
      return plan.steps.length === 0 ? { is: 'held', phase, reasons: plan.blocked } : toDo(plan);
    }
    case 'withdraw':
      return withdrawal(session, seen, r, looked);
    case 'watch':
      return watching(session, seen, r, wish);
    case 'over':
      return { is: 'over' };
  }
}

/** The builder's images may be launched by every account that takes images in the Region; a private copy only where it is. */
function censusOf({ cloud, want }: Session, seen: Observed, { owner }: Rotation): ReturnType<typeof takeCensus> {
  const others = (region: string) => want.accounts.filter((a) => a.regions.includes(region)).map((a) => a.id);
  const questions = openImages(want, seen, owner).map(({ account, region, ami }) => ({
    imageId: ami.imageId,
    region,
    owner: account,
    accounts: [...new Set([account, ...(owner.of === 'delivery' ? others(region) : [])])],
    shared: false,
  }));
  return takeCensus(cloud, want.name, questions);
}

async function withdrawal(
  session: Session,
  seen: Observed,
  r: Rotation,
  known: readonly Looked[] | undefined,
): Promise<Stage> {
  const { want } = session;
  const looked = known ?? (await looksInto(session, r));
  const held = heldBy(want, r, looked);
  const plan = planWithdraw(want, seen, r, held);
  const phase = 'withdraw';
  if (plan.steps.length > 0) return { is: 'to-do', phase, plan, seen, looked };
  const waits = [...plan.blocked, ...[...held.values()].flat()];
  if (waits.length > 0) return { is: 'held', phase, reasons: waits };
  const disable = planDisable(want, seen, r);
  const last = disable.steps.length > 0 ? disable : planMarkOf(want, seen, r, 'disabled');
  return { is: 'to-do', phase: 'disable', plan: last, seen, looked };
}

/** Every place whose volumes may be under the keys, and the owner's own. */
function looksInto(session: Session, r: Rotation): Promise<readonly Looked[]> {
  return lookInto(
    session,
    r.account,
    r.owner,
    r.keys.map((k) => k.old.region),
  );
}

async function lookInto(
  { cloud, want }: Session,
  holder: string,
  owner: Owner,
  regions: readonly string[],
): Promise<readonly Looked[]> {
  const users = (region: string) => want.accounts.filter((a) => a.regions.includes(region)).map((a) => a.id);
  const places = regions.flatMap((region) =>
    [holder, ...(owner.of === 'delivery' ? users(region) : [])].map((account) => ({ account, region })),
  );
  const distinct = [...new Map(places.map((p) => [`${p.account}/${p.region}`, p])).values()];
  return mapPool(distinct, AT_ONCE, async ({ account, region }) => ({
    account,
    region,
    found: await cloud.findEncrypted({ account, region }),
  }));
}

/** Everything that hangs on the keys, before anything of a rotation is begun. */
export async function censusBefore(session: Session, wish: RotateWish, seen: Observed): Promise<RotateCensus> {
  const { want, cloud } = session;
  const owner = wish.owner ?? DELIVERY;
  const found = keysOf(session, seen, owner);
  const keys = found.ok ? found.value : [];
  const holder = owner.of === 'account' ? owner.account : want.builder.account;
  const users = (region: string) => want.accounts.filter((a) => a.regions.includes(region)).map((a) => a.id);
  const questions = imagesUnder(want, seen, keys)
    .filter(({ image }) => image.state === 'available')
    .map(({ account, region, image }) => ({
      imageId: image.imageId,
      region,
      owner: account,
      accounts: [...new Set([account, ...(owner.of === 'delivery' ? users(region) : [])])],
      shared: false,
    }));
  const [consumers, places] = await Promise.all([
    takeCensus(cloud, want.name, questions),
    lookInto(session, holder, owner, [...new Set(keys.map((k) => k.region))]),
  ]);
  const how = { force: wish.force, atMs: session.clock.nowMs() };
  const holds = holdsAhead(want, seen, owner, { consumers, places }, how);
  return rotateCensus(want, seen, keys, { consumers, places }, holds);
}

async function watching(session: Session, seen: Observed, r: Rotation, wish: RotateWish): Promise<Stage> {
  const { want, clock, cloud } = session;
  const sinceMs = r.disabledMs ?? 0;
  const untilMs = sinceMs + wish.watchDays * DAY_MS;
  const over = clock.nowMs() >= untilMs;
  if (over && wish.deleteKey) return { is: 'to-do', phase: 'watch', plan: planDeletion(want, seen, r), seen };
  const answers = await mapPool(r.keys, AT_ONCE, async ({ old: { account, region, arn } }) => ({
    region,
    uses: await cloud.findDeniedUses({ account, region }, { keyArn: arn, sinceMs }),
  }));
  const denied = answers.flatMap(({ region, uses }) =>
    uses.ok
      ? uses.value.map((u) =>
          reason(
            'rotate.denied-use',
            u.who,
            `${u.who} was refused ${u.eventName} in ${region} at ${new Date(u.atMs).toISOString()}`,
          ),
        )
      : [uses.reason],
  );
  return { is: 'watching', key: r.keys[0].old.arn, untilMs, denied, over };
}

/** One command back: whatever phase it is in, until the key is deleted. */
export async function rotateBack(session: Session, wish: RotateWish, emit: Emit): Promise<Outcome<Stage>> {
  const seen = await look(session, emit);
  const r = rotationOf(session.want, seen, wish.owner);
  const nothing = (says: string): Outcome<never> => failed(reason('rotate.back.nothing', session.want.name, says));
  if (r === undefined) return nothing('no key of this delivery is marked as leaked');
  if (r.keys.some((k) => k.old.state.startsWith('Pending')))
    return nothing('the key that leaked is being deleted: kms:CancelKeyDeletion comes first');
  return done({ is: 'to-do', phase: 'mark', plan: planBack(session.want, seen, r), seen });
}

export interface Carried {
  readonly run: string;
  readonly result: RunResult;
}

/** Before these phases what is delivered can be launched; while its successor is made, nothing is to be said of that. */
const PROVEN: ReadonlySet<Phase> = new Set<Phase>(['mark', 'close', 'withdraw']);

/** Carries a stage out, in the journal like any run. */
export const carryStage = (
  session: Session,
  stage: Extract<Stage, { is: 'to-do' }>,
  emit: Emit,
  { signal, reason: why }: { readonly signal?: AbortSignal; readonly reason?: string } = {},
): Promise<Outcome<Carried>> =>
  applyPlan(session, { plan: stage.plan, seen: stage.seen }, emit, {
    proofs: PROVEN.has(stage.phase),
    about: { command: `rotate --leaked: ${stage.phase}`, ...(why === undefined ? {} : { reason: why }) },
    ...(signal === undefined ? {} : { signal }),
  });

/**
 * Whose keys are meant: of the delivery by its name, its key or an image under it; of an account by its id or the alias of
 * its key.
 * @returns undefined where nothing of this config is called so
 */
export function ownerAskedFor({ want }: Session, what: string | undefined): Owner | undefined {
  const reference = want.key?.reference;
  const alias = reference?.by === 'alias' ? reference.alias : reference?.arn;
  const shared = want.images.filter((i) => i.way !== 'account-copies').map((i) => i.name);
  const names = [want.name, alias, alias?.replace(/^alias\//, ''), ...shared];
  if (what === undefined || names.includes(what)) return DELIVERY;
  const account = want.accounts.find(
    (a) => a.id === what || copiedImages(want).some((i) => a.regions.some((r) => accountKeyName(i, a.id, r) === what)),
  );
  return account === undefined ? undefined : { of: 'account', account: account.id };
}
