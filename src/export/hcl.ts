/** The same as Terraform. One aliased provider an account: each resource says by its provider where it belongs. */
import { block, comment, json, labelOf, literal, text } from './hcl-text.ts';
import { type IamExport, type OwnersExport, pathAndName, type RoleExport } from './iam.ts';

export function iamHcl(x: IamExport): string {
  const accounts = [...new Set([...x.roles, ...x.launchers].map((r) => r.account))];
  const head = [
    '# Roles and policies for amiport, written by `amiport export iam --format hcl`.',
    '# Needs the AWS provider 6 or newer, with one configuration for each account:',
    ...accounts.map((a) => `#   provider "aws" { alias = "account_${a}" … }`),
  ].join('\n');
  return `${[head, ...x.roles.flatMap(roleHcl), startHcl(x), ...x.launchers.map(ownersHcl)].join('\n\n')}\n`;
}

function roleHcl(role: RoleExport): readonly string[] {
  const { account, purpose, roleArn } = role;
  if (roleArn === undefined) {
    return [
      `# Account ${account}: no role is assumed there; the identity that runs amiport needs (${purpose}):`,
      ...Object.entries(role.policies).map(([name, policy]) => comment(`${name}: ${JSON.stringify(policy)}`)),
    ];
  }
  const label = labelOf(
    purpose === 'builder' || purpose === 'account' ? 'amiport' : `amiport_${purpose.replace('-', '_')}`,
    account,
  );
  const { path, name } = pathAndName(roleArn);
  return [
    block('aws_iam_role', label, account, {
      name: text(name),
      path: text(path),
      description: text(`amiport: ${purpose}`),
      assume_role_policy: json(role.trust),
    }),
    ...Object.entries(role.policies).map(([policyName, policy]) =>
      block('aws_iam_role_policy', labelOf(policyName, purpose, account), account, {
        name: text(policyName),
        role: `aws_iam_role.${label}.id`,
        policy: json(policy),
      }),
    ),
  ];
}

const startHcl = (x: IamExport): string =>
  `# For the identity that amiport starts from:\noutput "amiport_start_policy" {\n  value = ${json(x.start)}\n}`;

function ownersHcl(e: OwnersExport): string {
  if (e.waitsFor.length > 0)
    return `# ${titleOf(e)} in account ${e.account}: known when amiport apply has made ${e.waitsFor.join(', ')}; export again then.`;
  switch (e.on) {
    case 'role':
      return block('aws_iam_role_policy', labelOf(e.policyName, e.roleName, e.account), e.account, {
        name: text(e.policyName),
        role: text(e.roleName),
        policy: json(JSON.parse(e.policy)),
      });
    case 'key':
      return block('aws_kms_key_policy', labelOf('key', e.region, e.account), e.account, {
        region: text(e.region),
        key_id: text(e.key),
        policy: json(JSON.parse(e.policy)),
      });
    case 'grant':
      return block('aws_kms_grant', labelOf(e.name, e.region, keyId(e.key), e.account), e.account, {
        region: text(e.region),
        name: text(e.name),
        key_id: text(e.key),
        grantee_principal: text(e.granteePrincipal),
        operations: literal([...e.operations]),
      });
  }
}

const titleOf = (e: OwnersExport): string =>
  e.on === 'role'
    ? `Role policy ${e.policyName} of ${e.roleName}`
    : e.on === 'key'
      ? `Key policy in ${e.region}`
      : `Grant ${e.name} in ${e.region}`;

const keyId = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1).slice(0, 12);
