/**
 * Under which key the result of a storage operation comes to be: the encryption matrix (facts, section 2).
 *
 * Sources: EBS User Guide "Amazon EBS encryption examples – Encryption outcomes", "Copy an Amazon EBS snapshot",
 * "Encryption outcomes for EBS direct APIs"; EC2 User Guide "Use encryption with EBS-backed AMIs", "How Amazon
 * EC2 AMI copy works". Pure; whether the key exists and may be used is learnt later, when EC2 uses it (ENC-4).
 */
import { unreachable } from '../../base/invariant.ts';
import { Fault } from '../operation.ts';

/** Operations that choose a key. CreateImage, CreateSnapshot and RegisterImage do not: the key is the volume's or snapshot's. */
export type KeyChoosing = 'CreateVolume' | 'RunInstances' | 'CopySnapshot' | 'CopyImage' | 'StartSnapshot';

/** What the new volume or snapshot is made from. */
export type Source =
  | { readonly is: 'nothing' }
  | { readonly is: 'unencrypted'; readonly snapshotId: string }
  | {
      readonly is: 'encrypted';
      readonly snapshotId: string;
      readonly keyArn: string;
      /** Whether the acting account owns the snapshot. */
      readonly owned: boolean;
      /** Whether it is in the Region where the result will be. */
      readonly sameRegion: boolean;
    };

export interface EncryptionQuestion {
  readonly operation: KeyChoosing;
  readonly source: Source;
  readonly encrypted?: boolean | undefined;
  readonly kmsKeyId?: string | undefined;
  /** Of the acting account in the Region of the result. */
  readonly encryptionByDefault: boolean;
}

/** Keys by what they are, since `default` and `aws-managed` keys are made when first needed (EBD-2). */
export type EncryptionOutcome =
  | { readonly is: 'unencrypted' }
  /** The default EBS key of the acting account: `alias/aws/ebs` or a customer key. */
  | { readonly is: 'default-key' }
  /** Always `alias/aws/ebs`, whatever the default is. */
  | { readonly is: 'aws-managed-key' }
  | { readonly is: 'given-key'; readonly kmsKeyId: string }
  | { readonly is: 'source-key'; readonly keyArn: string };

const UNENCRYPTED: EncryptionOutcome = { is: 'unencrypted' };
const DEFAULT_KEY: EncryptionOutcome = { is: 'default-key' };

/** @throws Fault as AWS refuses at once: ENC-1, ENC-20, IMG-36, and StartSnapshot's rules */
export function resolveEncryption(question: EncryptionQuestion): EncryptionOutcome {
  const { operation } = question;
  switch (operation) {
    case 'CreateVolume':
    case 'RunInstances':
      return ofVolume(question);
    case 'CopySnapshot':
      return ofSnapshotCopy(question);
    case 'CopyImage':
      return ofImageCopy(question);
    case 'StartSnapshot':
      return ofStartedSnapshot(question);
    default:
      return unreachable(operation);
  }
}

/** ENC-1. Holds with encryption by default on, too. */
function checkKeyNeedsEncrypted(kmsKeyId: string | undefined, encrypted: boolean | undefined): void {
  if (kmsKeyId === undefined || kmsKeyId === '' || encrypted === true) return;
  throw new Fault('InvalidParameterDependency', 'The parameter KmsKeyId requires the parameter Encrypted to be set.');
}

/** Facts 2.2. `Encrypted=false` on an encrypted source, or with encryption by default on, is ignored (open question 6). */
function ofVolume({ source, encrypted, kmsKeyId, encryptionByDefault }: EncryptionQuestion): EncryptionOutcome {
  checkKeyNeedsEncrypted(kmsKeyId, encrypted);
  if (kmsKeyId) return { is: 'given-key', kmsKeyId };
  // ENC-10: what is shared with us comes under our default key, what is ours keeps its key.
  if (source.is === 'encrypted') return source.owned ? { is: 'source-key', keyArn: source.keyArn } : DEFAULT_KEY;
  return encrypted === true || encryptionByDefault ? DEFAULT_KEY : UNENCRYPTED;
}

/** Facts 2.3. ENC-21: without a key, a copy of an encrypted snapshot does not keep the snapshot's key. */
function ofSnapshotCopy({ source, encrypted, kmsKeyId, encryptionByDefault }: EncryptionQuestion): EncryptionOutcome {
  checkKeyNeedsEncrypted(kmsKeyId, encrypted);
  if (encrypted === false) {
    // ENC-20: the parameter cannot be set to false. Code and text are ours; AWS documents only the rule.
    throw new Fault('InvalidParameterValue', 'Value (false) for parameter encrypted is invalid. Omit the parameter.');
  }
  if (kmsKeyId) return { is: 'given-key', kmsKeyId };
  if (encryptionByDefault) return DEFAULT_KEY;
  if (source.is === 'encrypted') return { is: 'aws-managed-key' };
  return encrypted === true ? DEFAULT_KEY : UNENCRYPTED;
}

/** Facts 2.4. */
function ofImageCopy({ source, encrypted, kmsKeyId, encryptionByDefault }: EncryptionQuestion): EncryptionOutcome {
  if (source.is === 'encrypted' && encrypted === false) {
    throw new Fault('InvalidRequest', unencryptedCopyRefused(source.snapshotId));
  }
  checkKeyNeedsEncrypted(kmsKeyId, encrypted);
  if (kmsKeyId) return { is: 'given-key', kmsKeyId };
  if (source.is === 'encrypted') {
    // The guide says "same key" for every copy of one's own image; keys being Regional, only one of the Region can be kept.
    return source.owned && source.sameRegion ? { is: 'source-key', keyArn: source.keyArn } : DEFAULT_KEY;
  }
  return encrypted === true || encryptionByDefault ? DEFAULT_KEY : UNENCRYPTED;
}

/** IMG-36, verbatim; older reports lack the "an". */
const unencryptedCopyRefused = (snapshotId: string): string =>
  `Snapshot ${snapshotId} is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.`;

/** Facts 2.5. The source is the parent snapshot, which is always in the same Region. */
function ofStartedSnapshot({
  source,
  encrypted,
  kmsKeyId,
  encryptionByDefault,
}: EncryptionQuestion): EncryptionOutcome {
  if (source.is !== 'nothing' && encrypted !== undefined) {
    throw invalid('You cannot specify both the ParentSnapshotId and Encrypted parameters in the same request.');
  }
  if (source.is === 'unencrypted' && encryptionByDefault) {
    throw invalid('The parent snapshot is unencrypted and the account has encryption by default enabled.');
  }
  if (source.is === 'unencrypted' && kmsKeyId) {
    throw invalid('You cannot specify a KMS key for a snapshot with an unencrypted parent snapshot.');
  }
  if (kmsKeyId && source.is === 'nothing' && encrypted !== true) {
    throw invalid('To specify a KMS key, Encrypted must be true.');
  }
  if (kmsKeyId) return { is: 'given-key', kmsKeyId };
  // A parent that is only shared with us: its key is not ours to keep.
  if (source.is === 'encrypted') return source.owned ? { is: 'source-key', keyArn: source.keyArn } : DEFAULT_KEY;
  return encrypted === true || encryptionByDefault ? DEFAULT_KEY : UNENCRYPTED;
}

/** The codes are documented, the sentences are ours. Source: EBS direct APIs reference, StartSnapshot. */
const invalid = (says: string): Fault =>
  new Fault('ValidationException', says, undefined, { Reason: 'INVALID_PARAMETER_VALUE' });
