/** All commands: their words, flags and help. Their code is loaded only when they run. */
import { type Application, buildApplication, buildCommand, buildRouteMap } from '@stricli/core';
import type { Context } from './context.ts';
import { ALIASES, COMMON_FLAGS, OUTPUT_FLAGS, parseText, SERVER_FLAGS, YES_FLAG } from './flags.ts';
import { drift, left, rehome, report, retire, rollback, status } from './fleet-commands.ts';
import { examples, none } from './help.ts';
import { PART_FLAGS, RUN_FLAGS } from './part-flags.ts';
import { audit, compare, explain } from './question-commands.ts';
import { rotate } from './rotate-command.ts';
import { serve, server, worker } from './serve-commands.ts';
import { sim } from './sim-commands.ts';
import { VERSION } from './version.ts';
import { WORDING } from './wording.ts';

const build = buildCommand({
  loader: async () => import('./commands/build.ts'),
  parameters: {
    flags: { ...COMMON_FLAGS, ...SERVER_FLAGS },
    aliases: ALIASES,
    positional: {
      kind: 'array',
      parameter: { brief: 'Image names; all with a Packer source when absent', parse: parseText, placeholder: 'image' },
    },
  },
  docs: {
    brief: 'Build images with Packer, and tag the results as versions',
    fullDescription: examples(
      'Runs the real Packer on the templates in the config.',
      'amiport build',
      'amiport build kubernetes',
    ),
  },
});

const plan = buildCommand({
  loader: async () => import('./commands/plan.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      out: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: 'Also write the plan to this file, for apply',
        placeholder: 'file',
      },
      detailedExitcode: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Exit 3 when there is something to do',
      },
      ...PART_FLAGS,
    },
    aliases: ALIASES,
    positional: none,
  },
  docs: {
    brief: 'Show every step that apply would carry out, and why',
    fullDescription: examples(
      'Reads AWS, changes nothing.',
      'amiport plan',
      'amiport plan --out plan.json',
      'amiport plan --json --detailed-exitcode',
    ),
  },
});

const apply = buildCommand({
  loader: async () => import('./commands/apply.ts'),
  parameters: {
    flags: { ...COMMON_FLAGS, ...SERVER_FLAGS, ...RUN_FLAGS, yes: YES_FLAG },
    aliases: { ...ALIASES, y: 'yes' },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'A plan file that was approved', parse: parseText, placeholder: 'plan.json', optional: true },
      ],
    },
  },
  docs: {
    brief: 'Carry the plan out; what is done already is not done twice',
    fullDescription: examples(
      'Plans again, asks, and carries out. With a plan file: only if the steps are still exactly those.',
      'amiport apply',
      'amiport apply plan.json --yes',
      'amiport apply --only kubernetes --only eu-west-1',
      'amiport apply --except 222222222222 --deadline 30m --yes',
    ),
  },
});

const deliver = buildCommand({
  loader: async () => import('./commands/deliver.ts'),
  parameters: {
    flags: { ...COMMON_FLAGS, ...SERVER_FLAGS, yes: YES_FLAG },
    aliases: { ...ALIASES, y: 'yes' },
    positional: none,
  },
  docs: {
    brief: "Everything: the builder's settings, build, apply, verify",
    fullDescription: examples(
      'The whole way from a Packer template to proven launches.',
      'amiport deliver',
      'amiport deliver --yes --json',
    ),
  },
});

const verify = buildCommand({
  loader: async () => import('./commands/verify.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      canary: { kind: 'boolean', default: false, withNegated: false, brief: 'Also launch for real, and clean up' },
      probe: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Also ask KMS (DryRun) as every launcher that can be assumed',
      },
      fixPlan: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Print what mends: steps of amiport, commands and Terraform for the rest',
      },
      format: { kind: 'enum', values: ['sarif', 'junit'], optional: true, brief: 'For CI: SARIF 2.1.0 or JUnit XML' },
    },
    aliases: ALIASES,
    positional: none,
  },
  docs: {
    brief: 'Prove for every launcher that it can launch, or name the missing links',
    fullDescription: examples(
      'Exit 0: all can launch; 3: one cannot; 4: one could not be told.',
      'amiport verify',
      'amiport verify --probe',
      'amiport verify --canary',
      'amiport verify --fix-plan',
      'amiport verify --format junit > launches.xml',
      'amiport verify --json | jq ".proofs[] | select(.verdict != \\"can-launch\\")"',
    ),
  },
});

const init = buildCommand({
  loader: async () => import('./commands/init.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      check: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'List accounts that cannot be assumed, and why',
      },
    },
    aliases: ALIASES,
    positional: none,
  },
  docs: {
    brief: 'Write a config, or check that every account can be reached',
    fullDescription: examples('Asks on a terminal; never overwrites a config.', 'amiport init', 'amiport init --check'),
  },
});

const config = buildRouteMap({
  routes: {
    check: buildCommand({
      loader: async () => ({ default: (await import('./commands/config.ts')).check }),
      parameters: { flags: { ...COMMON_FLAGS }, aliases: ALIASES, positional: none },
      docs: {
        brief: 'Check the config; calls nothing',
        fullDescription: examples(
          'Every mistake with its line and what to write instead.',
          'amiport config check',
          'amiport config check --config team.yaml',
        ),
      },
    }),
    show: buildCommand({
      loader: async () => ({ default: (await import('./commands/config.ts')).show }),
      parameters: { flags: { ...COMMON_FLAGS }, aliases: ALIASES, positional: none },
      docs: {
        brief: 'Print the config with every default filled in',
        fullDescription: examples(
          'As YAML, or as JSON with --json.',
          'amiport config show',
          'amiport config show --json',
        ),
      },
    }),
    schema: buildCommand({
      loader: async () => ({ default: (await import('./commands/config.ts')).schema }),
      parameters: { flags: {}, positional: none },
      docs: {
        brief: 'Print the JSON Schema of the config',
        fullDescription: examples(
          'Editors check and complete the config with it.',
          'amiport config schema > amiport.schema.json',
        ),
      },
    }),
  },
  docs: { brief: 'Check, show or describe the config' },
});

const exported = buildRouteMap({
  routes: {
    iam: buildCommand({
      loader: async () => ({ default: (await import('./commands/export-iam.ts')).default }),
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          format: {
            kind: 'enum',
            values: ['json', 'hcl', 'stackset'],
            default: 'json',
            brief: 'JSON, Terraform, or a CloudFormation template',
          },
        },
        aliases: ALIASES,
        positional: none,
      },
      docs: {
        brief: "Policies for amiport's own roles, and those that their owners apply",
        fullDescription: examples(
          'Roles with the least rights for this config; with AWS at hand also what owners apply.',
          'amiport export iam',
          'amiport export iam --format hcl > amiport.tf',
          'amiport export iam --format stackset > amiport-accounts.json',
        ),
      },
    }),
  },
  docs: { brief: 'Print what others apply' },
});

const demo = buildCommand({
  loader: async () => import('./commands/demo.ts'),
  parameters: { flags: { ...OUTPUT_FLAGS }, aliases: { q: 'quiet' }, positional: none },
  docs: {
    brief: 'The whole story on the simulated AWS: how it goes wrong by hand, and with amiport',
    fullDescription: examples('Starts a simulated AWS of its own; nothing leaves this machine.', 'amiport demo'),
  },
});

const completion = buildCommand({
  loader: async () => import('./commands/completion.ts'),
  parameters: {
    flags: {},
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'bash, zsh or fish',
          parse: parseText,
          proposeCompletions: () => ['bash', 'zsh', 'fish'],
          placeholder: 'shell',
        },
      ],
    },
  },
  docs: {
    brief: 'Print a completion script',
    fullDescription: examples(
      'Asks amiport at each Tab, so it never grows old.',
      'source <(amiport completion bash)',
      'amiport completion zsh > ~/.zfunc/_amiport',
      'amiport completion fish | source',
    ),
  },
});

const complete = buildCommand({
  loader: async () => import('./commands/complete.ts'),
  parameters: {
    flags: {},
    positional: { kind: 'array', parameter: { brief: 'The words so far', parse: parseText, placeholder: 'word' } },
  },
  docs: { brief: 'Used by the completion scripts' },
});

export const amiport: Application<Context> = buildApplication(
  buildRouteMap({
    routes: {
      init,
      build,
      plan,
      apply,
      deliver,
      verify,
      explain,
      audit,
      compare,
      status,
      drift,
      left,
      retire,
      rollback,
      rotate,
      rehome,
      report,
      config,
      export: exported,
      serve,
      worker,
      server,
      sim,
      demo,
      completion,
      __complete: complete,
    },
    docs: {
      brief: 'Deliver golden AMIs to every account and Region, and prove that they launch',
      fullDescription: examples(
        'Exit codes: 0 done, 1 failed, 2 bad input, 3 differences or cannot launch, 4 could not tell, 130 interrupted.',
        'amiport demo            see the whole story on a simulated AWS',
        'amiport init            write amiport.yaml',
        'amiport plan            what would be done, and why',
        'amiport apply           do it',
        'amiport verify          prove that every launcher can launch',
      ),
      hideRoute: { __complete: true },
    },
  }),
  {
    name: 'amiport',
    versionInfo: { currentVersion: VERSION },
    scanner: {
      caseStyle: 'allow-kebab-for-camel',
      allowArgumentEscapeSequence: true,
      // Only slips of a letter or two: a stranger proposal helps nobody.
      distanceOptions: { threshold: 2, weights: { insertion: 1, deletion: 1, substitution: 1, transposition: 1 } },
    },
    localization: { text: WORDING },
    documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: process.stdout.isTTY !== true },
  },
);
