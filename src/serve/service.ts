/** `amiport serve` and `amiport worker` as a program: what is refused before anything is opened, and the order of start and end. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Simulate } from '../app/api.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { type AuthOptions, authenticator } from './authenticate.ts';
import { type Core, type CoreOptions, openCore } from './core.ts';
import { httpApp } from './http.ts';
import { type ScheduleOptions, Schedules } from './schedules.ts';
import { firstToken } from './tokens.ts';

export interface ServeOptions extends CoreOptions {
  readonly host: string;
  readonly port: number;
  readonly auth: AuthOptions;
  readonly builds: boolean;
  /** For drills. */
  readonly simulate?: Simulate;
  readonly schedules: ScheduleOptions;
}

export interface Service {
  readonly url: string;
  /** The first administrator's token, on the very first start; shown once. */
  readonly token: string | undefined;
  readonly core: Core;
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export async function startService(o: ServeOptions): Promise<Outcome<Service>> {
  const local = LOOPBACK.has(o.host);
  if (!local && o.auth.mode === 'none') return failed(open(o.host));
  const opened = await openCore(o);
  if (!opened.ok) return opened;
  const core = opened.value;
  const app = httpApp({
    core,
    authenticate: authenticator(core.db, o.auth),
    env: o.deliveries.env,
    builds: o.builds,
    draining: () => core.closing.aborted,
    ...(o.simulate === undefined ? {} : { simulate: o.simulate }),
    ...(local ? { hosts: new Set([...LOOPBACK, '[::1]']) } : {}),
  });
  const server = createServer(getRequestListener(app.fetch));
  const listening = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(o.port, o.host, () => resolve(undefined));
  });
  if (listening !== undefined) {
    await core.close();
    return failed(notListening(o.host, o.port, listening));
  }
  const first = o.auth.mode === 'token' ? await firstToken(core.db) : undefined;
  const schedules = new Schedules(core, o.schedules);
  schedules.start();
  const { port } = server.address() as AddressInfo;
  const url = `http://${o.host.includes(':') ? `[${o.host}]` : o.host}:${port}`;
  core.log.info({ url, database: core.db.kind, auth: o.auth.mode }, 'the server listens');
  return done({
    url,
    token: first?.token,
    core,
    async close() {
      await schedules.stop();
      server.close();
      await core.close();
      server.closeAllConnections();
    },
  });
}

const open = (host: string): Reason =>
  reason('serve.open', host, `without authentication the server listens on this machine only, not on ${host}`, {
    remedy: { who: 'you', does: 'drop --auth none: tokens are the default; or listen on 127.0.0.1' },
  });

function notListening(host: string, port: number, error: NodeJS.ErrnoException): Reason {
  const says =
    error.code === 'EADDRINUSE' ? `port ${port} is taken` : `it cannot listen on ${host}:${port}: ${error.message}`;
  return reason('serve.not-listening', `${host}:${port}`, says, {
    remedy: { who: 'you', does: 'end what runs there, or take another port: --port 0 takes any free one' },
  });
}
