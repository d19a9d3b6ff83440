/**
 * Allowed AMIs (IMG-77): criteria OR, parameters of one criterion AND.
 * Source: EC2 User Guide "Control the discovery and use of AMIs in Amazon EC2 with Allowed AMIs".
 */
import type { Image, ImageCriterion } from '../world/ec2.ts';
import { wildcard } from './filters.ts';
import { ownerAlias } from './owner-alias.ts';

const DAY_MS = 86_400_000;

export const allowedByCriteria = (image: Image, criteria: readonly ImageCriterion[], nowMs: number): boolean =>
  criteria.some((criterion) => meets(image, criterion, nowMs));

function meets(image: Image, criterion: ImageCriterion, nowMs: number): boolean {
  const { providers, names, marketplaceProductCodes: codes } = criterion;
  const alias = ownerAlias(image.ownerId);
  if (providers?.length && !providers.some((p) => p === image.ownerId || p === alias)) return false;
  if (names?.length && !names.some((name) => wildcard(name)(image.name))) return false;
  if (codes?.length && !image.productCodes.some((p) => p.type === 'marketplace' && codes.includes(p.id))) return false;
  const { maximumDaysSinceCreated: created, maximumDaysSinceDeprecated: deprecated } = criterion;
  if (created !== undefined && nowMs - image.createdMs > created * DAY_MS) return false;
  if (deprecated === undefined || image.deprecateAtMs === undefined) return true;
  return nowMs - image.deprecateAtMs <= deprecated * DAY_MS;
}
