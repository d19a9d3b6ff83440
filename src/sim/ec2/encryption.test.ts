/** Every cell of the encryption matrix (facts, section 2) is a row. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../operation.ts';
import { type EncryptionQuestion, type KeyChoosing, resolveEncryption, type Source } from './encryption.ts';

const SNAP = 'snap-00000000000000001';
const K = 'arn:aws:kms:eu-west-1:222222222222:key/k';
const OWN = 'arn:aws:kms:eu-west-1:222222222222:key/own';
const FOREIGN = 'arn:aws:kms:eu-west-1:111111111111:key/foreign';

const SOURCES = {
  nothing: { is: 'nothing' },
  unencrypted: { is: 'unencrypted', snapshotId: SNAP },
  owned: { is: 'encrypted', snapshotId: SNAP, keyArn: OWN, owned: true, sameRegion: true },
  'owned, other Region': { is: 'encrypted', snapshotId: SNAP, keyArn: OWN, owned: true, sameRegion: false },
  shared: { is: 'encrypted', snapshotId: SNAP, keyArn: FOREIGN, owned: false, sameRegion: true },
  'shared, other Region': { is: 'encrypted', snapshotId: SNAP, keyArn: FOREIGN, owned: false, sameRegion: false },
} as const satisfies Record<string, Source>;

type SourceName = keyof typeof SOURCES;

/** The answer as a reader says it: `def`, `aws/ebs`, `K`, `same key`, `unencrypted`, or the code of the refusal. */
function check(question: EncryptionQuestion): string {
  try {
    const outcome = resolveEncryption(question);
    switch (outcome.is) {
      case 'unencrypted':
        return 'unencrypted';
      case 'default-key':
        return 'def';
      case 'aws-managed-key':
        return 'aws/ebs';
      case 'given-key':
        return outcome.kmsKeyId === K ? 'K' : outcome.kmsKeyId;
      case 'source-key':
        return outcome.keyArn === OWN ? 'same key' : outcome.keyArn;
    }
  } catch (fault) {
    if (fault instanceof Fault) return fault.code;
    throw fault;
  }
}

/** source | Encrypted | KmsKeyId → encryption by default off, on */
type Row = readonly [SourceName, boolean | undefined, 'K' | '-', string, string];

const ENC1 = 'InvalidParameterDependency';
const none = undefined;

const VOLUMES: readonly Row[] = [
  ['nothing', none, '-', 'unencrypted', 'def'],
  ['nothing', false, '-', 'unencrypted', 'def'],
  ['nothing', true, '-', 'def', 'def'],
  ['nothing', true, 'K', 'K', 'K'],
  ['unencrypted', none, '-', 'unencrypted', 'def'],
  ['unencrypted', false, '-', 'unencrypted', 'def'],
  ['unencrypted', true, '-', 'def', 'def'],
  ['unencrypted', true, 'K', 'K', 'K'],
  ['owned', none, '-', 'same key', 'same key'],
  ['owned', true, '-', 'same key', 'same key'],
  ['owned', false, '-', 'same key', 'same key'],
  ['owned', true, 'K', 'K', 'K'],
  ['shared', none, '-', 'def', 'def'],
  ['shared', true, '-', 'def', 'def'],
  ['shared', false, '-', 'def', 'def'],
  ['shared', true, 'K', 'K', 'K'],
  ...(['nothing', 'unencrypted', 'owned', 'shared'] as const).flatMap((source): Row[] => [
    [source, none, 'K', ENC1, ENC1],
    [source, false, 'K', ENC1, ENC1],
  ]),
];

const SNAPSHOT_COPIES: readonly Row[] = [
  ['unencrypted', none, '-', 'unencrypted', 'def'],
  ['unencrypted', true, '-', 'def', 'def'],
  ['unencrypted', true, 'K', 'K', 'K'],
  ['unencrypted', none, 'K', ENC1, ENC1],
  ['unencrypted', false, '-', 'InvalidParameterValue', 'InvalidParameterValue'],
  ...(['owned', 'owned, other Region', 'shared', 'shared, other Region'] as const).flatMap((source): Row[] => [
    [source, none, '-', 'aws/ebs', 'def'],
    [source, true, '-', 'aws/ebs', 'def'],
    [source, true, 'K', 'K', 'K'],
    [source, none, 'K', ENC1, ENC1],
    [source, false, '-', 'InvalidParameterValue', 'InvalidParameterValue'],
    [source, false, 'K', ENC1, ENC1],
  ]),
];

const IMAGE_COPIES: readonly Row[] = [
  ['unencrypted', none, '-', 'unencrypted', 'def'],
  ['unencrypted', false, '-', 'unencrypted', 'def'],
  ['unencrypted', true, '-', 'def', 'def'],
  ['unencrypted', true, 'K', 'K', 'K'],
  ['unencrypted', none, 'K', ENC1, ENC1],
  ['unencrypted', false, 'K', ENC1, ENC1],
  ['owned', none, '-', 'same key', 'same key'],
  ['owned', true, '-', 'same key', 'same key'],
  ['owned, other Region', none, '-', 'def', 'def'],
  ['owned, other Region', true, '-', 'def', 'def'],
  ['shared', none, '-', 'def', 'def'],
  ['shared', true, '-', 'def', 'def'],
  ['shared, other Region', none, '-', 'def', 'def'],
  ['shared, other Region', true, '-', 'def', 'def'],
  ...(['owned', 'owned, other Region', 'shared', 'shared, other Region'] as const).flatMap((source): Row[] => [
    [source, true, 'K', 'K', 'K'],
    [source, none, 'K', ENC1, ENC1],
    [source, false, '-', 'InvalidRequest', 'InvalidRequest'],
    [source, false, 'K', 'InvalidRequest', 'InvalidRequest'],
  ]),
];

const INVALID = 'ValidationException';
const STARTED: readonly Row[] = [
  ['nothing', none, '-', 'unencrypted', 'def'],
  ['nothing', false, '-', 'unencrypted', 'def'],
  ['nothing', true, '-', 'def', 'def'],
  ['nothing', true, 'K', 'K', 'K'],
  ['nothing', none, 'K', INVALID, INVALID],
  ['nothing', false, 'K', INVALID, INVALID],
  ['unencrypted', none, '-', 'unencrypted', INVALID],
  ['unencrypted', none, 'K', INVALID, INVALID],
  ['unencrypted', true, '-', INVALID, INVALID],
  ['unencrypted', true, 'K', INVALID, INVALID],
  ['unencrypted', false, '-', INVALID, INVALID],
  ['unencrypted', false, 'K', INVALID, INVALID],
  ['owned', none, '-', 'same key', 'same key'],
  ['owned', none, 'K', 'K', 'K'],
  ['owned', true, '-', INVALID, INVALID],
  ['owned', true, 'K', INVALID, INVALID],
  ['owned', false, '-', INVALID, INVALID],
  ['shared', none, '-', 'def', 'def'],
  ['shared', none, 'K', 'K', 'K'],
  ['shared', true, '-', INVALID, INVALID],
];

function cells(operation: KeyChoosing, rows: readonly Row[]) {
  return rows.flatMap(([source, encrypted, key, off, on]) =>
    [off, on].map((outcome, index) => ({
      operation,
      source,
      encrypted,
      key,
      byDefault: index === 1 ? 'on' : 'off',
      outcome,
    })),
  );
}

describe('ENC-1, ENC-2, ENC-10, ENC-20, ENC-21, IMG-36, EBD-4: the matrix', () => {
  test.each([
    ...cells('CreateVolume', VOLUMES),
    ...cells('RunInstances', VOLUMES),
    ...cells('CopySnapshot', SNAPSHOT_COPIES),
    ...cells('CopyImage', IMAGE_COPIES),
    ...cells('StartSnapshot', STARTED),
  ])('$operation from $source, Encrypted $encrypted, key $key, default $byDefault: $outcome', (row) => {
    const question: EncryptionQuestion = {
      operation: row.operation,
      source: SOURCES[row.source],
      encrypted: row.encrypted,
      kmsKeyId: row.key === 'K' ? K : undefined,
      encryptionByDefault: row.byDefault === 'on',
    };
    expect(check(question)).toBe(row.outcome);
  });
});

test('IMG-36: the sentence is AWS’s own', () => {
  const question: EncryptionQuestion = {
    operation: 'CopyImage',
    source: SOURCES.owned,
    encrypted: false,
    encryptionByDefault: true,
  };
  expect(() => resolveEncryption(question)).toThrow(
    `Snapshot ${SNAP} is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.`,
  );
});
