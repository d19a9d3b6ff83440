/**
 * Table of AWS facts: what canaries may cost. On-demand Linux list prices of us-east-1 in USD per hour, written down in
 * 2025 from memory of the price list and not checked since; other Regions are dearer, so an estimate takes them times `REGIONAL`. EC2 bills at least a minute.
 */
import { type Reason, reason } from '../base/outcome.ts';

const USD_PER_HOUR: Readonly<Record<string, number>> = {
  't3.nano': 0.0052,
  't3.micro': 0.0104,
  't3.small': 0.0208,
  't3.medium': 0.0416,
  't4g.nano': 0.0042,
  't4g.micro': 0.0084,
  't4g.small': 0.0168,
  't4g.medium': 0.0336,
  'm5.large': 0.096,
  'm6i.large': 0.096,
  'm6g.large': 0.077,
  'c5.large': 0.085,
  'c6i.large': 0.085,
};

const REGIONAL = 1.6;
/** A canary is looked at for ten minutes at most, then terminated. */
const HOURS_MAX = 10 / 60;

/** @returns the most that canaries of these instance types can cost, in USD, or why that cannot be told or is too much */
export function canaryCost(
  types: readonly string[],
  maxUsd: number,
): { readonly usd: number; readonly against: Reason | undefined } {
  const unknown = types.find((t) => USD_PER_HOUR[t] === undefined);
  if (unknown !== undefined) {
    const remedy = { who: 'you', does: `choose one of ${Object.keys(USD_PER_HOUR).join(', ')} as canary.instanceType` };
    return {
      usd: 0,
      against: reason(
        'canary.price.unknown',
        unknown,
        `the price of ${unknown} is not known, so canary.maxCost cannot be kept`,
        { remedy },
      ),
    };
  }
  const usd = types.reduce((sum, t) => sum + (USD_PER_HOUR[t] ?? 0) * HOURS_MAX * REGIONAL, 0);
  if (usd <= maxUsd) return { usd, against: undefined };
  const says = `${types.length} canaries may cost up to $${usd.toFixed(2)}, canary.maxCost allows $${maxUsd.toFixed(2)}`;
  return {
    usd,
    against: reason('canary.too-expensive', 'canary', says, {
      remedy: { who: 'you', does: 'raise canary.maxCost, or verify with fewer images or launchers' },
    }),
  };
}
