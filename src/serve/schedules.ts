/**
 * What the service does by the clock: a look whether deliveries are still as their configs want (`drift`), one for versions
 * beyond `keep` that nobody uses (`expiry`; it only tells, `amiport retire` ends them), the audit of versions that none has seen (`audit`, where
 * `policy.secrets` asks for it), and the removal of its own old rows. Due times are rows, taken by whichever server comes first; a server that was away does what
 * is due once, not once for every time it missed.
 */
import { auditNew, drift, type Notice, notify, retirePlan, type Session } from '../app/api.ts';
import type { Core } from './core.ts';
import { Loop } from './loop.ts';
import { dropExpiredTokens } from './tokens.ts';

export interface ScheduleOptions {
  readonly driftEveryMs: number;
  /** How long ended runs are kept with their events. */
  readonly keepRunsDays: number;
}

const TICK_MS = 1_000;
const CLEAN_EVERY_MS = 3_600_000;
const EXPIRY_EVERY_MS = 24 * 3_600_000;
const AUDIT_EVERY_MS = 3_600_000;

/** What a look came to, and what of it is news when it differs. */
interface Finding {
  readonly count: number;
  readonly body: object;
  readonly news: readonly string[];
  /** For whoever the config names, when it is news. */
  readonly notice?: Notice;
}

export class Schedules {
  readonly #core: Core;
  readonly #options: ScheduleOptions;
  readonly #loop: Loop;

  constructor(core: Core, options: ScheduleOptions) {
    this.#core = core;
    this.#options = options;
    const broke = (err: unknown): void => core.log.error({ err }, 'a schedule broke');
    this.#loop = new Loop({ everyMs: TICK_MS, work: () => this.tick().then(() => false), broke });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Does what is due now. */
  async tick(): Promise<void> {
    if (await this.#due('clean', '', CLEAN_EVERY_MS)) await this.#clean();
    for (const { name } of (await this.#core.deliveries.list()).deliveries) {
      if (await this.#due('drift', name, this.#options.driftEveryMs)) await this.#look('drift', name, driftIn);
      if (await this.#due('expiry', name, EXPIRY_EVERY_MS)) await this.#look('expiry', name, expiredIn);
      if (await this.#due('audit', name, AUDIT_EVERY_MS))
        await this.#look('audit', name, (session) => auditIn(session, this.#loop.signal));
    }
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

  async #clean(): Promise<void> {
    const tokens = await dropExpiredTokens(this.#core.db);
    const runs = await this.#core.db.query(
      'delete from amiport.run where ended_at < now() - make_interval(days => $1::int) returning id',
      [this.#options.keepRunsDays],
    );
    if (tokens + runs.length > 0) this.#core.log.info({ tokens, runs: runs.length }, 'what was past its time is gone');
  }

  async #look(
    what: 'drift' | 'expiry' | 'audit',
    delivery: string,
    look: (session: Session) => Promise<Finding>,
  ): Promise<void> {
    const { db, log, metrics } = this.#core;
    // What a run is about to do is no finding.
    const running = await db.query('select 1 from amiport.run where delivery = $1 and ended_at is null', [delivery]);
    if (running.length > 0) return;
    const opened = await this.#core.deliveries.open(delivery);
    if (!opened.ok) return log.error({ what, delivery, reason: opened.reason }, 'a delivery cannot be looked at');
    const { session } = opened.value;
    try {
      const { count, body, news, notice } = await look(session);
      metrics[what === 'audit' ? 'secrets' : what].set({ delivery }, count);
      const [before] = await db.query<{ news: readonly string[] }>(
        `select coalesce(body->'news', '[]') as news from amiport.finding where what = $1 and delivery = $2`,
        [what, delivery],
      );
      await db.query(
        `insert into amiport.finding (what, delivery, body) values ($1, $2, $3::jsonb)
         on conflict (what, delivery) do update set at = now(), body = excluded.body`,
        [what, delivery, JSON.stringify({ ...body, news })],
      );
      if (JSON.stringify(before?.news ?? []) === JSON.stringify(news)) return;
      log.warn({ delivery, ...body, news }, WORDS[what]);
      if (notice === undefined || session.want.notify === undefined) return;
      const why = await notify(session, this.#core.env, notice);
      metrics.notices.inc({ outcome: why === undefined ? 'told' : 'failed' });
      if (why !== undefined) log.warn({ delivery, reason: why }, 'nobody was told');
    } finally {
      await session.close();
    }
  }
}

const WORDS = {
  drift: 'what is not as the config of a delivery wants has changed',
  expiry: 'versions that nobody needs any more have changed: amiport retire ends them',
  audit: 'what audits of the newest versions found has changed',
} as const;

async function auditIn(session: Session, signal: AbortSignal): Promise<Finding> {
  const { results, withFindings, unreadable } = await auditNew(session, signal);
  return { count: withFindings, body: { withFindings, unreadable: unreadable.length }, news: results };
}

async function driftIn(session: Session): Promise<Finding> {
  const { differences, unreadable } = await drift(session, () => {});
  const news = [...new Set(differences.map((d) => d.reason.code))].toSorted();
  return {
    count: differences.length,
    body: { differences: differences.length, unreadable: unreadable.length },
    news,
    ...(differences.length === 0 ? {} : { notice: { event: 'drift', differences } }),
  };
}

async function expiredIn(session: Session): Promise<Finding> {
  const plan = await retirePlan(session, { force: false, now: false }, () => {});
  const news = [...new Set(plan.steps.flatMap((s) => s.imageVersion ?? []))].toSorted();
  return { count: news.length, body: { versions: news.length, steps: plan.steps.length }, news };
}
