/** Small plans, killed at every effect: none of them loses or doubles anything. */
import { expect, test } from 'vitest';
import { type Base, baseWorld, REGIONS, USERS } from './base.ts';
import { play } from './play.ts';
import { type Scenario, WAYS, type Way } from './scenario.ts';

function killedAt(base: Base, way: Way, diesAfter: number): Scenario {
  const image = { name: 'web', source: base.plain[0] ?? '', way, template: true, canary: false };
  const want = { regions: REGIONS.slice(0, 1), accounts: USERS.slice(0, 1), images: [image] };
  return { seed: diesAfter, adopted: false, phases: [{ want, faults: [], processes: [{ diesAfter, thenWaitMs: 0 }] }] };
}

test.each(WAYS)(
  '%s, killed at every effect of its first run',
  async (way) => {
    const base = await baseWorld(false);
    for (let diesAfter = 1; ; diesAfter++) {
      const played = await play(killedAt(base, way, diesAfter), base);
      expect({ diesAfter, violations: played.violations }).toEqual({ diesAfter, violations: [] });
      if (played.deaths > 0) continue;
      expect(diesAfter).toBeGreaterThan(5);
      return;
    }
  },
  600_000,
);
