/** The words, flags and help of the commands that answer questions: `compare` and `explain`. */
import { buildCommand } from '@stricli/core';
import { ALIASES, COMMON_FLAGS, parsePositive, parseText, SERVER_FLAGS } from './flags.ts';
import { examples, none } from './help.ts';

export const compare = buildCommand({
  loader: async () => import('./commands/compare.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      whatIf: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: 'Another fleet: accounts=500,regions=12,versions=3,gib=20,changed=0.2',
        placeholder: 'numbers',
      },
      price: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: 'Other prices: snapshotGiBMonth=0.053,keyMonth=1,transferGiB=0.02',
        placeholder: 'numbers',
      },
      secrets: {
        kind: 'enum',
        values: ['none', 'some', 'unknown'],
        default: 'unknown',
        brief: 'Whether the images hold secrets; unknown: as their audits say',
      },
      explainCost: { kind: 'boolean', default: false, withNegated: false, brief: 'How every number came about' },
      markdown: { kind: 'boolean', default: false, withNegated: false, brief: 'Print Markdown' },
      html: { kind: 'boolean', default: false, withNegated: false, brief: 'Print a page of HTML with charts' },
    },
    aliases: ALIASES,
    positional: none,
  },
  docs: {
    brief: 'The ways of delivery side by side: cost, upkeep and risk',
    fullDescription: examples(
      'For the fleet of the config, or for another one; changes nothing. With gib=N AWS is not asked.',
      'amiport compare',
      'amiport compare --what-if accounts=500,regions=12,gib=20 --secrets some',
      'amiport compare --explain-cost',
      'amiport compare --markdown > compare.md',
      'amiport compare --html > compare.html',
    ),
  },
});

export const audit = buildCommand({
  loader: async () => import('./commands/audit.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      format: {
        kind: 'enum',
        values: ['sarif', 'markdown', 'html'],
        optional: true,
        brief: 'A report: SARIF 2.1.0, Markdown or a page of HTML',
      },
      freeSpace: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Also what deleted files left: it travels inside a shared snapshot',
      },
      packages: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Report also what packages of the distribution shipped',
      },
      threads: {
        kind: 'parsed',
        parse: parsePositive,
        optional: true,
        brief: 'Scanning threads; default: as many as there are processors',
        placeholder: 'n',
      },
      region: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: "Where an AMI or snapshot is; default: the builder's Region",
        placeholder: 'region',
      },
    },
    aliases: ALIASES,
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'An image of the config, an AMI, a snapshot, or the file of a raw disk',
          parse: parseText,
          placeholder: 'image|ami|snapshot|file',
        },
      ],
    },
  },
  docs: {
    brief: 'Read the disks of an image and say what secrets are on them',
    fullDescription: examples(
      'Reads through the EBS direct APIs: nothing is launched or mounted. The file of a raw disk, or a block device, needs neither a config nor AWS. Secrets are never printed. The result is kept in .amiport/audits for policy.secrets. Exit 0: clean; 3: secrets were found; 4: not all could be scanned.',
      'amiport audit kubernetes',
      'amiport audit ami-0123456789abcdef0 --free-space',
      'amiport audit disk.raw --json',
      'amiport audit kubernetes --format sarif > audit.sarif',
    ),
  },
});

export const explain = buildCommand({
  loader: async () => import('./commands/explain.ts'),
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...SERVER_FLAGS,
      account: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: 'Only this account of the config',
        placeholder: 'id',
      },
      region: { kind: 'parsed', parse: parseText, optional: true, brief: 'Only this Region', placeholder: 'region' },
      image: { kind: 'parsed', parse: parseText, optional: true, brief: 'Image of the config', placeholder: 'name' },
      launcher: {
        kind: 'parsed',
        parse: parseText,
        optional: true,
        brief: 'role:NAME, autoscaling, …',
        placeholder: 'launcher',
      },
      group: { kind: 'parsed', parse: parseText, optional: true, brief: 'An Auto Scaling group', placeholder: 'name' },
      event: { kind: 'parsed', parse: parseText, optional: true, brief: 'A CloudTrail event', placeholder: 'id' },
    },
    aliases: ALIASES,
    positional: {
      kind: 'array',
      parameter: {
        brief: 'Error text, file, instance id, or - for standard input',
        parse: parseText,
        placeholder: 'what',
      },
    },
  },
  docs: {
    brief: 'What happened, why, who can mend it, and how',
    fullDescription: examples(
      'A text, a log or a CloudTrail event is explained without AWS and without a config; instances, groups and places are looked up.',
      'amiport explain "Client.InternalError: Client error on launch"',
      'packer build image.pkr.hcl 2>&1 | amiport explain -',
      'amiport explain cloudtrail-event.json',
      'amiport explain i-0123456789abcdef0',
      'amiport explain --event 01234567-89ab-4cde-8f01-23456789abcd --account 222222222222 --region eu-west-1',
      'amiport explain "Not authorized for images: [ami-0123456789abcdef0]" --account 222222222222 --region eu-west-1',
      'amiport explain --group web --account 222222222222 --region eu-west-1',
      'amiport explain --image kubernetes --account 222222222222 --region eu-west-1 --launcher autoscaling',
    ),
  },
});
