/**
 * How long a delivery takes, by the model that the scheduler orders its steps by: the longest chain of steps, each as long as it
 * usually takes. Copies are as long as their bytes; where more are asked for than AWS starts at once, they come in waves.
 *
 * Sources: EC2 User Guide "How Amazon EC2 AMI copy works" (300 copies at once into a Region), "Request throttling" (CopyImage: 100, then one a
 * second); KMS API Reference "CreateGrant" (up to five minutes until a grant counts everywhere).
 */
import { pathsMs } from '../run/order.ts';

/** The model of a copy: one assumption, not a promise of AWS. */
export const COPY_MIB_PER_SECOND = 100;
const COPIES_AT_ONCE = 300;
const COPIES_UNTHROTTLED = 100;
const GRANT_MS = 5 * 60_000;

interface Link {
  readonly id: string;
  readonly needs: readonly string[];
  readonly expectedMs?: number;
}

export interface Duration {
  readonly minutes: number;
  readonly how: string;
}

export interface CopyLoad {
  /** Of the largest image: all of one wave copy side by side. */
  readonly gib: number;
  /** Asked for in one account and Region. */
  readonly copies: number;
}

function copyMs({ gib, copies }: CopyLoad): number {
  const waves = Math.max(1, Math.ceil(copies / COPIES_AT_ONCE));
  const throttledMs = Math.max(0, copies - COPIES_UNTHROTTLED) * 1000;
  return waves * ((gib * 1024) / COPY_MIB_PER_SECOND) * 1000 + throttledMs;
}

const KEY: readonly Link[] = [
  { id: 'key', needs: [] },
  { id: 'replica', needs: ['key'], expectedMs: 10_000 },
  { id: 'policy', needs: ['replica'] },
];
const ENDING = (after: readonly string[]): readonly Link[] => [
  { id: 'prove', needs: after, expectedMs: 2_000 },
  { id: 'share', needs: ['prove'] },
  { id: 'pointers', needs: ['share'], expectedMs: 5_000 },
];

/** Encryption by default, a copy a Region, proof, permission, pointers. */
export const unencryptedDuration = (load: CopyLoad): Duration =>
  durationOf([{ id: 'copy', needs: [], expectedMs: copyMs(load) }, ...ENDING(['copy'])]);

/** The same under a key, with grants beside the copies. */
export const encryptedDuration = (load: CopyLoad): Duration =>
  durationOf([
    ...KEY,
    { id: 'copy', needs: ['policy'], expectedMs: copyMs(load) },
    { id: 'grants', needs: ['policy'], expectedMs: GRANT_MS },
    ...ENDING(['copy', 'grants']),
  ]);

/** A copy of the builder, and from it one in every account, side by side. */
export const copiesDuration = (load: CopyLoad): Duration =>
  durationOf([
    ...KEY,
    { id: 'copy', needs: ['policy'], expectedMs: copyMs(load) },
    { id: 'open', needs: ['copy'] },
    { id: 'copy in the account', needs: ['open'], expectedMs: copyMs(load) },
    { id: 'pointers', needs: ['copy in the account'], expectedMs: 5_000 },
  ]);

/** The longest chain, walked from its begin. */
function durationOf(links: readonly Link[]): Duration {
  const dependents = new Map<string, Link[]>();
  for (const link of links)
    for (const need of link.needs) dependents.set(need, [...(dependents.get(need) ?? []), link]);
  const paths = pathsMs(links, dependents);
  const longest = (of: readonly Link[]): Link | undefined =>
    of.toSorted((a, b) => (paths.get(b.id) ?? 0) - (paths.get(a.id) ?? 0))[0];
  const chain: string[] = [];
  const first = longest(links.filter((l) => l.needs.length === 0));
  for (let at = first; at !== undefined; at = longest(dependents.get(at.id) ?? [])) {
    const next = longest(dependents.get(at.id) ?? []);
    const ownMs = (paths.get(at.id) ?? 0) - (next === undefined ? 0 : (paths.get(next.id) ?? 0));
    chain.push(`${at.id} ${ownMs < 10_000 ? (ownMs / 1000).toFixed(1) : Math.round(ownMs / 1000)} s`);
  }
  const totalMs = first === undefined ? 0 : (paths.get(first.id) ?? 0);
  return { minutes: Math.ceil(totalMs / 60_000), how: `longest chain of steps: ${chain.join(' + ')}` };
}
