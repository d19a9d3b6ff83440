/** One command's connection to the world: the config, the cloud, the clock, where runs are kept. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { awsCloud } from '../aws/cloud.ts';
import { Connection, type Credentials } from '../aws/connection.ts';
import { observe, type Since } from '../aws/observe.ts';
import { readIdentity } from '../aws/observe-account.ts';
import { resolveUnits } from '../aws/resolve-units.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { type Clock, seededRandom } from '../base/ports.ts';
import type { Cloud } from '../model/cloud.ts';
import { parseConfig } from '../model/config.ts';
import type { ConfigProblem } from '../model/config-problem.ts';
import { type Delivery, roleArnFor } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { clockOf } from './clock.ts';
import { targetOf } from './endpoint.ts';
import { manifestImages } from './manifest.ts';

export interface SessionOptions {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly endpoint?: string;
  /** In-process simulator: carries the signed requests. */
  readonly requestHandler?: object;
  readonly credentials?: Credentials;
  readonly clock?: Clock;
  /** Only the builder is worked on: who is in organizational units is not asked, and need not be readable. */
  readonly builderOnly?: true;
}

export interface Session {
  readonly want: Delivery;
  readonly cloud: Cloud;
  readonly connection: Connection;
  readonly clock: Clock;
  /** `.amiport` beside the config file. */
  readonly stateDir: string;
  readonly configDir: string;
  readonly configFile: string;
  /** undefined: the real AWS. */
  readonly endpoint: string | undefined;
  look(want?: Delivery, onProgress?: (done: number, total: number) => void): Promise<Observed>;
  /** Reads again what a run has changed since an earlier look, and takes the rest from there. */
  lookAgain(want: Delivery, since: Since): Promise<Observed>;
  close(): Promise<void>;
}

export interface ConfigText {
  readonly text: string;
  readonly file: string;
}

/** Bad input: nothing was called. `problems` are positions in the config file, when it is at fault. */
export interface BadInput {
  readonly reason: Reason;
  readonly problems: readonly ConfigProblem[];
  readonly source?: ConfigText;
}

export type Opened<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly bad: BadInput };

export async function readConfig(
  configFile: string,
  env: SessionOptions['env'],
): Promise<Opened<{ want: Delivery; source: ConfigText; warnings: readonly ConfigProblem[] }>> {
  const bytes = await readFile(configFile).catch((error: NodeJS.ErrnoException) => error);
  if (bytes instanceof Error) {
    const says =
      bytes.code === 'ENOENT'
        ? `there is no config file ${configFile}`
        : `config file ${configFile} cannot be read: ${bytes.code ?? bytes.message}`;
    const remedy = { who: 'you', does: 'amiport init writes one; --config names another' };
    return { ok: false, bad: { reason: reason('config.unreadable', configFile, says, { remedy }), problems: [] } };
  }
  return checkConfig(bytes, configFile, env);
}

/** Judges a config that is at hand; files it names are looked for beside it. */
export function checkConfig(
  bytes: Buffer,
  configFile: string,
  env: SessionOptions['env'],
): Opened<{ want: Delivery; source: ConfigText; warnings: readonly ConfigProblem[] }> {
  const source = { text: bytes.toString('utf8'), file: configFile };
  const base = dirname(resolve(configFile));
  const parsed = parseConfig(bytes, configFile, { fileExists: (path) => existsSync(resolve(base, path)), env });
  if (parsed.ok) return { ok: true, value: { want: parsed.delivery, source, warnings: parsed.warnings } };
  const count = parsed.problems.length;
  const bad = reason('config.invalid', configFile, `${configFile} has ${count} problem${count === 1 ? '' : 's'}`);
  return { ok: false, bad: { reason: bad, problems: parsed.problems, source } };
}

const nobodyThere = (endpoint = ''): Reason =>
  reason('cli.endpoint.nobody', endpoint, `nobody answers at ${endpoint}`, {
    remedy: { who: 'you', does: 'start a simulator (amiport sim start), or correct the endpoint' },
  });

export async function openSession(options: SessionOptions): Promise<Opened<Session>> {
  const config = await readConfig(options.configFile, options.env);
  if (!config.ok) return config;
  const target =
    options.requestHandler === undefined
      ? targetOf(options.endpoint, options.env)
      : done({ endpoint: undefined, credentials: options.credentials });
  if (!target.ok) return { ok: false, bad: { reason: target.reason, problems: [] } };
  const configDir = dirname(resolve(options.configFile));
  const written = config.value.want;
  const images = await manifestImages(written, configDir);
  if (!images.ok) return { ok: false, bad: { reason: images.reason, problems: [] } };
  const clock = options.clock ?? (await clockOf(target.value.endpoint));
  if (clock === undefined) return { ok: false, bad: { reason: nobodyThere(target.value.endpoint), problems: [] } };
  const connection = new Connection({
    ...(target.value.credentials === undefined ? {} : { credentials: target.value.credentials }),
    ...(target.value.endpoint === undefined ? {} : { endpoint: target.value.endpoint }),
    ...(options.requestHandler === undefined ? {} : { requestHandler: options.requestHandler }),
    roleFor: (account) => roleArnFor(written.access, account),
    ...(written.access.externalId === undefined ? {} : { externalId: written.access.externalId }),
    homeRegion: written.builder.region,
    clock,
    random: seededRandom(clock.nowMs()),
    sessionName: `amiport-${written.name}`.slice(0, 64),
  });
  const resolved = options.builderOnly ? done(written) : await resolveUnits(connection, written);
  if (!resolved.ok) {
    await connection.close();
    return { ok: false, bad: { reason: resolved.reason, problems: [] } };
  }
  const want = resolved.value;
  return {
    ok: true,
    value: {
      want,
      cloud: awsCloud(connection),
      connection,
      clock,
      configDir,
      configFile: options.configFile,
      stateDir: join(configDir, '.amiport'),
      endpoint: target.value.endpoint,
      look: (narrowed, onProgress) =>
        observe(connection, narrowed ?? want, { manifestImages: images.value, ...(onProgress ? { onProgress } : {}) }),
      lookAgain: (narrowed, since) => observe(connection, narrowed, { manifestImages: images.value, since }),
      close: () => connection.close(),
    },
  };
}

/** Whom amiport calls as in the builder account, said before anything is changed. */
export function whoAmI(session: Session): Promise<Outcome<string>> {
  const asked = known.get(session.connection) ?? askWho(session);
  known.set(session.connection, asked);
  return asked;
}

/** It does not change while a command lasts. */
const known = new WeakMap<Connection, Promise<Outcome<string>>>();

async function askWho(session: Session): Promise<Outcome<string>> {
  const identity = await readIdentity(session.connection, session.want.builder.account);
  if (identity.is === 'known') return done(identity.value);
  const nobody = reason('aws.no-identity', session.want.builder.account, 'AWS does not say who is calling');
  return failed(identity.is === 'unreadable' ? identity.reason : nobody);
}
