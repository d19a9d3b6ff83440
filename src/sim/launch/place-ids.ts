/**
 * Ids of what every account finds in a Region without having made it (default VPC, its subnets and security
 * group). They follow from account and Region, so that looking at them first or later gives the same ids and
 * a read changes nothing that a replay would have to know.
 */
import { createHash } from 'node:crypto';

export function placeId(prefix: string, ...of: readonly string[]): string {
  const digest = createHash('sha256')
    .update([prefix, ...of].join('/'))
    .digest('hex');
  return `${prefix}-0${digest.slice(0, 16)}`;
}
