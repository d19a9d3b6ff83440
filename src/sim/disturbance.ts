/** What a fault does to a request that is carried out all the same, or to its reply. */
import type { WireResponse } from './wire/message.ts';
import type { Task, World } from './world/world.ts';

export type Disturbance =
  /** The connection breaks; `before`: nothing happened. */
  | { readonly drop: 'before' | 'after' }
  /** The reply comes so much later, in the caller's time. */
  | { readonly delayMs: number }
  /** The request arrives twice, one right after the other; the caller gets the second reply. */
  | { readonly twice: true }
  /** A read sees the world as it was. */
  | { readonly readFrom: PastWorld }
  /** Work that follows a success. */
  | { readonly later: Later };

export interface PastWorld {
  readonly world: World;
  readonly nowMs: number;
}

/** A task beside those of the operation; its data also gets the `region` and the `output` of the call. */
export interface Later {
  readonly kind: string;
  readonly data: Task['data'];
}

/** Ends a request whose connection breaks before anything happened. */
export class Dropped extends Error {}

export const DROPPED: WireResponse = { status: 503, headers: {}, body: '', dropped: true };

export function disturbedAnswer(answer: WireResponse, disturbed: readonly Disturbance[]): WireResponse {
  if (disturbed.length === 0) return answer;
  if (disturbed.some((met) => 'drop' in met)) return { ...answer, dropped: true };
  const delayMs = disturbed.reduce((sum, met) => sum + ('delayMs' in met ? met.delayMs : 0), 0);
  return delayMs > 0 ? { ...answer, delayMs } : answer;
}

export const isTwice = (disturbed: readonly Disturbance[]): boolean => disturbed.some((met) => 'twice' in met);

export const pastOf = (disturbed: readonly Disturbance[]): PastWorld | undefined =>
  disturbed.flatMap((met) => ('readFrom' in met ? met.readFrom : []))[0];

export const laterOf = (disturbed: readonly Disturbance[]): Later | undefined =>
  disturbed.flatMap((met) => ('later' in met ? met.later : []))[0];
