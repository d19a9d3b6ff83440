/**
 * From a request to its caller, or to AWS's refusal in the words of the service.
 * Sources: IAM User Guide "Troubleshoot Signature Version 4 signing"; "Common errors" of the API references
 * (AuthFailure and RequestExpired of EC2, InvalidClientTokenId of the query services, UnrecognizedClientException of the JSON services).
 */
import { timingSafeEqual } from 'node:crypto';
import { type Credential, credentialOf } from './identity.ts';
import { type Caller, Fault } from './operation.ts';
import type { WireRequest } from './wire/message.ts';
import type { Protocol } from './wire/services.ts';
import { type SignatureRead, type Signed, type SigningKeys, signatureHolds } from './wire/sigv4.ts';
import type { World } from './world/world.ts';

/** AWS tolerates clocks that are five minutes off. */
const SKEW_MS = 300_000;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

export interface Moments {
  /** Simulated time: sessions expire by it. */
  readonly nowMs: number;
  /** The clock that callers sign with: the wall clock over HTTP, the injected one in process. */
  readonly signingMs: number;
  /** Simulated time runs so many times faster than the clock that callers see. */
  readonly speed: number;
}

export interface Authenticator {
  /** @throws Fault in the words of `protocol`'s services */
  verify(
    request: WireRequest,
    read: SignatureRead,
    protocol: Protocol,
    at: Moments,
  ): { caller: Caller; signed: Signed };
}

export function newAuthenticator(world: World, keys: SigningKeys): Authenticator {
  /** When each session was first seen: with scaled time its life is counted in the time its holder lives in. */
  const seen = new Map<string, { readonly signingMs: number; readonly leftMs: number }>();

  const expired = (signed: Signed, credential: Credential, at: Moments): boolean => {
    if (credential.expiresMs === undefined) return false;
    const before = seen.get(signed.accessKeyId);
    if (at.speed === 1 && before === undefined) return at.nowMs >= credential.expiresMs;
    const first = before ?? { signingMs: at.signingMs, leftMs: credential.expiresMs - at.nowMs };
    seen.set(signed.accessKeyId, first);
    return at.signingMs >= first.signingMs + first.leftMs;
  };

  return {
    verify(request, read, protocol, at) {
      if (read.is === 'unsigned') throw unsigned(protocol);
      if (read.is === 'incomplete')
        throw new Fault('IncompleteSignature', read.says, protocol === 'ec2Query' ? 403 : 400);
      const { signed } = read;
      if (request.headers['x-amz-content-sha256']?.startsWith('STREAMING-')) {
        // Only S3 takes bodies in chunks that are signed one by one.
        throw new Fault(
          'NotImplemented',
          'amiport sim does not take aws-chunked bodies: sign the whole body, or none of it',
          400,
        );
      }
      checkDate(signed, protocol, at);
      const credential = credentialOf(world, signed.accessKeyId);
      if (!credential) throw unknownId(protocol);
      // Everybody knows the default secret: it is good for callers on this machine only.
      if (credential.secret === 'test' && !LOOPBACK.test(request.sourceIp)) throw unknownId(protocol);
      if (!signatureHolds(request, signed, credential.secret, keys)) throw wrongSignature(protocol);
      if (!tokenHolds(credential, signed.sessionToken)) throw unknownId(protocol);
      if (expired(signed, credential, at)) throw expiredToken(protocol);
      return { caller: credential.caller, signed };
    },
  };
}

function checkDate(signed: Signed, protocol: Protocol, at: Moments): void {
  const early = signed.dateMs - at.signingMs > SKEW_MS;
  const endsMs = signed.dateMs + (signed.expiresSeconds === undefined ? SKEW_MS : signed.expiresSeconds * 1000);
  if (!early && at.signingMs <= endsMs) return;
  if (protocol === 'ec2Query') throw new Fault('RequestExpired', 'Request has expired.', 400);
  const now = new Date(at.signingMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const says = early
    ? `Signature not yet current: ${signed.date} is still later than ${now} + 5 min.`
    : `Signature expired: ${signed.date} is now earlier than ${now} - 5 min.`;
  throw new Fault(
    protocol === 'awsQuery' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException',
    says,
    protocol === 'awsQuery' ? 403 : 400,
  );
}

function tokenHolds(credential: Credential, token: string | undefined): boolean {
  if (credential.token === undefined) return true;
  const want = Buffer.from(credential.token);
  const got = Buffer.from(token ?? '');
  return want.length === got.length && timingSafeEqual(want, got);
}

function unsigned(protocol: Protocol): Fault {
  const ec2 = protocol === 'ec2Query';
  if (ec2) return new Fault('MissingParameter', 'The request must contain the parameter AWSAccessKeyId', 400);
  const code = protocol === 'awsQuery' ? 'MissingAuthenticationToken' : 'MissingAuthenticationTokenException';
  return new Fault(
    code,
    protocol === 'awsQuery' ? 'Request is missing Authentication Token' : 'Missing Authentication Token',
    protocol === 'awsQuery' ? 403 : 400,
  );
}

/** Also the answer of a Region that the account has not switched on. */
export function unknownId(protocol: Protocol): Fault {
  switch (protocol) {
    case 'ec2Query':
      return new Fault('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    case 'awsQuery':
      return new Fault('InvalidClientTokenId', 'The security token included in the request is invalid.', 403);
    case 'awsJson1_1':
      return new Fault('UnrecognizedClientException', 'The security token included in the request is invalid.', 400);
    case 'restJson1':
      return new Fault('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
    default:
      return protocol satisfies never;
  }
}

const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function wrongSignature(protocol: Protocol): Fault {
  switch (protocol) {
    case 'ec2Query':
      return new Fault('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    case 'awsQuery':
      return new Fault('SignatureDoesNotMatch', WRONG_SIGNATURE, 403);
    case 'awsJson1_1':
      return new Fault('InvalidSignatureException', WRONG_SIGNATURE, 400);
    case 'restJson1':
      return new Fault('InvalidSignatureException', WRONG_SIGNATURE, 403);
    default:
      return protocol satisfies never;
  }
}

function expiredToken(protocol: Protocol): Fault {
  switch (protocol) {
    case 'ec2Query':
      return new Fault('RequestExpired', 'Request has expired.', 400);
    case 'awsQuery':
      return new Fault('ExpiredToken', 'The security token included in the request is expired', 403);
    case 'awsJson1_1':
      return new Fault('ExpiredTokenException', 'The security token included in the request is expired', 400);
    case 'restJson1':
      return new Fault('ExpiredTokenException', 'The security token included in the request is expired', 403);
    default:
      return protocol satisfies never;
  }
}
