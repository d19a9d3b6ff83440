/** Statements of the policies that one feature needs and nothing else: canaries, and the move of volumes. */
import { type Delivery, type Launcher, launcherPrincipalArn } from '../model/delivery.ts';
import type { Statement } from '../plan/access.ts';
import { copiedImages } from '../plan/targets.ts';
import { ACTIONS } from './actions.ts';
import { ASKED_FOR, allow, linkedArns, ofDelivery, REFRESHING } from './statements.ts';

const autoscalingArns = (want: Delivery, account: string): readonly string[] =>
  linkedArns(want, account).filter((arn) => arn.includes('/autoscaling.amazonaws.com/'));

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
  // Beside what the account's own policy reads, which the role has in any case.
  const looks = Object.entries(ACTIONS).flatMap(([a, f]) =>
    a.includes(':Describe') && f.for.includes('canary') && !f.for.includes('account') ? [a] : [],
  );
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

/** Only for `rehome`: volumes and snapshots of the account, which carry no tag of amiport before they are moved. */
export function rehomeStatements(want: Delivery, account: string): readonly Statement[] {
  const { partition: p } = want;
  const ec2 = (resource: string) => `arn:${p}:ec2:*:${account}:${resource}`;
  const snapshots = `arn:${p}:ec2:*::snapshot/*`;
  const keys = [want.builder.account, account].map((a) => `arn:${p}:kms:*:${a}:key/*`);
  const via = { StringEquals: { 'kms:ViaService': want.regions.map((r) => `ec2.${r}.amazonaws.com`) } };
  const actions = (...names: readonly string[]) => names.map((n) => `ec2:${n}`);
  const swap = actions('AttachVolume', 'DetachVolume', 'ModifyInstanceAttribute', 'StartInstances', 'StopInstances');
  // `kms:DescribeKey`, which EC2 asks for, too, is among what every role may read.
  const use = ['Decrypt', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'];
  return [
    allow('RehomeMake', actions('CopySnapshot', 'CreateSnapshot', 'CreateVolume'), [ec2('volume/*'), snapshots]),
    allow('RehomeTags', actions('CreateTags', 'DeleteTags'), [ec2('instance/*'), ec2('volume/*'), snapshots]),
    allow('RehomeSwap', swap, [ec2('instance/*'), ec2('volume/*')]),
    allow('RehomeEnd', actions('DeleteSnapshot', 'DeleteVolume'), [ec2('volume/*'), snapshots]),
    ...(ASKED_FOR.refresh(want)
      ? []
      : [
          allow('RehomeLook', ['autoscaling:DescribeInstanceRefreshes'], '*'),
          allow(
            'RehomeRefresh',
            REFRESHING,
            `arn:${p}:autoscaling:*:${account}:autoScalingGroup:*:autoScalingGroupName/*`,
          ),
        ]),
    // Whoever makes private copies may do that already.
    ...(copiedImages(want).length > 0
      ? []
      : [
          allow(
            'RehomeKeys',
            use.map((n) => `kms:${n}`),
            [...new Set(keys)],
            via,
          ),
          allow('RehomeGrants', ['kms:CreateGrant'], [...new Set(keys)], {
            ...via,
            Bool: { 'kms:GrantIsForAWSResource': 'true' },
          }),
        ]),
  ];
}
