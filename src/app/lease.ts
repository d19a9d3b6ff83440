/**
 * One run of a delivery at a time, whatever machine it is on. Tags have no compare-and-swap, but a parameter that may only
 * be created has: whoever creates the next epoch's parameter holds the delivery, and everybody with a lower one has lost it.
 *
 * - The holder writes its parameter every 30 s. One that has not changed for 90 s of the asker's own clock belongs to a dead
 *   holder: clocks of two machines are never compared.
 * - The holder looks again before steps start (at most every 10 s), and counts the lease as lost when it could not look
 *   for a minute: before anybody else could have taken it over.
 * - The parameter of the latest epoch stays, marked free: epochs only rise.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Clock } from '../base/ports.ts';
import type { Cloud, KeptParameter } from '../model/cloud.ts';

export interface LeasePorts {
  readonly cloud: Pick<Cloud, 'readParameters' | 'createParameter' | 'overwriteParameter' | 'deleteParameters'>;
  readonly clock: Clock;
  readonly delivery: string;
  /** The builder. */
  readonly at: Place;
  /** Who asks: the same on the next run from the same state directory, and from no other. */
  readonly holder: string;
  /** The run, for whoever is refused. */
  readonly run: string;
  /** Several processes carry the run out under one lease (`resumeLease`). */
  readonly shared?: boolean;
  readonly signal?: AbortSignal;
  /** Told once, when somebody else holds it and may be dead. */
  readonly onWait?: (holder: string) => void;
}

export interface Lease {
  readonly epoch: number;
  /** @returns why the delivery is not held any more */
  check(): Promise<Reason | undefined>;
  release(): Promise<void>;
  /** Renews it no more, and leaves it held: another process that knows the epoch goes on with it. */
  handOver(): Promise<void>;
}

const RENEW_EVERY_MS = 30_000;
const DEAD_AFTER_MS = 90_000;
const LOOK_EVERY_MS = 10_000;
/** Less than `DEAD_AFTER_MS` by more than a look and a renewal may take. */
const BLIND_MAX_MS = 60_000;

interface Held {
  readonly epoch: number;
  readonly name: string;
  readonly version: number;
  readonly state: 'held' | 'free';
  readonly holder: string;
  readonly run: string;
  /** Parameters of lower epochs, which a death left. */
  readonly older: readonly string[];
}

export async function takeLease(ports: LeasePorts): Promise<Outcome<Lease>> {
  const { clock, signal } = ports;
  let first: { readonly held: Held; readonly atMs: number } | undefined;
  for (;;) {
    const top = await highest(ports);
    if (!top.ok) return failed(notSeen(ports, top.reason));
    const held = top.value;
    // The lock of the state directory is ours, so a holder of the same name is dead.
    if (
      held === undefined ||
      held.state === 'free' ||
      held.holder === ports.holder ||
      isDead(first, held, clock.nowMs())
    ) {
      const lease = await takeNext(ports, held);
      if (!lease.ok || lease.value !== undefined) return lease as Outcome<Lease>;
      first = undefined;
      continue;
    }
    if (first !== undefined && isAlive(first.held, held)) return failed(isHeld(ports, held));
    if (first === undefined) ports.onWait?.(held.holder);
    first ??= { held, atMs: clock.nowMs() };
    if (signal?.aborted) return failed(isHeld(ports, held));
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Goes on with a lease that another process of the same holder took: each renews it, and each finds out when it is lost. */
export const resumeLease = (ports: LeasePorts, epoch: number): Lease =>
  new HeldLease({ ...ports, shared: true }, epoch, nameOf(ports.delivery, epoch));

const isAlive = (before: Held, now: Held): boolean => before.epoch !== now.epoch || before.version !== now.version;

const isDead = (first: { readonly held: Held; readonly atMs: number } | undefined, now: Held, nowMs: number): boolean =>
  first !== undefined && !isAlive(first.held, now) && nowMs - first.atMs >= DEAD_AFTER_MS;

/** @returns undefined where somebody was quicker */
async function takeNext(ports: LeasePorts, before: Held | undefined): Promise<Outcome<Lease | undefined>> {
  const epoch = (before?.epoch ?? 0) + 1;
  const name = nameOf(ports.delivery, epoch);
  const tags = { 'amiport:delivery': ports.delivery, 'amiport:step': 'lease' };
  const made = await ports.cloud.createParameter(ports.at, { name, value: textOf(ports, 'held', 0), tags });
  if (!made.ok) return failed(notSeen(ports, made.reason));
  if (!made.value) return done(undefined);
  const lease = new HeldLease(ports, epoch, name);
  const gone =
    before === undefined
      ? done(undefined)
      : await ports.cloud.deleteParameters(ports.at, [...before.older, before.name]);
  // Who may never delete them leaves one a run, until the account has no room for more.
  if (gone.ok || !gone.reason.code.startsWith('aws.AccessDenied')) return done(lease);
  await lease.release();
  return failed(notSeen(ports, gone.reason));
}

class HeldLease implements Lease {
  readonly epoch: number;
  readonly #name: string;
  readonly #ports: LeasePorts;
  readonly #released = new AbortController();
  #seenMs: number;
  #lost: Reason | undefined;
  #looking: Promise<void> | undefined;
  #beats = 0;
  readonly #renewing: Promise<void>;

  constructor(ports: LeasePorts, epoch: number, name: string) {
    this.#ports = ports;
    this.epoch = epoch;
    this.#name = name;
    this.#seenMs = ports.clock.nowMs();
    this.#renewing = this.#renew();
  }

  async check(): Promise<Reason | undefined> {
    if (this.#ports.clock.nowMs() - this.#seenMs >= LOOK_EVERY_MS) await this.#look();
    return this.#lost;
  }

  async release(): Promise<void> {
    await this.handOver();
    await this.#look();
    if (this.#lost !== undefined) return;
    if (this.#ports.shared) await this.#end();
    else await this.#write('free');
  }

  async handOver(): Promise<void> {
    this.#released.abort();
    await this.#renewing;
  }

  /** The next epoch, made free: whoever still renews this one sees that it is over, and cannot hold it again by that. */
  async #end(): Promise<void> {
    const { cloud, at, delivery } = this.#ports;
    const tags = { 'amiport:delivery': delivery, 'amiport:step': 'lease' };
    const name = nameOf(delivery, this.epoch + 1);
    const made = await cloud.createParameter(at, { name, value: textOf(this.#ports, 'free', 0), tags });
    if (made.ok && made.value) await cloud.deleteParameters(at, [this.#name]);
  }

  async #renew(): Promise<void> {
    const { clock } = this.#ports;
    // Whoever goes on with it does not know how long ago it was renewed.
    for (let waitMs = this.#ports.shared ? 0 : RENEW_EVERY_MS; ; waitMs = RENEW_EVERY_MS) {
      await clock.sleep(waitMs, this.#released.signal);
      if (this.#released.signal.aborted) return;
      await this.#look();
      if (this.#lost !== undefined || this.#released.signal.aborted) return;
      await this.#write('held');
    }
  }

  /** Looks under way are shared. */
  async #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const askedMs = this.#ports.clock.nowMs();
    const top = await highest(this.#ports);
    if (top.ok && top.value?.epoch === this.epoch) this.#seenMs = askedMs;
    else if (top.ok) this.#lost ??= isLost(this.#ports, top.value);
    else if (this.#ports.clock.nowMs() - this.#seenMs >= BLIND_MAX_MS) this.#lost ??= notSeen(this.#ports, top.reason);
  }

  async #write(state: Held['state']): Promise<void> {
    this.#beats += 1;
    const value = textOf(this.#ports, state, this.#beats);
    await this.#ports.cloud.overwriteParameter(this.#ports.at, { name: this.#name, value });
  }
}

const pathOf = (delivery: string): string => `/amiport/${delivery}/lease`;
const nameOf = (delivery: string, epoch: number): string => `${pathOf(delivery)}/${String(epoch).padStart(9, '0')}`;

const textOf = ({ holder, run }: LeasePorts, state: Held['state'], beats: number): string =>
  JSON.stringify({ state, holder, run, beats });

async function highest({ cloud, at, delivery }: LeasePorts): Promise<Outcome<Held | undefined>> {
  const found = await cloud.readParameters(at, pathOf(delivery));
  if (!found.ok) return found;
  const rising = found.value.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const last = rising.at(-1);
  return done(
    last === undefined
      ? undefined
      : heldOf(
          last,
          rising.slice(0, -1).map((p) => p.name),
        ),
  );
}

/** A value that is not ours counts as held by somebody unknown. */
function heldOf({ name, value, version }: KeptParameter, older: readonly string[]): Held {
  const epoch = Number(name.slice(name.lastIndexOf('/') + 1));
  const said = parsed(value);
  return {
    epoch,
    name,
    version,
    state: said.state === 'free' ? 'free' : 'held',
    holder: typeof said.holder === 'string' ? said.holder : 'somebody unknown',
    run: typeof said.run === 'string' ? said.run : 'unknown',
    older,
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isHeld = ({ delivery }: LeasePorts, held: Held): Reason =>
  reason('run.held', delivery, `delivery ${delivery} is being carried out by ${held.holder} (run ${held.run})`, {
    remedy: { who: 'you', does: 'wait for it to end, or stop it there: what it has done is kept, and apply goes on' },
  });

const isLost = ({ delivery }: LeasePorts, held: Held | undefined): Reason =>
  reason(
    'run.lease.lost',
    delivery,
    `delivery ${delivery} was taken over ${held === undefined ? 'or its lease deleted' : `by ${held.holder} (run ${held.run})`}, so this run stops`,
    { remedy: { who: 'you', does: 'amiport status shows how far it is' } },
  );

const notSeen = ({ delivery, at }: LeasePorts, because: Reason): Reason =>
  reason('run.lease.unreadable', delivery, `whether somebody else carries out delivery ${delivery} cannot be told`, {
    because: [because],
    remedy: {
      who: `account ${at.account}`,
      does: `let amiport's role read and write parameters below /amiport/ in ${at.region} (amiport export iam prints it)`,
    },
  });

/** The name of this machine and state directory as a holder; made on the first run. */
export async function holderOf(stateDir: string): Promise<string> {
  const file = join(stateDir, 'holder');
  const there = await readFile(file, 'utf8').catch(() => undefined);
  if (there !== undefined && there !== '') return `${hostname()} ${there}`;
  const made = randomUUID();
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await writeFile(file, made, { mode: 0o600 });
  return `${hostname()} ${made}`;
}
