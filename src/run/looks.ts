/**
 * When to look again at what is under way in a place: rarely in the middle, just after the likely end, and never
 * more often than every 15 s or 2 % of what the thing takes. Pure.
 */

/** Something that waits at AWS, as of the latest look. */
export interface Pending {
  /** When it began. */
  readonly sinceMs: number;
  /** Whole per cent, as AWS rounds them down, and when they were read. */
  readonly progress?: { readonly percent: number; readonly atMs: number };
  /** How long such a thing usually takes. */
  readonly expectedMs: number;
}

/** What AWS's own waiters do for images. */
export const LOOK_EVERY_MS = 15_000;
const LOOK_EVERY_PART = 0.02;
/** Of the time left, when nothing sharper is known: late enough for a good estimate, early enough to use it. */
const LOOK_AFTER_PART = 0.7;

/** Between which moments it will end, if it goes on as it has. */
export function endOf({ sinceMs, progress, expectedMs }: Pending): {
  readonly firstMs: number;
  readonly lastMs: number;
} {
  if (progress === undefined || progress.percent < 1)
    return { firstMs: sinceMs + expectedMs / 2, lastMs: sinceMs + 2 * expectedMs };
  const elapsedMs = progress.atMs - sinceMs;
  return {
    firstMs: sinceMs + (100 * elapsedMs) / (progress.percent + 1),
    lastMs: sinceMs + (100 * elapsedMs) / progress.percent,
  };
}

/** @param lastMs the latest look at the place, if there was one @returns when to look at the place again */
export function nextLookMs(pending: readonly Pending[], lastMs: number | undefined, nowMs: number): number {
  return Math.min(...pending.map((p) => nextFor(p, lastMs ?? p.sinceMs, nowMs)));
}

function nextFor(p: Pending, lastMs: number, nowMs: number): number {
  const end = endOf(p);
  const spacingMs = Math.max(LOOK_EVERY_MS, (end.firstMs - p.sinceMs) * LOOK_EVERY_PART);
  const soonestMs = lastMs + spacingMs;
  if (p.progress === undefined || p.progress.percent < 1 || end.lastMs <= nowMs) return soonestMs;
  if (end.lastMs - end.firstMs <= spacingMs / 2) return Math.max(soonestMs, end.lastMs);
  return Math.max(soonestMs, nowMs + (end.firstMs - nowMs) * LOOK_AFTER_PART);
}
