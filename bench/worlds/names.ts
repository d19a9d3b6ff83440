/** What the fleet's parts are called, and how its policies are written. */
import { type Launcher, launcherPrincipalArn, serviceLinkedRoleOf } from '../../src/model/delivery.ts';
import { FIRST_ACCOUNT } from './causes.ts';

export const BUILDER = '111111111111';
export const MANAGEMENT = '999999999999';
export const AT_MS = Date.UTC(2026, 0, 2);

export const LAUNCHERS: readonly Launcher[] = [
  { kind: 'role', name: 'App', path: '/' },
  { kind: 'role', name: 'Batch', path: '/team/' },
  { kind: 'karpenter', name: 'KarpenterController', path: '/' },
  { kind: 'autoscaling', suffix: undefined },
  { kind: 'autoscaling', suffix: 'payments' },
];

export const regionName = (r: number): string => `eu-test-${r + 1}`;
export const accountId = (a: number): string => String(FIRST_ACCOUNT + a);
export const readKeyArn = (r: number): string =>
  `arn:aws:kms:${regionName(r)}:${BUILDER}:key/mrk-00000000000000000000000000000000`;
export const statement = (Sid: string, Effect: string, Action: unknown, more: object = {}): object => ({
  Sid,
  Effect,
  Action,
  Resource: '*',
  ...more,
});
export const text = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

export const USE = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];
export const ATTACH = { Bool: { 'kms:GrantIsForAWSResource': 'true' } };
export function roleName(l: number): string {
  const launcher = LAUNCHERS[l];
  if (launcher === undefined) return '';
  return 'name' in launcher ? launcher.name : (serviceLinkedRoleOf(launcher)?.roleName ?? '');
}

export const launcherArn = (id: string, l: number): string => {
  const launcher = LAUNCHERS[l];
  return launcher === undefined ? '' : launcherPrincipalArn(launcher, id, 'aws');
};
