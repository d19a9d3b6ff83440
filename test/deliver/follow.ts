/** Follows what amiport prints: AWS CLI commands, carried out word for word on the simulated AWS. */
import { type RawSender, rawSender } from '../../src/app/api.ts';
import type { Mend } from '../../src/export/mend.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import type { TestSim } from '../../src/sim/testing.ts';
import { BUILDER, HOME, must } from './stage.ts';

/** Words as a POSIX shell splits them: single quotes, and a backslash outside of them. */
function shellWords(command: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of command.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/gs))
    words.push(word.replace(/'([^']*)'|\\(.)/gs, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? ''));
  return words;
}

/** The AWS CLI's options that take a structure or a list; all others take a text. */
const STRUCTURES = new Set(['--launch-permission', '--image-criteria']);
const LISTS = new Set(['--operations', '--user-ids']);

const pascal = (kebab: string): string =>
  kebab.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()).replace(/^Aws/, 'AWS');

interface Call {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
}

function callOf(command: string): Call {
  const [aws, service = '', operation = '', ...rest] = shellWords(command);
  if (aws !== 'aws') throw new Error(`not a command of the AWS CLI: ${command}`);
  const input: Record<string, unknown> = {};
  let region = HOME;
  for (let i = 0; i < rest.length; ) {
    const name = rest[i] ?? '';
    const end = rest.findIndex((word, at) => at > i && word.startsWith('--'));
    const values = rest.slice(i + 1, end < 0 ? rest.length : end);
    i += 1 + values.length;
    if (name === '--region') region = values[0] ?? '';
    else if (LISTS.has(name)) input[pascal(name.slice(2))] = values;
    else if (STRUCTURES.has(name)) input[pascal(name.slice(2))] = JSON.parse(values[0] ?? '');
    else input[pascal(name.slice(2))] = values[0] ?? true;
  }
  return { service, operation: pascal(operation), region, input };
}

/** As the administrator of each account, or as amiport's role there where that is who must do it. */
export async function follow(sim: TestSim, mends: readonly Mend[]): Promise<void> {
  const reach = { requestHandler: inProcessHandler(sim.kernel) };
  for (const { account, by, commands } of mends) {
    const assumed = by === undefined ? undefined : { role: by, account: BUILDER };
    const sender = rawSender(reach, account, sim.clock, 'bedrock-images', assumed);
    for (const command of commands) {
      const { service, operation, region, input } = callOf(command);
      // The simulator has no Account Management: switching a Region on is a word to its world.
      if (service === 'account') sim.world.accounts.get(account)?.regions.add(String(input.RegionName));
      else await must(sender.send(service as Parameters<RawSender['send']>[0], region, operation, input));
    }
    await sender.close();
  }
}
