/** What the core says while it works; CLI and web render it. Codes are stable. */
import type { RunEvent } from '../run/drive.ts';
import type { Headway } from '../run/outlook.ts';
import type { PlacedStep } from './placed.ts';

export type AppEvent =
  | { readonly kind: 'looking'; readonly done: number; readonly total: number }
  /** Launchers as which KMS was asked. */
  | { readonly kind: 'probing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'run';
      readonly event: RunEvent<PlacedStep>;
      readonly finished: number;
      readonly total: number;
      /** Told by a run of this process. */
      readonly headway?: Headway;
    }
  | { readonly kind: 'audit'; readonly doneBytes: number; readonly totalBytes: number; readonly at: string }
  /** Somebody else holds the delivery, and may be dead: that takes a minute and a half to tell. */
  | { readonly kind: 'held'; readonly holder: string }
  | { readonly kind: 'build'; readonly image: string; readonly line: string }
  /** Before the first launch. */
  | { readonly kind: 'canary-cost'; readonly launches: number; readonly usd: number; readonly maxUsd: number }
  | { readonly kind: 'canary'; readonly place: string; readonly launcher: string; readonly says: string };

export type Emit = (event: AppEvent) => void;
