/** `amiport sim start|env`: the simulated AWS on one port of this machine. Reads no credentials, calls nobody. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isAccountId } from '../../base/arn.ts';
import { type Reason, reason } from '../../base/outcome.ts';
import { type Sim, type SimOptions, startSim } from '../../sim/api.ts';
import type { World } from '../../sim/world/world.ts';
import { readWorldFile, worldProblemText } from '../../sim/world/world-file.ts';
import { type Context, EXIT } from '../context.ts';
import { Printer, type PrintFlags } from '../print.ts';

interface StartFlags extends PrintFlags {
  readonly port: number;
  readonly speed: number;
  readonly world?: string;
  readonly state?: string;
  readonly quotas: 'aws' | 'off';
}

export async function start(this: Context, flags: StartFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const world = flags.world === undefined ? undefined : await readWorld(flags.world);
  if (world !== undefined && !world.ok) {
    this.process.exitCode = printer.bad({ reason: world.reason, problems: [] });
    return;
  }
  let sim: Sim;
  try {
    sim = await startSim({
      port: flags.port,
      speed: flags.speed,
      quotas: flags.quotas,
      ...(flags.state === undefined ? {} : { state: flags.state }),
      ...(world === undefined ? {} : { world: world.make, ...world.options }),
      onBug: (bug, operation) =>
        printer.note(`${operation}: a bug of the simulator: ${bug instanceof Error ? bug.stack : String(bug)}`),
    });
  } catch (error) {
    this.process.exitCode = printer.failure(notStarted(flags.port, error as NodeJS.ErrnoException));
    return;
  }
  this.stopping.says = 'stopping the simulated AWS';
  const { url, port, token } = sim.server ?? { url: '', port: 0, token: '' };
  const accounts = [...sim.world.accounts.keys()];
  if (flags.json)
    this.process.stdout.write(
      `${JSON.stringify({ version: 1, url, port, token, accounts: accounts.slice(0, 100) })}\n`,
    );
  else
    for (const line of howToUse(printer, { url, port, token, accounts, speed: flags.speed, state: flags.state }))
      printer.line(line);
  await aborted(this.interrupted);
  await sim.close();
  this.process.exitCode = EXIT.done;
}

interface Running {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly accounts: readonly string[];
  readonly speed: number;
  /** The folder it is kept in; undefined: in memory. */
  readonly state: string | undefined;
}

function howToUse(printer: Printer, sim: Running): readonly string[] {
  const { color } = printer;
  const [first = '111111111111'] = sim.accounts;
  const more = sim.accounts.length > 5 ? ` and ${sim.accounts.length - 5} more` : '';
  const portFlag = sim.port === 4599 ? '' : ` --port ${sim.port}`;
  return [
    `${color.green('✓')} A simulated AWS runs at ${color.bold(sim.url)}, ${sim.speed} times as fast as the clock. Nothing leaves this machine.`,
    `  accounts       ${sim.accounts.slice(0, 5).join(' ')}${more}`,
    `  control token  ${sim.token}`,
    '',
    'In another terminal, as the administrator of an account:',
    `  ${color.cyan(`eval "$(amiport sim env ${first}${portFlag})"`)}`,
    '  aws ec2 describe-images --owners self      (any SDK, AWS CLI, Terraform or Packer is a client)',
    '  amiport plan',
    '',
    sim.state === undefined
      ? 'Ctrl-C ends it; its state is in memory and goes with it.'
      : `Ctrl-C ends it; the next start with --state ${sim.state} goes on from there.`,
  ];
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolved) => {
    if (signal.aborted) resolved();
    else signal.addEventListener('abort', () => resolved(), { once: true });
  });

interface ReadWorld {
  readonly ok: true;
  readonly make: () => World;
  /** What the simulator is given beside the world. */
  readonly options: Pick<SimOptions, 'faults' | 'seed'>;
}
type WorldOutcome = ReadWorld | { readonly ok: false; readonly reason: Reason };

async function readWorld(file: string): Promise<WorldOutcome> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (text instanceof Error) {
    const says =
      text.code === 'ENOENT'
        ? `there is no world file ${file}`
        : `world file ${file} cannot be read: ${text.code ?? text.message}`;
    return { ok: false, reason: reason('sim.world.unreadable', file, says) };
  }
  const read = readWorldFile(text, dirname(resolve(file)));
  if (read.ok) {
    const { faults, seed } = read.file;
    const options = { ...(faults === undefined ? {} : { faults }), ...(seed === undefined ? {} : { seed }) };
    return { ok: true, make: () => read.make(), options };
  }
  const says = read.problems.map((p) => worldProblemText(file, p)).join('\n');
  return { ok: false, reason: reason('sim.world.invalid', file, says) };
}

function notStarted(port: number, error: NodeJS.ErrnoException): Reason {
  if (error.code === 'EADDRINUSE') {
    return reason('sim.port.taken', String(port), `port ${port} is taken`, {
      remedy: { who: 'you', does: 'end what runs there, or take another one: --port 0 takes any free port' },
    });
  }
  return reason('sim.not-started', String(port), `the simulator could not start: ${error.message}`);
}

interface EnvFlags {
  readonly port: number;
  readonly region: string;
}

/** For `eval`: so nothing that is not of the expected form ever gets into these lines. */
export function env(this: Context, flags: EnvFlags, account: string): void {
  const printer = new Printer(this, { json: false, quiet: false, noColor: false });
  const wrong = !isAccountId(account)
    ? reason('cli.account.malformed', account, `an account id has 12 digits, "${account}" does not`)
    : !/^[a-z]{2,3}(-[a-z]{2,12}){1,3}-\d{1,2}$/.test(flags.region)
      ? reason('cli.region.malformed', flags.region, `"${flags.region}" is not a Region such as eu-west-1`)
      : undefined;
  if (wrong !== undefined) {
    this.process.exitCode = printer.bad({ reason: wrong, problems: [] });
    return;
  }
  const url = `http://127.0.0.1:${flags.port}`;
  const set = {
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: flags.region,
    AWS_DEFAULT_REGION: flags.region,
    AWS_ENDPOINT_URL: url,
    AMIPORT_ENDPOINT: url,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  printer.raw(
    [
      'unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN',
      ...Object.entries(set).map(([name, value]) => `export ${name}=${value}`),
    ].join('\n'),
  );
}
