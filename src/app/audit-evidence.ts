/**
 * Audits that were made, kept in `.amiport/audits` (0600): without secrets, and without hashes from which weak ones could be guessed.
 * The gate reads them again: an image may be shared when the newest audit of exactly its disks, under the rules of today, passes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evidence, gateReason } from '../audit/gate.ts';
import { fingerprint } from '../audit/masking.ts';
import type { Audit } from '../audit/report.ts';
import { RULE_SET } from '../audit/rule.ts';
import { BLOCK_BYTES } from '../base/block-source.ts';
import { canonicalJson } from '../base/canonical.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Delivery, SecretsRule } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';

/** Names what the rules find: amiport's own, and those of the config. */
export function ruleSetOf(rules: readonly SecretsRule[]): string {
  if (rules.length === 0) return RULE_SET;
  return `${RULE_SET}+${createHash('sha256').update(canonicalJson(rules)).digest('hex').slice(0, 12)}`;
}

const folderOf = (stateDir: string): string => join(stateDir, 'audits');

/** The installation's key, and a folder that can be written to: asked before hours of reading, not after. */
export function readyState(stateDir: string): Outcome<Buffer> {
  try {
    const key = installationKey(stateDir);
    mkdirSync(folderOf(stateDir), { recursive: true, mode: 0o700 });
    accessSync(folderOf(stateDir), constants.W_OK);
    return done(key);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    return failed(
      reason('audit.state.unwritable', stateDir, `${stateDir}, where the result is kept, cannot be written: ${why}`, {
        remedy: {
          who: 'you',
          does: 'run amiport where it may write, or name a config there: --config FOLDER/amiport.yaml',
        },
      }),
    );
  }
}

/** Made once, and never leaves the machine: what keys the fingerprints of secrets. */
function installationKey(stateDir: string): Buffer {
  const file = join(stateDir, 'installation-key');
  try {
    return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const key = randomBytes(32);
  writeFileSync(file, `${key.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}

export function evidenceOf(
  audit: Audit,
  of: { readonly subject: string; readonly image: string | undefined },
  ruleSet: string,
  key: Buffer,
  nowMs: number,
): Evidence {
  const { coverage, result } = audit;
  return {
    version: 1,
    at: new Date(nowMs).toISOString(),
    subject: of.subject,
    ...(of.image === undefined ? {} : { image: of.image }),
    disks: coverage.disks.map((d) => d.id).toSorted(),
    ruleSet,
    result,
    complete: coverage.complete,
    freeSpace: coverage.freeSpace === 'scanned',
    usedBytes: coverage.disks.reduce((n, d) => n + d.usedBlocks * BLOCK_BYTES, 0),
    gaps: coverage.gaps,
    findings: audit.findings.map(({ sha256, what: _, why: __, remedy: ___, ...rest }) => ({
      ...rest,
      fingerprint: fingerprint(key, sha256),
    })),
  };
}

/** @returns the file */
export function storeEvidence(stateDir: string, evidence: Evidence): string {
  const folder = folderOf(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `${evidence.subject.replace(/[^\w.-]+/g, '_').slice(-80)}-${evidence.at.replace(/[:.]/g, '-')}.json`;
  const file = join(folder, name);
  writeFileSync(file, `${JSON.stringify(evidence, undefined, 1)}\n`, { mode: 0o600 });
  return file;
}

/** Oldest first; what cannot be read as evidence is none. */
function storedEvidence(stateDir: string): readonly Evidence[] {
  let names: readonly string[];
  try {
    names = readdirSync(folderOf(stateDir)).filter((n) => n.endsWith('.json'));
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      try {
        const evidence = JSON.parse(readFileSync(join(folderOf(stateDir), name), 'utf8')) as Evidence;
        return evidence.version === 1 && Array.isArray(evidence.disks) ? [evidence] : [];
      } catch {
        return [];
      }
    })
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

export const snapshotsOf = (image: ImageSeen): readonly string[] =>
  image.mappings.flatMap((m) => (m.snapshotId === undefined ? [] : [m.snapshotId])).toSorted();

/** The newest audit of an image's disks under today's rules. */
export function newestEvidence(stateDir: string, image: ImageSeen, ruleSet: string): Evidence | undefined {
  const disks = snapshotsOf(image).join(' ');
  return storedEvidence(stateDir).findLast((e) => e.ruleSet === ruleSet && e.disks.join(' ') === disks);
}

/** The newest audit of an image by its name in the config, whichever version it was of. */
export const evidenceByName = (stateDir: string, image: string, ruleSet: string): Evidence | undefined =>
  storedEvidence(stateDir).findLast((e) => e.ruleSet === ruleSet && e.image === image);

/** The disks of the newest other audit of an image: what its next version may have grown from. */
export const earlierDisks = (stateDir: string, image: string, disks: readonly string[]): readonly string[] =>
  storedEvidence(stateDir).findLast((e) => e.image === image && !e.disks.some((d) => disks.includes(d)))?.disks ?? [];

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Why images may not be shared, by their names. */
export function gatesFor(
  want: Delivery,
  seen: Observed,
  at: { readonly stateDir: string; readonly nowMs: number },
): ReadonlyMap<string, Reason> {
  const policy = want.policy.secrets;
  const gates = new Map<string, Reason>();
  if (policy === undefined) return gates;
  const ruleSet = ruleSetOf(policy.rules);
  for (const image of want.images) {
    const source = seen.sources.get(image.name);
    if (source?.is !== 'known') continue;
    const evidence = newestEvidence(at.stateDir, source.value, ruleSet);
    const why = gateReason(image, source.value.imageId, policy, evidence, dayOf(at.nowMs));
    if (why !== undefined) gates.set(image.name, why);
  }
  return gates;
}
