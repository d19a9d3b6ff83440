/** The words, flags and help of the commands that keep a fleet in order: `drift`, `status`, `left` and what follows from them. */
import { buildCommand } from '@stricli/core';
import { ALIASES, COMMON_FLAGS, parseText, SERVER_FLAGS, YES_FLAG } from './flags.ts';
import { examples, none } from './help.ts';

export const drift = buildCommand({
  loader: async () => import('./commands/drift.ts'),
  parameters: { flags: { ...COMMON_FLAGS, ...SERVER_FLAGS }, aliases: ALIASES, positional: none },
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
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      volumeKeys: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Instead: which volumes and snapshots are under keys that other accounts can use',
      },
    },
    aliases: ALIASES,
    positional: none,
  },
  docs: {
    brief: 'What is delivered where, and how the last run ended',
    fullDescription: examples(
      'Reads AWS, changes nothing. Exit 3: something is missing; 4: something could not be read.',
      'amiport status',
      'amiport status --json',
      'amiport status --volume-keys',
    ),
  },
});

export const left = buildCommand({
  loader: async () => import('./commands/left.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      removeCanaries: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'First end canaries that a killed run left; nothing else',
      },
    },
    aliases: ALIASES,
    positional: none,
  },
  docs: {
    brief: 'Everything that amiport ever made for this delivery, and what is orphaned',
    fullDescription: examples(
      'Found by tags and names, in every place of the config, and in those that were taken out of it. Exit 3: something is orphaned.',
      'amiport left',
      'amiport left --remove-canaries',
      'amiport left --json | jq ".resources[] | select(.orphan)"',
    ),
  },
});

export const retire = buildCommand({
  loader: async () => import('./commands/retire.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      yes: YES_FLAG,
      dryRun: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Only show what would end, and who uses what',
      },
      now: { kind: 'boolean', default: false, withNegated: false, brief: 'Deregister at once, without keep.graceDays' },
      force: { kind: 'boolean', default: false, withNegated: false, brief: 'Also versions that somebody uses' },
      emergency: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'IMAGE VERSION: pointers back to the last clean version, and this one disabled everywhere',
      },
      to: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: 'With --emergency: the version to go back to',
        placeholder: 'version',
      },
    },
    aliases: { ...ALIASES, y: 'yes' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'Image names; all when absent. With --emergency one image and the source AMI of its version',
        parse: parseText,
        placeholder: 'image',
      },
    },
  },
  docs: {
    brief: 'End versions beyond keep.versions that nobody uses',
    fullDescription: examples(
      'Asks everybody who may use them, deprecates, disables, and after keep.graceDays deregisters with the snapshots.',
      'amiport retire --dry-run',
      'amiport retire kubernetes --yes',
      'amiport retire --emergency kubernetes ami-0123456789abcdef0',
    ),
  },
});

const flagOf = (brief: string) => ({ kind: 'boolean', default: false, withNegated: false, brief }) as const;

export const report = buildCommand({
  loader: async () => import('./commands/report.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      rotation: flagOf('All runs of the last rotation of a leaked key'),
      html: flagOf('One page of HTML in place of Markdown'),
      verify: flagOf('Also what can be launched now'),
    },
    aliases: ALIASES,
    positional: {
      kind: 'array',
      parameter: {
        brief: 'Runs, as status names them; the last one when absent',
        parse: parseText,
        placeholder: 'run',
      },
    },
  },
  docs: {
    brief: 'What was done, when, by whom, with which requests, and what could be launched before and after',
    fullDescription: examples(
      'From the journals beside the config; only --verify calls AWS. Changes nothing.',
      'amiport report',
      'amiport report --rotation --verify --html > rotation.html',
    ),
  },
});

export const rehome = buildCommand({
  loader: async () => import('./commands/rehome.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      yes: YES_FLAG,
      dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'Only show the steps' },
      stop: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Instances that run may be stopped for the move, and are started again',
      },
      deleteOld: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Delete old volumes and snapshots once what stands for them is there',
      },
    },
    aliases: { ...ALIASES, y: 'yes' },
    positional: {
      kind: 'array',
      parameter: { brief: 'Account ids; all of the config when absent', parse: parseText, placeholder: 'account' },
    },
  },
  docs: {
    brief: "Move volumes under a key that others can use under their account's own key",
    fullDescription: examples(
      'While the instance is stopped, so that nothing is lost; groups are refreshed. Old volumes stay until --delete-old.',
      'amiport rehome --dry-run',
      'amiport rehome 222222222222 --stop --yes',
      'amiport rehome --delete-old --yes',
    ),
  },
});

export const rollback = buildCommand({
  loader: async () => import('./commands/rollback.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      yes: YES_FLAG,
      dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'Only show the steps back' },
    },
    aliases: { ...ALIASES, y: 'yes' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The run, as status names it', parse: parseText, placeholder: 'run' }],
    },
  },
  docs: {
    brief: 'Go back to what users had before a run: version, way, pointers',
    fullDescription: examples(
      'Proven before pointers move; what the run brought is withdrawn last. amiport.yaml stays as it is.',
      'amiport rollback 2026-01-01T10-00-00-000Z-1a2b3c4d --dry-run',
      'amiport rollback 2026-01-01T10-00-00-000Z-1a2b3c4d --yes',
    ),
  },
});
