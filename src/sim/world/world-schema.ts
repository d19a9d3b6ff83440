/** The shape of world files. `docs/reference/world.md` describes it for readers. */
import { z } from 'zod';
import { faultRules } from '../faults/rules.ts';
import { REGION_ZONES } from './regions.ts';
import { DECLARED_SETTINGS } from './settings.ts';

const account = z
  .string({ error: 'must be an account id in quotes, as "111111111111"' })
  .regex(/^\d{12}$/, 'must be 12 digits');
const region = z.string().refine((name) => name in REGION_ZONES, 'is no Region that the simulator knows');
const name = z.string().min(1).max(128);
/** JSON text, or the policy itself as YAML. */
const policy = z.union([z.string().min(2), z.record(z.string(), z.unknown())], {
  error: 'must be a policy: JSON text or a mapping',
});
const tags = z.record(z.string(), z.string());

const accountSchema = z.strictObject({
  id: account,
  name: name.optional(),
  /** Secret of the access key id that equals the account id. */
  secret: z.string().min(4).optional(),
  /** Regions switched on; default: all that need no opt-in. */
  regions: z.array(region).min(1).optional(),
  /** Opt-in Regions switched on beside the default ones. */
  optIn: z.array(region).optional(),
});

const organizationSchema = z.strictObject({
  management: account,
  id: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/, 'must look like o-amiport001')
    .optional(),
  root: z
    .string()
    .regex(/^r-[a-z0-9]{4,32}$/, 'must look like r-ab12')
    .optional(),
  units: z
    .array(
      z.strictObject({
        name,
        id: z
          .string()
          .regex(/^ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}$/, 'must look like ou-ab12-11112222')
          .optional(),
        parent: name.optional(),
      }),
    )
    .optional(),
  /** Account → name of its unit; accounts that are not listed are under the root. */
  members: z.record(account, name).optional(),
  /** Accounts of the world that are no members. */
  outside: z.array(account).optional(),
  policies: z
    .array(z.strictObject({ name, type: z.enum(['scp', 'rcp']), content: policy, attach: z.array(z.string()).min(1) }))
    .optional(),
});

const roleSchema = z.strictObject({
  account,
  name: z.string().regex(/^[\w+=,.@-]{1,64}$/, 'is no role name'),
  path: z
    .string()
    .regex(/^\/([\x21-\x7e]*\/)?$/, 'must begin and end with /')
    .optional(),
  trust: policy,
  policies: z.record(name, policy).optional(),
  attached: z.array(z.string().startsWith('arn:')).optional(),
  boundary: z.string().startsWith('arn:').optional(),
  tags: tags.optional(),
});

const imageSchema = z.strictObject({
  regions: z.array(region).min(1),
  owner: account,
  name: z.string().min(3).max(128),
  description: z.string().max(255).optional(),
  created: z.iso.datetime().optional(),
  architecture: z.enum(['x86_64', 'arm64']).optional(),
  sizeGiB: z.int().min(1).max(16_384).optional(),
  rootDeviceName: z.string().startsWith('/dev/').optional(),
  public: z.boolean().optional(),
  sharedWith: z.array(z.string().min(12)).optional(),
  tags: tags.optional(),
  /** Raw disk image, relative to the world file. */
  disk: z.string().min(1).optional(),
});

const settingsSchema = z.strictObject(
  Object.fromEntries(DECLARED_SETTINGS.map((key) => [key, z.number().min(0).optional()])),
);

const channel = z.strictObject({
  account,
  regions: z.array(region).min(1),
  name: z.string().regex(/^[\w-]{1,256}$/, 'takes letters, digits, - and _'),
});

export const worldSchema = z.strictObject({
  version: z.literal(1, { error: 'must be 1' }),
  seed: z.int().min(0).max(4_294_967_295).optional(),
  settings: settingsSchema.optional(),
  accounts: z.array(accountSchema).min(1, 'must name at least one account'),
  organization: organizationSchema.optional(),
  roles: z.array(roleSchema).optional(),
  images: z.array(imageSchema).optional(),
  /** The public base images of the default world in these Regions; default: all that any account has on. */
  baseImages: z.union([z.boolean(), z.array(region)]).optional(),
  /** Failures on demand, drawn from `seed`. */
  faults: faultRules.optional(),
  /** SNS topics and EventBridge event buses. */
  topics: z.array(channel).optional(),
  buses: z.array(channel).optional(),
  ebs: z
    .array(
      z.strictObject({
        accounts: z.array(account).min(1),
        regions: z.array(region).min(1),
        encryptionByDefault: z.boolean(),
      }),
    )
    .optional(),
});

export type WorldFile = z.infer<typeof worldSchema>;
