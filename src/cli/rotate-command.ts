/** The words, flags and help of `rotate`. */
import { buildCommand } from '@stricli/core';
import { ALIASES, COMMON_FLAGS, parsePositive, parseText, SERVER_FLAGS, YES_FLAG } from './flags.ts';
import { examples } from './help.ts';

/** @throws SyntaxError for anything but 15m to 48h in steps of 15 minutes */
function parseWithin(input: string): number {
  const [, count = '', unit] = /^(\d+)(m|h)$/.exec(input) ?? [];
  const minutes = Number(count) * (unit === 'h' ? 60 : 1);
  if (unit === undefined || minutes < 15 || minutes > 2_880 || minutes % 15 !== 0)
    throw new SyntaxError(`wants 15m to 48h in steps of 15 minutes, not "${input}"`);
  return minutes;
}

const flag = (brief: string) => ({ kind: 'boolean', default: false, withNegated: false, brief }) as const;

export const rotate = buildCommand({
  loader: async () => import('./commands/rotate.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      yes: YES_FLAG,
      leaked: flag('Replace a key that leaked: new key, new copies, then the old ones withdrawn'),
      scheduled: flag('See that automatic rotation is on as the config says, and tell what that protects'),
      now: flag('With --scheduled: new key material at once'),
      dryRun: flag('Only show what would be done next'),
      drill: flag('Do all of it in a simulated copy of what is observed, and report: nothing is changed'),
      contain: flag('Disable the key first: stopping the leak matters more than launches'),
      force: flag('Close old images though somebody is pinned to them, or nobody can tell'),
      back: flag('Take the rotation back: the old key, images and pointers are what counts again'),
      delete: flag('Consent to the deletion of the old key after the watch'),
      watchDays: {
        kind: 'parsed',
        parse: parsePositive,
        default: '7',
        brief: 'Days to watch for refused uses before the key may be deleted',
        placeholder: 'days',
      },
      within: {
        kind: 'parsed',
        parse: parseWithin,
        optional: true,
        brief: 'Time-based copies that end within this time, at their price: 15m to 48h, in steps of 15m',
        placeholder: 'time',
      },
      reason: { kind: 'parsed', parse: parseText, optional: true, brief: 'Why, for the journal', placeholder: 'text' },
    },
    aliases: { ...ALIASES, y: 'yes' },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'The key (alias, id or ARN), the delivery, or an image under the key; the delivery when absent',
          parse: parseText,
          placeholder: 'what',
          optional: true,
        },
      ],
    },
  },
  docs: {
    brief: 'Rotate a KMS key: replace one that leaked without a failed launch, or renew its material',
    fullDescription: examples(
      'Shows its phases first. Stopped anywhere, the same command goes on. Exit 3: it waits for somebody, who is named.',
      'amiport rotate --scheduled',
      'amiport rotate --leaked --dry-run',
      'amiport rotate alias/amiport-images --leaked --reason "key policy was open for a day"',
      'amiport rotate --leaked --drill',
      'amiport rotate --leaked --within 1h',
      'amiport rotate --leaked --contain --yes',
      'amiport rotate --leaked --back',
    ),
  },
});
