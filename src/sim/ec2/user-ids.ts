/**
 * Owners and users that DescribeImages and DescribeSnapshots take.
 * Source: EC2 API Reference, "Error codes" (InvalidUserID.Malformed), DescribeImages, DescribeSnapshots.
 */
import { isAccountId } from '../../base/arn.ts';
import { Fault } from '../operation.ts';

export const IMAGE_OWNERS: readonly string[] = ['self', 'amazon', 'aws-marketplace', 'aws-backup-vault'];
export const SNAPSHOT_OWNERS: readonly string[] = ['self', 'amazon'];
/** Who may launch an image, or make volumes of a snapshot. */
export const PERMITTED: readonly string[] = ['self', 'all'];

/** @param words what may stand for an account id @throws Fault for anything else */
export function checkUserIds(ids: readonly string[] | undefined, words: readonly string[]): void {
  for (const id of ids ?? []) {
    if (!words.includes(id) && !isAccountId(id))
      throw new Fault('InvalidUserID.Malformed', `User ID '${id}' is invalid`);
  }
}
