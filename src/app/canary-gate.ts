/**
 * The gate before pointers (`publish.canary`): in each place the image is launched for real, as each launcher there
 * launches it, before a parameter or launch template names it. A launcher that cannot be assumed is no failure, but
 * where nobody could launch nothing moves. All canaries of a run together keep to `canary.maxCost`.
 */
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { launchAndSweep } from './canary.ts';
import { canaryCost } from './canary-cost.ts';
import type { CanaryResult } from './canary-launch.ts';
import type { PlacedStep } from './placed.ts';
import { narrow } from './proving.ts';
import type { Session } from './session.ts';

export type CanaryStep = Extract<PlacedStep, { do: 'canary' }>;

export function canaryGate(session: Session): (step: CanaryStep) => Promise<Outcome<string>> {
  let leftUsd = session.want.canary.maxCostUsd;
  /** By place: a sweep there would end the canaries of another image. */
  const busy = new Map<string, Promise<unknown>>();

  const ask = (types: readonly string[]): Reason | undefined => {
    const { usd, against } = canaryCost(types, leftUsd);
    if (against === undefined) leftUsd -= usd;
    return against;
  };

  const launch = async (step: CanaryStep): Promise<Outcome<string>> => {
    const { account, region, image = '' } = step;
    const want = narrow(session.want, { image, region, accounts: new Set([account]) });
    const seen = await session.look(want);
    return judged(step, await launchAndSweep({ ...session, want }, seen, ask, () => {}));
  };

  return (step) => {
    const next = (busy.get(step.place) ?? Promise.resolve()).then(() => launch(step));
    busy.set(
      step.place,
      next.catch(() => {}),
    );
    return next;
  };
}

function judged(step: CanaryStep, results: readonly CanaryResult[]): Outcome<string> {
  const launched = results.filter((r) => r.result === 'launched');
  const against = results.filter((r) => r.result === 'failed');
  if (against.length === 0 && launched.length > 0)
    return done(`launched as ${launched.map((r) => r.launcher).join(', ')}`);
  const none = against.length === 0;
  return failed(
    reason(
      none ? 'canary.not-tried' : 'canary.failed',
      `${step.account}/${step.region}`,
      none
        ? `no launcher could try ${step.image} there, so nothing there is pointed at it`
        : `${step.image} does not launch as ${against.map((r) => r.launcher).join(', ')}, so nothing there is pointed at it`,
      {
        because: (none ? results : against).flatMap((r): readonly Reason[] =>
          r.reason === undefined ? [] : [r.reason],
        ),
        remedy: {
          who: 'you',
          does: 'mend what is named, then apply again; or take publish.canary out of amiport.yaml',
        },
      },
    ),
  );
}
