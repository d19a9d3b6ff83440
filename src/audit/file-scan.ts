/** Scans one file: its content through the sinks, then what was found put in order. Plain secrets end here. */
import { ContentSink, whole } from './content/open.ts';
import type { Scan, Sink, Skip, Where } from './content/sink.ts';
import { masked, sha256Of } from './masking.ts';
import { type Hit, type Matcher, StreamScan } from './matcher.ts';
import { SEVERITIES, type Severity } from './rule.ts';

/** One secret in one file; the same bytes found again in it are counted, not listed. */
export interface FileHit {
  readonly rule: string;
  readonly severity: Severity;
  readonly member: string | undefined;
  /** In the file, or in the (unpacked) member. */
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
  readonly masked: string;
  readonly times: number;
}

export interface FileResult {
  readonly hits: readonly FileHit[];
  readonly skips: readonly Skip[];
  readonly unpackedBytes: number;
}

/** Nobody reads more of one file, and a hostile one must not fill the memory. */
const HITS_MAX = 2_000;

interface Located extends Hit {
  readonly member: string | undefined;
}

export class FileScan {
  readonly #scan: Scan;
  readonly #where: Where;
  #sink: Sink | undefined;
  readonly #hits: Located[] = [];
  readonly #skips: Skip[] = [];
  #unpackedBytes = 0;

  constructor(matcher: Matcher, path: string) {
    this.#where = { path, member: undefined, depth: 0, unnamed: false };
    this.#scan = {
      matcher,
      found: (hit, where) => {
        if (this.#hits.length < HITS_MAX) this.#hits.push({ ...hit, member: where.member });
        else if (this.#hits.length === HITS_MAX && !this.#skips.some((s) => s.code === 'too-many-findings'))
          this.#skips.push({ code: 'too-many-findings', what: `more than ${HITS_MAX}`, member: undefined });
      },
      skip: (skip) => {
        this.#skips.push(skip);
      },
      unpacked: (bytes) => {
        this.#unpackedBytes += bytes;
      },
    };
  }

  push(bytes: Buffer): void | Promise<void> {
    this.#sink ??= new ContentSink(this.#scan, this.#where);
    return this.#sink.push(bytes);
  }

  end(): void | Promise<void> {
    return this.#sink?.end();
  }

  /** For a file that is at hand as a whole. */
  only(bytes: Buffer): void | Promise<void> {
    return whole(this.#scan, this.#where, bytes);
  }

  /** Part of a long file that is scanned in pieces by several threads: see `StreamScan.segment`. */
  segment(bytes: Buffer, text: boolean, base: number, from: number, to: number): void {
    const { matcher, found } = this.#scan;
    new StreamScan(matcher, this.#where.path, text, (hit) => found(hit, this.#where)).segment(bytes, base, from, to);
  }

  result(): FileResult {
    return { hits: inOrder(this.#hits), skips: this.#skips, unpackedBytes: this.#unpackedBytes };
  }
}

/** Of several parts of one file: the same secret once. */
export function mergedHits(parts: readonly (readonly FileHit[])[]): readonly FileHit[] {
  const out = new Map<string, FileHit>();
  for (const hit of parts.flat().toSorted((a, b) => a.offset - b.offset)) {
    const id = `${hit.rule} ${hit.member} ${hit.sha256}`;
    const same = out.get(id);
    out.set(id, same === undefined ? hit : { ...same, times: same.times + hit.times });
  }
  return [...out.values()];
}

/** @returns each secret once, the guess gone where something better found the same bytes */
function inOrder(hits: readonly Located[]): readonly FileHit[] {
  if (hits.length === 0) return [];
  const kept = hits.toSorted(bestFirst).reduce<Located[]>((list, hit) => {
    if (!list.some((better) => covers(better, hit))) list.push(hit);
    return list;
  }, []);
  return mergedHits([
    kept.map(({ rule, severity, member, offset, secret }) => ({
      rule: rule.id,
      severity,
      member,
      offset,
      length: secret.length,
      sha256: sha256Of(secret),
      masked: masked(secret),
      times: 1,
    })),
  ]);
}

/** The graver first; of equals the rule that knows the file. */
const rank = ({ rule, severity }: Located): number =>
  (rule.generic ? 0 : 100) + SEVERITIES.indexOf(severity) * 2 + (rule.kind === 'path' ? 1 : 0);

const bestFirst = (a: Located, b: Located): number => rank(b) - rank(a) || a.offset - b.offset;

/**
 * One pair of eyes is enough: a guess gives way to whatever else lies there, two rules for the same bytes to the graver one.
 * Whole files (histories, state) are findings of their own beside what stands in them.
 */
function covers(better: Located, hit: Located): boolean {
  if (better.member !== hit.member) return false;
  const overlap = better.offset < hit.offset + hit.secret.length && hit.offset < better.offset + better.secret.length;
  if (!overlap) return false;
  // What is in a whole file that is a finding itself (a history, a state) stays a finding of its own.
  if (hit.rule.generic) return better.rule.kind === 'token' || better.secret.length <= hit.secret.length * WHOLE_RATIO;
  return better.offset === hit.offset && better.secret === hit.secret;
}

const WHOLE_RATIO = 4;
