/**
 * An organization as an observation of it would be, built in memory: accounts x 20 Regions x 10 images x 5 launchers, with
 * 240 role policies, 20 sets of SCPs and a key policy per Region. A twentieth of the launches is broken, by the causes of
 * `causes.ts`, spread by a hash of where they are.
 */
import { absent, type Finding, known, reason, unreadable } from '../../src/base/outcome.ts';
import type { Delivery } from '../../src/model/delivery.ts';
import type {
  AccountSeen,
  BuilderRegionSeen,
  ImageSeen,
  LevelSeen,
  Observed,
  PlaceSeen,
  PolicySeen,
  RoleSeen,
  SnapshotSeen,
} from '../../src/model/observed.ts';
import { type Cause, causeOf } from './causes.ts';
import { defaultKey, readKey } from './keys.ts';
import {
  AT_MS,
  ATTACH,
  accountId,
  BUILDER,
  LAUNCHERS,
  launcherArn,
  MANAGEMENT,
  readKeyArn,
  regionName,
  roleName,
  statement,
  text,
  USE,
} from './names.ts';

const REGIONS = 20;
const IMAGES = 10;
const ROLE_POLICIES = 240;
const SCP_SETS = 20;

interface Fleet {
  readonly want: Delivery;
  readonly seen: Observed;
}

/** @param accounts 1,000 make a million launches */
export function fleetOf(accounts: number): Fleet {
  const ids = Array.from({ length: accounts }, (_, a) => accountId(a));
  const regions = Array.from({ length: REGIONS }, (_, r) => regionName(r));
  return {
    want: deliveryOf(ids, regions),
    seen: {
      atMs: AT_MS,
      organization: known({
        id: 'o-fleet',
        managementAccount: MANAGEMENT,
        paths: new Map(ids.map((id) => [id, `o-fleet/r-1/ou-${Number(id) % SCP_SETS}/`])),
        scps: new Map(ids.map((id, a) => [id, known(scpLevels(id, a))])),
        rcps: new Map<string, Finding<readonly LevelSeen[]>>([[BUILDER, known(RCPS)]]),
      }),
      accounts: new Map(ids.map((id, a) => [id, accountSeen(id, a)])),
      builder: new Map(regions.map((name, r) => [name, builderSeen(r, ids)])),
      places: new Map(
        ids.flatMap((id, a) => regions.map((name, r): [string, PlaceSeen] => [`${id}/${name}`, placeSeen(id, a, r)])),
      ),
      sources: new Map(Array.from({ length: IMAGES }, (_, i) => [`image-${i}`, known(imageSeen(i, 0, []))])),
    },
  };
}

function deliveryOf(ids: readonly string[], regions: readonly string[]): Delivery {
  return {
    name: 'fleet',
    partition: 'aws',
    builder: { account: BUILDER, region: regionName(0) },
    access: { role: 'arn:aws:iam::{account}:role/amiport', roles: {}, externalId: undefined },
    manage: { keyPolicy: 'amiport', rolePolicy: 'export', grants: 'amiport', launchTemplates: 'amiport' },
    regions,
    accounts: ids.map((id) => ({ id, name: undefined, regions, launchers: LAUNCHERS })),
    organizationalUnits: [],
    key: { reference: { by: 'alias', alias: 'alias/amiport-images' }, multiRegion: true, rotation: undefined },
    images: Array.from({ length: IMAGES }, (_, i) => ({
      name: `image-${i}`,
      source: { from: 'ami', imageId: amiId(i, 0) },
      way: 'shared-encrypted',
      volumeKey: { by: 'account' },
      accountKey: undefined,
      publish: { ssm: undefined, launchTemplates: [], setDefault: true, instanceRefresh: undefined, canary: false },
      keep: { versions: 3, deprecateAfterDays: undefined, graceDays: 0 },
    })),
    unitMembers: [],
    policy: { secrets: undefined },
    organization: { account: MANAGEMENT, guardrails: 'read', shareBy: 'auto' },
    canary: { instanceType: { x86_64: 't3.micro', arm64: 't4g.micro' }, subnetTag: undefined, maxCostUsd: 1 },
  };
}

const readKeys = Array.from({ length: REGIONS }, (_, r) => readKeyArn(r));

/** Each with work of its own besides, as roles have. */
const rolePolicies: readonly string[] = Array.from({ length: ROLE_POLICIES }, (_, v) =>
  text(
    statement('Launch', 'Allow', [
      'ec2:RunInstances',
      'ec2:CreateFleet',
      'ec2:CreateLaunchTemplate',
      'ec2:CreateTags',
      'ec2:Describe*',
    ]),
    statement('UseShared', 'Allow', USE, { Resource: readKeys }),
    statement('UseOwn', 'Allow', USE, { Condition: { StringLike: { 'kms:ViaService': 'ec2.*.amazonaws.com' } } }),
    statement('Attach', 'Allow', 'kms:CreateGrant', { Condition: ATTACH }),
    statement('Own', 'Allow', ['s3:GetObject', 's3:ListBucket'], { Resource: `arn:aws:s3:::bucket-${v}/*` }),
    statement('NoLeave', 'Deny', 'organizations:LeaveOrganization'),
  ),
);

const FULL = text(statement('Full', 'Allow', '*'));
const scpSets: readonly (readonly PolicySeen[])[] = Array.from({ length: SCP_SETS }, (_, s) => [
  { name: 'FullAWSAccess', id: 'p-FullAWSAccess', document: FULL },
  {
    name: `guardrail-${s}`,
    id: `p-guard${s}`,
    document: text(
      statement('NoTrailOff', 'Deny', ['cloudtrail:StopLogging', 'cloudtrail:DeleteTrail']),
      statement('Regions', 'Deny', '*', {
        Condition: { StringNotLike: { 'aws:RequestedRegion': ['eu-test-*', `us-test-${s}`] } },
      }),
      statement('NoKeyDeletion', 'Deny', ['kms:ScheduleKeyDeletion', `kms:DisableKey${s}`]),
    ),
  },
]);
const ROOT: LevelSeen = {
  level: 'Root r-1',
  policies: [{ name: 'FullAWSAccess', id: 'p-FullAWSAccess', document: FULL }],
};
const RCPS: readonly LevelSeen[] = [
  {
    level: 'Root r-1',
    policies: [
      {
        name: 'RCPFullAWSAccess',
        id: 'p-RCPFullAWSAccess',
        document: text(statement('Full', 'Allow', '*', { Principal: '*' })),
      },
    ],
  },
];

function scpLevels(id: string, a: number): readonly LevelSeen[] {
  const set = scpSets[a % SCP_SETS] ?? [];
  const account: LevelSeen = { level: `Account ${id}`, policies: scpPolicies(causeOf({ account: a })) };
  return [ROOT, { level: `OU ou-${a % SCP_SETS}`, policies: set }, account];
}

function scpPolicies(cause: Cause | undefined): readonly PolicySeen[] {
  const named = (document: string): readonly PolicySeen[] => [{ name: 'own', id: 'p-own', document }];
  if (cause === 'scp: no allow') return named(text(statement('Some', 'Allow', ['ec2:*', 's3:*'])));
  const full = ROOT.policies;
  if (cause === 'scp: deny kms') return [...full, ...named(text(statement('NoDecrypt', 'Deny', 'kms:Decrypt')))];
  if (cause === 'scp: deny launch') return [...full, ...named(text(statement('NoRun', 'Deny', 'ec2:RunInstances')))];
  return full;
}

function accountSeen(id: string, a: number): AccountSeen {
  const role = (l: number): [string, Finding<RoleSeen>] => {
    const found = roleSeen(id, a, l);
    return [found.is === 'known' ? found.value.name : roleName(l), found];
  };
  return {
    account: id,
    identity: known(`arn:aws:iam::${id}:role/amiport`),
    regionsOff: known(regionsOff(a)),
    own: absent,
    roles: new Map([0, 1, 2].map(role)),
    serviceLinkedRoles: new Map([3, 4].map(role)),
  };
}

const regionsOff = (a: number): readonly string[] =>
  Array.from({ length: REGIONS }, (_, r) => r)
    .filter((r) => causeOf({ account: a, region: r }) === 'region: off')
    .map(regionName);

function roleSeen(id: string, a: number, l: number): Finding<RoleSeen> {
  const cause = causeOf({ account: a, launcher: l });
  if (cause === 'role: absent') return absent;
  if (cause === 'role: unreadable') return unreadable(reason('aws.AccessDenied', id, 'iam:GetRole: AccessDenied'));
  const document = rolePolicies[(a * 7 + l) % ROLE_POLICIES] ?? '';
  const linked = l > 2;
  return known({
    arn: launcherArn(id, l),
    roleId: `AROA${id}${l}`,
    name: roleName(l),
    inline: linked ? [] : [{ name: 'launch', document: brokenPolicy(document, cause) }],
    attached: linked ? [{ name: 'SLR', id: 'arn:aws:iam::aws:policy/aws-service-role/SLR', document: SLR_POLICY }] : [],
    boundary: linked ? undefined : boundaryOf(id, cause),
    tags: {},
  });
}

const SLR_POLICY = text(statement('Launch', 'Allow', ['ec2:RunInstances', 'ec2:CreateTags', 'ec2:Describe*']));

function boundaryOf(id: string, cause: Cause | undefined): PolicySeen | undefined {
  const named = (document: string): PolicySeen => ({ name: 'edge', id: `arn:aws:iam::${id}:policy/edge`, document });
  if (cause === 'boundary: no kms') return named(text(statement('Some', 'Allow', ['ec2:*', 's3:*'])));
  if (cause === 'boundary: deny')
    return named(text(statement('All', 'Allow', '*'), statement('No', 'Deny', 'kms:CreateGrant')));
  return undefined;
}

/** The policy of a role with what a cause changes in it. */
function brokenPolicy(document: string, cause: Cause | undefined): string {
  if (cause === undefined) return document;
  if (cause.startsWith('role lacks '))
    return document.replaceAll(`"${cause.slice('role lacks '.length)}"`, '"kms:ListAliases"');
  const extra = (more: object): string => document.replace('"Statement":[', `"Statement":[${JSON.stringify(more)},`);
  switch (cause) {
    case 'role denies kms':
      return extra(statement('Never', 'Deny', 'kms:*'));
    case 'role denies launch':
      return extra(statement('NoRun', 'Deny', 'ec2:RunInstances', { Resource: 'arn:aws:ec2:*::image/*' }));
    case 'role names another key':
      return document.replaceAll(':key/mrk-0', ':key/mrk-9');
    case 'role wants an address':
      return extra(
        statement('Home', 'Deny', 'kms:*', { Condition: { NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } }),
      );
    case 'role wants a tag':
      return document.replace(
        '"Bool":{"kms:GrantIsForAWSResource":"true"}',
        '"StringEquals":{"aws:PrincipalTag/team":"vod"}',
      );
    case 'role wants another service':
      return document.replace('ec2.*.amazonaws.com', 'rds.*.amazonaws.com');
    default:
      return document;
  }
}

const amiId = (i: number, r: number): string => `ami-${String(i).padStart(3, '0')}${String(r).padStart(14, '0')}`;
const snapshotId = (i: number, r: number): string => `snap-${String(i).padStart(3, '0')}${String(r).padStart(14, '0')}`;

function imageSeen(i: number, r: number, userIds: readonly string[]): ImageSeen {
  const cause = causeOf({ image: i, region: r });
  return {
    imageId: amiId(i, r),
    ownerId: BUILDER,
    name: `golden-${i}`,
    state: cause === 'image: failed' ? 'failed' : 'available',
    stateReason: undefined,
    createdMs: AT_MS - 86_400_000,
    deprecatedAtMs: undefined,
    architecture: 'x86_64',
    rootDeviceName: '/dev/xvda',
    enaSupport: true,
    platformDetails: 'Linux/UNIX',
    productCodes: [],
    mappings: [{ deviceName: '/dev/xvda', snapshotId: snapshotId(i, r), encrypted: true, volumeSizeGiB: 8 }],
    tags: {
      'amiport:delivery': 'fleet',
      'amiport:image': `image-${i}`,
      'amiport:version': amiId(i, 0),
      'amiport:way': 'shared-encrypted',
      'amiport:step': cause === 'image: absent' ? 'gone' : 'copy',
    },
    launchPermissions: known({ userIds, groups: [], organizationArns: [], organizationalUnitArns: [] }),
  };
}

function builderSeen(r: number, ids: readonly string[]): BuilderRegionSeen {
  const images = Array.from({ length: IMAGES }, (_, i) =>
    imageSeen(
      i,
      r,
      ids.filter((_id, a) => causeOf({ account: a, image: i, region: r }) !== 'image: not shared'),
    ),
  );
  const snapshots = Array.from({ length: IMAGES }, (_, i): [string, Finding<SnapshotSeen>] => [
    snapshotId(i, r),
    known(snapshotSeen(i, r)),
  ]);
  return {
    region: regionName(r),
    encryptionByDefault: known(true),
    key: known(readKey(r, ids)),
    otherKeys: new Map(),
    images: known(images),
    snapshots: new Map(snapshots),
  };
}

function snapshotSeen(i: number, r: number): SnapshotSeen {
  return {
    snapshotId: snapshotId(i, r),
    ownerId: BUILDER,
    state: causeOf({ image: i, region: r }) === 'snapshot: error' ? 'error' : 'completed',
    stateMessage: undefined,
    progressPercent: 100,
    encrypted: true,
    kmsKeyId: readKeyArn(r),
    volumeSizeGiB: 8,
    startMs: AT_MS,
  };
}

function placeSeen(id: string, a: number, r: number): PlaceSeen {
  const cause = causeOf({ account: a, region: r });
  return {
    account: id,
    region: regionName(r),
    encryptionByDefault: known(true),
    defaultKey: defaultKey(id, a, r, cause),
    volumeKeys: new Map(),
    allowedImages: allowedImages(cause),
    images: known([]),
    snapshots: new Map(),
    parameters: new Map(),
    launchTemplates: new Map(),
  };
}

function allowedImages(cause: Cause | undefined): PlaceSeen['allowedImages'] {
  if (cause === 'allowed images: unreadable')
    return unreadable(
      reason('aws.UnauthorizedOperation', 'place', 'ec2:GetAllowedImagesSettings: UnauthorizedOperation'),
    );
  if (cause === 'allowed images: other providers')
    return known({ state: 'enabled', criteria: [{ providers: ['amazon', '888888888888'] }] });
  if (cause === 'allowed images: other names')
    return known({ state: 'enabled', criteria: [{ names: ['hardened-*'] }] });
  return known({ state: 'disabled', criteria: [] });
}
