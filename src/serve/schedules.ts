/**
 * What the service does by the clock: a look whether deliveries are still as their configs want (`drift`), and the removal of
 * what is past its time (`expiry`). Due times are rows, taken by whichever server comes first; a server that was away does what
 * is due once, not once for every time it missed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { drift } from '../app/api.ts';
import type { Core } from './core.ts';
import { dropExpiredTokens } from './tokens.ts';

export interface ScheduleOptions {
  readonly driftEveryMs: number;
  /** How long ended runs are kept with their events. */
  readonly keepRunsDays: number;
}

const TICK_MS = 1_000;
const EXPIRY_EVERY_MS = 3_600_000;

export class Schedules {
  readonly #core: Core;
  readonly #options: ScheduleOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(core: Core, options: ScheduleOptions) {
    this.#core = core;
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.tick();
      } catch (err) {
        this.#core.log.error({ err }, 'a schedule broke');
      }
      await pause(TICK_MS, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  /** Does what is due now. */
  async tick(): Promise<void> {
    if (await this.#due('expiry', '', EXPIRY_EVERY_MS)) await this.#expire();
    for (const { name } of (await this.#core.deliveries.list()).deliveries)
      if (await this.#due('drift', name, this.#options.driftEveryMs)) await this.#drift(name);
  }

  /** The first look of a delivery is due one interval after it was first seen. */
  async #due(what: string, delivery: string, everyMs: number): Promise<boolean> {
    const seconds = everyMs / 1_000;
    const taken = await this.#core.db.query(
      `update amiport.due set at = now() + make_interval(secs => $3::float8)
       where what = $1 and delivery = $2 and at <= now() returning what`,
      [what, delivery, seconds],
    );
    if (taken.length > 0) return true;
    await this.#core.db.query(
      `insert into amiport.due (what, delivery, at) values ($1, $2, now() + make_interval(secs => $3::float8))
       on conflict do nothing`,
      [what, delivery, seconds],
    );
    return false;
  }

  async #expire(): Promise<void> {
    const tokens = await dropExpiredTokens(this.#core.db);
    const runs = await this.#core.db.query(
      'delete from amiport.run where ended_at < now() - make_interval(days => $1::int) returning id',
      [this.#options.keepRunsDays],
    );
    if (tokens + runs.length > 0) this.#core.log.info({ tokens, runs: runs.length }, 'what was past its time is gone');
  }

  async #drift(delivery: string): Promise<void> {
    const { db, log, metrics } = this.#core;
    // What a run is about to do is no drift.
    const running = await db.query('select 1 from amiport.run where delivery = $1 and ended_at is null', [delivery]);
    if (running.length > 0) return;
    const opened = await this.#core.deliveries.open(delivery);
    if (!opened.ok) return log.error({ delivery, reason: opened.reason }, 'drift cannot be looked for');
    const { session } = opened.value;
    try {
      const { differences, unreadable } = await drift(session, () => {});
      metrics.drift.set({ delivery }, differences.length);
      const codes = [...new Set(differences.map((d) => d.reason.code))].toSorted();
      const finding = { differences: differences.length, unreadable: unreadable.length, codes };
      const [before] = await db.query<{ body: typeof finding }>(
        `select body from amiport.finding where what = 'drift' and delivery = $1`,
        [delivery],
      );
      await db.query(
        `insert into amiport.finding (what, delivery, body) values ('drift', $1, $2::jsonb)
         on conflict (what, delivery) do update set at = now(), body = excluded.body`,
        [delivery, JSON.stringify(finding)],
      );
      const isNews = JSON.stringify(before?.body.codes ?? []) !== JSON.stringify(codes);
      if (isNews)
        log.warn(
          { delivery, ...finding },
          codes.length > 0 ? 'a delivery is not as its config wants' : 'a delivery is as its config wants again',
        );
    } finally {
      await session.close();
    }
  }
}
