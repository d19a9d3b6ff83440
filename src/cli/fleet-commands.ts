/** The words, flags and help of the commands that keep a fleet in order: `drift`, `status`, `left` and what follows from them. */
import { buildCommand } from '@stricli/core';
import { ALIASES, COMMON_FLAGS } from './flags.ts';
import { examples, none } from './help.ts';

export const drift = buildCommand({
  loader: async () => import('./commands/drift.ts'),
  parameters: { flags: { ...COMMON_FLAGS }, aliases: ALIASES, positional: none },
  docs: {
    brief: 'What is not as the config wants it, on both sides, and what mends it',
    fullDescription: examples(
      'Reads AWS, changes nothing. Exit 3: something differs; 4: something could not be read.',
      'amiport drift',
      'amiport drift --json | jq ".differences[] | select(.step == null)"',
    ),
  },
});

export const status = buildCommand({
  loader: async () => import('./commands/status.ts'),
  parameters: { flags: { ...COMMON_FLAGS }, aliases: ALIASES, positional: none },
  docs: {
    brief: 'What is delivered where, and how the last run ended',
    fullDescription: examples(
      'Reads AWS, changes nothing. Exit 3: something is missing; 4: something could not be read.',
      'amiport status',
      'amiport status --json',
    ),
  },
});

export const left = buildCommand({
  loader: async () => import('./commands/left.ts'),
  parameters: { flags: { ...COMMON_FLAGS }, aliases: ALIASES, positional: none },
  docs: {
    brief: 'Everything that amiport ever made for this delivery, and what is orphaned',
    fullDescription: examples(
      'Found by tags and names, in every place of the config. Exit 3: something is orphaned.',
      'amiport left',
      'amiport left --json | jq ".resources[] | select(.orphan)"',
    ),
  },
});
