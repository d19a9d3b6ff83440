/** The ways of delivery side by side for the real fleet, or for one that somebody asks about. */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { type Fleet, fleetOf, type WhatIf } from '../compare/fleet.ts';
import { listPrices, PRICES, type Price, type PriceName, type Prices } from '../compare/prices.ts';
import { type Advice, adviceFor, type Secrets } from '../compare/verdict.ts';
import { COPY_MIB_PER_SECOND, compareWays, type WayRow } from '../compare/ways.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export type { Secrets } from '../compare/verdict.ts';
export type { Counted, WayRow } from '../compare/ways.ts';

export interface Compared {
  readonly version: 1;
  readonly fleet: Fleet;
  readonly ways: readonly WayRow[];
  readonly advice: Advice;
  readonly prices: Readonly<Record<PriceName, Price>>;
  /** What the numbers rest on beside prices. */
  readonly assumptions: readonly string[];
}

export interface CompareOptions {
  readonly whatIf: WhatIf;
  readonly prices: Partial<Prices>;
  readonly secrets: Secrets;
}

export const isPriceName = (name: string): name is PriceName => name in PRICES;

/** Looks at the images only when nobody says how large they are. */
export async function compare(session: Session, options: CompareOptions, emit: Emit): Promise<Outcome<Compared>> {
  const { want } = session;
  const sources =
    options.whatIf.gib === undefined
      ? (await session.look(want, (finished, total) => emit({ kind: 'looking', done: finished, total }))).sources
      : new Map();
  const { fleet, unknown } = fleetOf(want, sources, options.whatIf);
  if (fleet.images.length === 0) {
    return failed(
      reason(
        'compare.size',
        want.name,
        `nobody knows how large ${unknown.join(', ')} is: no version was built or found`,
        {
          remedy: { who: 'you', does: 'say so: --what-if gib=8' },
        },
      ),
    );
  }
  const prices = listPrices(options.prices);
  const ways = compareWays(fleet, prices);
  const given = (name: PriceName): Price =>
    options.prices[name] === undefined
      ? PRICES[name]
      : { ...PRICES[name], usd: prices[name], source: 'given with --price' };
  return done({
    version: 1,
    fleet,
    ways,
    advice: adviceFor(fleet, ways, options.secrets),
    prices: {
      snapshotGiBMonth: given('snapshotGiBMonth'),
      keyMonth: given('keyMonth'),
      transferGiB: given('transferGiB'),
    },
    assumptions: [
      'whole volumes are counted: snapshots hold only what is used, so storage is an upper bound, for all ways alike',
      `a copy moves ${COPY_MIB_PER_SECOND} MiB a second: AWS promises no speed`,
      'rotating a leaked key means all its copies anew, then twice ten minutes until nothing launches from the old ones: by hand, since amiport has no command for it yet',
      ...(unknown.length > 0 ? [`not counted, because no version was found: ${unknown.join(', ')}`] : []),
    ],
  });
}
