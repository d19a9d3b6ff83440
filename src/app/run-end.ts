/** How a run ended, as whoever asked for it is told. */
import type { Reason } from '../base/outcome.ts';

export interface RunEnd {
  readonly run: string;
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: Reason }[];
  readonly notStarted: readonly string[];
  readonly interrupted: boolean;
  /** Why the run stopped by itself before its end. */
  readonly stopped?: 'deadline' | Reason;
  /** Why the webhook of the config could not be told. */
  readonly notNotified?: Reason;
}
