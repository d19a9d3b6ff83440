/** Runs the CLI in this process as a shell would: words in, exit code and the two streams out; no terminal, no ambient environment. */
import { run } from '@stricli/core';
import { amiport } from '../../src/cli/application.ts';
import { type Context, exitCodeOf } from '../../src/cli/context.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  interrupted: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const stream = (into: string[]) => ({ isTTY: false, write: (text: string) => into.push(text) > 0 });
  const fake = { stdout: stream(out), stderr: stream(err), stdin: { isTTY: false }, exitCode: undefined, env };
  const process = fake as unknown as Context['process'];
  await run(amiport, args, { process, env, app: amiport, interrupted, stopping: { says: '' } });
  return { code: exitCodeOf(process.exitCode), out: out.join(''), err: err.join('') };
}
