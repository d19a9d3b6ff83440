/** What the event of a call tells beside what was asked: by what it was allowed, which keys and whose things it used. */
import type { Caller, Demand } from './operation.ts';
import type { Service } from './wire/services.ts';

/** What the demands of a call tell about it. */
export interface Seen {
  readonly decidedBy: string[];
  readonly keys: string[];
  readonly owners: string[];
}

/**
 * Who owns a key or role that was used gets the event, too. Source: CloudTrail User Guide "CloudTrail record contents",
 * recipientAccountId and sharedEventID; IAM User Guide "Logging IAM and AWS STS API calls", cross-account AssumeRole.
 */
export function lookAt(
  seen: Seen,
  { service, caller }: { readonly service: Service; readonly caller: Caller },
  { resource, resourceAccount }: Demand,
): void {
  if (service.name === 'kms' && resource !== '*') seen.keys.push(resource);
  const foreign = resourceAccount !== undefined && resourceAccount !== '' && resourceAccount !== caller.account;
  if (foreign && (service.name === 'kms' || service.name === 'sts')) seen.owners.push(resourceAccount);
}

/** Events tell the same lists again and again: equal ones that follow each other are kept once. */
export class Repeated {
  #last: readonly string[] = [];

  of(list: readonly string[]): readonly string[] {
    const last = this.#last;
    if (list.length !== last.length || list.some((text, i) => text !== last[i])) this.#last = [...list];
    return this.#last;
  }
}
