/**
 * Audits disks for secrets: every volume of every disk, in turn, with as many scanning threads as are asked for.
 *
 * What cannot be looked at ends in `coverage.gaps`, whatever layer it comes from; only without any is the result `clean`.
 */
import type { BlockSource } from '../base/block-source.ts';
import type { Reason } from '../base/outcome.ts';
import { openDisk } from '../disk/open-disk.ts';
import { openFileSystem } from '../disk/open-file-system.ts';
import { readVolume } from '../disk/read-files.ts';
import type { FileEntry, FileSystem, Volume } from '../disk/types.ts';
import { type CustomRule, compiledCustom } from './custom-rule.ts';
import { Feed } from './feed.ts';
import type { FileHit } from './file-scan.ts';
import { Lanes } from './lanes.ts';
import { type Reach, reachOf } from './matcher.ts';
import { ownedFiles } from './packages/owned.ts';
import { type Audit, type AuditFinding, type DiskCoverage, Gaps, resultOf, type VolumeCoverage } from './report.ts';
import { Results } from './results.ts';
import { RULE_SET, type Rule, SEVERITIES } from './rule.ts';
import { BUILT_IN_RULES } from './rules/all.ts';
import { scanVolume, type VolumeScan } from './scan-volume.ts';
import type { ScannedFile } from './through.ts';

export interface AuditedDisk {
  /** What reports call it: a snapshot id, a path. */
  readonly id: string;
  readonly source: BlockSource;
  /** Files known to be clean, so that they need not be read again. */
  readonly carry?: Carry;
}

export interface Carry {
  isClean(volume: string, fileSystem: FileSystem, entry: FileEntry): boolean;
  /** Read through; nothing found, nothing skipped. */
  clean(volume: string, entry: FileEntry): void;
  /** Keeps what was told: a process that dies later loses none of it. */
  keep(): void;
}

export interface AuditOptions {
  /** That scan; this one is one of them, unless `beside`. */
  readonly threads: number;
  /** Other work goes on in this thread, and must not wait while something is scanned. */
  readonly beside?: boolean;
  /** Also what deleted files left: it travels inside of a shared snapshot. */
  readonly freeSpace: boolean;
  /** Report also what packages shipped. */
  readonly packages: boolean;
  readonly customRules: readonly CustomRule[];
  /** What is clean is kept after every so many bytes; default: 512 MiB, seconds of work. */
  readonly keepEveryBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AuditProgress) => void;
}

export interface AuditProgress {
  readonly doneBytes: number;
  /** Of the volumes met so far. */
  readonly totalBytes: number;
  readonly at: string;
}

/** To wait for what is under way (three slabs of a megabyte a thread) takes little beside that. */
const KEEP_EVERY_BYTES = 512 * 2 ** 20;

/** @throws only what is a bug: a disk that cannot be read is a gap */
export async function auditDisks(disks: readonly AuditedDisk[], options: AuditOptions): Promise<Audit> {
  const run = new AuditRun(options);
  try {
    for (const disk of disks) await run.disk(disk);
    await run.judge();
    return run.report();
  } finally {
    await run.close();
  }
}

/** A file system that was read. */
interface Scanned {
  readonly disk: string;
  readonly volume: string;
  readonly fileSystem: FileSystem;
  readonly scan: VolumeScan;
}

class AuditRun {
  readonly #options: AuditOptions;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #reach: Reach;
  readonly #results = new Results();
  readonly #lanes: Lanes;
  readonly #gaps = new Gaps();
  readonly #notes: Reason[] = [];
  readonly #findings: AuditFinding[] = [];
  readonly #disks: DiskCoverage[] = [];
  readonly #scanned: Scanned[] = [];
  readonly #files = { scanned: 0, carried: 0, unreadable: 0, packaged: 0 };
  readonly #bytes = { scanned: 0, unpacked: 0, carried: 0, unreadable: 0, freeSpace: 0 };
  #doneBytes = 0;
  #totalBytes = 0;
  #interrupted = false;

  constructor(options: AuditOptions) {
    const { beside = false, customRules, threads } = options;
    const rules = [...BUILT_IN_RULES, ...compiledCustom(customRules)];
    this.#options = options;
    this.#rules = new Map(rules.map((r) => [r.id, r]));
    this.#reach = reachOf(rules);
    this.#lanes = new Lanes({ threads, beside, customRules, onReply: (reply) => this.#results.take(reply) });
  }

  async disk({ id, source, carry }: AuditedDisk): Promise<void> {
    const opened = await openDisk(source);
    const volumes: VolumeCoverage[] = [];
    if (!opened.ok) this.#gaps.add(opened.reason.code, deepest(opened.reason), id);
    else {
      this.#notes.push(...opened.value.notices);
      for (const volume of opened.value.volumes) volumes.push(await this.#volume(id, volume, carry));
      if (opened.value.volumes.length === 0 && source.usedBlocks > 0)
        this.#gaps.add('audit.disk.no-volume', 'a disk without any partition or file system', id);
    }
    const { sizeBytes, usedBlocks } = source;
    this.#disks.push({ id, sizeBytes, usedBlocks, fetchedBlocks: source.stats().fetches, volumes });
  }

  async #volume(disk: string, volume: Volume, carry: Carry | undefined): Promise<VolumeCoverage> {
    const { contents, name, label, sizeBytes } = volume;
    const seen = (what: string, scanned: boolean): VolumeCoverage => ({
      name,
      label,
      contents: what,
      sizeBytes,
      scanned,
    });
    switch (contents.is) {
      case 'empty':
        return seen('empty', true);
      case 'boot-code':
        await this.#raw(disk, volume);
        return seen('boot code', true);
      case 'not-scanned':
        if (contents.what === 'swap') {
          await this.#raw(disk, volume);
          return seen('swap', true);
        }
        this.#gaps.add(`audit.volume.${contents.what}`, contents.reason.says, `${disk} ${name}`);
        return seen(contents.what, false);
      default: {
        const opened = await openFileSystem(volume);
        if (!opened.ok) {
          this.#gaps.add(opened.reason.code, deepest(opened.reason), `${disk} ${name}`);
          return seen(contents.type, false);
        }
        await this.#fileSystem(disk, name, opened.value, carry);
        return seen(opened.value.kind, true);
      }
    }
  }

  async #fileSystem(disk: string, volume: string, fileSystem: FileSystem, carry: Carry | undefined): Promise<void> {
    const { freeSpace, signal, keepEveryBytes = KEEP_EVERY_BYTES } = this.#options;
    const scan = await scanVolume(fileSystem, this.#lanes, this.#reach, this.#results, {
      freeSpace,
      signal,
      carried: (fs, entry) => carry?.isClean(volume, fs, entry) === true,
      onClean: carry === undefined ? undefined : (entry) => carry.clean(volume, entry),
      settleBytes: keepEveryBytes,
      onSettled: () => carry?.keep(),
      onPlan: (bytes) => {
        this.#totalBytes += bytes;
        this.#progress(disk, volume);
      },
      onBytes: (bytes) => {
        this.#doneBytes += bytes;
        this.#progress(disk, volume);
      },
    });
    this.#count(scan);
    const where = `${disk} ${volume}`;
    if (scan.interrupted) {
      this.#interrupted = true;
      this.#gaps.add('audit.interrupted', 'the audit was interrupted', where);
    }
    for (const hidden of scan.filesHidden) this.#gaps.add(hidden.code, hidden.says, hidden.subject);
    for (const notice of fileSystem.notices) this.#gaps.add(notice.code, notice.says, where);
    for (const { code, count, first } of fileSystem.problems())
      if (!scan.filesHidden.some((h) => h.code === code))
        this.#gaps.add(code, first.says, `${where}: ${first.subject}`, count);
    this.#scanned.push({ disk, volume, fileSystem, scan });
  }

  #count(scan: VolumeScan): void {
    this.#files.scanned += scan.filesScanned;
    this.#files.carried += scan.filesCarried;
    this.#files.unreadable += scan.filesHidden.length;
    this.#bytes.scanned += scan.bytesScanned;
    this.#bytes.unpacked += scan.bytesUnpacked;
    this.#bytes.carried += scan.bytesCarried;
    this.#bytes.unreadable += scan.bytesUnreadable;
    this.#bytes.freeSpace += scan.freeBytesScanned;
  }

  /** What packages shipped is set aside; the rest becomes findings and gaps. */
  async judge(): Promise<void> {
    const owned = await ownedFiles(
      this.#scanned.map(({ fileSystem, scan: { select, files } }) => ({
        fileSystem,
        select,
        asked: files.flatMap((f) => (f.entry === undefined ? [] : [f.path])),
      })),
    );
    this.#notes.push(...owned.notes);
    for (const [i, scanned] of this.#scanned.entries())
      for (const file of scanned.scan.files)
        this.#judgeFile(scanned, file, owned.unmodified[i]?.has(file.path) === true);
  }

  #judgeFile({ disk, volume }: Scanned, file: ScannedFile, shipped: boolean): void {
    if (shipped && file.hits.length > 0) this.#files.packaged += 1;
    if (!shipped || this.#options.packages)
      for (const hit of file.hits) this.#findings.push(this.#finding(disk, volume, file, hit));
    if (shipped) return;
    if (file.skips.some((s) => s.code === 'unreadable')) this.#files.unreadable += 1;
    for (const skip of file.skips) {
      const example = skip.member === undefined ? file.path : `${file.path}!${skip.member}`;
      this.#gaps.add(`audit.${skip.code}.${slug(skip.what)}`, `${SKIPPED[skip.code]}: ${skip.what}`, example);
    }
  }

  #finding(disk: string, volume: string, { path, alsoPaths }: ScannedFile, hit: FileHit): AuditFinding {
    const rule = this.#rules.get(hit.rule);
    const { member, severity, offset, length, sha256, masked, times } = hit;
    return {
      rule: hit.rule,
      severity,
      what: rule?.what ?? hit.rule,
      disk,
      volume,
      path,
      alsoPaths,
      ...(member === undefined ? {} : { member }),
      offset,
      length,
      sha256,
      masked,
      times,
      why: rule?.why ?? '',
      remedy: rule?.remedy ?? '',
    };
  }

  /** Bytes without a file system: strong rules only. */
  async #raw(disk: string, volume: Volume): Promise<void> {
    const feed = new Feed(this.#lanes, this.#reach);
    this.#totalBytes += volume.sizeBytes;
    const fed = await feed.file(
      0,
      '',
      readVolume(volume),
      (n) => {
        this.#doneBytes += n;
        this.#progress(disk, volume.name);
      },
      'raw',
    );
    feed.flush();
    await this.#lanes.idle();
    this.#bytes.scanned += fed.bytes;
    this.#bytes.unreadable += fed.unreadableBytes;
    if (fed.unreadableBytes > 0)
      this.#gaps.add('disk.block.unreadable', 'some of it cannot be read', `${disk} ${volume.name}`);
    const file = { entry: undefined, path: '(raw bytes)', alsoPaths: [], hits: [], skips: [] };
    for (const hit of this.#results.of(0)?.hits ?? []) this.#findings.push(this.#finding(disk, volume.name, file, hit));
    this.#results.clear();
  }

  #progress(disk: string, volume: string): void {
    this.#options.onProgress?.({
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      at: `${disk} ${volume}`,
    });
  }

  report(): Audit {
    const gaps = this.#gaps.list();
    const findings = this.#findings.toSorted(worstFirst);
    const complete = gaps.length === 0;
    return {
      result: resultOf(findings, complete),
      ruleSet: RULE_SET,
      findings,
      coverage: {
        complete,
        disks: this.#disks,
        files: this.#files,
        bytes: this.#bytes,
        gaps,
        notes: this.#notes,
        freeSpace: this.#options.freeSpace ? 'scanned' : 'not-asked',
      },
      interrupted: this.#interrupted,
    };
  }

  close(): Promise<void> {
    return this.#lanes.close();
  }
}

const SKIPPED = {
  'format-not-read': 'packed in a form that is not unpacked here',
  'archive-encrypted': 'packed under a password',
  'archive-damaged': 'an archive that is damaged',
  'archive-too-deep': 'archives in archives',
  'archive-too-large': 'an archive that is too large to unpack',
  'file-too-large-to-parse': 'too large to be read as a whole',
  'too-many-findings': 'too many findings in one file',
  unreadable: 'cannot be read',
} as const;

const slug = (what: string): string =>
  what
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);

const deepest = (why: Reason): string => why.because[0]?.says ?? why.says;

const worstFirst = (a: AuditFinding, b: AuditFinding): number =>
  SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
  (a.path < b.path ? -1 : a.path > b.path ? 1 : a.offset - b.offset);
