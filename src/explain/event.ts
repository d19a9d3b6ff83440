/**
 * CloudTrail records as texts to recognise: one event, the answer of LookupEvents, or a log file of records.
 * Source: CloudTrail User Guide "CloudTrail record contents".
 */
export interface TrailRecord {
  /** Who called what, and how it was refused: nothing of the parameters but the key. */
  readonly text: string;
  readonly who: string;
  readonly action: string;
  readonly refused: boolean;
}

/** @returns undefined where the text is no CloudTrail JSON */
export function trailRecords(text: string): readonly TrailRecord[] | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const records = listOf(data).flatMap((one) => recordOf(one) ?? []);
  return records.length === 0 ? undefined : records;
}

function listOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data;
  const { Records, Events } = Object(data) as { Records?: unknown; Events?: unknown };
  if (Array.isArray(Records)) return Records;
  return Array.isArray(Events) ? Events : [data];
}

function recordOf(one: unknown): TrailRecord | undefined {
  const held = Object(one) as Record<string, unknown>;
  if (typeof held.CloudTrailEvent === 'string') return trailRecords(held.CloudTrailEvent)?.[0];
  if (typeof held.eventName !== 'string' || typeof held.eventSource !== 'string') return undefined;
  const identity = Object(held.userIdentity) as Record<string, unknown>;
  const who = textOf(identity.arn) ?? textOf(identity.invokedBy) ?? 'somebody';
  const action = `${held.eventSource.split('.')[0]}:${held.eventName}`;
  const code = textOf(held.errorCode);
  const says = [
    code === undefined ? `${who} ${action}: allowed` : `${code}: ${textOf(held.errorMessage) ?? ''}`,
    textOf(Object(held.requestParameters).keyId) ?? '',
  ];
  return { text: says.join(' ').trim(), who, action, refused: code !== undefined };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
