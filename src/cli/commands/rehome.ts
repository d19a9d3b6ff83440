/** `amiport rehome [account…]`: volumes and snapshots under keys that others can use, moved under their account's own key. */
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { otherCommand } from '../other-command.ts';

interface Flags extends DeskFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly stop: boolean;
  readonly deleteOld: boolean;
}

export default function rehome(this: Context, flags: Flags, ...accounts: string[]): Promise<void> {
  const { stop, deleteOld } = flags;
  const asked = { do: 'rehome', stop, deleteOld, ...(accounts.length === 0 ? {} : { accounts }) } as const;
  return otherCommand(this, flags, asked, {
    again: 'amiport rehome',
    idle: 'no volume or snapshot is under a key that other accounts can use',
    blocked: EXIT.couldNotTell,
  });
}
