/** authz against another simulator, on requests drawn from a seed: scripts/authz-oracle.ts asks more of them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as authz from '../../src/authz/evaluate.ts';
import { compare, DISAGREEMENTS, questions } from './oracle.ts';

const COUNT = 5000;
const SEED = 7;

test(`agrees with another simulator on ${COUNT} requests, but for what is written down`, {
  timeout: 180_000,
}, async () => {
  const { answers, known, unknown } = await compare(authz, questions(COUNT, SEED));
  expect(unknown).toEqual([]);
  // The comparison is worth something only while all answers occur, and a disagreement that is gone leaves the list.
  for (const answer of ['Allowed', 'ExplicitlyDenied', 'ImplicitlyDenied'])
    expect(answers.get(answer)).toBeGreaterThan(COUNT / 20);
  for (const [id, met] of known) expect(met, id).toBeGreaterThan(0);
});

test('the reference tells of every known disagreement, with the page that decides it', () => {
  const reference = readFileSync(new URL('../../docs/reference/authz.md', import.meta.url), 'utf8').replace(
    /\s+/g,
    ' ',
  );
  for (const { id, why, page } of DISAGREEMENTS)
    for (const text of [`\`${id}\``, why, page]) expect(reference).toContain(text);
});
