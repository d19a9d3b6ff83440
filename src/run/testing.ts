/** A clock for tests of this folder: when everybody sleeps, time jumps to the next to wake. */
import type { Clock } from '../base/ports.ts';

const QUIET_ROUNDS = 4;

export function jumpingClock(): Clock {
  let nowMs = 0;
  let asked = 0;
  let watching = false;
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  const watch = (quiet = 0, seen = asked): void => {
    watching = sleepers.length > 0;
    if (!watching) return;
    if (quiet >= QUIET_ROUNDS) {
      const next = sleepers.reduce((a, b) => (b.atMs < a.atMs ? b : a));
      sleepers.splice(sleepers.indexOf(next), 1);
      nowMs = Math.max(nowMs, next.atMs);
      next.wake();
      setImmediate(() => watch());
    } else setImmediate(() => watch(asked === seen ? quiet + 1 : 0));
  };
  return {
    nowMs() {
      asked += 1;
      return nowMs;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = { atMs: nowMs + ms, wake: () => resolve() };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          const at = sleepers.indexOf(sleeper);
          if (at >= 0) sleepers.splice(at, 1);
          resolve();
        });
        if (!watching) watch();
      }),
  };
}
