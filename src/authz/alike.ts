/**
 * Whether two actions are told apart at all. Where no statement, no grant and no rule of AWS does, what decides a request
 * with the one decides it with the other: a launch asks a key for five actions that most policies name together.
 */
import type { Compiled, CompiledLevels, CompiledSet } from './compile.ts';
import { lowerCase, type RequestFacts } from './facts-of-request.ts';
import { grantsNear } from './grants.ts';
import { CROSS_ACCOUNT_OPERATIONS } from './kms-operations.ts';

/** @returns false also where it cannot be told cheaply */
export function isAlike(facts: RequestFacts, action: string, compiled: Compiled): boolean {
  const asked = facts.action;
  if (!sameRules(asked, action)) return false;
  const { identity, boundary, session, endpoint, scps, rcps, resource } = compiled;
  if (!sameIn(identity, asked, action) || !sameIn(resource, asked, action)) return false;
  if (!sameIn(scps, asked, action) || !sameIn(rcps, asked, action) || !sameIn(boundary, asked, action)) return false;
  if (!sameIn(session, asked, action) || !sameIn(endpoint, asked, action)) return false;
  for (const { operations } of grantsNear(facts, compiled.grants))
    if (listed(operations, action) !== listed(operations, asked)) return false;
  return true;
}

/** Actions that rules of KMS itself treat like no other. */
const ALONE = new Set(['kms:creategrant', 'kms:describekey', 'kms:retiregrant']);

function sameRules(a: string, b: string): boolean {
  if (ALONE.has(a) || ALONE.has(b)) return a === b;
  const service = a.slice(0, a.indexOf(':') + 1);
  return b.startsWith(service) && CROSS_ACCOUNT_OPERATIONS.has(a) === CROSS_ACCOUNT_OPERATIONS.has(b);
}

function listed(operations: readonly string[], action: string): boolean {
  const operation = action.slice(action.indexOf(':') + 1);
  for (const o of operations) if (o.length === operation.length && lowerCase(o) === operation) return true;
  return false;
}

function sameIn(set: CompiledSet | CompiledLevels | undefined, a: string, b: string): boolean {
  return set === undefined || 'unreadable' in set || set.spoken.of(a) === set.spoken.of(b);
}
