/** Key pair and instance profile that a launch names. Messages as EC2 words them. */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { InstanceProfile } from '../world/iam.ts';
import { placeOf } from '../world/make.ts';
import type { LaunchSpec } from './spec.ts';

export function checkKeyPair(ctx: Pick<Ctx, 'world'>, place: Place, name: string | undefined): void {
  if (name === undefined) return;
  for (const pair of placeOf(ctx.world, place.account, place.region).ec2.keyPairs.values()) {
    if (pair.keyName === name) return;
  }
  throw new Fault('InvalidKeyPair.NotFound', `The key pair '${name}' does not exist`);
}

export function profileArn(ctx: Pick<Ctx, 'world'>, place: Place, spec: LaunchSpec): string | undefined {
  return instanceProfile(ctx, place, spec)?.arn;
}

/** @throws Fault when the launch names a profile that the account does not have */
export function instanceProfile(
  ctx: Pick<Ctx, 'world'>,
  place: Place,
  spec: Pick<LaunchSpec, 'IamInstanceProfile'>,
): InstanceProfile | undefined {
  const { Arn: arn, Name: name } = spec.IamInstanceProfile ?? {};
  if (arn === undefined && name === undefined) return undefined;
  for (const profile of ctx.world.accounts.get(place.account)?.iam.instanceProfiles.values() ?? []) {
    if (arn !== undefined ? profile.arn === arn : profile.name === name) return profile;
  }
  throw arn !== undefined
    ? new Fault(
        'InvalidParameterValue',
        `Value (${arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
      )
    : new Fault(
        'InvalidParameterValue',
        `Value (${name ?? ''}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
      );
}
