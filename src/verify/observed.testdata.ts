/**
 * One encrypted image shared with one account in one Region, as an observation of it would be, in which everybody can launch:
 * policies as AWS's pages print them (facts of KMS "Allowing users in other accounts to use a KMS key", EC2 Auto Scaling
 * "Required AWS KMS key policy for use with encrypted volumes"). The tables of proofs break one thing of it each.
 */
import { absent, type Finding, known } from '../base/outcome.ts';
import { parseConfig } from '../model/config.ts';
import { type Delivery, launcherPrincipalArn, serviceLinkedRoleOf } from '../model/delivery.ts';
import type {
  GrantSeen,
  ImageSeen,
  KeySeen,
  LevelSeen,
  Observed,
  PlaceSeen,
  RoleSeen,
  SnapshotSeen,
} from '../model/observed.ts';

export const BUILDER = '111111111111';
export const USER = '222222222222';
export const REGION = 'eu-west-1';
export const AT_MS = Date.UTC(2026, 0, 1);
export const READ_KEY = `arn:aws:kms:${REGION}:${BUILDER}:key/read`;
export const OWN_KEY = `arn:aws:kms:${REGION}:${USER}:key/own`;
const AMI = 'ami-00000000000000001';

export const LAUNCHERS = [
  'role:App',
  'karpenter:Karpenter',
  'autoscaling',
  'autoscaling:payments',
  'eks',
  'spot',
  'spotfleet',
  'ec2fleet',
];

export const CONFIG = `version: 1
delivery: golden
builder: { account: "${BUILDER}", region: ${REGION} }
access: { role: "arn:aws:iam::{account}:role/amiport" }
regions: [${REGION}]
accounts:
  - { id: "${USER}", launchers: [{ role: App }, { karpenter: { role: Karpenter } }, autoscaling, { autoscaling: payments }, eks, spot, spotfleet, ec2fleet] }
key: { alias: amiport-images }
images:
  k8s: { source: { ami: ${AMI} }, way: shared-encrypted }
`;

export function deliveryOf(config: string): Delivery {
  const parsed = parseConfig(config, 'amiport.yaml', { fileExists: () => true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  return parsed.delivery;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly [element: string]: unknown;
}

export const text = (...Statement: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });
export const rootOf = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });

const USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncrypt*'];
const VIA = { StringEquals: { 'kms:ViaService': `ec2.${REGION}.amazonaws.com` } };
const FOR_AWS = { Bool: { 'kms:GrantIsForAWSResource': 'true' } };

/** Of the builder's key, by what each is for. */
export const KEY_POLICY = {
  owner: { Sid: 'Owner', Effect: 'Allow', Principal: rootOf(BUILDER), Action: 'kms:*', Resource: '*' },
  use: { Sid: 'Use', Effect: 'Allow', Principal: rootOf(USER), Action: USE, Resource: '*', Condition: VIA },
  attach: {
    Sid: 'Attach',
    Effect: 'Allow',
    Principal: rootOf(USER),
    Action: 'kms:CreateGrant',
    Resource: '*',
    Condition: FOR_AWS,
  },
  grant: {
    Sid: 'Grant',
    Effect: 'Allow',
    Principal: rootOf(USER),
    Action: 'kms:CreateGrant',
    Resource: '*',
    Condition: { ArnLike: { 'kms:GranteePrincipal': `arn:aws:iam::${USER}:role/aws-service-role/*` } },
  },
} satisfies Record<string, Statement>;

/** Of a launcher's role. */
export const ROLE_POLICY = {
  launch: { Sid: 'Launch', Effect: 'Allow', Action: 'ec2:*', Resource: '*' },
  use: { Sid: 'Use', Effect: 'Allow', Action: USE, Resource: READ_KEY },
  attach: { Sid: 'Attach', Effect: 'Allow', Action: 'kms:CreateGrant', Resource: READ_KEY, Condition: FOR_AWS },
} satisfies Record<string, Statement>;

/** As the console writes it for `aws/ebs`. */
const MANAGED = text({
  Sid: 'Allow access through EBS for all principals in the account',
  Effect: 'Allow',
  Principal: { AWS: '*' },
  Action: [
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncrypt*',
    'kms:GenerateDataKey*',
    'kms:CreateGrant',
    'kms:DescribeKey',
  ],
  Resource: '*',
  Condition: { StringEquals: { 'kms:CallerAccount': USER, 'kms:ViaService': `ec2.${REGION}.amazonaws.com` } },
});

export const role = (arn: string, ...statements: readonly Statement[]): RoleSeen => {
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  return {
    arn,
    roleId: `AROA${name.toUpperCase()}`,
    name,
    inline: [{ name: 'all', document: text(...statements) }],
    attached: [],
    boundary: undefined,
    tags: {},
  };
};

export const key = (arn: string, policy: string, more: Partial<KeySeen> = {}): KeySeen => ({
  arn,
  keyId: arn.split('/')[1] ?? '',
  account: arn.split(':')[4] ?? '',
  region: arn.split(':')[3] ?? '',
  state: 'Enabled',
  manager: 'CUSTOMER',
  multiRegion: undefined,
  policy: known(policy),
  rotation: absent,
  aliases: [],
  tags: {},
  grants: known([]),
  ...more,
});

export const grantTo = (grantee: string, more: Partial<GrantSeen> = {}): GrantSeen => ({
  grantId: `to ${grantee.slice(grantee.lastIndexOf('/') + 1)}`,
  name: undefined,
  granteePrincipal: grantee,
  operations: [
    'CreateGrant',
    'Decrypt',
    'DescribeKey',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
  ],
  encryptionContextSubset: undefined,
  encryptionContextEquals: undefined,
  issuingAccount: USER,
  retiringPrincipal: undefined,
  createdMs: AT_MS - 3_600_000,
  ...more,
});

const ALL: Statement = { Effect: 'Allow', Action: '*', Resource: '*' };
const levelOf = (name: string, full: Statement, more: readonly Statement[]): LevelSeen => ({
  level: name,
  policies: [
    { name: 'full', id: 'p-FullAWSAccess', document: text(full) },
    ...(more.length === 0 ? [] : [{ name: 'guard', id: 'p-guard', document: text(...more) }]),
  ],
});

export const scp = (name: string, ...more: readonly Statement[]): LevelSeen => levelOf(name, ALL, more);
export const rcp = (name: string, ...more: readonly Statement[]): LevelSeen =>
  levelOf(name, { ...ALL, Principal: '*' }, more);

/** The parts that the tables break. */
export interface Parts {
  want: Delivery;
  keyPolicy: readonly Statement[];
  readKey: Partial<KeySeen>;
  app: RoleSeen;
  /** What the controller's role may do in EC2. */
  karpenter: Statement;
  linked: Finding<RoleSeen>;
  grants: readonly GrantSeen[];
  ami: Partial<ImageSeen>;
  snapshot: Partial<SnapshotSeen>;
  place: Partial<PlaceSeen>;
  scps: Finding<readonly LevelSeen[]>;
  rcps: Finding<readonly LevelSeen[]>;
  regionsOff: readonly string[];
}

export function partsOf(): Parts {
  const want = deliveryOf(CONFIG);
  const linked = want.accounts[0]?.launchers.filter((l) => serviceLinkedRoleOf(l) !== undefined) ?? [];
  const grantees = new Set(linked.map((l) => launcherPrincipalArn(l, USER, 'aws')));
  return {
    want,
    keyPolicy: Object.values(KEY_POLICY),
    readKey: {},
    app: role(`arn:aws:iam::${USER}:role/App`, ...Object.values(ROLE_POLICY)),
    karpenter: ROLE_POLICY.launch,
    linked: known(role(LINKED, { Effect: 'Allow', Action: 'ec2:*', Resource: '*' })),
    grants: [...grantees].map((g) => grantTo(g)),
    ami: {},
    snapshot: {},
    place: {},
    scps: known([scp('Root r-1')]),
    rcps: known([rcp('Root r-1')]),
    regionsOff: [],
  };
}

export const LINKED = `arn:aws:iam::${USER}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

export function observedOf(p: Parts): Observed {
  const { want } = p;
  const launchers = want.accounts[0]?.launchers ?? [];
  const linkedRoles = launchers.flatMap((l): [string, Finding<RoleSeen>][] => {
    const of = serviceLinkedRoleOf(l);
    const arn = launcherPrincipalArn(l, USER, 'aws');
    if (of === undefined) return [];
    return [
      [of.roleName, arn === LINKED ? p.linked : known(role(arn, { Effect: 'Allow', Action: 'ec2:*', Resource: '*' }))],
    ];
  });
  const karpenter = role(`arn:aws:iam::${USER}:role/Karpenter`, p.karpenter, ROLE_POLICY.use, ROLE_POLICY.attach);
  const image = { ...imageSeen(), ...p.ami };
  const copy: ImageSeen = {
    ...image,
    imageId: 'ami-00000000000000002',
    tags: { 'amiport:image': 'k8s', 'amiport:version': AMI, 'amiport:way': 'shared-encrypted', 'amiport:step': 'copy' },
  };
  return {
    atMs: AT_MS,
    organization: known({
      id: 'o-1',
      managementAccount: '999999999999',
      paths: new Map([[USER, 'o-1/r-1/ou-1/']]),
      scps: new Map([[USER, p.scps]]),
      rcps: new Map([[BUILDER, p.rcps]]),
    }),
    accounts: new Map([
      [
        USER,
        {
          account: USER,
          identity: known(`arn:aws:iam::${USER}:role/amiport`),
          regionsOff: known(p.regionsOff),
          own: known(role(`arn:aws:iam::${USER}:role/amiport`, { Effect: 'Allow', Action: '*', Resource: '*' })),
          roles: new Map([
            ['App', known(p.app)],
            ['Karpenter', known(karpenter)],
          ]),
          serviceLinkedRoles: new Map(linkedRoles),
        },
      ],
    ]),
    builder: new Map([
      [
        REGION,
        {
          region: REGION,
          encryptionByDefault: known(true),
          defaultKey: known(`arn:aws:kms:${REGION}:${BUILDER}:key/default`),
          key: known(key(READ_KEY, text(...p.keyPolicy), { grants: known(p.grants), ...p.readKey })),
          otherKeys: new Map(),
          images: known([copy]),
          snapshots: new Map([['snap-1', known({ ...snapshotSeen(), ...p.snapshot })]]),
        },
      ],
    ]),
    places: new Map([[`${USER}/${REGION}`, { ...placeSeen(), ...p.place }]]),
    sources: new Map([['k8s', known(image)]]),
  };
}

const imageSeen = (): ImageSeen => ({
  imageId: AMI,
  ownerId: BUILDER,
  name: 'k8s-1',
  state: 'available',
  stateReason: undefined,
  createdMs: 1,
  deprecatedAtMs: undefined,
  architecture: 'x86_64',
  rootDeviceName: '/dev/xvda',
  enaSupport: true,
  platformDetails: 'Linux/UNIX',
  productCodes: [],
  mappings: [{ deviceName: '/dev/xvda', snapshotId: 'snap-1', encrypted: true, volumeSizeGiB: 8 }],
  tags: {},
  launchPermissions: known({ userIds: [USER], groups: [], organizationArns: [], organizationalUnitArns: [] }),
});

const snapshotSeen = (): SnapshotSeen => ({
  snapshotId: 'snap-1',
  ownerId: BUILDER,
  state: 'completed',
  stateMessage: undefined,
  progressPercent: 100,
  encrypted: true,
  kmsKeyId: READ_KEY,
  volumeSizeGiB: 8,
  startMs: 1,
});

const placeSeen = (): PlaceSeen => ({
  account: USER,
  region: REGION,
  encryptionByDefault: known(false),
  defaultKey: known(key(`arn:aws:kms:${REGION}:${USER}:key/ebs`, MANAGED, { manager: 'AWS' })),
  volumeKeys: new Map(),
  allowedImages: known({ state: 'disabled', criteria: [] }),
  images: known([]),
  snapshots: new Map(),
  parameters: new Map(),
  launchTemplates: new Map(),
});
