import { test } from 'vitest';
import { allHold, SEEDS } from './seeds.ts';

test('whole lives of a delivery keep what is promised, on other seeds', () => allHold(1 + SEEDS), 3_600_000);
