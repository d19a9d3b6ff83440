/** Which mutants of authz another simulator notices, on requests on which it agrees with authz itself. */
import * as authz from '../../src/authz/evaluate.ts';
import type { Asked } from './asked.ts';
import type { Engine } from './engine.ts';
import { ours, questions, theirs } from './oracle.ts';

export interface Answered {
  readonly asked: Asked;
  readonly their: string;
}

export async function agreed(requests: number, seed: number): Promise<readonly Answered[]> {
  const answers = new Map<string, Answered>();
  for (const asked of questions(requests, seed)) {
    const text = JSON.stringify(asked);
    if (answers.has(text)) continue;
    const their = await theirs(asked);
    if (ours(authz, asked) === their) answers.set(text, { asked, their });
  }
  return [...answers.values()];
}

/** @returns the index of the first request that the mutant answers otherwise; -1: none */
export function firstDifference(engine: Engine, all: readonly Answered[]): number {
  return all.findIndex(({ asked, their }) => {
    try {
      return ours(engine, asked) !== their;
    } catch {
      return true;
    }
  });
}
