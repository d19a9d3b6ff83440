/**
 * Which KMS permissions a launch needs, stated from the AWS documentation alone (the simulator states its
 * own, separately; a property test compares the two).
 *
 * Sources: EBS User Guide "Amazon EBS encryption" (permissions for IAM principals), "How Amazon EBS encryption
 * works"; KMS Developer Guide "How Amazon EBS uses AWS KMS"; EC2 User Guide "Use encryption with EBS-backed AMIs".
 */
import type { Context } from '../authz/types.ts';

export interface KmsDemand {
  readonly action: string;
  readonly keyArn: string;
  /** `read`: the key the snapshot is under; `volume`: the key the volume will be under. */
  readonly role: 'read' | 'volume';
  /** Who asks: the launcher, or EC2's identity-only role that opens the attached volume. */
  readonly by: 'launcher' | 'ec2-infrastructure';
  readonly context: Context;
  /** Condition keys with a value that only the launch will have (the volume's and instance's ids). */
  readonly unknownContext: readonly string[];
}

/** Users of EBS encryption need all of these; the order is the one EC2 asks in. */
const USER_OF_EBS_ENCRYPTION = [
  'kms:DescribeKey',
  'kms:Decrypt',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

/** Said by every call that encrypts or decrypts. Source: KMS Developer Guide "kms:EncryptionAlgorithm", "kms:EncryptionContextKeys". */
const WITH_KEY: Context = {
  'kms:encryptionalgorithm': ['SYMMETRIC_DEFAULT'],
  'kms:encryptioncontextkeys': ['aws:ebs:id'],
};

/** @param volumeKey absent when the volume stays unencrypted */
export function launchDemands(
  region: string,
  readKeys: readonly string[],
  volumeKey: string | undefined,
): readonly KmsDemand[] {
  const demands: KmsDemand[] = [];
  for (const key of new Set(readKeys)) if (key !== volumeKey) demands.push(...onKey(key, 'read', region));
  if (volumeKey !== undefined) {
    demands.push(...onKey(volumeKey, 'volume', region));
    demands.push({
      action: 'kms:Decrypt',
      keyArn: volumeKey,
      role: 'volume',
      by: 'ec2-infrastructure',
      context: { ...via(region), ...WITH_KEY },
      unknownContext: ['kms:encryptioncontext:aws:ebs:id'],
    });
  }
  return demands;
}

/**
 * What a copy under another key asks for in the copier's name. Source: EBS User Guide "Copy an Amazon EBS snapshot"; the
 * account's key is opened again for the copy's own data key.
 */
export function copyDemands(
  region: string,
  read: string | undefined,
  written: string | undefined,
): readonly KmsDemand[] {
  const both = ['kms:DescribeKey', 'kms:Decrypt', 'kms:CreateGrant'];
  const of = (keyArn: string, role: KmsDemand['role'], more: readonly string[]) =>
    onKey(keyArn, role, region).filter((d) => both.includes(d.action) || more.includes(d.action));
  return [
    ...(read === undefined ? [] : of(read, 'read', ['kms:ReEncryptFrom'])),
    ...(written === undefined ? [] : of(written, 'volume', ['kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptTo'])),
  ];
}

function onKey(keyArn: string, role: KmsDemand['role'], region: string): readonly KmsDemand[] {
  const described = { context: via(region), unknownContext: [] };
  // One object for all that ask the same way: who decides them sees that by looking.
  const used = {
    context: { ...via(region), ...WITH_KEY },
    unknownContext: ['kms:encryptioncontext:aws:ebs:id'],
  };
  const use = USER_OF_EBS_ENCRYPTION.map((action): KmsDemand => {
    const { context, unknownContext } = action === 'kms:DescribeKey' ? described : used;
    return { action, keyArn, role, by: 'launcher', context, unknownContext };
  });
  const attach: KmsDemand = {
    action: 'kms:CreateGrant',
    keyArn,
    role,
    by: 'launcher',
    context: {
      ...via(region),
      'kms:grantisforawsresource': ['true'],
      'kms:grantoperations': ['Decrypt'],
      'kms:grantconstrainttype': ['EncryptionContextSubset'],
      'kms:encryptioncontextkeys': ['aws:ebs:id'],
    },
    unknownContext: ['kms:granteeprincipal', 'kms:encryptioncontext:aws:ebs:id'],
  };
  return [...use, attach];
}

/** Calls that EC2 makes for the caller. Source: KMS Developer Guide "kms:ViaService". */
const via = (region: string): Context => ({
  'kms:viaservice': [`ec2.${region}.amazonaws.com`],
  'aws:viaawsservice': ['true'],
  'aws:requestedregion': [region],
});
