/**
 * What the reading thread and the scanning threads say to each other. Bytes stand in slabs of memory that all threads share: only the
 * number of one travels, and whoever has it may touch it.
 */
import type { CustomRule } from './custom-rule.ts';
import type { FileResult } from './file-scan.ts';

export const SLAB_BYTES = 1_179_648;

interface InSlab {
  /** Number of the file, the reader's own. */
  readonly file: number;
  readonly path: string;
  /** Where in the slab. */
  readonly at: number;
  readonly length: number;
  /** What the thread reads into the slab itself, from the file that the request names; none: the bytes stand there. */
  readonly fills: readonly Fill[];
}

export interface Fill {
  /** In the slab. */
  readonly at: number;
  readonly length: number;
  /** Byte of the file; `ZEROS`: what stands there is zeros. */
  readonly from: number;
}

export const ZEROS = -1;

export type Job = InSlab &
  (
    | { readonly is: 'file' }
    /** One after the other, all in one lane. */
    | { readonly is: 'part'; readonly last: boolean }
    /** On its own: keywords in [from, to) of the file; `base` is the offset of the first byte in the slab. */
    | {
        readonly is: 'segment';
        readonly text: boolean;
        readonly base: number;
        readonly from: number;
        readonly to: number;
      }
  );

export interface ScanRequest {
  readonly slab: number;
  /** None: this thread is the only one that may scan it. Else see `Claims`. */
  readonly claim?: number;
  readonly jobs: readonly Job[];
  /** Of the file that fills are read from. */
  readonly fd: number | undefined;
}

export interface ScanReply {
  readonly slab: number;
  /** Only of files that are through and say something. */
  readonly results: readonly { readonly file: number; readonly result: FileResult }[];
  /** Of files that say nothing else. */
  readonly unpackedBytes: number;
  /** Files of which a fill could not be read: they have to be read anew, in a way that tells which bytes are lost. */
  readonly unread: readonly number[];
}

export interface ScanStart {
  readonly slabs: readonly SharedArrayBuffer[];
  readonly claims: SharedArrayBuffer;
  readonly customRules: readonly CustomRule[];
  /** The compiled search, one for all threads. */
  readonly search: WebAssembly.Module;
}

/** What a worker says first. */
export const READY = 'ready';
/** What a worker is told last: it goes once what it was given is scanned. */
export const END = 'end';
