/** What only some configs ask for is in the exported roles for those configs, and nothing of it is too much. */
import { expect, test } from 'vitest';
import { FEATURES } from './features.ts';
import { type Removal, removals, wantOf } from './life.ts';
import { configOf } from './others.ts';
import { played, unneeded } from './removed.ts';

const textOf = ({ account, policy, sid, action }: Removal): string => `${account} ${policy} ${sid} ${action}`;

/** What the plain config asks for, too, is taken away in the test of its way. */
const plain = (purposes: Parameters<typeof removals>[1]): ReadonlySet<string> =>
  new Set(removals(wantOf(configOf('shared-encrypted')), purposes).map(textOf));

test('units, opt-in Regions, notices, gates, groups that rehome refreshes, and disks: every action for them is needed, and named when it is missing', {
  timeout: 300_000,
}, async () => {
  const all = await played(FEATURES);
  const bad: string[] = [];
  for (const purposes of [['builder', 'account'], ['read-only']] as const) {
    const known = plain(purposes);
    bad.push(...(await unneeded(all, purposes, (r) => !known.has(textOf(r)) && r.policy !== 'amiport-canary')));
  }
  bad.push(...(await unneeded(all, ['auditor'], (r) => r.policy === 'amiport-audit')));
  expect(bad).toEqual([]);
});
