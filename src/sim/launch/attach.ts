/**
 * Attaching an encrypted volume: EC2 makes a grant for the instance as the caller, then the instance decrypts the
 * volume's data key under it. Sources: facts 2.7; KMS Developer Guide "How Amazon EBS uses AWS KMS"; EBS User
 * Guide "Requirements for Amazon EBS encryption" (the infrastructure role is subject to SCPs and key policy denies).
 */
import type { Place } from '../../base/place.ts';
import { dropGrant, type KeyUse, useKey } from '../kms/use.ts';
import type { Caller, Ctx } from '../operation.ts';
import type { Volume } from '../world/ec2.ts';
import { infrastructureCaller } from './service-caller.ts';

export type Attached =
  | { readonly ok: true; readonly grantId: string | undefined }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface Attaching {
  readonly caller: Caller;
  readonly place: Place;
  readonly volume: Volume;
  readonly instanceId: string;
}

export function attachKey(ctx: Ctx, { caller, place, volume, instanceId }: Attaching): Attached {
  if (volume.kmsKeyId === undefined) return { ok: true, grantId: undefined };
  const encryptionContext = { 'aws:ebs:id': volume.volumeId };
  const instance = infrastructureCaller(ctx, place.account, instanceId);
  const use = { region: place.region, via: 'ec2', keyArn: volume.kmsKeyId } as const;
  const granting: KeyUse = {
    ...use,
    caller,
    operation: 'CreateGrant',
    grant: {
      granteePrincipal: instance.arn,
      operations: ['Decrypt'],
      constraints: { EncryptionContextSubset: encryptionContext },
    },
  };
  const granted = useKey(ctx, granting);
  if (!granted.ok) return granted;
  const opened = useKey(ctx, {
    ...use,
    caller: instance,
    operation: 'Decrypt',
    encryptionContext,
    ...(granted.grantToken === undefined ? {} : { grantTokens: [granted.grantToken] }),
  });
  if (opened.ok) return { ok: true, grantId: granted.grantId };
  detachKey(ctx, volume.kmsKeyId, granted.grantId);
  return opened;
}

/** GR-8: the grant lives as long as the volume is attached. */
export function detachKey(ctx: Ctx, keyArn: string | undefined, grantId: string | undefined): void {
  if (keyArn !== undefined && grantId !== undefined) dropGrant(ctx, keyArn, grantId);
}
