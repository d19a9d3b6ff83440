/** `amiport sim start`: the simulated AWS on one port of this machine. Reads no credentials, calls nobody. */
import { type Reason, reason } from '../../base/outcome.ts';
import { type Sim, startSim } from '../../sim/api.ts';
import { type Context, EXIT } from '../context.ts';
import { Printer, type PrintFlags, plural } from '../print.ts';
import { quotasFrom, worldFrom } from '../sim-files.ts';
import { keepToken } from '../sim-token.ts';

interface StartFlags extends PrintFlags {
  readonly port: number;
  readonly speed: number;
  readonly world?: string;
  readonly state?: string;
  readonly host?: string;
  readonly quotas: string;
}

export async function start(this: Context, flags: StartFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const world = await worldFrom(flags.world);
  if (!world.ok) {
    this.process.exitCode = printer.bad(world.bad);
    return;
  }
  const quotas = await quotasFrom(flags.quotas);
  if (!quotas.ok) {
    this.process.exitCode = printer.bad(quotas.bad);
    return;
  }
  let sim: Sim;
  try {
    sim = await startSim({
      port: flags.port,
      speed: flags.speed,
      quotas: quotas.value,
      ...(flags.state === undefined ? {} : { state: flags.state }),
      ...(flags.host === undefined ? {} : { host: flags.host }),
      ...world.value,
      onBug: (bug, operation) =>
        printer.note(`${operation}: a bug of the simulator: ${bug instanceof Error ? bug.stack : String(bug)}`),
    });
  } catch (error) {
    this.process.exitCode = printer.failure(notStarted(flags.port, error as NodeJS.ErrnoException));
    return;
  }
  this.stopping.says = 'stopping the simulated AWS';
  const { url, port, token } = sim.server ?? { url: '', port: 0, token: '' };
  const forget = keepToken(port, token);
  const accounts = [...sim.world.accounts.keys()];
  if (flags.json)
    this.process.stdout.write(
      `${JSON.stringify({ version: 1, url, port, token, accounts: accounts.slice(0, 100) })}\n`,
    );
  else
    for (const line of howToUse(printer, { url, port, token, accounts, speed: flags.speed, state: flags.state }))
      printer.line(line);
  const rules = world.value.faults?.length ?? 0;
  if (rules > 0) printer.note(`The world file makes calls fail: ${plural(rules, 'fault rule')}.`);
  await aborted(this.interrupted);
  forget();
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
    'AWS CLI before 2.13 does not know AWS_ENDPOINT_URL: aws --endpoint-url "$AWS_ENDPOINT_URL" ...',
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

function notStarted(port: number, error: NodeJS.ErrnoException): Reason {
  if (error.code === 'EADDRINUSE') {
    return reason('sim.port.taken', String(port), `port ${port} is taken`, {
      remedy: { who: 'you', does: 'end what runs there, or take another one: --port 0 takes any free port' },
    });
  }
  return reason('sim.not-started', String(port), `the simulator could not start: ${error.message}`);
}
