import { test } from 'vitest';
import { allHold } from './seeds.ts';

test('whole lives of a delivery keep what is promised, on other seeds', () => allHold(161), 3_600_000);
