/** Who uses images: what was found before a version may end. */
import type { Finding } from '../base/outcome.ts';

export interface Consumer {
  readonly imageId: string;
  readonly kind:
    | 'instance'
    | 'launch-template'
    | 'launch-configuration'
    | 'auto-scaling-group'
    | 'fleet'
    | 'parameter'
    | 'image-builder-recipe'
    | 'usage';
  /** ARN or name as a reader finds it; of `usage` how many of which type. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
}

/** By `region/image id`; unreadable where any place that may use the image could not be looked at. */
export type Census = ReadonlyMap<string, Finding<readonly Consumer[]>>;

export const censusKey = (region: string, imageId: string): string => `${region}/${imageId}`;
