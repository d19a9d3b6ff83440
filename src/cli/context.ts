/** What commands are given of the process: streams, environment, a signal that Ctrl-C aborts. */
import type { Application, CommandContext } from '@stricli/core';
import pc from 'picocolors';

/** Exit codes, the same for all commands. */
export const EXIT = {
  done: 0,
  failed: 1,
  badInput: 2,
  /** Differences, findings, or a launcher that cannot launch. */
  differs: 3,
  couldNotTell: 4,
  interrupted: 130,
} as const;

/** Stricli says with negative codes that the words were wrong (-4 and below) or that its own work failed. */
export function exitCodeOf(code: CliProcess['exitCode']): number {
  const given = Number(code ?? EXIT.done);
  return given >= 0 ? given : given <= -4 ? EXIT.badInput : EXIT.failed;
}

/** The process as Stricli takes it. */
export type CliProcess = Omit<NodeJS.Process, 'exitCode'> & { exitCode?: number | string | null };

export interface Context extends CommandContext {
  readonly process: CliProcess;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The table of commands, for those commands that run or propose others. */
  readonly app: Application<Context>;
  /** Aborted by the first Ctrl-C; the second one ends the process. */
  readonly interrupted: AbortSignal;
  /** What the first Ctrl-C says; a command for which it is the usual end puts its own words here. */
  readonly stopping: { says: string };
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours only on a terminal, and only when nobody said no. */
export function colorsFor(stream: { readonly isTTY?: boolean }, env: Context['env'], noColor: boolean): Colors {
  const wanted = !noColor && stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return pc.createColors(wanted || (!noColor && (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0'));
}

/** `amiport … | head` ends its reading early: what is under way goes on, and ends as it would. */
function unlessNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}

export function newContext(process: NodeJS.Process, app: Application<Context>): Context {
  const controller = new AbortController();
  const stopping = {
    says: 'interrupted: finishing what is in flight; apply goes on from here (Ctrl-C again to end at once)',
  };
  let asked = 0;
  const onSignal = () => {
    asked += 1;
    if (asked > 1) process.exit(EXIT.interrupted);
    process.stderr.write(`\n${stopping.says}\n`);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unlessNobodyReads);
  return { process: process as CliProcess, env: process.env, app, interrupted: controller.signal, stopping };
}
