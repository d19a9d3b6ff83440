/** The statements of amiport's own roles: the actions of the table, narrowed to what a delivery touches. */
import {
  type Delivery,
  fillTemplate,
  launcherPrincipalArn,
  roleArnFor,
  serviceLinkedRoleOf,
} from '../model/delivery.ts';
import { regionNamed } from '../model/regions.ts';
import { GRANT_OPERATIONS, type Statement } from '../plan/access.ts';
import { copiedImages, sharesKey, underKey } from '../plan/targets.ts';
import { ACTIONS, type Feature, type Need } from './actions.ts';

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
export function readStatements(want: Delivery, needs: readonly Need[], onlyLooks = false): readonly Statement[] {
  const actions = Object.entries(ACTIONS).filter(
    ([, f]) =>
      f.reads === true &&
      (onlyLooks ? (f.looks ?? f.for) : f.for).some(
        (n) =>
          needs.includes(n) &&
          [f.where?.[n], onlyLooks ? f.looksWhere?.[n] : undefined].every((w) => w === undefined || ASKED_FOR[w](want)),
      ),
  );
  return [
    allow(
      'Read',
      actions.map(([action]) => action),
      '*',
    ),
  ];
}

export const ASKED_FOR: Readonly<Record<Feature, (want: Delivery) => boolean>> = {
  'an event bus': (want) => want.notify?.bus !== undefined,
  guardrails: (want) => want.organization.guardrails !== 'ignore',
  key: (want) => want.key !== undefined,
  'opt-in Regions': (want) => want.accounts.some((a) => a.regions.some((r) => regionNamed(r)?.optIn === true)),
  'organizational units': (want) => want.organizationalUnits.length > 0,
  refresh: (want) => want.images.some((i) => i.publish.instanceRefresh !== undefined),
  unencrypted: (want) => want.images.some((i) => i.way === 'shared-unencrypted'),
  'unencrypted copies': (want) => want.images.some((i) => !underKey(want, i)),
};

export const ofDelivery = (want: Delivery, kind: 'RequestTag' | 'ResourceTag') => ({
  StringEquals: { [`aws:${kind}/amiport:delivery`]: want.name },
});

export function builderStatements(want: Delivery): readonly Statement[] {
  const { partition: p, builder } = want;
  const images = [`arn:${p}:ec2:*::image/*`, `arn:${p}:ec2:*::snapshot/*`];
  const unencrypted = ASKED_FOR['unencrypted copies'](want);
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
    ...withdrawal(want, true),
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
    allow('MakeKey', ['kms:CreateKey'], '*', newKey(want, key.multiRegion)),
    allow('TagKey', ['kms:TagResource'], `${keys}:key/*`, ofDelivery(want, 'RequestTag')),
    allow('Key', [...naming, ...manage], `${keys}:key/*`, ofDelivery(want, 'ResourceTag')),
    // A key that leaked carries the tag from then on, whoever made it.
    allow('RotateKey', rotating, `${keys}:key/*`, ofDelivery(want, 'ResourceTag')),
    // A key that was there before under the alias carries no tag of amiport.
    // Grants are on a key that is shared only.
    allow('AdoptedKey', sharesKey(want) ? manage : manage.filter((a) => a !== 'kms:RevokeGrant'), `${keys}:key/*`, {
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

/** A replica is made without AWS saying which tags it will have. Source: KMS API Reference "ReplicateKey". */
const newKey = (want: Delivery, replicated: boolean) =>
  replicated
    ? { StringEqualsIfExists: { 'aws:RequestTag/amiport:delivery': want.name } }
    : ofDelivery(want, 'RequestTag');

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
function withdrawal(want: Delivery, hasVersions: boolean): readonly Statement[] {
  const images = `arn:${want.partition}:ec2:*::image/*`;
  const ends = ['ec2:DeregisterImage', 'ec2:DeleteSnapshot'];
  const life = ['ec2:DisableImage', 'ec2:EnableImage', 'ec2:EnableImageDeprecation'];
  const ours = ofDelivery(want, 'ResourceTag');
  const all = [images, `arn:${want.partition}:ec2:*::snapshot/*`];
  if (!hasVersions) return [allow('Withdraw', ends, all, ours)];
  return [
    allow('Withdraw', [...ends, ...life], all, ours),
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
    allow('ReadForCopies', ['kms:Decrypt', 'kms:ReEncryptFrom'], both, via),
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
    allow('AuditKeys', ['kms:Decrypt'], `arn:${p}:kms:*:${builder.account}:key/*`),
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
      ? [allow('RolePolicy', ['iam:PutRolePolicy', ...(sharesKey(want) ? [] : ['iam:DeleteRolePolicy'])], roles)]
      : []),
    ...copierStatements(want, account),
    ...withdrawal(want, copiedImages(want).length > 0),
    ...(want.manage.grants === 'amiport' && launchers.length > 0
      ? [grantStatement(want, account, [...roles, ...linkedArns(want, account)])]
      : []),
    allow('Publish', ['ssm:PutParameter', 'ssm:AddTagsToResource'], parameters),
    ...(want.images.some((i) => i.publish.instanceRefresh !== undefined)
      ? [allow('Refresh', REFRESHING, `arn:${p}:autoscaling:*:${account}:autoScalingGroup:*:autoScalingGroupName/*`)]
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

export const REFRESHING = ['autoscaling:StartInstanceRefresh', 'autoscaling:CancelInstanceRefresh'];

export const linkedArns = (want: Delivery, account: string): readonly string[] =>
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
