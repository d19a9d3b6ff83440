/** The statements of amiport's own roles: the actions of the table, narrowed to what a delivery touches. */
import {
  type Delivery,
  fillTemplate,
  type Launcher,
  launcherPrincipalArn,
  roleArnFor,
  serviceLinkedRoleOf,
} from '../model/delivery.ts';
import { GRANT_OPERATIONS, type Statement } from '../plan/access.ts';
import { copiedImages, underKey } from '../plan/targets.ts';
import { ACTIONS, type Need } from './actions.ts';

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export const document = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements.filter((s) => !Array.isArray(s.Resource) || s.Resource.length > 0),
});

export const allow = (Sid: string, Action: readonly string[], Resource: unknown, Condition?: unknown): Statement => ({
  Sid: `Amiport${Sid}`,
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

/** All reading: lists and descriptions take no narrower resource in most services, and show no data of the images. */
export function readStatements(needs: readonly Need[]): readonly Statement[] {
  const actions = Object.entries(ACTIONS).filter(([, f]) => f.reads === true && f.for.some((n) => needs.includes(n)));
  return [
    allow(
      'Read',
      actions.map(([action]) => action),
      '*',
    ),
  ];
}

const ofDelivery = (want: Delivery, kind: 'RequestTag' | 'ResourceTag') => ({
  StringEquals: { [`aws:${kind}/amiport:delivery`]: want.name },
});

export function builderStatements(want: Delivery): readonly Statement[] {
  const { partition: p, builder } = want;
  const images = [`arn:${p}:ec2:*::image/*`, `arn:${p}:ec2:*::snapshot/*`];
  const unencrypted = want.images.some((i) => !underKey(want, i));
  return [
    allow('Copy', ['ec2:CopyImage'], images),
    allow('Tag', ['ec2:CreateTags'], images, ofDelivery(want, 'RequestTag')),
    allow('Share', ['ec2:ModifyImageAttribute'], images.slice(0, 1), ofDelivery(want, 'ResourceTag')),
    ...(copiedImages(want).length > 0
      ? [allow('OpenSnapshots', ['ec2:ModifySnapshotAttribute'], images.slice(1), ofDelivery(want, 'ResourceTag'))]
      : []),
    allow(
      'Keep',
      ['ssm:PutParameter', 'ssm:AddTagsToResource', 'ssm:DeleteParameters'],
      [`arn:${p}:ssm:${builder.region}:${builder.account}:parameter/amiport/${want.name}/*`],
    ),
    ...(want.notify?.topic === undefined ? [] : [allow('Publish', ['sns:Publish'], want.notify.topic)]),
    ...(want.notify?.bus === undefined ? [] : [allow('PutEvents', ['events:PutEvents'], want.notify.bus)]),
    ...withdrawal(want),
    ...census(want),
    // The gate looks into what is to be shared.
    ...(want.policy.secrets === undefined ? [] : auditStatements(want)),
    ...(unencrypted ? [allow('Settings', ['ec2:DisableEbsEncryptionByDefault'], '*')] : []),
    ...keyStatements(want, `arn:${p}:kms:*:${builder.account}`),
  ];
}

function keyStatements(want: Delivery, keys: string): readonly Statement[] {
  const key = want.key;
  if (key === undefined) return [];
  const manage = [
    'kms:EnableKeyRotation',
    ...(want.manage.keyPolicy === 'amiport' ? ['kms:PutKeyPolicy'] : []),
    ...(want.manage.grants === 'amiport' ? ['kms:RevokeGrant'] : []),
    'kms:ReplicateKey',
  ];
  const via = { StringEquals: { 'kms:ViaService': regionsOf(want).map((r) => `ec2.${r}.amazonaws.com`) } };
  const use = ['kms:Decrypt', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];
  const copying = [
    allow('CopyUnderKeys', use, `${keys}:key/*`, via),
    allow('CopyGrants', ['kms:CreateGrant'], `${keys}:key/*`, {
      ...via,
      Bool: { 'kms:GrantIsForAWSResource': 'true' },
    }),
  ];
  if (key.reference.by === 'arn') {
    const arns = regionsOf(want).map((r) =>
      key.reference.by === 'arn' ? key.reference.arn.split(':').with(3, r).join(':') : '',
    );
    return [...copying, allow('Key', manage.slice(0, -1), arns)];
  }
  const { alias } = key.reference;
  const rotating = [
    'kms:DisableKey',
    'kms:EnableKey',
    'kms:RotateKeyOnDemand',
    'kms:ScheduleKeyDeletion',
    'kms:UntagResource',
  ];
  const naming = ['kms:CreateAlias', 'kms:UpdateAlias'];
  return [
    ...copying,
    allow('MakeKey', ['kms:CreateKey'], '*', ofDelivery(want, 'RequestTag')),
    allow('TagKey', ['kms:TagResource'], `${keys}:key/*`, ofDelivery(want, 'RequestTag')),
    allow('Key', [...naming, ...manage], `${keys}:key/*`, ofDelivery(want, 'ResourceTag')),
    // A key that leaked carries the tag from then on, whoever made it.
    allow('RotateKey', rotating, `${keys}:key/*`, ofDelivery(want, 'ResourceTag')),
    // A key that was there before under the alias carries no tag of amiport.
    allow('AdoptedKey', [...naming, ...manage], `${keys}:key/*`, {
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias },
    }),
    allow('Alias', naming, `${keys}:${alias}`),
    // KMS Developer Guide "Service-linked role for multi-Region keys": made with the first of them.
    ...(key.multiRegion
      ? [
          allow(
            'MultiRegionRole',
            ['iam:CreateServiceLinkedRole'],
            `arn:${want.partition}:iam::*:role/aws-service-role/mrk.kms.amazonaws.com/*`,
            {
              StringEquals: { 'iam:AWSServiceName': 'mrk.kms.amazonaws.com' },
            },
          ),
        ]
      : []),
  ];
}

/** Usage reports: asked for, read, deleted. */
function census(want: Delivery): readonly Statement[] {
  const reports = `arn:${want.partition}:ec2:*:${want.builder.account}:image-usage-report/*`;
  const images = `arn:${want.partition}:ec2:*::image/*`;
  return [
    allow('Census', ['ec2:CreateImageUsageReport'], [images, reports]),
    allow('TagCensus', ['ec2:CreateTags'], reports, ofDelivery(want, 'RequestTag')),
    allow('EndCensus', ['ec2:DeleteImageUsageReport'], reports, ofDelivery(want, 'ResourceTag')),
  ];
}

/** Copies of a former way go with their snapshots; versions are disabled, deprecated, and enabled again. */
function withdrawal(want: Delivery): readonly Statement[] {
  const images = `arn:${want.partition}:ec2:*::image/*`;
  const ends = ['ec2:DeregisterImage', 'ec2:DeleteSnapshot', 'ec2:DisableImage', 'ec2:EnableImage'];
  const ours = ofDelivery(want, 'ResourceTag');
  return [
    allow(
      'Withdraw',
      [...ends, 'ec2:EnableImageDeprecation'],
      [images, `arn:${want.partition}:ec2:*::snapshot/*`],
      ours,
    ),
    // When an image was disabled, which AWS does not tell.
    allow('TagDisabled', ['ec2:CreateTags'], images, {
      ...ours,
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['amiport:disabled', 'amiport:withdrawn'] },
    }),
  ];
}

/** What a private copy takes: the builder's key is read, the account's own key written, both through EC2 only. */
function copierStatements(want: Delivery, account: string): readonly Statement[] {
  if (copiedImages(want).length === 0) return [];
  const { partition: p } = want;
  const images = [`arn:${p}:ec2:*::image/*`, `arn:${p}:ec2:*::snapshot/*`];
  const via = { StringEquals: { 'kms:ViaService': want.regions.map((r) => `ec2.${r}.amazonaws.com`) } };
  const own = `arn:${p}:kms:*:${account}:key/*`;
  const both = [...new Set([`arn:${p}:kms:*:${want.builder.account}:key/*`, own])];
  const aliases = copiedImages(want).flatMap((i) =>
    i.accountKey?.by === 'alias' ? [fillTemplate(i.accountKey.alias, { account, region: '*' })] : [],
  );
  const naming = ['kms:CreateAlias', 'kms:UpdateAlias'];
  return [
    allow('CopyPrivately', ['ec2:CopyImage'], images),
    allow('TagPrivateCopies', ['ec2:CreateTags'], images, ofDelivery(want, 'RequestTag')),
    allow('ReadForCopies', ['kms:Decrypt', 'kms:DescribeKey', 'kms:ReEncryptFrom'], both, via),
    allow('WriteCopies', ['kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptTo'], own, via),
    allow('PrivateCopyGrants', ['kms:CreateGrant'], both, { ...via, Bool: { 'kms:GrantIsForAWSResource': 'true' } }),
    ...(aliases.length === 0
      ? []
      : [
          allow('MakeAccountKey', ['kms:CreateKey'], '*', ofDelivery(want, 'RequestTag')),
          allow('TagAccountKey', ['kms:TagResource'], own, ofDelivery(want, 'RequestTag')),
          allow('NameAccountKey', naming, own, ofDelivery(want, 'ResourceTag')),
          allow(
            'RotateAccountKey',
            ['kms:DisableKey', 'kms:EnableKey', 'kms:ScheduleKeyDeletion', 'kms:UntagResource'],
            own,
            ofDelivery(want, 'ResourceTag'),
          ),
          allow(
            'AccountKeyAlias',
            naming,
            [...new Set(aliases)].map((a) => `arn:${p}:kms:*:${account}:${a}`),
          ),
        ]),
  ];
}

const regionsOf = (want: Delivery): readonly string[] => [...new Set([want.builder.region, ...want.regions])];

/**
 * Reading disks. Blocks under a key are opened in the caller's own name, and AWS documents no `kms:ViaService` for them.
 * Source: EBS User Guide "Control access to EBS direct APIs".
 */
export function auditStatements(want: Delivery): readonly Statement[] {
  const { partition: p, builder } = want;
  const blocks = Object.keys(ACTIONS).filter((a) => a.startsWith('ebs:'));
  return [
    allow('AuditBlocks', blocks, `arn:${p}:ec2:*::snapshot/*`),
    allow('AuditKeys', ['kms:Decrypt', 'kms:DescribeKey'], `arn:${p}:kms:*:${builder.account}:key/*`),
  ];
}

export function accountStatements(want: Delivery, account: string): readonly Statement[] {
  const { partition: p } = want;
  const launchers = want.accounts.find((a) => a.id === account)?.launchers ?? [];
  const roles = launchers
    .filter((l) => serviceLinkedRoleOf(l) === undefined)
    .map((l) => launcherPrincipalArn(l, account, p));
  const linked = launchers.flatMap((l) => serviceLinkedRoleOf(l) ?? []);
  const services = [...new Set(linked.map((l) => l.awsServiceName))];
  const parameters = want.images.flatMap((i) =>
    i.publish.ssm === undefined ? [] : [parameterArn(want, i.publish.ssm, i.name, account)],
  );
  const templates =
    want.manage.launchTemplates === 'amiport' && want.images.some((i) => i.publish.launchTemplates.length > 0);
  return [
    ...(services.length === 0
      ? []
      : [
          allow(
            'LinkedRoles',
            ['iam:CreateServiceLinkedRole'],
            services.map((s) => `arn:${p}:iam::${account}:role/aws-service-role/${s}/*`),
            {
              StringEquals: { 'iam:AWSServiceName': services },
            },
          ),
        ]),
    ...(want.manage.rolePolicy === 'amiport'
      ? [allow('RolePolicy', ['iam:PutRolePolicy', 'iam:DeleteRolePolicy'], roles)]
      : []),
    ...copierStatements(want, account),
    ...withdrawal(want),
    ...(want.manage.grants === 'amiport' && launchers.length > 0
      ? [grantStatement(want, account, [...roles, ...linkedArns(want, account)])]
      : []),
    allow('Publish', ['ssm:PutParameter', 'ssm:AddTagsToResource'], parameters),
    ...(want.images.some((i) => i.publish.instanceRefresh !== undefined)
      ? [
          allow(
            'Refresh',
            ['autoscaling:StartInstanceRefresh', 'autoscaling:CancelInstanceRefresh'],
            `arn:${p}:autoscaling:*:${account}:autoScalingGroup:*:autoScalingGroupName/*`,
          ),
        ]
      : []),
    ...(templates
      ? [
          allow(
            'LaunchTemplates',
            ['ec2:CreateLaunchTemplateVersion', 'ec2:ModifyLaunchTemplate'],
            `arn:${p}:ec2:*:${account}:launch-template/*`,
          ),
        ]
      : []),
  ];
}

const autoscalingArns = (want: Delivery, account: string): readonly string[] =>
  linkedArns(want, account).filter((arn) => arn.includes('/autoscaling.amazonaws.com/'));

const linkedArns = (want: Delivery, account: string): readonly string[] =>
  (want.accounts.find((a) => a.id === account)?.launchers ?? [])
    .filter((l) => serviceLinkedRoleOf(l) !== undefined)
    .map((l) => launcherPrincipalArn(l, account, want.partition))
    .filter((arn, i, all) => all.indexOf(arn) === i);

/** On the delivery's keys, which are the builder's, and on keys of the account itself that its volumes are under. */
function grantStatement(want: Delivery, account: string, grantees: readonly string[]): Statement {
  const keys = [want.builder.account, account].map((a) => `arn:${want.partition}:kms:*:${a}:key/*`);
  return allow('Grants', ['kms:CreateGrant'], [...new Set(keys)], {
    ArnEquals: { 'kms:GranteePrincipal': grantees },
    'ForAllValues:StringEquals': { 'kms:GrantOperations': GRANT_OPERATIONS },
  });
}

function parameterArn(want: Delivery, template: string, image: string, account: string): string {
  const name = fillTemplate(template, { image, account, region: '*', version: '*' }).replace(/^\//, '');
  return `arn:${want.partition}:ssm:*:${account}:parameter/${name}`;
}

/** Only for `verify --canary`; nothing else needs to launch. */
export function canaryStatements(want: Delivery, account: string): readonly Statement[] {
  const { partition: p } = want;
  const ec2 = (resource: string) => `arn:${p}:ec2:*:${account}:${resource}`;
  const group = `arn:${p}:autoscaling:*:${account}:autoScalingGroup:*:autoScalingGroupName/amiport-canary-*`;
  const launchers = want.accounts.find((a) => a.id === account)?.launchers ?? [];
  const roles = launchers.filter((l) => 'path' in l).map((l) => launcherPrincipalArn(l, account, p));
  const has = (...kinds: readonly Launcher['kind'][]): boolean => launchers.some((l) => kinds.includes(l.kind));
  const groups = has('autoscaling', 'eks');
  const fleets = has('ec2fleet');
  const looks = Object.keys(ACTIONS).filter((a) => /:Describe/.test(a) && ACTIONS[a]?.for.includes('canary'));
  const unneeded = (a: string): boolean => (a.startsWith('autoscaling:') && !groups) || (/Fleet/.test(a) && !fleets);
  return [
    allow(
      'CanaryLook',
      looks.filter((a) => !unneeded(a)),
      '*',
    ),
    allow('CanaryAsLauncher', ['sts:AssumeRole'], roles),
    allow('CanaryTemplate', ['ec2:CreateLaunchTemplate'], ec2('launch-template/*'), ofDelivery(want, 'RequestTag')),
    allow('CanaryTags', ['ec2:CreateTags'], [ec2('launch-template/*'), ec2('instance/*'), ec2('volume/*')], {
      StringEquals: {
        'aws:RequestTag/amiport:delivery': want.name,
        'ec2:CreateAction': ['CreateLaunchTemplate', 'RunInstances'],
      },
    }),
    ...(groups
      ? [
          allow(
            'CanaryGroup',
            [
              'autoscaling:CreateAutoScalingGroup',
              'autoscaling:CreateOrUpdateTags',
              'autoscaling:DeleteAutoScalingGroup',
            ],
            group,
          ),
          allow('CanaryPassRole', ['iam:PassRole'], autoscalingArns(want, account)),
        ]
      : []),
    ...(fleets
      ? [
          allow('CanaryFleet', ['ec2:CreateFleet', 'ec2:CreateTags'], ec2('fleet/*'), ofDelivery(want, 'RequestTag')),
          allow('CanaryFleetCleanUp', ['ec2:DeleteFleets'], ec2('fleet/*'), ofDelivery(want, 'ResourceTag')),
        ]
      : []),
    // Who makes a group, a fleet or a Spot request is asked for the right to launch, too.
    ...(groups || has('ec2fleet', 'spot') ? [allow('CanaryRun', ['ec2:RunInstances'], '*')] : []),
    allow(
      'CanaryCleanUp',
      ['ec2:TerminateInstances', 'ec2:DeleteLaunchTemplate'],
      [ec2('instance/*'), ec2('launch-template/*')],
      ofDelivery(want, 'ResourceTag'),
    ),
  ];
}

/** Who may assume amiport's roles: the builder account, by its own IAM policies, with the external id. */
export function trustDocument(want: Delivery): PolicyDocument {
  const { externalId } = want.access;
  return document([
    {
      Sid: 'AmiportTrust',
      Effect: 'Allow',
      Principal: { AWS: `arn:${want.partition}:iam::${want.builder.account}:root` },
      Action: 'sts:AssumeRole',
      ...(externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
    },
  ]);
}

export const startStatements = (want: Delivery, accounts: readonly string[]): readonly Statement[] => [
  allow('Start', ['sts:AssumeRole'], [...new Set(accounts.flatMap((a) => roleArnFor(want.access, a) ?? []))]),
];
