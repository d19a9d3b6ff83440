/** `amiport rollback RUN`: what users had before that run, proven, pointed at again; what the run brought goes last. */
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { otherCommand } from '../other-command.ts';

interface Flags extends DeskFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export default function rollback(this: Context, flags: Flags, run: string): Promise<void> {
  const words = {
    again: `amiport rollback ${run}`,
    idle: 'everything is as it was before that run',
    blocked: EXIT.failed,
  };
  return otherCommand(this, flags, { do: 'rollback', run }, words);
}
