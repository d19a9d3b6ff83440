/**
 * What the reading thread and the scanning threads say to each other. Bytes stand in slabs of memory that all threads share: only the
 * number of one travels, and whoever has it may touch it.
 */
import type { CustomRule } from './custom-rule.ts';
import type { FileResult } from './file-scan.ts';

interface InSlab {
  /** Number of the file, the reader's own. */
  readonly file: number;
  readonly path: string;
  /** Where in the slab. */
  readonly at: number;
  readonly length: number;
}

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
  readonly jobs: readonly Job[];
}

export interface ScanReply {
  readonly slab: number;
  /** Only of files that are through and say something. */
  readonly results: readonly { readonly file: number; readonly result: FileResult }[];
}

export interface WorkerStart {
  readonly slabs: readonly SharedArrayBuffer[];
  readonly customRules: readonly CustomRule[];
}
