/** The statements of what only `rehome` does. */
import type { Delivery } from '../model/delivery.ts';
import type { Statement } from '../plan/access.ts';
import { allow } from './statements.ts';

/** Only for `rehome`: volumes and snapshots of the account, which carry no tag of amiport before they are moved. */
export function rehomeStatements(want: Delivery, account: string): readonly Statement[] {
  const { partition: p } = want;
  const ec2 = (resource: string) => `arn:${p}:ec2:*:${account}:${resource}`;
  const snapshots = `arn:${p}:ec2:*::snapshot/*`;
  const keys = [want.builder.account, account].map((a) => `arn:${p}:kms:*:${a}:key/*`);
  const via = { StringEquals: { 'kms:ViaService': want.regions.map((r) => `ec2.${r}.amazonaws.com`) } };
  const actions = (...names: readonly string[]) => names.map((n) => `ec2:${n}`);
  const swap = actions('AttachVolume', 'DetachVolume', 'ModifyInstanceAttribute', 'StartInstances', 'StopInstances');
  const use = ['Decrypt', 'DescribeKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'];
  return [
    allow('RehomeMake', actions('CopySnapshot', 'CreateSnapshot', 'CreateVolume'), [ec2('volume/*'), snapshots]),
    allow('RehomeTags', actions('CreateTags', 'DeleteTags'), [ec2('instance/*'), ec2('volume/*'), snapshots]),
    allow('RehomeSwap', swap, [ec2('instance/*'), ec2('volume/*')]),
    allow('RehomeEnd', actions('DeleteSnapshot', 'DeleteVolume'), [ec2('volume/*'), snapshots]),
    allow('RehomeRefresh', ['autoscaling:StartInstanceRefresh', 'autoscaling:CancelInstanceRefresh'], '*'),
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
  ];
}
