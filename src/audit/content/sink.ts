/** How content flows through a scan: pushed piece by piece into sinks that nest as archives do, within bounds. */
import type { Hit, Matcher } from '../matcher.ts';

/** Takes a stream. What it returns must be awaited before the next call, where it is a promise. */
export interface Sink {
  push(bytes: Buffer): void | Promise<void>;
  end(): void | Promise<void>;
  /** In place of both, for a stream that is at hand as a whole: nothing is copied. The bytes stay until it is done. */
  only?(bytes: Buffer): void | Promise<void>;
}

/** Why part of a file was not looked at. Stable, and part of the coverage. */
export type SkipCode =
  /** xz, bzip2, lz4, 7z, rar, squashfs, rpm: Node cannot unpack them. */
  | 'format-not-read'
  | 'archive-encrypted'
  | 'archive-damaged'
  | 'archive-too-deep'
  /** More than 256 MiB, or 100 times as much as was packed. */
  | 'archive-too-large'
  /** A file that rules read whole has more than 2 MiB; its text was searched all the same. */
  | 'file-too-large-to-parse'
  /** What comes after them in the file is not listed. */
  | 'too-many-findings'
  | 'unreadable';

export interface Skip {
  readonly code: SkipCode;
  /** `xz`, or what went wrong. */
  readonly what: string;
  readonly member: string | undefined;
}

/** Where a stream lies in its file: which member, how deep. */
export interface Where {
  /** What path rules and checks go by: the path of the file, or of the member. */
  readonly path: string;
  /** `inner.zip!etc/id_rsa`; undefined: the file itself. */
  readonly member: string | undefined;
  readonly depth: number;
  /** Once unpacked from a stream (gz, zstd) that names nothing inside: an archive in it takes its place in `member`. */
  readonly unnamed: boolean;
}

/** What archives open their members with. */
export interface Open {
  stream(scan: Scan, where: Where): Sink;
  /** For a member that is at hand as a whole. */
  whole(scan: Scan, where: Where, bytes: Buffer): void | Promise<void>;
}

/** What one file's scan shares. */
export interface Scan {
  readonly matcher: Matcher;
  readonly found: (hit: Hit, where: Where) => void;
  readonly skip: (skip: Skip) => void;
  /** Bytes that were unpacked. */
  readonly unpacked: (bytes: number) => void;
}

/** Archives in archives in archives; what is packed deeper is reported. */
export const DEPTH_MAX = 3;
export const MEMBER_BYTES_MAX = 256 * 2 ** 20;
const RATIO_MAX = 100;
/** Below this, a ratio says nothing: a page of zeros packs to a few bytes. */
const RATIO_FROM_BYTES = 16 * 2 ** 20;

/** Whether unpacking has to stop. */
export const isBomb = (packed: number, unpacked: number): boolean =>
  unpacked > MEMBER_BYTES_MAX || (unpacked > RATIO_FROM_BYTES && unpacked > packed * RATIO_MAX);

export function memberOf(parent: Where, name: string): Where {
  // `tar -C ROOT .` begins every name with `./`.
  const path = `/${name.replace(/^(?:\.?\/)+/, '')}`;
  const inside = parent.member === undefined || parent.unnamed ? outer(parent) : parent.member;
  const member = inside === undefined ? name : `${inside}!${name}`;
  return { path, member, depth: parent.depth + 1, unnamed: false };
}

/** The chain above an unnamed stream: `a.zip!b.gz` holds a tar, whose members are `a.zip!b.gz!…`; a file `b.tar.gz` gives none. */
const outer = ({ member }: Where): string | undefined => {
  const at = member?.lastIndexOf('!') ?? -1;
  return at < 0 ? undefined : member?.slice(0, at);
};

/** What a packed stream without names holds: `x.conf.gz` -> `x.conf`. */
export function unnamedOf(parent: Where): Where {
  const path = parent.path.replace(/\.(?:gz|zst|zstd|z)$/i, '').replace(/\.tgz$/i, '.tar');
  const name = path.slice(path.lastIndexOf('/') + 1);
  const member = parent.member === undefined ? name : parent.member.replace(/[^!/]*$/, name);
  return { path, member, depth: parent.depth + 1, unnamed: true };
}
