/** Pages of Auto Scaling's describes: `MaxRecords` and `NextToken`. Source: Auto Scaling API Reference, "Common Parameters". */
import { Fault } from '../../operation.ts';

interface PageRequest {
  readonly MaxRecords?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** Differs from AWS: a token is a position. */
export function onePageOf<T>(items: readonly T[], asked: PageRequest, usual: number) {
  const from = asked.NextToken === undefined ? 0 : Number(Buffer.from(asked.NextToken, 'base64url').toString());
  if (!Number.isSafeInteger(from) || from < 0) {
    throw new Fault('InvalidNextToken', 'The token is not valid.');
  }
  const to = from + (asked.MaxRecords ?? usual);
  const nextToken = to < items.length ? Buffer.from(String(to)).toString('base64url') : undefined;
  return { items: items.slice(from, to), nextToken };
}
