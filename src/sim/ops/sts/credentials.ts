/** What all temporary credentials have in common. Source: STS API Reference "Credentials"; facts authorization.md section 12 (sizes). */

import { checkIdentityPolicy } from '../../iam/documents.ts';
import { type Call, Fault } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Sts } from '../../wire/shapes.ts';
import type { Session } from '../../world/iam.ts';

const POLICY_MAX = 2048;
const POLICY_ARNS_MAX = 10;

export function newCredentials(
  call: Call<unknown>,
  account: string,
  expiresMs: number,
): Pick<Session, 'accessKeyId' | 'secret' | 'token' | 'account' | 'expiresMs'> {
  return {
    accessKeyId: `ASIA${call.newHex(16).toUpperCase()}`,
    secret: call.newHex(40),
    // Clients tell the simulator's credentials from real ones by this beginning.
    token: `amiport-sim-${call.newHex(64)}`,
    account,
    expiresMs,
  };
}

export const shown = (s: Pick<Session, 'accessKeyId' | 'secret' | 'token' | 'expiresMs'>): Sts.Credentials => ({
  AccessKeyId: s.accessKeyId,
  SecretAccessKey: s.secret,
  SessionToken: s.token,
  Expiration: wholeSecond(s.expiresMs),
});

export function invalidValue(value: string, member: string, pattern: string | undefined, has?: string): Fault {
  const must = pattern === undefined ? `have ${has ?? ''}` : `satisfy regular expression pattern: ${pattern}`;
  const says = `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must ${must}`;
  return new Fault('ValidationError', says, 400);
}

/** @returns JSON texts and ARNs; undefined when none were passed. @throws Fault */
export function sessionPolicies(input: {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly Sts.PolicyDescriptorType[] | undefined;
}): readonly string[] | undefined {
  const arns = (input.PolicyArns ?? []).flatMap((p) => p.arn ?? []);
  if (input.Policy === undefined && arns.length === 0) return undefined;
  if (arns.length > POLICY_ARNS_MAX)
    throw invalidValue('[...]', 'policyArns', undefined, `length less than or equal to ${POLICY_ARNS_MAX}`);
  if (input.Policy === undefined) return arns;
  if (input.Policy.length > POLICY_MAX)
    throw invalidValue('...', 'policy', undefined, `length less than or equal to ${POLICY_MAX}`);
  checkIdentityPolicy(input.Policy);
  return [input.Policy, ...arns];
}

/** Of GetSessionToken and GetFederationToken: 12 hours unless said, a root user's an hour. @throws Fault */
export function ownSeconds(call: Call<{ readonly DurationSeconds?: number | undefined }>): number {
  const max = call.caller.principal.kind === 'root' ? 3600 : 129_600;
  const seconds = call.input.DurationSeconds ?? Math.min(43_200, max);
  if (seconds < 900)
    throw invalidValue(String(seconds), 'durationSeconds', undefined, 'value greater than or equal to 900');
  if (seconds > 129_600)
    throw invalidValue(String(seconds), 'durationSeconds', undefined, 'value less than or equal to 129600');
  // A root user who asks for more gets an hour.
  return Math.min(seconds, max);
}
