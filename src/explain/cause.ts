/** What is known of one failure, as data: by which text it is recognised, why it happens, who mends it and how. */
import type { Remedy } from '../base/outcome.ts';

/** Named groups of a pattern. They match ids, ARNs and names only, so nothing else of a text is ever shown. */
export type Named = Readonly<Record<string, string | undefined>>;

export interface Cause {
  /** Stable and documented: `launch.client-error`. */
  readonly code: string;
  readonly matches: RegExp;
  /** What happened; lower case, no full stop. */
  readonly says: (named: Named) => string;
  /** Why, nearest first. */
  readonly because: readonly string[];
  readonly remedies: readonly Remedy[];
  /** How to see that it is mended. */
  readonly check: string;
  /** The AWS page that says so; `(observed)` where AWS documents no text. */
  readonly source: string;
}

/** @param said stands for `named.X` where the text did not name it */
export const or = (value: string | undefined, said: string): string => value ?? said;

export const VERIFY = 'amiport verify';
