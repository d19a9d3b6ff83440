/**
 * The KMS calls that EC2 makes, as the caller, for a volume or for a copy (facts 2.7 and authorization 10).
 *
 * Sources: EBS User Guide "How Amazon EBS encryption works", "Copy an Amazon EBS snapshot"; KMS Developer Guide
 * "How Amazon EBS uses AWS KMS". The pages give permission lists, not traces: which of the listed calls falls on
 * which key, and their order, is inferred.
 */
import type { KeyUse } from '../kms/use.ts';
import { dropGrant, mayUseKey, useKey } from '../kms/use.ts';
import type { Caller, Ctx } from '../operation.ts';

export interface KeyFailure {
  readonly on: 'source' | 'target';
  readonly keyArn: string;
  /** The KMS operation that was refused. */
  readonly operation: string;
  readonly code: string;
  readonly message: string;
}

export interface KeyWork {
  readonly caller: Caller;
  /** Key and encryption context of what is read; absent: read from nothing, or from something unencrypted. */
  readonly source?: KeyedData | undefined;
  /** Key and encryption context of what is made; absent: it stays unencrypted. */
  readonly target?: KeyedData | undefined;
  /** Whether there is data to read at all. */
  readonly fromSnapshot: boolean;
}

interface KeyedData {
  readonly keyArn: string;
  /** Value of `aws:ebs:id` (KMS "How Amazon EBS uses AWS KMS"). */
  readonly contextId: string;
  /** Where the key is used: its `kms:ViaService` is EC2 of this Region. */
  readonly region: string;
}

/** One call: which key, which operation. */
type Step = readonly ['source' | 'target', string];

const READ: readonly Step[] = [
  ['source', 'DescribeKey'],
  ['source', 'Decrypt'],
  ['source', 'ReEncryptFrom'],
  ['source', 'CreateGrant'],
];

/** Order of the calls; the first refusal ends the work. */
function stepsOf({ source, target, fromSnapshot }: KeyWork, made: 'volume' | 'copy'): readonly Step[] {
  if (!target) return [];
  if (source && source.keyArn === target.keyArn && made === 'volume') {
    // The snapshot's data key is used again, wrapped anew for the volume.
    return [
      ['target', 'DescribeKey'],
      ['target', 'Decrypt'],
      ['target', 'GenerateDataKeyWithoutPlaintext'],
      ['target', 'CreateGrant'],
    ];
  }
  if (source) {
    return [
      ...READ,
      ['target', 'DescribeKey'],
      ['target', 'GenerateDataKeyWithoutPlaintext'],
      ['target', 'ReEncryptTo'],
      ['target', 'CreateGrant'],
      ...(made === 'volume' ? ([['target', 'Decrypt']] as const) : []),
    ];
  }
  if (!fromSnapshot) return [['target', 'GenerateDataKeyWithoutPlaintext']];
  if (made === 'copy') {
    return [
      ['target', 'DescribeKey'],
      ['target', 'CreateGrant'],
      ['target', 'GenerateDataKeyWithoutPlaintext'],
      ['target', 'Decrypt'],
    ];
  }
  return [
    ['target', 'CreateGrant'],
    ['target', 'GenerateDataKeyWithoutPlaintext'],
    ['target', 'Decrypt'],
  ];
}

/**
 * Uses the keys as the caller would. Differs from AWS: EC2's grants for the work are retired as soon as the keys
 * were used, not when the data is there.
 * @returns what was refused first, or undefined when all is well
 */
export function useKeys(ctx: Ctx, work: KeyWork, made: 'volume' | 'copy'): KeyFailure | undefined {
  const grants: (readonly [keyArn: string, grantId: string])[] = [];
  let failure: KeyFailure | undefined;
  for (const [on, operation] of stepsOf(work, made)) {
    const data = work[on];
    if (!data) continue;
    const result = useKey(ctx, keyUse(work, data, operation));
    if (!result.ok) {
      failure = { on, keyArn: data.keyArn, operation, code: result.code, message: result.message };
      break;
    }
    if (result.grantId !== undefined) grants.push([data.keyArn, result.grantId]);
  }
  for (const [keyArn, grantId] of grants) dropGrant(ctx, keyArn, grantId);
  return failure;
}

/**
 * SNAP-4: whether the caller has any right on the key that EBS would use.
 * Which one AWS looks for when a snapshot is shared is not written anywhere, so that who has one is let through.
 */
export const hasRightOn = (ctx: Ctx, caller: Caller, data: KeyedData): boolean =>
  [...READ.map(([, operation]) => operation), 'GenerateDataKeyWithoutPlaintext'].some((operation) =>
    mayUseKey(ctx, keyUse({ caller }, data, operation)),
  );

function keyUse(work: Pick<KeyWork, 'caller'>, data: KeyedData, operation: string): KeyUse {
  const encryptionContext = { 'aws:ebs:id': data.contextId };
  const use = { caller: work.caller, region: data.region, via: 'ec2', operation, keyArn: data.keyArn } as const;
  if (operation === 'DescribeKey') return use;
  if (operation !== 'CreateGrant') return { ...use, encryptionContext };
  return {
    ...use,
    grant: {
      granteePrincipal: `${work.caller.account}:aws:ec2-infrastructure:${data.contextId}`,
      operations: ['Decrypt'],
      constraints: { EncryptionContextSubset: encryptionContext },
    },
  };
}
