/** KMS paging: a marker that names the last item of the page before. */
import { Fault } from '../operation.ts';

export function page<T>(
  all: readonly T[],
  limit: number,
  marker: string | undefined,
  nameOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | undefined } {
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
