/** What could be launched before a run, kept beside its journal: the evidence that a report shows. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import type { Proof } from '../verify/question.ts';
import { verifyDelivery } from '../verify/verify.ts';

export interface KeptProof {
  readonly image: string;
  readonly imageVersion: string;
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
  readonly verdict: Proof['verdict'];
  /** What decided, or what is missing. */
  readonly because: readonly string[];
}

export interface KeptProofs {
  readonly version: 1;
  readonly atMs: number;
  readonly proofs: readonly KeptProof[];
}

export const keptProof = (p: Proof): KeptProof => ({
  image: p.image,
  imageVersion: p.imageVersion,
  account: p.account,
  region: p.region,
  launcher: p.launcher,
  verdict: p.verdict,
  because: p.verdict === 'can-launch' ? p.by : p.reasons.map((r) => r.says),
});

const fileOf = (stateDir: string, run: string): string => join(stateDir, 'runs', `${run}.proofs.json`);

/** A fleet of a million launches is no evidence that anybody reads: then the report proves by itself. */
const PLACES_MAX = 2_000;

export async function keepProofs(stateDir: string, run: string, want: Delivery, seen: Observed): Promise<void> {
  if (seen.places.size > PLACES_MAX) return;
  const kept: KeptProofs = { version: 1, atMs: seen.atMs, proofs: verifyDelivery(want, seen).map(keptProof) };
  await writeFile(fileOf(stateDir, run), JSON.stringify(kept), { mode: 0o600, flush: true });
}

export async function readProofs(stateDir: string, run: string): Promise<KeptProofs | undefined> {
  const text = await readFile(fileOf(stateDir, run), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as KeptProofs);
}
