/**
 * Values of SecureString parameters: kept encrypted, and opened only for who asks for it and may use the key.
 * Source: Systems Manager User Guide "AWS KMS encryption for AWS Systems Manager Parameter Store SecureString parameters";
 * SSM API Reference "PutParameter" (InvalidKeyId). KMS's words come in the form in which the services hand them on.
 * Differs from AWS: the value of an advanced parameter is not put in an envelope of the AWS Encryption SDK, but
 * encrypted under the key itself; what is asked of KMS is the same.
 */
import { decrypt, encrypt, open } from '../../kms/crypto.ts';
import { keyByArn, mustFindKey } from '../../kms/keys.ts';
import { useKey } from '../../kms/use.ts';
import { type Call, Fault } from '../../operation.ts';
import type { Parameter, ParameterVersion } from '../../world/ssm.ts';

export const DEFAULT_KEY = 'alias/aws/ssm';

const contextOf = (arn: string) => ({ PARAMETER_ARN: arn });

interface Sealing {
  readonly keyId: string;
  readonly arn: string;
  readonly advanced: boolean;
  readonly value: string;
}

/** @returns the ciphertext in base64, as it is shown without decryption @throws Fault InvalidKeyId, AccessDeniedException */
export function sealed(call: Call<unknown>, { keyId, arn, advanced, value }: Sealing): string {
  const key = keyFor(call, keyId);
  ask(call, key.arn, advanced ? 'GenerateDataKey' : 'Encrypt', arn);
  return Buffer.from(encrypt(call, key, Buffer.from(value), contextOf(arn))).toString('base64');
}

function keyFor(call: Call<unknown>, keyId: string) {
  try {
    return mustFindKey(call, call.place.account, call.place.region, keyId);
  } catch (error) {
    throw error instanceof Fault ? handedOn(call, error.code, error.message) : error;
  }
}

/** The value as a read shows it. @throws Fault InvalidKeyId, AccessDeniedException */
export function shownValue(
  call: Call<{ readonly WithDecryption?: boolean | undefined }>,
  { arn, type }: Parameter,
  { value }: ParameterVersion,
): string {
  if (type !== 'SecureString' || call.input.WithDecryption !== true) return value;
  const opened = open(Buffer.from(value, 'base64'));
  const { partition } = call.world;
  const key =
    opened && keyByArn(call.world, `arn:${partition}:kms:${call.place.region}:${opened.account}:key/${opened.keyId}`);
  if (opened === undefined || key === undefined) {
    const says =
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.';
    throw handedOn(call, 'AccessDenied', says);
  }
  ask(call, key.arn, 'Decrypt', arn);
  return Buffer.from(decrypt(key, opened, contextOf(arn)).plaintext).toString();
}

/** KMS as the caller, through Parameter Store. */
function ask(call: Call<unknown>, keyArn: string, operation: string, parameterArn: string): void {
  const { caller, place } = call;
  const encryptionContext = contextOf(parameterArn);
  const used = useKey(call, { caller, region: place.region, via: 'ssm', operation, keyArn, encryptionContext });
  if (!used.ok) throw handedOn(call, used.code, used.message);
}

function handedOn(call: Call<unknown>, code: string, message: string): Fault {
  const denied = code === 'AccessDenied';
  const kmsCode = denied ? 'AccessDeniedException' : code;
  const says = `${message} (Service: AWSKMS; Status Code: 400; Error Code: ${kmsCode}; Request ID: ${call.requestId}; Proxy: null)`;
  return new Fault(denied ? 'AccessDeniedException' : 'InvalidKeyId', says);
}
