/**
 * How amiport says that something is not as wanted: as data, with a cause chain and a remedy.
 *
 * Everything below `app/` returns these values. Only a broken invariant throws.
 * Invariant: a `Reason` is JSON-safe and holds no secret, so the journal, CLI and UI may print it.
 */
import type { Patch } from './patch.ts';

export interface Reason {
  /** Stable and documented: `kms.grant.denied`. */
  readonly code: string;
  /** The ARN or `account/region` the sentence is about. */
  readonly subject: string;
  /** Lower case, no full stop, names the offending value. */
  readonly says: string;
  /** Nearest cause first; `[]` marks a root. */
  readonly because: readonly Reason[];
  readonly remedy?: Remedy;
  /** The AWS request id of the refusal, where a call led to this. */
  readonly requestId?: string;
}

/** Who can mend it, and by doing what (a sentence a person can act upon). */
export interface Remedy {
  readonly who: string;
  readonly does: string;
  /** On whose side the missing link is, where there are several. */
  readonly side?: Side;
  /** The same as data, where it can be written down exactly; all of them are needed. */
  readonly patches?: readonly Patch[];
}

export type Side = 'caller-account' | 'resource-account' | 'organization' | 'service';

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: Reason };

/** What a look at the world came to. "Could not look" is its own case, never `absent`. */
export type Finding<T> =
  | { readonly is: 'known'; readonly value: T }
  | { readonly is: 'absent' }
  | { readonly is: 'unreadable'; readonly reason: Reason };

export const done = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const failed = (reason: Reason): { readonly ok: false; readonly reason: Reason } => ({ ok: false, reason });
export const known = <T>(value: T): Finding<T> => ({ is: 'known', value });
export const absent: Finding<never> = { is: 'absent' };
export const unreadable = (reason: Reason): Finding<never> => ({ is: 'unreadable', reason });

/** A reason without a deeper cause; add `because`, `remedy` by spreading. */
export function reason(code: string, subject: string, says: string, more: Partial<Reason> = {}): Reason {
  return { code, subject, says, because: [], ...more };
}

/** Each thing said once: the same refusal met in many places is one reason for a reader. */
export function distinct(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((r) => [`${r.code} ${r.subject} ${r.says}`, r])).values()];
}
