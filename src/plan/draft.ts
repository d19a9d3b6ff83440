/** A plan in the making: steps by id, what blocks, what to note. Order of insertion is the order of the plan. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/canonical.ts';
import { invariant } from '../base/invariant.ts';
import { distinct, type Reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { beforeOf } from './before.ts';
import type { Exported, Plan, Step } from './step.ts';

const TAKES: ReadonlySet<Step['do']> = new Set(['unshare-image', 'deregister-image']);

export class Draft {
  readonly want: Delivery;
  readonly seen: Observed;
  readonly gates: ReadonlyMap<string, Reason>;
  readonly #steps = new Map<string, Step>();
  readonly #byRegion = new Map<string, Step[]>();
  /** Images that cannot be delivered as they are: nothing of theirs is planned, pointers least of all. */
  readonly refused = new Set<string>();
  readonly blocked: Reason[] = [];
  readonly notes: Reason[] = [];
  readonly exported: Exported[] = [];

  /** @param gates why an image may not be shared, by its name */
  constructor(want: Delivery, seen: Observed, gates: ReadonlyMap<string, Reason> = new Map()) {
    this.want = want;
    this.seen = seen;
    this.gates = gates;
  }

  add(step: Step): string {
    invariant(!this.#steps.has(step.id), `two steps are called ${step.id}`);
    this.#steps.set(step.id, step);
    const there = this.#byRegion.get(step.region);
    if (there === undefined) this.#byRegion.set(step.region, [step]);
    else there.push(step);
    return step.id;
  }

  /** Those of `ids` that are planned: an effect that is there already needs no step, so nothing needs to wait for it. */
  planned(...ids: readonly string[]): readonly string[] {
    return ids.filter((id) => this.#steps.has(id));
  }

  /** What is planned for one image in a Region, wherever its effect is. */
  stepsOf(image: string, region: string): readonly Step[] {
    return (this.#byRegion.get(region) ?? []).filter((s) => s.image === image);
  }

  /** Ids of the steps that take images away in a Region: what they needed goes after them. */
  stepsThatTake(region: string): readonly string[] {
    return (this.#byRegion.get(region) ?? []).filter((s) => TAKES.has(s.do)).map((s) => s.id);
  }

  /** Ids of the steps that move volumes and snapshots in a Region from under a key. */
  movesIn(region: string): readonly string[] {
    return (this.#byRegion.get(region) ?? []).filter((s) => s.do.startsWith('rehome-')).map((s) => s.id);
  }

  finish(): Plan {
    const steps = [...this.#steps.values()];
    return {
      version: 1,
      digest: digestOf(steps),
      steps,
      blocked: distinct(this.blocked),
      notes: distinct(this.notes),
      exported: this.exported,
      before: beforeOf(this.want, this.seen),
    };
  }
}

/** Of the canonical JSON of all steps, which as one text could be longer than a text may be. */
export function digestOf(steps: readonly Step[]): string {
  const hash = createHash('sha256').update('[');
  for (const [i, step] of steps.entries()) hash.update(`${i === 0 ? '' : ','}${canonicalJson(step)}`);
  return hash.update(']').digest('hex');
}

/** Everything that amiport makes carries these. */
export function tagsFor(
  want: Delivery,
  step: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { 'amiport:delivery': want.name, 'amiport:step': step, ...more };
}

/** A client token derived from the effect: at most 64 characters of ASCII. */
export const tokenFor = (...parts: readonly string[]): string =>
  createHash('sha256').update(canonicalJson(parts)).digest('hex');
