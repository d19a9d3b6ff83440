/** `audit`: which disks are meant, reading them, what is accepted, and the evidence that is kept. */
import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type AuditedDisk, type AuditOptions, auditDisks, type Carry } from '../audit/audit.ts';
import { type Evidence, exceptionFor } from '../audit/gate.ts';
import { fingerprint } from '../audit/masking.ts';
import { type Audit, type AuditFinding, resultOf } from '../audit/report.ts';
import type { BlockSource } from '../base/block-source.ts';
import { done, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { openRawFile } from '../disk/raw-file.ts';
import type { SecretsPolicy } from '../model/delivery.ts';
import { cleanFiles, dropOld, type Earlier } from './audit-carry.ts';
import { dayOf, evidenceOf, readyState, ruleSetOf, storeEvidence } from './audit-evidence.ts';
import type { Emit } from './events.ts';

/** A finding as reports show it: beside the hash that only `--json` prints here and now, one that says nothing to others. */
export interface ReportedFinding extends Omit<AuditFinding, 'sha256'> {
  readonly sha256?: string;
  readonly fingerprint: string;
}

export interface AcceptedFinding extends ReportedFinding {
  readonly accepted: { readonly reason: string; readonly expires: string };
}

export interface Audited extends Omit<Audit, 'findings'> {
  readonly version: 1;
  readonly subject: string;
  readonly findings: readonly ReportedFinding[];
  /** Findings that policy.secrets.allow accepts: not counted in `result`. */
  readonly accepted: readonly AcceptedFinding[];
  /** The file in which the evidence is. */
  readonly evidence: string;
}

/** One disk that is to be read, and how it is opened when its turn comes. */
export interface DiskToAudit {
  readonly id: string;
  /** Names its content, as it is now: what was read through of it need not be read again. */
  readonly content: string;
  open(): Promise<Outcome<BlockSource>>;
  /** The snapshot it grew from, and what has changed since; a reason where nobody may know. */
  earlier?(): Promise<Outcome<Earlier | undefined>>;
}

export interface AuditTarget {
  /** As reports name it: an AMI, a snapshot, a file. */
  readonly subject: string;
  /** Name in the config, for exceptions. */
  readonly image: string | undefined;
  readonly disks: readonly DiskToAudit[];
}

export interface AuditAsked {
  readonly threads: number | undefined;
  /** Other work goes on in this process: see `AuditOptions`. */
  readonly beside: boolean;
  readonly freeSpace: boolean;
  readonly packages: boolean;
}

export interface AuditSurroundings {
  readonly stateDir: string;
  readonly policy: SecretsPolicy | undefined;
  readonly nowMs: () => number;
  readonly emit: Emit;
  readonly keepEveryBytes?: number;
  readonly signal?: AbortSignal;
}

/** Two threads read and search faster than four wait for memory. */
const THREADS_MAX = 8;

export async function auditTarget(
  target: AuditTarget,
  asked: AuditAsked,
  at: AuditSurroundings,
): Promise<Outcome<Audited>> {
  const ruleSet = ruleSetOf(at.policy?.rules ?? []);
  const opened: (AuditedDisk & { readonly carry: Carry })[] = [];
  const notes: Reason[] = [];
  try {
    for (const disk of target.disks) {
      const source = await disk.open();
      if (!source.ok) return source;
      const earlier = await disk.earlier?.();
      if (earlier?.ok === false) notes.push(allRead(disk.id, earlier.reason));
      const carry = cleanFiles(at.stateDir, disk.content, ruleSet, earlier?.ok ? earlier.value : undefined);
      opened.push({ id: disk.id, source: source.value, carry });
    }
    const key = readyState(at.stateDir);
    if (!key.ok) return key;
    const audit = await auditDisks(opened, optionsFor(asked, at));
    const coverage = { ...audit.coverage, notes: [...notes, ...audit.coverage.notes] };
    return done(finish(target, { ...audit, coverage }, ruleSet, key.value, at));
  } finally {
    for (const { carry, source } of opened) {
      carry.keep();
      await source.close();
    }
    dropOld(
      at.stateDir,
      target.disks.map((d) => d.content),
    );
  }
}

const allRead = (disk: string, why: Reason): Reason =>
  reason('audit.earlier.unreadable', disk, `all of ${disk} is read, since what changed cannot be: ${why.says}`, {
    because: [why],
  });

function optionsFor(asked: AuditAsked, at: AuditSurroundings): AuditOptions {
  const customRules = at.policy?.rules ?? [];
  return {
    // Nobody knows how long a pattern of somebody's takes; here Ctrl-C must be heard all the same.
    beside: asked.beside || customRules.length > 0,
    threads: asked.threads ?? Math.min(THREADS_MAX, Math.max(1, availableParallelism())),
    freeSpace: asked.freeSpace,
    packages: asked.packages,
    customRules,
    onProgress: ({ doneBytes, totalBytes, at: where }) => at.emit({ kind: 'audit', doneBytes, totalBytes, at: where }),
    ...(at.keepEveryBytes === undefined ? {} : { keepEveryBytes: at.keepEveryBytes }),
    ...(at.signal === undefined ? {} : { signal: at.signal }),
  };
}

/** Sets aside what is accepted, and keeps the evidence: of all that was found, so that an exception that ends counts again. */
function finish(target: AuditTarget, audit: Audit, ruleSet: string, key: Buffer, at: AuditSurroundings): Audited {
  const today = dayOf(at.nowMs());
  const findings: ReportedFinding[] = [];
  const accepted: AcceptedFinding[] = [];
  for (const f of audit.findings) {
    const exception = exceptionFor(at.policy?.allow ?? [], target.image, f, today);
    const reported = { ...f, fingerprint: fingerprint(key, f.sha256) };
    if (exception === undefined) findings.push(reported);
    else accepted.push({ ...reported, accepted: { reason: exception.reason, expires: exception.expires } });
  }
  const evidence: Evidence = evidenceOf(audit, target, ruleSet, key, at.nowMs());
  const file = storeEvidence(at.stateDir, evidence);
  return {
    version: 1,
    subject: target.subject,
    ...audit,
    result: resultOf(findings, audit.coverage.complete),
    ruleSet,
    findings,
    accepted,
    evidence: file,
  };
}

export async function rawFileTarget(file: string): Promise<AuditTarget> {
  const path = resolve(file);
  const there = await stat(path);
  const { size, mtimeMs, ino } = there;
  // A device says nothing of when it was last written, or of which disk it stands for: nothing is carried over.
  const fresh = there.isBlockDevice() ? randomUUID() : '';
  const content = createHash('sha256').update(`${path} ${size} ${mtimeMs} ${ino} ${fresh}`).digest('hex').slice(0, 24);
  return { subject: path, image: undefined, disks: [{ id: path, content, open: () => openRawFile(path) }] };
}

/** As it may leave the process that read the disks: a weak secret can be guessed from its plain hash. */
export function withoutHashes(audited: Audited): Audited {
  const bare = <T extends ReportedFinding>({ sha256: _guessable, ...finding }: T): Omit<T, 'sha256'> => finding;
  return { ...audited, findings: audited.findings.map(bare), accepted: audited.accepted.map(bare) };
}
