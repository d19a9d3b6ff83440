/** What an audit says: findings without secrets, and exactly how much was looked at. */
import type { Reason } from '../base/outcome.ts';
import type { Severity } from './rule.ts';

/** `clean` is only ever said of what was seen whole. */
export type AuditResult = 'clean' | 'findings' | 'not-fully-scanned';

export interface AuditFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly what: string;
  /** Snapshot id, or path of the raw file. */
  readonly disk: string;
  readonly volume: string;
  readonly path: string;
  readonly alsoPaths: readonly string[];
  /** Inside of an archive: `inner.zip!etc/id_rsa`. */
  readonly member?: string;
  /** Of the secret's first byte in the file, or in the unpacked member. */
  readonly offset: number;
  readonly length: number;
  /** Of the exact bytes: only in what is printed here and now (`--json`). */
  readonly sha256: string;
  readonly masked: string;
  /** How often the same secret stands in that file. */
  readonly times: number;
  readonly why: string;
  readonly remedy: string;
}

/** Something that was not looked at: any of these makes the audit incomplete. */
export interface Gap {
  readonly code: string;
  readonly count: number;
  readonly says: string;
  readonly example: string;
}

export interface VolumeCoverage {
  readonly name: string;
  readonly label: string;
  /** `ext4`, `xfs v5`, `swap`, `luks`, … */
  readonly contents: string;
  readonly sizeBytes: number;
  readonly scanned: boolean;
}

export interface DiskCoverage {
  readonly id: string;
  readonly sizeBytes: number;
  readonly usedBlocks: number;
  /** Calls of GetSnapshotBlock that succeeded; of a raw file the parts that were read before threads read its files themselves. */
  readonly fetchedBlocks: number;
  readonly volumes: readonly VolumeCoverage[];
}

export interface Coverage {
  /** Whether all was seen. */
  readonly complete: boolean;
  readonly disks: readonly DiskCoverage[];
  readonly files: {
    readonly scanned: number;
    /** Clean in an earlier audit, and not changed since. */
    readonly carried: number;
    readonly unreadable: number;
    /** In which something was found that a package shipped so: counted, not reported. */
    readonly packaged: number;
  };
  readonly bytes: {
    readonly scanned: number;
    readonly unpacked: number;
    readonly carried: number;
    readonly unreadable: number;
    readonly freeSpace: number;
  };
  readonly gaps: readonly Gap[];
  /** What a reader should know though nothing was left out. */
  readonly notes: readonly Reason[];
  readonly freeSpace: 'scanned' | 'not-asked';
}

export interface Audit {
  readonly result: AuditResult;
  readonly ruleSet: string;
  readonly findings: readonly AuditFinding[];
  readonly coverage: Coverage;
  readonly interrupted: boolean;
}

export const resultOf = (findings: readonly unknown[], complete: boolean): AuditResult =>
  findings.length > 0 ? 'findings' : complete ? 'clean' : 'not-fully-scanned';

/** Things of one kind as one gap, with the first as example. */
export class Gaps {
  readonly #byCode = new Map<string, { count: number; readonly says: string; readonly example: string }>();

  add(code: string, says: string, example: string, count = 1): void {
    const same = this.#byCode.get(code);
    if (same === undefined) this.#byCode.set(code, { count, says, example });
    else same.count += count;
  }

  list(): readonly Gap[] {
    return [...this.#byCode].map(([code, gap]) => ({ code, ...gap }));
  }
}
