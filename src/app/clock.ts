/** The clock of a run: the system's, or that of a simulator whose time runs faster. */
import { type Clock, systemClock } from '../base/ports.ts';

/** @param speed simulated seconds per real second @param startMs simulated time now */
function scaledClock(startMs: number, speed: number): Clock {
  const realStartMs = systemClock.nowMs();
  return {
    speed,
    nowMs: () => startMs + (systemClock.nowMs() - realStartMs) * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

interface Health {
  readonly nowMs: number;
  readonly speed: number;
}

/** The time of a simulator. */
export const simulatedClock = async (endpoint: string): Promise<Clock> => (await clockOf(endpoint)) ?? systemClock;

/**
 * An endpoint that is amiport's simulator tells its time; any other runs on the system's.
 * @returns undefined where nobody listens: every call would be tried again for half a minute
 */
export async function clockOf(endpoint: string | undefined): Promise<Clock | undefined> {
  if (endpoint === undefined) return systemClock;
  try {
    const answer = await fetch(new URL('/_amiport/health', endpoint), { signal: AbortSignal.timeout(5_000) });
    const health = (await answer.json()) as Partial<Health>;
    return typeof health.nowMs === 'number' && typeof health.speed === 'number'
      ? scaledClock(health.nowMs, health.speed)
      : systemClock;
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    // Anything else: the first AWS call says so better than this could.
    return cause?.code === 'ECONNREFUSED' ? undefined : systemClock;
  }
}
