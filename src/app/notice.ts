/** What is told of a delivery, as text that fits into a message of SNS and an entry of EventBridge. Pure. */
import type { NotifyEvent } from '../model/delivery.ts';

export interface Notice {
  readonly event: NotifyEvent;
  readonly [more: string]: unknown;
}

/** Both take 262,144 bytes; what goes beside the text takes less than the difference. SNS API Reference "Publish". */
const BYTES_MAX = 250_000;

/** JSON of the notice. Of lists that are too long the beginnings stay, and `omitted` counts what is not there. */
export function noticeText(head: object, notice: Notice, bytesMax = BYTES_MAX): string {
  let kept = notice;
  for (;;) {
    const omitted = omissions(notice, kept);
    const text = JSON.stringify({ version: 1, ...head, ...kept, ...(omitted === undefined ? {} : { omitted }) });
    const lists = listsOf(kept).filter(([, list]) => list.length > 0);
    if (Buffer.byteLength(text) <= bytesMax || lists.length === 0) return text;
    const [name, list] = lists.reduce((most, next) => (sizeOf(next[1]) > sizeOf(most[1]) ? next : most));
    kept = { ...kept, [name]: list.slice(0, Math.floor(list.length / 2)) };
  }
}

const listsOf = (notice: Notice): readonly (readonly [string, readonly unknown[]])[] =>
  Object.entries(notice).flatMap(([name, value]) => (Array.isArray(value) ? [[name, value] as const] : []));

const sizeOf = (list: readonly unknown[]): number => JSON.stringify(list).length;

function omissions(whole: Notice, kept: Notice): Readonly<Record<string, number>> | undefined {
  const left = new Map(listsOf(kept));
  const rows = listsOf(whole)
    .map(([name, list]) => [name, list.length - (left.get(name)?.length ?? 0)] as const)
    .filter(([, count]) => count > 0);
  return rows.length === 0 ? undefined : Object.fromEntries(rows);
}
