/**
 * What differs from the config, on both sides, each with what mends it. Pure: from the look and the plan made of it.
 *
 * A difference is a step that the plan has, unless it only follows from another (a permission on a copy that is not
 * there), something that blocks, or something no plan touches, because others made it.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import type { Difference } from './drift-difference.ts';
import { outOfBand } from './drift-others.ts';
import { differenceOf } from './drift-steps.ts';
import type { Plan, Step } from './step.ts';

export interface Drift {
  readonly differences: readonly Difference[];
  /** Where nothing could be seen. */
  readonly unreadable: readonly Reason[];
}

export function driftOf(want: Delivery, seen: Observed, plan: Plan): Drift {
  const couldNotLook = (r: Reason): boolean => r.code.startsWith('aws.');
  const blocked = plan.blocked.filter((r) => !couldNotLook(r)).map((r) => ofReason(want, r));
  const owners = plan.exported.map((e): Difference => {
    const region = 'region' in e ? e.region : want.builder.region;
    const what =
      e.on === 'role'
        ? `policy ${e.policyName} of ${e.roleName}`
        : e.on === 'key'
          ? `policy of ${e.key}`
          : `grant ${e.name} on ${e.key}`;
    return {
      account: e.account,
      region,
      side: sideOf(want, e.account),
      reason: reason(`drift.${e.on}.owner`, `${e.account}/${region}`, `${what} is not as this delivery needs it`, {
        remedy: { who: `account ${e.account}`, does: 'apply what amiport export iam prints' },
      }),
    };
  });
  return {
    differences: [
      ...rootsOf(plan.steps).map((step) => ({ ...ofStep(want, step), reason: differenceOf(seen, step) })),
      ...blocked,
      ...owners,
      ...outOfBand(want, seen),
    ],
    unreadable: [...plan.blocked.filter(couldNotLook), ...unseenPermissions(seen)],
  };
}

const sideOf = (want: Delivery, account: string): Difference['side'] =>
  account === want.builder.account ? 'builder' : 'account';

function ofStep(want: Delivery, step: Step): Omit<Difference, 'reason'> {
  return {
    account: step.account,
    region: step.do === 'replicate-key' ? step.toRegion : step.region,
    side: sideOf(want, step.account),
    ...(step.image === undefined ? {} : { image: step.image }),
    ...(step.imageVersion === undefined ? {} : { imageVersion: step.imageVersion }),
    step: step.id,
  };
}

function ofReason(want: Delivery, r: Reason): Difference {
  const [, account, region] = /(\d{12})\/([a-z0-9-]+)$/.exec(r.subject) ?? [];
  const [, , , arnRegion, arnAccount] = r.subject.split(':');
  const at = {
    account: account ?? (arnAccount || want.builder.account),
    region: region ?? (arnRegion || want.builder.region),
  };
  return { ...at, side: sideOf(want, at.account), reason: r };
}

/** Steps that state no difference themselves: they wait, look, or serve another step. */
const SERVING: ReadonlySet<Step['do']> = new Set(['prove', 'check-image', 'open-image', 'canary']);
/** What these make is not there yet, so all that needs it is not there either. */
const MAKING: ReadonlySet<Step['do']> = new Set(['create-key', 'replicate-key', 'copy-image', 'enable-image']);

/** The steps that stand for differences of their own. */
function rootsOf(steps: readonly Step[]): readonly Step[] {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const follows = new Map<string, boolean>();
  const needsMaking = (step: Step): boolean => {
    const known = follows.get(step.id);
    if (known !== undefined) return known;
    const answer = step.needs.some((id) => {
      const need = byId.get(id);
      return need !== undefined && ((MAKING.has(need.do) && serves(need, step)) || needsMaking(need));
    });
    follows.set(step.id, answer);
    return answer;
  };
  return steps.filter(
    (s) => !SERVING.has(s.do) && !(s.do === 'close-image' && s.id.startsWith('close-image:')) && !needsMaking(s),
  );
}

/** A pointer that moved is a difference of its own, though it moves only after a copy in another account is made. */
const serves = (need: Step, step: Step): boolean => need.image === undefined || need.image === step.image;

/** Nobody can tell to whom such an image is open. */
const unseenPermissions = (seen: Observed): readonly Reason[] =>
  [...seen.builder.values()].flatMap(({ images }) =>
    (images.is === 'known' ? images.value : []).flatMap((i) =>
      i.launchPermissions.is === 'unreadable' ? [i.launchPermissions.reason] : [],
    ),
  );
