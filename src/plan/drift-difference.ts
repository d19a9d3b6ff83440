/** One thing that is not as the config wants it. */
import type { Reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';

export interface Difference extends Place {
  /** Whose it is. */
  readonly side: 'builder' | 'account';
  readonly image?: string;
  readonly imageVersion?: string;
  /** The step of `amiport plan` that mends it; absent: nothing that amiport does by itself. */
  readonly step?: string;
  /** `code` says what kind of difference, `remedy` what mends it. */
  readonly reason: Reason;
}
