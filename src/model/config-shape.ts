/**
 * The shape of the config: keys, types, defaults, descriptions. The JSON Schema is made from it.
 * What follows from several values together is in `config-checks.ts`.
 */
import { z } from 'zod';
import { mapping } from './config-mapping.ts';
import { nearest } from './config-problem.ts';
import { secretsPolicy } from './config-secrets.ts';
import * as w from './config-words.ts';

/** Says that of several keys exactly one is to be given; undefined when that holds, so that the inside is judged. */
function oneOf(value: unknown, keys: readonly string[], noun: string, instead: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const given = keys.filter((key) => key in value);
  if (given.length === 1) return undefined;
  if (given.length === 0) return w.say(`${noun} needs one of ${keys.join(', ')}`, instead);
  return w.say(`${noun} has ${given.join(' and ')}, but can have only one of them`, 'keep one');
}

const LAUNCHER_WORDS = ['autoscaling', 'eks', 'spot', 'spotfleet', 'ec2fleet'] as const;
const LAUNCHER_EXAMPLE =
  'write { role: NAME }, autoscaling, eks, spot, spotfleet, ec2fleet or { karpenter: { role: NAME } }';

const launcher = z
  .union(
    [
      z.enum(LAUNCHER_WORDS),
      mapping({ role: w.launcherRole }, 'a role that launches instances'),
      mapping({ autoscaling: w.autoscalingSuffix }, 'the Auto Scaling service-linked role with a suffix'),
      mapping({ karpenter: mapping({ role: w.launcherRole }) }, "Karpenter's controller role"),
    ],
    { error: (issue) => wrongLauncher(issue.input) },
  )
  .meta({ description: 'who launches instances of the images' });

function wrongLauncher(value: unknown): string | undefined {
  if (typeof value !== 'string')
    return oneOf(value, ['role', 'autoscaling', 'karpenter'], 'a launcher', LAUNCHER_EXAMPLE);
  const [kind = '', name = ''] = value.split(/:\s*/, 2);
  if (kind === 'role' || kind === 'karpenter') {
    const example = kind === 'role' ? `{ role: ${name || 'NAME'} }` : `{ karpenter: { role: ${name || 'NAME'} } }`;
    return name
      ? w.say(`"${value}" is one text, not a mapping`, `write ${example}`)
      : w.say(`the launcher "${value}" does not name its role`, `write ${example}`);
  }
  if (kind === 'autoscaling' && name)
    return w.say(`"${value}" is one text, not a mapping`, `write { autoscaling: ${name} }`);
  const meant = nearest(value, LAUNCHER_WORDS);
  return w.say(`"${value}" is not a launcher`, meant ? `did you mean ${meant}?` : LAUNCHER_EXAMPLE);
}

const launchers = z
  .array(launcher)
  .min(1, { error: () => w.say('launchers is empty: nobody would be able to launch', LAUNCHER_EXAMPLE) });

const regions = (what: string) =>
  z.array(w.region).min(1, { error: () => w.say(`${what} is empty`, 'name at least one Region') });

const account = z.union(
  [
    mapping({
      id: w.accountId.meta({ description: 'account id, in quotes' }),
      name: z.string().min(1).max(100).optional().meta({ description: 'for reports' }),
      role: w.roleArn.optional().meta({ description: 'role to assume here, in place of access.role' }),
      regions: regions('regions').optional().meta({ description: 'some of the Regions above; default: all of them' }),
      launchers,
    }),
    mapping({
      organizationalUnit: w.organizationalUnit.meta({
        description: 'every account in it, looked up in AWS Organizations',
      }),
      exclude: z
        .array(z.union([w.accountId, w.organizationalUnit]))
        .default([])
        .meta({ description: 'accounts and units below it that get nothing' }),
      regions: regions('regions').optional(),
      launchers,
    }),
  ],
  {
    error: ({ input }) =>
      oneOf(
        input,
        ['id', 'organizationalUnit'],
        'an account',
        'write { id: "222222222222", launchers: [autoscaling] }',
      ),
  },
);

const rotation = z.union(
  [
    z.literal(false),
    mapping({
      // KMS-43
      everyDays: z
        .int()
        .min(90, { error: ({ input }) => w.say(`KMS rotates keys every 90 to 2560 days, not every ${input}`) })
        .max(2560, { error: ({ input }) => w.say(`KMS rotates keys every 90 to 2560 days, not every ${input}`) }),
    }),
  ],
  {
    error: ({ input }) =>
      typeof input === 'object'
        ? undefined
        : w.say('rotation is a mapping or false', 'write rotation: { everyDays: 365 }'),
  },
);

const key = z.union(
  [
    mapping({
      alias: w.keyAlias.meta({ description: 'alias of the key, made where absent and adopted where there' }),
      multiRegion: z
        .boolean()
        .default(true)
        .meta({ description: 'one multi-Region key with replicas, or one key per Region' }),
      rotation: rotation.default({ everyDays: 365 }),
    }),
    mapping({
      arn: w.keyArn.meta({ description: 'ARN of a key of the builder, to be adopted' }),
      multiRegion: z.boolean().default(true),
      rotation: rotation.optional().meta({ description: 'default: left as it is' }),
    }),
  ],
  { error: ({ input }) => oneOf(input, ['alias', 'arn'], 'key', 'write key: { alias: amiport-images }') },
);

const path = (what: string) => z.string().min(1, { error: () => w.say(`the path of the ${what} is empty`) });
const SOURCE_KEYS = ['packer', 'ami', 'manifest', 'ssm'] as const;

const source = z.union(
  [
    mapping({
      packer: path('Packer template').meta({ description: 'path of a Packer template, from the config file' }),
      vars: z
        .record(z.string().regex(/^[A-Za-z_][\w-]*$/), z.string())
        .default({})
        .meta({ description: 'Packer variables' }),
    }),
    mapping({ ami: w.amiId.meta({ description: "an AMI in the builder's Region" }) }),
    mapping({ manifest: path('manifest').meta({ description: "path of a Packer manifest: its newest build's AMI" }) }),
    mapping({ ssm: w.parameterName.meta({ description: 'an SSM parameter of the builder that holds an AMI id' }) }),
  ],
  {
    error: ({ input }) => oneOf(input, SOURCE_KEYS, 'source', 'write source: { packer: images/base.pkr.hcl }'),
  },
);

const WAYS = ['shared-unencrypted', 'shared-encrypted', 'account-copies'] as const;

const image = mapping({
  source,
  way: z.enum(WAYS).meta({ description: 'how the image is delivered' }),
  volumeKey: w.volumeKeyText
    .default('account')
    .meta({ description: 'key of launched root volumes: account, image, or a key' }),
  accountKey: w.keyText.optional().meta({ description: "account-copies: the key of each account's copies" }),
  publish: mapping({
    ssm: z
      .string()
      .min(1)
      .max(1011)
      .optional()
      .meta({ description: 'parameter in each user account: {image} {account} {region} {version}' }),
    launchTemplates: z
      .array(w.launchTemplate)
      .default([])
      .meta({ description: 'launch templates to point at the image' }),
    setDefault: z
      .boolean()
      .default(true)
      .meta({ description: 'make the new version of a launch template its default one' }),
    instanceRefresh: mapping({
      minHealthyPercentage: z
        .int()
        .min(0)
        .max(100, { error: () => w.say('minHealthyPercentage is at most 100', 'write a number from 0 to 100') })
        .default(90),
    })
      .optional()
      .meta({ description: 'replace the instances of Auto Scaling groups that follow those templates' }),
    canary: z
      .boolean()
      .default(false)
      .meta({ description: 'no pointer of a place moves before a canary has launched the image there' }),
  }).prefault({}),
  keep: mapping({
    versions: z
      .int()
      .min(1, { error: () => w.say('keep.versions must be at least 1: the newest is always kept') })
      .default(3),
    // IMG-70: at most ten years ahead.
    deprecateAfterDays: z
      .int()
      .min(1, { error: ({ input }) => w.say(`an image cannot be deprecated after ${input} days`, 'write 1 to 3650') })
      .max(3650, {
        error: ({ input }) => w.say(`an image cannot be deprecated after ${input} days`, 'write 1 to 3650'),
      })
      .optional(),
    graceDays: z
      .int()
      .min(0, { error: () => w.say('keep.graceDays cannot be less than 0') })
      .max(3650)
      .default(7)
      .meta({ description: 'days between disabling a version and deregistering it' }),
  }).prefault({}),
});

const mode = z.enum(['amiport', 'export']);
const tags = z.record(z.string().min(1).max(128), z.string().max(256));

export const configShape = mapping({
  version: z.literal(1, {
    error: ({ input }) =>
      typeof input === 'number' || typeof input === 'string'
        ? w.say(`this amiport reads config version 1, not ${input}`, 'write version: 1')
        : undefined,
  }),
  delivery: w.deliveryName.meta({ description: 'name of this delivery; part of the names and tags of all it makes' }),
  builder: mapping({ account: w.accountId, region: w.region }, 'where Packer builds, and who owns the images'),
  access: mapping({
    role: w.roleTemplate.optional().meta({ description: 'assumed in each account; holds {account}' }),
    externalId: w.externalId.optional(),
  }).prefault({}),
  manage: mapping(
    {
      keyPolicy: mode.default('amiport'),
      rolePolicy: mode.default('export'),
      grants: mode.default('amiport'),
      launchTemplates: mode.default('amiport'),
    },
    'what amiport changes itself, and what it prints for its owner',
  ).prefault({}),
  regions: regions('regions').meta({ description: 'every Region that gets images' }),
  accounts: z.array(account).min(1, { error: () => w.say('accounts is empty: there is nobody to deliver to') }),
  key: key.optional().meta({ description: 'the dedicated key of the images' }),
  images: z.record(w.imageName, image).refine((images) => Object.keys(images).length > 0, {
    error: () => w.say('images is empty: there is nothing to deliver'),
  }),
  policy: mapping(
    {
      secrets: secretsPolicy.optional(),
    },
    'gates, checked before anything is shared',
  ).prefault({}),
  organization: mapping(
    {
      account: w.accountId.optional().meta({
        description:
          'where AWS Organizations is read: the management account or a delegated administrator; default: the builder',
      }),
      guardrails: z
        .enum(['read', 'ignore'])
        .default('read')
        .meta({ description: 'read: SCPs and RCPs count in every proof; ignore: judged without them' }),
      shareBy: z.enum(['auto', 'accounts', 'units']).default('auto').meta({
        description:
          'auto: images and key are opened to accounts while they fit into what AWS takes, else to units that hold nobody else',
      }),
    },
    'AWS Organizations, whose SCPs and RCPs can forbid a launch',
  ).prefault({}),
  notify: mapping(
    {
      url: w.webhookUrl.optional().meta({ description: 'a webhook: https, or http on this machine' }),
      secretEnv: w.variableName
        .default('AMIPORT_WEBHOOK_SECRET')
        .meta({ description: 'the variable of the environment that holds the secret to sign with' }),
      topic: w.topicArn.optional().meta({ description: 'ARN of an SNS topic' }),
      bus: w.busArn.optional().meta({ description: 'ARN of an EventBridge event bus' }),
      on: z.array(z.enum(['delivered', 'failed', 'drift'])).default(['delivered', 'failed', 'drift']),
    },
    'who is told what came of a delivery',
  )
    .refine(({ url, topic, bus }) => url !== undefined || topic !== undefined || bus !== undefined, {
      error: () => w.say('notify tells nobody', 'give it a url, a topic or a bus'),
    })
    .optional(),
  canary: mapping({
    instanceType: mapping({
      x86_64: w.instanceType.default('t3.micro'),
      arm64: w.instanceType.default('t4g.micro'),
    }).prefault({}),
    subnetTag: tags.optional().meta({ description: 'tags of the subnet to launch in; default: the default subnet' }),
    maxCost: z
      .number()
      .positive({ error: () => w.say('canary.maxCost must be more than 0', 'write it in US dollars: 0.50') })
      .default(0.5)
      .meta({ description: 'US dollars a run' }),
  }).prefault({}),
});

/** The config with defaults filled in, in the form of the file. */
export type ConfigShape = z.output<typeof configShape>;
