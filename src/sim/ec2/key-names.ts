/** From what the matrix decided, and from what callers write, to key ARNs. Source: facts ENC-5, ENC-6. */
import type { Place } from '../../base/place.ts';
import { awsManagedKey } from '../kms/managed.ts';
import { defaultEbsKey, resolveKey } from '../kms/use.ts';
import type { Ctx } from '../operation.ts';
import type { EncryptionOutcome } from './encryption.ts';

/** The ARN of the key that the result will be under, or undefined when it stays unencrypted. */
export function keyArnOf(ctx: Ctx, place: Place, outcome: EncryptionOutcome): string | undefined {
  switch (outcome.is) {
    case 'unencrypted':
      return undefined;
    case 'default-key':
      return defaultEbsKey(ctx, place.account, place.region);
    case 'aws-managed-key':
      return awsManagedKey(ctx, place.account, place.region, 'alias/aws/ebs').arn;
    case 'given-key':
      return givenKeyArn(ctx, place, outcome.kmsKeyId);
    case 'source-key':
      return outcome.keyArn;
  }
}

/**
 * ENC-5: bare ids and alias names are of the caller's account and Region. ENC-4: what names no key is kept as
 * an ARN all the same; that it is not there shows when EC2 uses it.
 */
export function givenKeyArn(ctx: Ctx, place: Place, kmsKeyId: string): string {
  const key = resolveKey(ctx, place.account, place.region, kmsKeyId);
  if (key) return key.arn;
  if (kmsKeyId.startsWith('arn:')) return kmsKeyId;
  const what = kmsKeyId.startsWith('alias/') ? kmsKeyId : `key/${kmsKeyId}`;
  return `arn:${ctx.world.partition}:kms:${place.region}:${place.account}:${what}`;
}
