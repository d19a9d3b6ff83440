/**
 * AWS managed keys, made when first needed (EBD-2, SSM-9). Their policy lets every principal of the account through
 * their service and can be neither changed nor shared. Source: KMS Developer Guide "AWS managed keys", "kms:CallerAccount".
 */
import type { Ctx } from '../operation.ts';
import type { Key } from '../world/kms.ts';
import { placeOf } from '../world/make.ts';
import { makeKey, newKeyId } from './make.ts';

/** Table of AWS facts: the keys as `aws kms describe-key` and `get-key-policy` show them. `via`: the service's name in `kms:ViaService`. */
const MANAGED = {
  'alias/aws/ebs': {
    description: 'Default key that protects my EBS volumes when no other key is defined',
    id: 'auto-ebs-2',
    name: 'EBS',
    via: 'ec2',
  },
  'alias/aws/ssm': {
    description: 'Default key that protects my SSM parameters when no other key is defined',
    id: 'auto-ssm-1',
    name: 'SSM',
    via: 'ssm',
  },
} as const;

type ManagedAlias = keyof typeof MANAGED;

export const isManagedAlias = (name: string): name is ManagedAlias => Object.hasOwn(MANAGED, name);

export function awsManagedKey(ctx: Ctx, account: string, region: string, name: ManagedAlias): Key {
  const place = placeOf(ctx.world, account, region).kms;
  const alias = place.aliases.get(name);
  const there = alias === undefined ? undefined : place.keys.get(alias.targetKeyId);
  if (there !== undefined) return there;
  const key = makeKey(ctx, {
    account,
    region,
    keyId: newKeyId(ctx, false),
    description: MANAGED[name].description,
    manager: 'AWS',
    policy: managedPolicy(ctx.world.partition, account, region, name),
  });
  place.keys.set(key.keyId, key);
  place.aliases.set(name, { name, targetKeyId: key.keyId, createdMs: ctx.nowMs, updatedMs: ctx.nowMs });
  return key;
}

function managedPolicy(partition: string, account: string, region: string, alias: ManagedAlias): string {
  const { id, name, via } = MANAGED[alias];
  return JSON.stringify({
    Version: '2012-10-17',
    Id: id,
    Statement: [
      {
        Sid: `Allow access through ${name} for all principals in the account that are authorized to use ${name}`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:CreateGrant',
          'kms:DescribeKey',
        ],
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `${via}.${region}.amazonaws.com` },
        },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  });
}

/** EBD-1: the account's default key for EBS encryption, or aws/ebs. @returns a key ARN */
export function defaultEbsKey(ctx: Ctx, account: string, region: string): string {
  return (
    placeOf(ctx.world, account, region).ec2.defaultKmsKeyId ?? awsManagedKey(ctx, account, region, 'alias/aws/ebs').arn
  );
}
