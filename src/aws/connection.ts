/**
 * Clients for every Region, made when first used: credentials of each account by assuming amiport's role there, one
 * client per (service, Region) for all accounts. A client takes 40 KB and a millisecond to make, and a large delivery has
 * tens of thousands of places; so whose credentials sign is told by the call under way, not by the client.
 *
 * An endpoint override (the simulator) takes its credentials from the caller only; ambient profiles, metadata
 * services and proxies are never read then.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { EBSClient } from '@aws-sdk/client-ebs';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { OrganizationsClient } from '@aws-sdk/client-organizations';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { STSClient } from '@aws-sdk/client-sts';
import { invariant } from '../base/invariant.ts';
import { done, type Outcome } from '../base/outcome.ts';
import type { Clock, Random } from '../base/ports.ts';
import type { RequestSeen } from '../model/cloud.ts';
import { type CallOptions, call } from './call.ts';
import { Meter } from './meter.ts';
import { traceCalls } from './trace-calls.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface ConnectionOptions {
  /** The identity amiport starts from; absent: the SDK's provider chain. */
  readonly credentials?: Credentials;
  /** One URL for all services: the simulator. */
  readonly endpoint?: string;
  /** Carries signed requests to a simulator in this process. */
  readonly requestHandler?: object;
  /** The role to assume in an account; undefined: the starting identity is used as it is. */
  readonly roleFor: (account: string) => string | undefined;
  readonly externalId?: string;
  /** Region for services that are not Regional (IAM, STS, Organizations). */
  readonly homeRegion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly sessionName: string;
}

interface Clients {
  readonly ebs: EBSClient;
  readonly ec2: EC2Client;
  readonly kms: KMSClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly ssm: SSMClient;
  readonly organizations: OrganizationsClient;
  readonly autoscaling: AutoScalingClient;
  readonly cloudtrail: CloudTrailClient;
  readonly sns: SNSClient;
  readonly events: EventBridgeClient;
}

type ServiceName = keyof Clients;

/** Loads one SDK client; never at start-up, since EC2 alone takes a quarter of a second. */
const CONSTRUCTORS: { readonly [S in ServiceName]: () => Promise<new (config: object) => Clients[S]> } = {
  ebs: async () => (await import('@aws-sdk/client-ebs')).EBSClient,
  ec2: async () => (await import('@aws-sdk/client-ec2')).EC2Client,
  kms: async () => (await import('@aws-sdk/client-kms')).KMSClient,
  iam: async () => (await import('@aws-sdk/client-iam')).IAMClient,
  sts: async () => (await import('@aws-sdk/client-sts')).STSClient,
  ssm: async () => (await import('@aws-sdk/client-ssm')).SSMClient,
  organizations: async () => (await import('@aws-sdk/client-organizations')).OrganizationsClient,
  autoscaling: async () => (await import('@aws-sdk/client-auto-scaling')).AutoScalingClient,
  cloudtrail: async () => (await import('@aws-sdk/client-cloudtrail')).CloudTrailClient,
  sns: async () => (await import('@aws-sdk/client-sns')).SNSClient,
  events: async () => (await import('@aws-sdk/client-eventbridge')).EventBridgeClient,
};

/** Role chaining caps sessions at one hour; renewed this long before the end. Source: STS API Reference "AssumeRole". */
const RENEW_BEFORE_MS = 5 * 60_000;
const SESSION_SECONDS = 3600;
/** A refused role is not asked for again by every one of the calls that need it. */
const REFUSED_FOR_MS = 10_000;

interface Caller {
  readonly account: string;
  readonly as: string | undefined;
}

interface Held {
  readonly session: Promise<Outcome<Credentials>>;
  untilMs(session: Outcome<Credentials>): number;
}

export class Connection {
  readonly options: ConnectionOptions;
  readonly #clients = new Map<string, Promise<unknown>>();
  readonly #meter: Meter;
  /** Whose call is under way. */
  readonly #caller = new AsyncLocalStorage<Caller>();
  /** Where the calls of a step are noted. */
  readonly #traces = new AsyncLocalStorage<RequestSeen[]>();
  #ambient: Promise<Credentials> | undefined;
  #stop: AbortSignal | undefined;
  readonly #sessions = new Map<string, Held>();

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.#meter = new Meter(options.clock);
  }

  /** From now on nobody waits for his turn, or to try again, once `stop` aborts; undefined: no such end. */
  heed(stop: AbortSignal | undefined): void {
    this.#stop = stop;
  }

  /** Sends through the client of (service, account, Region); the refusal of AssumeRole is the call's refusal. */
  async send<S extends ServiceName, T>(
    service: S,
    at: { readonly account: string; readonly region: string },
    what: string,
    use: (client: Clients[S]) => Promise<T>,
    options: { readonly as?: string } & Pick<CallOptions, 'attemptsMax' | 'onRetry'> = {},
  ): Promise<Outcome<T>> {
    const identity = await this.#identity(at.account, options.as);
    if (!identity.ok) return identity;
    const client = await this.#client(service, at.region);
    const caller = { account: at.account, as: options.as };
    const place = `${at.account}/${at.region}`;
    return call({ ...this.#calling(place), ...options }, place, what, () =>
      this.#caller.run(caller, () => use(client)),
    );
  }

  /** @param place whose quotas count: of the account that calls, not of the one that is called */
  #calling(place: string): CallOptions {
    const { clock, random } = this.options;
    return { clock, random, meter: this.#meter, place, signal: this.#stop };
  }

  /** Calls that change something and are made within `work`, however deep. */
  async traced<T>(work: () => Promise<T>): Promise<{ value: T; requests: readonly RequestSeen[] }> {
    const requests: RequestSeen[] = [];
    return { value: await this.#traces.run(requests, work), requests };
  }

  /** Closes sockets, so that a process can end. */
  async close(): Promise<void> {
    for (const client of this.#clients.values()) ((await client) as { destroy(): void }).destroy();
    this.#clients.clear();
  }

  #client<S extends ServiceName>(service: S, region: string): Promise<Clients[S]> {
    const id = `${service}|${region}`;
    const there = this.#clients.get(id);
    if (there !== undefined) return there as Promise<Clients[S]>;
    const made = CONSTRUCTORS[service]().then((Client) => {
      const client = new Client(this.#config(region, this.#callersCredentials));
      traceCalls(client, service, this.#traces, () => this.options.clock.nowMs());
      return client;
    });
    this.#clients.set(id, made);
    return made;
  }

  /** `memoized` keeps the SDK from holding on to those of the first caller: they are held here, by account. */
  readonly #callersCredentials = Object.assign(
    async (): Promise<Credentials> => {
      const caller = this.#caller.getStore();
      invariant(caller !== undefined, 'a client was used without saying for whom');
      return this.#credentials(caller.account, caller.as);
    },
    { memoized: true },
  );

  #config(region: string, credentials: (() => Promise<Credentials>) | Credentials | undefined): object {
    const { endpoint, requestHandler } = this.options;
    return {
      region,
      maxAttempts: 1,
      ...(credentials === undefined ? {} : { credentials }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(requestHandler === undefined ? {} : { requestHandler }),
    };
  }

  async #credentials(account: string, as: string | undefined): Promise<Credentials> {
    const identity = await this.#identity(account, as);
    // `send` looked before; a session that ended meanwhile is renewed here or fails as the call's own error.
    if (!identity.ok) throw Object.assign(new Error(identity.reason.says), { name: 'AccessDenied' });
    if (identity.value !== undefined) return identity.value;
    return this.#ambientCredentials();
  }

  /** Of the SDK's provider chain, which may ask a service or run a program: held as long as they last. */
  async #ambientCredentials(): Promise<Credentials> {
    this.#ambient ??= import('@aws-sdk/credential-providers').then((m) => m.fromNodeProviderChain()());
    const held = this.#ambient;
    const found = await held.catch((error: unknown) => {
      this.#ambient = undefined;
      throw error;
    });
    const leftMs = (found.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
    if (leftMs < RENEW_BEFORE_MS && this.#ambient === held) this.#ambient = undefined;
    return found;
  }

  /** @returns the credentials to use, or undefined for the SDK's provider chain */
  async #identity(account: string, as: string | undefined): Promise<Outcome<Credentials | undefined>> {
    const role = as ?? this.options.roleFor(account);
    if (role === undefined) return done(this.options.credentials);
    // A launcher's role is assumed from amiport's own session in that account.
    const from = as === undefined ? undefined : account;
    const id = `${role}|${from ?? ''}`;
    const held = this.#sessions.get(id);
    if (held === undefined) return this.#hold(id, role, from);
    const session = await held.session;
    if (this.options.clock.nowMs() < held.untilMs(session)) return session;
    // Of many calls that find it stale the first assumes the role again, and the others share what it gets.
    return (this.#sessions.get(id) === held ? this.#hold(id, role, from) : this.#sessions.get(id)?.session) ?? session;
  }

  #hold(id: string, role: string, from: string | undefined): Promise<Outcome<Credentials>> {
    const askedMs = this.options.clock.nowMs();
    const untilMs = (s: Outcome<Credentials>): number =>
      s.ok ? (s.value.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - RENEW_BEFORE_MS : askedMs + REFUSED_FOR_MS;
    const session = this.#assume(role, from);
    this.#sessions.set(id, { session, untilMs });
    return session;
  }

  async #assume(role: string, from: string | undefined): Promise<Outcome<Credentials>> {
    const { AssumeRoleCommand } = await import('@aws-sdk/client-sts');
    const Client = await CONSTRUCTORS.sts();
    const starting = from === undefined ? this.options.credentials : () => this.#credentials(from, undefined);
    const sts = new Client(this.#config(this.options.homeRegion, starting));
    const { externalId } = this.options;
    const answer = await call(this.#calling(from ?? 'home'), role, 'sts:AssumeRole', () =>
      sts.send(
        new AssumeRoleCommand({
          RoleArn: role,
          RoleSessionName: this.options.sessionName,
          DurationSeconds: SESSION_SECONDS,
          ...(externalId !== undefined && from === undefined ? { ExternalId: externalId } : {}),
        }),
      ),
    );
    sts.destroy();
    if (!answer.ok) return { ok: false, reason: { remedy: ASSUMABLE, ...answer.reason } };
    const c = answer.value.Credentials;
    return done({
      accessKeyId: c?.AccessKeyId ?? '',
      secretAccessKey: c?.SecretAccessKey ?? '',
      ...(c?.SessionToken === undefined ? {} : { sessionToken: c.SessionToken }),
      ...(c?.Expiration === undefined ? {} : { expiration: c.Expiration }),
    });
  }
}

const ASSUMABLE = {
  who: 'the owner of that account',
  does: 'create the role with the trust policy that `amiport export iam` prints, or correct access.role and access.externalId in amiport.yaml',
};
