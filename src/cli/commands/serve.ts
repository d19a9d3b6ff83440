/** `amiport serve` and `amiport worker`: run until they are stopped; the first signal lets what is in flight finish. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { done, failed, type Outcome, reason } from '../../base/outcome.ts';
import type { AuthOptions } from '../../serve/authenticate.ts';
import type { CoreOptions } from '../../serve/core.ts';
import { openCore } from '../../serve/core.ts';
import { makeLog } from '../../serve/log.ts';
import { startService } from '../../serve/service.ts';
import { type Context, EXIT } from '../context.ts';
import { Printer, type PrintFlags } from '../print.ts';
import { simulate } from '../simulate.ts';

interface ProcessFlags extends PrintFlags {
  readonly deliveries: string;
  readonly jobs: number;
  readonly endpoint?: string;
  readonly logLevel: 'error' | 'warn' | 'info';
}

interface ServeFlags extends ProcessFlags {
  readonly host: string;
  readonly port: number;
  readonly auth: 'token' | 'none';
  readonly oidcIssuer?: string;
  readonly oidcAudience?: string;
  readonly oidcRoleClaim: string;
  readonly builds: boolean;
  readonly work: boolean;
  readonly driftMinutes: number;
  readonly keepDays: number;
}

const MINUTE_MS = 60_000;

export async function serve(this: Context, flags: ServeFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const auth = authOf(flags);
  const core = auth.ok ? await coreOptions(this, flags, flags.work) : auth;
  if (!auth.ok || !core.ok) {
    const wrong = [auth, core].flatMap((o) => (o.ok ? [] : [o.reason]));
    for (const why of wrong.slice(0, 1)) this.process.exitCode = printer.bad({ reason: why, problems: [] });
    return;
  }
  const started = await startService({
    ...core.value,
    host: flags.host,
    port: flags.port,
    auth: auth.value,
    builds: flags.builds,
    simulate,
    schedules: { driftEveryMs: flags.driftMinutes * MINUTE_MS, keepRunsDays: Math.ceil(flags.keepDays) },
  });
  if (!started.ok) {
    this.process.exitCode = printer.failure(started.reason);
    return;
  }
  const { url, token } = started.value;
  this.stopping.says = 'stopping: what is in flight finishes, the rest goes on with the next worker';
  if (flags.json)
    this.process.stdout.write(`${JSON.stringify({ version: 1, url, ...(token === undefined ? {} : { token }) })}\n`);
  else for (const line of howToAsk(printer, url, token)) printer.line(line);
  await aborted(this.interrupted);
  await started.value.close();
  this.process.exitCode = EXIT.done;
}

export async function worker(this: Context, flags: ProcessFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const options = await coreOptions(this, flags, true);
  if (!options.ok || !('url' in options.value.database)) {
    this.process.exitCode = printer.bad({ reason: options.ok ? NO_DATABASE : options.reason, problems: [] });
    return;
  }
  const core = await openCore(options.value);
  if (!core.ok) {
    this.process.exitCode = printer.failure(core.reason);
    return;
  }
  this.stopping.says = 'stopping: what is in flight finishes, the rest goes on with the next worker';
  core.value.log.info({ jobs: options.value.slots }, 'the worker works');
  await aborted(this.interrupted);
  await core.value.close();
  this.process.exitCode = EXIT.done;
}

const NO_DATABASE = reason(
  'serve.worker.database',
  'AMIPORT_DATABASE_URL',
  'a worker shares a PostgreSQL with the server, and none is named',
  {
    remedy: {
      who: 'you',
      does: 'set AMIPORT_DATABASE_URL=postgres://…; the embedded database is for one process, and amiport serve works in it itself',
    },
  },
);

async function coreOptions(context: Context, flags: ProcessFlags, works: boolean): Promise<Outcome<CoreOptions>> {
  const dir = resolve(flags.deliveries);
  if (
    !(await stat(dir)
      .then((s) => s.isDirectory())
      .catch(() => false))
  )
    return failed(reason('serve.deliveries.absent', flags.deliveries, `there is no directory ${flags.deliveries}`));
  const url = context.env.AMIPORT_DATABASE_URL;
  return done({
    database: url === undefined || url === '' ? { folder: join(dir, '.amiport', 'service') } : { url },
    deliveries: { dir, env: context.env, ...(flags.endpoint === undefined ? {} : { endpoint: flags.endpoint }) },
    slots: works ? Math.ceil(flags.jobs) : 0,
    log: makeLog(flags.quiet ? 'error' : flags.logLevel, (line) => context.process.stderr.write(line)),
  });
}

function authOf(flags: ServeFlags): Outcome<AuthOptions> {
  const { auth, oidcIssuer: issuer, oidcAudience: audience, oidcRoleClaim: roleClaim } = flags;
  if (issuer === undefined && audience === undefined) return done({ mode: auth });
  const wrong = (says: string) => failed(reason('serve.oidc', issuer ?? '', says));
  if (auth === 'none') return wrong('--auth none and --oidc-issuer exclude each other');
  if (issuer === undefined || audience === undefined) return wrong('--oidc-issuer and --oidc-audience go together');
  if (!URL.canParse(issuer) || !/^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(issuer))
    return wrong(`--oidc-issuer wants an https URL, not ${issuer}`);
  return done({ mode: 'token', oidc: { issuer, audience, roleClaim } });
}

function howToAsk({ color }: Printer, url: string, token: string | undefined): readonly string[] {
  return [
    `${color.green('✓')} amiport serves at ${color.bold(url)}`,
    ...(token === undefined ? [] : [`  administrator's token, shown this once: ${token}`]),
    '',
    'In another terminal:',
    ...(token === undefined ? [] : [`  ${color.cyan(`export AMIPORT_TOKEN=${token}`)}`]),
    `  ${color.cyan(`amiport plan --server ${url}`)}`,
  ];
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolved) => {
    if (signal.aborted) resolved();
    else signal.addEventListener('abort', () => resolved(), { once: true });
  });
