/** What a row of the tables of proofs is, and how it is held against a proof. */
import { expect, test } from 'vitest';
import { known, reason } from '../base/outcome.ts';
import {
  BUILDER,
  grantTo,
  key,
  LINKED,
  OWN_KEY,
  observedOf,
  type Parts,
  partsOf,
  role,
  type Statement,
  text,
  USER,
} from './observed.testdata.ts';
import type { Proof } from './question.ts';
import { verifyDelivery } from './verify.ts';

export function proven(change: (p: Parts) => Partial<Parts>): readonly Proof[] {
  const parts = partsOf();
  const all = { ...parts, ...change(parts) };
  return verifyDelivery(all.want, observedOf(all));
}

/** `code | side | who | what is done, as data`, of each reason; once where it is told of both keys of a launch. */
const links = (proof: Proof | undefined): readonly string[] => [
  ...new Set(
    (proof?.reasons ?? []).map((r) => {
      const { who = '', side = '', patches = [] } = r.remedy ?? {};
      return [r.code, side, who, patches.map((p) => p.do).join('+')].join(' | ');
    }),
  ),
];

export const deny = (more: Partial<Statement>): Statement => ({
  Sid: 'Guard',
  Effect: 'Deny',
  Action: 'kms:Decrypt',
  Resource: '*',
  ...more,
});
export const without = (policy: Record<string, Statement>, ...names: readonly string[]): readonly Statement[] =>
  Object.entries(policy).flatMap(([name, s]) => (names.includes(name) ? [] : [s]));
export const app = (...statements: readonly Statement[]) => role(`arn:aws:iam::${USER}:role/App`, ...statements);
export const ownDefault = (policy: readonly Statement[]) => ({ defaultKey: known(key(OWN_KEY, text(...policy))) });
export const GUARDRAIL: Statement = deny({
  Action: 'kms:CreateGrant',
  Condition: { Bool: { 'kms:GrantIsForAWSResource': 'false' } },
});
export const many = (n: number) => Array.from({ length: n }, () => grantTo(LINKED));
export const MANAGEMENT = 'the management account of the organization';
export const OWNER = `account ${BUILDER}`;
export const LAUNCHING = `account ${USER}`;
export const denied = (what: string) =>
  reason('aws.AccessDenied', what, `${what} was refused`, { remedy: { who: LAUNCHING, does: `allow ${what}` } });

interface Row {
  readonly cause: string;
  readonly launcher?: string;
  readonly change: (p: Parts) => Partial<Parts>;
  readonly verdict?: Proof['verdict'];
  readonly links: readonly string[];
}

/** One test a row. */
export function holds(rows: readonly Row[]): void {
  test.each(rows)('$cause', ({ launcher = 'role:App', change, verdict = 'cannot-launch', links: wanted }) => {
    const all = proven(change);
    const proof = all.find((p) => p.launcher === launcher) ?? all[0];
    expect(links(proof)).toEqual(wanted);
    expect(proof?.verdict).toBe(verdict);
    expect(proof?.remedies.length ?? 0).toBeGreaterThanOrEqual(wanted.length);
  });
}
