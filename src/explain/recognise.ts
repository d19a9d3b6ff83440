/** From a text (an error, a log, a state reason) to the causes that it tells of. Pure, offline; shows ids, ARNs and names only. */
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { Cause } from './cause.ts';
import { COPYING } from './copying.ts';
import { DENIED } from './denied.ts';
import { KEYS } from './keys.ts';
import { LAUNCHING } from './launching.ts';

/** More telling ones first: a denial that names its side before the launch that it ended. */
export const CAUSES: readonly Cause[] = [...COPYING, ...KEYS, ...DENIED, ...LAUNCHING];

export interface Explanation {
  readonly reason: Reason;
  readonly remedies: readonly Remedy[];
  /** How to see that it is mended. */
  readonly check: string;
  /** The AWS page that says so. */
  readonly source: string;
}

const TEXT_MAX = 8 * 1024 * 1024;

/** @returns each cause once, in the order of `CAUSES`; none where nothing is recognised */
export function recognise(text: string): readonly Explanation[] {
  const read = text.slice(-TEXT_MAX);
  const found = CAUSES.flatMap((cause): Explanation[] => {
    const match = cause.matches.exec(read);
    return match === null ? [] : [explanationOf(cause, match.groups ?? {})];
  });
  return found;
}

function explanationOf(cause: Cause, named: Readonly<Record<string, string | undefined>>): Explanation {
  const subject = named.key ?? named.resource ?? named.image ?? named.snapshot ?? named.parameter ?? '';
  const because = cause.because.map((says) => reason(`explain.${cause.code}.because`, subject, says));
  return {
    reason: reason(`explain.${cause.code}`, subject, cause.says(named), { because }),
    remedies: cause.remedies,
    check: cause.check,
    source: cause.source,
  };
}
