/**
 * A part of a plan: some images, accounts, Regions or places, with all that these need. Pure.
 *
 * The plan is made of the whole config first, so that policies keep saying what everybody needs; then steps are chosen.
 * What takes something away goes only with everything it waits for.
 */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import { digestOf } from './draft.ts';
import type { Plan, Step } from './step.ts';

/** As people write it: names of images, account ids or names, Regions, `account/region`. */
export interface Part {
  readonly only: readonly string[];
  readonly except: readonly string[];
}

interface Choice {
  readonly images: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
  readonly regions: ReadonlySet<string>;
  /** `account/region`. */
  readonly places: ReadonlySet<string>;
}

interface Selection {
  /** Kinds narrow each other; several of one kind add up. */
  readonly only?: Choice;
  readonly except?: Choice;
}

export function selectionOf(want: Delivery, { only, except }: Part): Outcome<Selection> {
  const [wanted, left] = [choiceOf(want, only), choiceOf(want, except)];
  if (!wanted.ok) return wanted;
  if (!left.ok) return left;
  return done({
    ...(only.length === 0 ? {} : { only: wanted.value }),
    ...(except.length === 0 ? {} : { except: left.value }),
  });
}

function choiceOf(want: Delivery, words: readonly string[]): Outcome<Choice> {
  const choice = {
    images: new Set<string>(),
    accounts: new Set<string>(),
    regions: new Set<string>(),
    places: new Set<string>(),
  };
  const accounts = new Map(want.accounts.flatMap((a) => [[a.id, a.id] as const, [a.name ?? a.id, a.id] as const]));
  const regions = new Set([want.builder.region, ...want.regions]);
  for (const word of words) {
    const [account = '', region] = word.split('/');
    const id = accounts.get(account);
    if (region !== undefined && id !== undefined && regions.has(region)) choice.places.add(`${id}/${region}`);
    else if (id !== undefined && region === undefined) choice.accounts.add(id);
    else if (regions.has(word)) choice.regions.add(word);
    else if (want.images.some((i) => i.name === word)) choice.images.add(word);
    else return failed(unknownWord(want, word));
  }
  return done(choice);
}

const unknownWord = (want: Delivery, word: string) =>
  reason('cli.select.unknown', word, `${word} is no image, account, Region or place of delivery ${want.name}`, {
    remedy: {
      who: 'you',
      does: `name an image (${want.images.map((i) => i.name).join(', ')}), an account id, a Region (${want.regions.join(', ')}), or account/region`,
    },
  });

/** Effects on an account whatever the Region: they stand in its first. */
const OF_ACCOUNT: ReadonlySet<Step['do']> = new Set([
  'create-service-linked-role',
  'put-role-policy',
  'delete-role-policy',
]);

export function selectSteps(plan: Plan, want: Delivery, selection: Selection): Plan {
  if (selection.only === undefined && selection.except === undefined) return plan;
  const builder = want.builder.account;
  const chosen = new Map<string, Step>();
  for (const step of plan.steps) {
    const narrowed = narrow(step, (account) => admits(selection, account, step.region));
    if (narrowed !== undefined && isChosen(selection, narrowed, builder)) chosen.set(step.id, narrowed);
  }
  const regionsOf = new Map(want.accounts.map((a) => [a.id, a.regions]));
  const mayBeNeeded = (s: Step): boolean =>
    s.account === builder ||
    (OF_ACCOUNT.has(s.do) ? (regionsOf.get(s.account) ?? []) : [s.region]).some((r) => admits(selection, s.account, r));
  const admitted = (account: string, region: string) => admits(selection, account, region);
  const steps = withNeeds(plan.steps, chosen, mayBeNeeded, admitted);
  return { ...plan, digest: digestOf(steps), steps };
}

/** Whether a place is among those that are delivered to now. */
function admits({ only, except }: Selection, account: string, region: string): boolean {
  const place = `${account}/${region}`;
  if (except !== undefined && (except.accounts.has(account) || except.places.has(place))) return false;
  if (except?.regions.has(region)) return false;
  if (only === undefined) return true;
  const named = only.accounts.size + only.places.size === 0 || only.accounts.has(account) || only.places.has(place);
  return named && (only.regions.size === 0 || only.regions.has(region));
}

/** A step that is for accounts, for those of them that are admitted; undefined where none is. */
function narrow(step: Step, admitted: (account: string) => boolean): Step | undefined {
  if (step.do === 'prove') {
    const places = step.places.filter((p) => admitted(p.split('/')[0] ?? ''));
    return places.length === 0 ? undefined : { ...step, places };
  }
  if (!isFor(step)) return step;
  const accounts = step.accounts.filter(admitted);
  return accounts.length === 0 ? undefined : { ...step, accounts };
}

type ForAccounts = Extract<Step, { readonly accounts: readonly string[] }>;
const isFor = (step: Step): step is ForAccounts => 'accounts' in step;

function isChosen({ only, except }: Selection, step: Step, builder: string): boolean {
  const image = step.image ?? '';
  if (except?.images.has(image) || except?.regions.has(regionOf(step))) return false;
  const forAccounts = step.do === 'prove' || isFor(step);
  if (
    except !== undefined &&
    !forAccounts &&
    step.account !== builder &&
    !admits({ except }, step.account, step.region)
  )
    return false;
  if (only === undefined) return true;
  if (only.images.size > 0 && !only.images.has(image)) return false;
  if (only.regions.size > 0 && !only.regions.has(regionOf(step))) return false;
  const named = only.accounts.size + only.places.size > 0;
  return !named || forAccounts || admits({ only }, step.account, step.region);
}

const regionOf = (step: Step): string => (step.do === 'replicate-key' ? step.toRegion : step.region);

/** What is chosen and all that it needs; what others, who are left out, would have to do first stays undone. */
function withNeeds(
  all: readonly Step[],
  chosen: ReadonlyMap<string, Step>,
  mayNeed: (step: Step) => boolean,
  admitted: (account: string, region: string) => boolean,
): readonly Step[] {
  const byId = new Map(all.map((s) => [s.id, s]));
  const kept = new Map<string, Step | undefined>();
  const keep = (id: string): boolean => {
    if (kept.has(id)) return kept.get(id) !== undefined;
    const whole = byId.get(id);
    const step = chosen.get(id) ?? (whole && narrow(whole, (a) => admitted(a, whole.region)));
    kept.set(id, undefined);
    if (step === undefined || !(chosen.has(id) || mayNeed(step))) return false;
    const needs = step.needs.filter((n) => byId.has(n));
    const met = needs.filter(keep);
    // A proof speaks for its own places only; everything else waits for all it names.
    if (met.length < needs.length && step.do !== 'prove') return false;
    kept.set(id, { ...step, needs: met });
    return true;
  };
  for (const id of chosen.keys()) keep(id);
  return all.flatMap((s) => kept.get(s.id) ?? []);
}
