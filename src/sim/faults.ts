/**
 * Failures on demand, drawn from one seed: the same seed and the same calls give the same run.
 * Source of the forms: "Common errors" of the API references (InternalError, ServiceUnavailable).
 */
import { z } from 'zod';
import { type Random, seededRandom } from '../base/ports.ts';
import type { Attempt, Disturbance, Gate } from './kernel.ts';
import { Fault } from './operation.ts';
import { throttled } from './quotas.ts';

export interface FaultRule {
  /**
   * throttle: refused as too often; unavailable, internal: refused with 503, 500; drop-before, drop-after: the
   * connection breaks, without or with the effect; delay: the reply comes `delayMs` later (over HTTP only).
   */
  readonly fault: 'throttle' | 'unavailable' | 'internal' | 'drop-before' | 'drop-after' | 'delay';
  /** 0..1 */
  readonly probability: number;
  /** Which requests; absent: all. */
  readonly service?: string;
  readonly action?: string;
  readonly account?: string;
  readonly region?: string;
  /** Simulated ms since the first request; absent: from the start, without end. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** Ends after so many hits. */
  readonly max?: number;
  readonly delayMs?: number;
}

const fraction = z.number().min(0).max(1);
const duration = z.number().min(0);

/** What the control API takes. */
export const faultRules = z.array(
  z.strictObject({
    fault: z.enum(['throttle', 'unavailable', 'internal', 'drop-before', 'drop-after', 'delay']),
    probability: fraction,
    service: z.string().exactOptional(),
    action: z.string().exactOptional(),
    account: z.string().exactOptional(),
    region: z.string().exactOptional(),
    fromMs: duration.exactOptional(),
    untilMs: duration.exactOptional(),
    max: z.int().min(1).exactOptional(),
    delayMs: duration.max(600_000).exactOptional(),
  }),
);

/** A gate over `rules`; the first that hits counts. Rules may be swapped while it runs: `rules` is read each time. */
export function faultGate(rules: () => readonly FaultRule[], seed: number): Gate {
  const random = seededRandom(seed);
  const hits = new Map<FaultRule, number>();
  let startMs: number | undefined;
  return (attempt) => {
    startMs ??= attempt.nowMs;
    const sinceMs = attempt.nowMs - startMs;
    const rule = rules().find(
      (r) =>
        concerns(r, attempt, sinceMs) && (hits.get(r) ?? 0) < (r.max ?? Number.POSITIVE_INFINITY) && draws(r, random),
    );
    if (!rule) return undefined;
    hits.set(rule, (hits.get(rule) ?? 0) + 1);
    return effectOf(rule, attempt.service.name);
  };
}

/** Certain rules draw nothing, so that they do not shift what others draw. */
const draws = (rule: FaultRule, random: Random): boolean => rule.probability >= 1 || random() < rule.probability;

const concerns = (rule: FaultRule, attempt: Attempt, sinceMs: number): boolean =>
  (rule.service === undefined || rule.service === attempt.service.name) &&
  (rule.action === undefined || rule.action === attempt.action) &&
  (rule.account === undefined || rule.account === attempt.caller.account) &&
  (rule.region === undefined || rule.region === attempt.region) &&
  sinceMs >= (rule.fromMs ?? 0) &&
  sinceMs < (rule.untilMs ?? Number.POSITIVE_INFINITY);

function effectOf(rule: FaultRule, service: string): Fault | Disturbance {
  switch (rule.fault) {
    case 'throttle':
      return throttled(service);
    case 'unavailable':
      return new Fault(
        service === 'ec2' ? 'Unavailable' : 'ServiceUnavailable',
        'The service is unavailable. Please try again shortly.',
        503,
      );
    case 'internal':
      return new Fault(service === 'ec2' ? 'InternalError' : 'InternalFailure', 'An internal error has occurred', 500);
    case 'drop-before':
      return { drop: 'before' };
    case 'drop-after':
      return { drop: 'after' };
    case 'delay':
      return { delayMs: rule.delayMs ?? 1000 };
    default:
      return rule.fault satisfies never;
  }
}
