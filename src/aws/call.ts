/**
 * One AWS call: it waits for its turn (`meter.ts`), is made again while AWS says "slow down", for however long, or fails
 * on its side, for a while, and is answered as data.
 *
 * The SDK makes one attempt; waiting and trying again is here, on the injected clock, so that a run on
 * virtual time replays exactly. Codes are AWS's own behind `aws.`: `aws.InvalidAMIID.NotFound`.
 */
import { done, failed, type Outcome, type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { Clock, Random } from '../base/ports.ts';
import type { Meter } from './meter.ts';

export interface CallOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly meter?: Meter;
  /** `account/region` whose quotas the call counts against. */
  readonly place?: string;
  /** Ends the waiting, not the call: what is under way is always heard out. */
  readonly signal?: AbortSignal | undefined;
  /** Of attempts that failed on AWS's side; with it, also of those that AWS found too many. */
  readonly attemptsMax?: number;
  /** Told before each wait, with AWS's code: for those who ask for less at once when AWS says "slow down". */
  readonly onRetry?: (code: string) => void;
}

/** What the SDK throws, as far as we read it. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly Code?: string;
  readonly code?: string;
  /** EBS direct says here what is meant: one code stands for many refusals. */
  readonly Reason?: string;
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** Source: "Request throttling for the Amazon EC2 API"; KMS Developer Guide "Request quotas". */
const THROTTLED = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestThrottled',
  'RequestThrottledException',
  'EC2ThrottledException',
  'BandwidthLimitExceeded',
  'LimitExceededException.Rate',
]);

const NETWORK = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'TimeoutError',
  'NetworkingError',
  'EAI_AGAIN',
]);

const ATTEMPTS_MAX = 8;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 20_000;

/** A storm slows a run and does not fail it; what is refused for longer than this is no storm. */
const STORM_MS_MAX = 30 * 60_000;

/** @param subject what the call is about, as the reason's subject @param what `ec2:CopyImage`, for the sentence */
export async function call<T>(
  options: CallOptions,
  subject: string,
  what: string,
  send: () => Promise<T>,
): Promise<Outcome<T>> {
  const { clock, random, signal } = options;
  const sinceMs = clock.nowMs();
  let failures = 0;
  for (let attempt = 1; ; attempt++) {
    const turn = await options.meter?.turn(options.place ?? subject, what, signal);
    try {
      const answer = await send();
      turn?.end(false);
      return done(answer);
    } catch (thrown) {
      const error = thrown as SdkError;
      const slowDown = isSlowDown(error);
      turn?.end(slowDown);
      const storm = slowDown && clock.nowMs() - sinceMs < STORM_MS_MAX;
      if (!storm || options.attemptsMax !== undefined) failures += 1;
      const again = (slowDown || isTransient(error)) && failures < (options.attemptsMax ?? ATTEMPTS_MAX);
      if (!again || signal?.aborted) return failed(asReason(error, subject, what));
      options.onRetry?.(codeOf(error));
      await clock.sleep(waitMs(attempt, random), signal);
    }
  }
}

/** Full jitter: many callers that were refused together do not come back together. */
const waitMs = (attempt: number, random: Random): number =>
  random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);

const codeOf = (error: SdkError): string =>
  error.Code ?? (error.name && error.name !== 'Error' ? error.name : (error.code ?? 'UnknownError'));

const isSlowDown = (error: SdkError): boolean => THROTTLED.has(codeOf(error));

function isTransient(error: SdkError): boolean {
  const code = codeOf(error);
  if (NETWORK.has(code) || NETWORK.has(error.code ?? '')) return true;
  const status = error.$metadata?.httpStatusCode;
  return status !== undefined && status >= 500;
}

/** One subject wherever it is met, so that a reader is told once. */
const NO_CREDENTIALS = reason('aws.CredentialsProviderError', 'credentials', 'there are no AWS credentials here', {
  remedy: {
    who: 'you',
    does: 'sign in (AWS_PROFILE, aws sso login, access keys), or take the simulator: eval "$(amiport sim env 111111111111)"',
  },
});

function asReason(error: SdkError, subject: string, what: string): Reason {
  if (codeOf(error) === 'CredentialsProviderError') return NO_CREDENTIALS;
  const requestId = error.$metadata?.requestId;
  const bare = codeOf(error);
  const code = error.Reason === undefined ? bare : `${bare}.${error.Reason}`;
  const remedy = DENIED.has(bare) ? readableBy(subject, what, error.message ?? '') : undefined;
  return reason(`aws.${code}`, subject, `${what}: ${code}: ${error.message ?? 'no message'}`, {
    ...(requestId === undefined ? {} : { requestId }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** Source: "Error codes for the Amazon EC2 API"; IAM User Guide "Troubleshoot access denied error messages". */
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

/** Whether somebody was not let do it. */
export const isDenied = (outcome: Outcome<unknown>): outcome is Extract<Outcome<unknown>, { ok: false }> =>
  !outcome.ok && [...DENIED].some((code) => outcome.reason.code === `aws.${code}`);

/** The permission that lets amiport make the call; EC2 does not name it, and other services may name one of several. */
function readableBy(subject: string, what: string, message: string): Remedy | undefined {
  const [, account] = /^(\d{12})(?:\/|$)/.exec(subject) ?? [];
  if (account === undefined) return undefined;
  // Auto Scaling tries a launch before it makes a group, and says so only. Source: EC2 Auto Scaling User Guide "Launch template support".
  const tried = message.includes('not authorized to use launch template') ? 'ec2:RunInstances' : what;
  const action = /not authorized to perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? tried;
  const does = message.includes('explicit deny')
    ? `exempt amiport's role from what denies it ${action}`
    : `allow ${action} to amiport's role there (amiport export iam prints its policies)`;
  return { who: `account ${account}`, does };
}

/** Sources: "Error codes for the Amazon EC2 API" (server errors); "Common Errors" of the other services' API references. */
const OUTAGES: ReadonlySet<string> = new Set([
  ...NETWORK,
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'InternalServiceError',
  'KMSInternalException',
  'ServiceException',
  'ServiceFailure',
  'ServiceFailureException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'Unavailable',
]);

/** @param code of a reason: true where AWS could not answer, whatever it was asked */
export const isOutage = (code: string): boolean => code.startsWith('aws.') && OUTAGES.has(code.slice('aws.'.length));

/** @returns true when the outcome is a refusal with one of the codes */
export function refusedWith(outcome: Outcome<unknown>, ...codes: readonly string[]): boolean {
  return !outcome.ok && codes.some((c) => outcome.reason.code === `aws.${c}`);
}
