/** The first half of the worlds, see property.ts. */
import { beforeAll, test } from 'vitest';
import { applyMends, SEED, verdictsHold, WORLDS } from './property.ts';
import type { Baseline } from './stand.ts';
import { deliveredWorld } from './worlds.ts';

const FROM = SEED;
const LIMIT = { timeout: 36_000_000 };
let base: Baseline;

beforeAll(async () => {
  base = await deliveredWorld();
});

test(`on ${WORLDS} worlds from seed ${FROM} the verdict is what the launch does`, LIMIT, () =>
  verdictsHold(base, FROM),
);

test(`what amiport may mend, apply mends: from seed ${FROM}`, LIMIT, () => applyMends(base, FROM));
