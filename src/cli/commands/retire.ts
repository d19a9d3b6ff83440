/** `amiport retire [image…]`: ends versions that are older than `keep` says and that nobody is on, or one that must go at once. */
import { reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { otherCommand } from '../other-command.ts';
import { Printer } from '../print.ts';

interface Flags extends DeskFlags {
  readonly yes: boolean;
  readonly force: boolean;
  readonly now: boolean;
  readonly dryRun: boolean;
  readonly emergency: boolean;
  readonly to?: string;
}

export default async function retire(this: Context, flags: Flags, ...images: string[]): Promise<void> {
  const { force, now } = flags;
  if (flags.emergency) return endAtOnce(this, flags, images);
  const asked = { do: 'retire', force, now, ...(images.length === 0 ? {} : { images }) } as const;
  return otherCommand(this, flags, asked, {
    again: 'amiport retire',
    idle: 'no version is to be ended',
    blocked: EXIT.couldNotTell,
  });
}

async function endAtOnce(context: Context, flags: Flags, words: readonly string[]): Promise<void> {
  const [image, version, ...more] = words;
  if (image === undefined || version === undefined || more.length > 0) {
    const says = '--emergency takes an image and the source AMI of the version to end';
    const remedy = { who: 'you', does: 'amiport retire --emergency kubernetes ami-0123456789abcdef0' };
    const wrong = reason('cli.retire.emergency', words.join(' '), says, { remedy });
    context.process.exitCode = new Printer(context, flags).bad({ reason: wrong, problems: [] });
    return;
  }
  const to = flags.to === undefined ? {} : { to: flags.to };
  await otherCommand(
    context,
    flags,
    { do: 'emergency', image, version, force: flags.force, ...to },
    {
      again: `amiport retire --emergency ${image} ${version}`,
      idle: `nothing of version ${version} can be launched`,
      blocked: EXIT.couldNotTell,
    },
  );
}
