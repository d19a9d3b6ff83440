/** Whether data is under the AWS managed key of EBS, which cannot be shared (IMG-54, SNAP-3). */
import { keyByArn } from '../kms/use.ts';
import type { World } from '../world/world.ts';

export const underAwsManagedKey = (world: World, keyArn: string | undefined): boolean =>
  keyArn !== undefined && keyByArn(world, keyArn)?.manager === 'AWS';
