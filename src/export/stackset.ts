/**
 * The roles of user accounts as one CloudFormation template, to be rolled out to any number of accounts as a StackSet:
 * every account gets the same, with its own id filled in. Pure.
 * Source: AWS CloudFormation User Guide "Working with StackSets", "Fn::Sub".
 */
import { roleNameOf } from '../base/arn.ts';
import { type Delivery, type Launcher, launcherText, roleArnFor } from '../model/delivery.ts';
import { exportIam, pathAndName, type RoleExport } from './iam.ts';

/** Stands for the account a stack is in; an id that no account has. */
const ANY_ACCOUNT = '000000000000';
const ACCOUNT = '$' + '{AWS::AccountId}';

/** @returns undefined where no role is assumed: then there is none to make */
export function stackSetTemplate(want: Delivery): object | undefined {
  const role = want.access.role;
  const targets = want.accounts.filter((a) => a.id !== want.builder.account);
  if (role === undefined || targets.length === 0) return undefined;
  const launchers = new Map<string, Launcher>(targets.flatMap((a) => a.launchers).map((l) => [launcherText(l), l]));
  const regions = [...new Set(targets.flatMap((a) => a.regions))];
  const any = { id: ANY_ACCOUNT, name: undefined, regions, launchers: [...launchers.values()] };
  const { roles } = exportIam({ ...want, accounts: [any] }, []);
  const made = roles.filter((r) => r.account === ANY_ACCOUNT);
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Roles of amiport for delivery ${want.name} in the accounts that get its images`,
    Resources: Object.fromEntries(made.map((r) => [logicalId(r), resource(r)])),
    Outputs: {
      RoleArn: { Value: { 'Fn::GetAtt': ['AmiportAccount', 'Arn'] } },
    },
    Metadata: {
      'amiport:roles': elsewhere(
        want,
        targets.map((a) => a.id),
      ),
    },
  };
}

/** Accounts whose role the config names by itself: a template with one name for all does not make it. */
const elsewhere = (want: Delivery, accounts: readonly string[]): readonly string[] =>
  accounts.flatMap((a) => (want.access.roles[a] === undefined ? [] : [roleArnFor(want.access, a) ?? '']));

const logicalId = ({ purpose }: RoleExport): string =>
  `Amiport${purpose
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;

function resource({ roleArn = '', trust, policies, purpose }: RoleExport): object {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: roleNameOf(roleArn),
      Path: pathAndName(roleArn).path,
      Description: `amiport: ${purpose}`,
      AssumeRolePolicyDocument: trust,
      Policies: Object.entries(policies).map(([PolicyName, document]) => ({
        PolicyName,
        PolicyDocument: withAccount(document),
      })),
    },
  };
}

/** Texts with an account's id in them take that of the stack. */
function withAccount(value: unknown): unknown {
  if (typeof value === 'string')
    return value.includes(ANY_ACCOUNT) ? { 'Fn::Sub': value.replaceAll(ANY_ACCOUNT, ACCOUNT) } : value;
  if (Array.isArray(value)) return value.map(withAccount);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withAccount(v)]));
  return value;
}
