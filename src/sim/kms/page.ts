/** KMS paging: a marker that names the last item of the page before. */
import { Fault } from '../operation.ts';

export function page<T>(
  all: readonly T[],
  limit: number,
  max: number,
  marker: string | undefined,
  nameOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new Fault(
      'ValidationException',
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and ${max}`,
    );
  }
  let start = 0;
  if (marker !== undefined) {
    const last = Buffer.from(marker, 'base64url').toString();
    start = all.findIndex((item) => nameOf(item) === last) + 1;
    if (start === 0) throw new Fault('InvalidMarkerException', 'Could not decode the marker.');
  }
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  const more = start + limit < all.length && last !== undefined;
  return { items, next: more ? Buffer.from(nameOf(last)).toString('base64url') : undefined };
}
