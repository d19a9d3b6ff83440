/**
 * Failures on demand, drawn from one seed: the same rules, seed and calls give the same run.
 * Source of the forms: "Common errors" of the API references (InternalError, ServiceUnavailable).
 */
import { type Random, seededRandom } from '../../base/ports.ts';
import type { Disturbance } from '../disturbance.ts';
import type { Attempt, Command, Gate } from '../kernel.ts';
import { Fault } from '../operation.ts';
import { throttled } from '../quotas.ts';
import type { World } from '../world/world.ts';
import { COPY_TO_FAIL, type LateFailure } from './late-copies.ts';
import { LaggingWorld, type Program } from './past.ts';
import type { FaultRule } from './rules.ts';

const DELAY_MS = 1_000;
const STALE_MS = 10_000;
const COPY_FAILS_MS = 120_000;

interface Concern {
  readonly world: () => World;
  readonly program: Program;
}

export class Faults {
  readonly #concern: Concern;
  #rules: readonly FaultRule[] = [];
  #random: Random = seededRandom(0);
  #hits = new Map<FaultRule, number>();
  #startMs: number | undefined;
  /** By how far it lags. */
  #past = new Map<number, LaggingWorld>();

  /** @param concern the world that the gate guards, and what is in its kernel: stale reads need a second one */
  constructor(concern: Concern, rules: readonly FaultRule[], seed: number) {
    this.#concern = concern;
    this.set(rules, seed);
  }

  /** @param startMs when they begin, in simulated time; absent: with the first request */
  set(rules: readonly FaultRule[], seed: number, startMs?: number): void {
    this.#rules = rules;
    this.#random = seededRandom(seed);
    this.#hits = new Map();
    this.#startMs = startMs;
    this.#past = new Map();
  }

  list(): readonly (FaultRule & { readonly hits: number })[] {
    return this.#rules.map((rule) => ({ ...rule, hits: this.#hits.get(rule) ?? 0 }));
  }

  /** To be told of every change of the world. */
  note(command: Command): void {
    for (const past of this.#past.values()) past.note(command);
  }

  /** The first rule that hits counts. */
  readonly gate: Gate = (attempt) => {
    this.#startMs ??= attempt.nowMs;
    const sinceMs = attempt.nowMs - this.#startMs;
    this.#followWorld(attempt.nowMs);
    const rule = this.#rules.find((r) => this.#concerns(r, attempt, sinceMs) && draws(r, this.#random));
    if (!rule) return undefined;
    this.#hits.set(rule, (this.#hits.get(rule) ?? 0) + 1);
    return this.#effectOf(rule, attempt);
  };

  /** Stale reads can only be of a world that was followed since. */
  #followWorld(nowMs: number): void {
    const world = this.#concern.world();
    for (const rule of this.#rules) {
      if (rule.fault !== 'stale') continue;
      const lagMs = rule.staleMs ?? STALE_MS;
      if (this.#past.get(lagMs)?.of === world) continue;
      this.#past.set(lagMs, new LaggingWorld(world, lagMs, nowMs, this.#concern.program));
    }
  }

  #concerns(rule: FaultRule, attempt: Attempt, sinceMs: number): boolean {
    return (
      (rule.service === undefined || rule.service === attempt.service.name) &&
      (rule.action === undefined || rule.action === attempt.action) &&
      (rule.account === undefined || rule.account === attempt.caller.account) &&
      (rule.region === undefined || rule.region === attempt.region) &&
      (rule.fault !== 'stale' || attempt.readOnly) &&
      (rule.fault !== 'copy-fails' || isCopy(attempt)) &&
      sinceMs >= (rule.fromMs ?? 0) &&
      sinceMs < (rule.untilMs ?? Number.POSITIVE_INFINITY) &&
      (rule.everyMs === undefined || (sinceMs - (rule.fromMs ?? 0)) % rule.everyMs < (rule.forMs ?? 0)) &&
      (this.#hits.get(rule) ?? 0) < (rule.max ?? Number.POSITIVE_INFINITY)
    );
  }

  #effectOf(rule: FaultRule, attempt: Attempt): Fault | Disturbance | undefined {
    const ec2 = attempt.service.name === 'ec2';
    switch (rule.fault) {
      case 'throttle':
        return throttled(attempt.service.name);
      case 'unavailable': {
        const says = 'The service is unavailable. Please try again shortly.';
        return new Fault(ec2 ? 'Unavailable' : 'ServiceUnavailable', says, 503);
      }
      case 'internal':
        return new Fault(ec2 ? 'InternalError' : 'InternalFailure', 'An internal error has occurred', 500);
      case 'drop-before':
      case 'region-down':
        return { drop: 'before' };
      case 'drop-after':
        return { drop: 'after' };
      case 'delay':
        return { delayMs: rule.delayMs ?? DELAY_MS };
      case 'duplicate':
        return { twice: true };
      case 'stale': {
        const past = this.#past.get(rule.staleMs ?? STALE_MS);
        return past && { readFrom: past.at(attempt.nowMs) };
      }
      case 'copy-fails':
        return { later: { kind: COPY_TO_FAIL, data: { ...lateFailure(rule) } } };
      default:
        return rule.fault satisfies never;
    }
  }
}

const lateFailure = ({ afterMs = COPY_FAILS_MS, message }: FaultRule): LateFailure => ({
  afterMs,
  ...(message === undefined ? {} : { message }),
});

const isCopy = ({ service, action }: Attempt): boolean =>
  service.name === 'ec2' && (action === 'CopyImage' || action === 'CopySnapshot');

/** Certain rules draw nothing, so that they do not shift what others draw. */
const draws = ({ probability = 1 }: FaultRule, random: Random): boolean => probability >= 1 || random() < probability;
