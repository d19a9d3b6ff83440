/** Remedies as Terraform, for owners who keep their policies there. Needs the AWS provider 6 or newer. */
import { unreachable } from '../base/invariant.ts';
import type { PolicyHome } from '../base/patch.ts';
import type { SimplePatch } from '../plan/patch-commands.ts';
import { block, comment, json, labelOf, literal, text } from './hcl-text.ts';
import type { Change } from './mend.ts';

export function mendHcl(changes: readonly Change[]): string {
  return `${changes.map(changeHcl).join('\n\n')}\n`;
}

function changeHcl(change: Change): string {
  switch (change.on) {
    case 'policy':
      return policyHcl(change.home, JSON.parse(change.text), change);
    case 'providers':
      return comment(
        `Allowed AMIs of ${change.account} in ${change.region}: one more criterion with image providers ${change.providers.join(', ')}, where they are kept`,
      );
    case 'other':
      return patchHcl(change.patch);
    default:
      return unreachable(change);
  }
}

/** A role policy is a resource of its own; the others are whole documents that somebody's Terraform may keep already. */
function policyHcl(home: PolicyHome, document: unknown, change: Extract<Change, { readonly on: 'policy' }>): string {
  const policy = json(document);
  switch (home.is) {
    case 'key-policy':
      return block('aws_kms_key_policy', labelOf('key', home.region, short(home.key)), home.account, {
        region: text(home.region),
        key_id: text(home.key),
        policy,
      });
    case 'role-policy':
      return block('aws_iam_role_policy', labelOf(home.policy, home.role, home.account), home.account, {
        name: text(home.policy),
        role: text(home.role),
        policy,
      });
    case 'managed-policy':
      return `${comment(`${home.arn} is there: import it, or change its document where it is kept`)}\n${block('aws_iam_policy', labelOf(short(home.arn), home.account), home.account, { name: text(short(home.arn)), policy })}`;
    case 'organization-policy':
      return `${comment(`${home.id} is there: import it, or change its content where it is kept (${change.edits.length} changes)`)}\n${block('aws_organizations_policy', labelOf(home.id), home.account, { name: text(home.id), content: policy })}`;
    default:
      return unreachable(home);
  }
}

const short = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

function patchHcl(patch: SimplePatch): string {
  switch (patch.do) {
    case 'create-grant':
      return block('aws_kms_grant', labelOf(short(patch.grantee), patch.region, short(patch.key)), patch.account, {
        region: text(patch.region),
        name: text(patch.name),
        key_id: text(patch.key),
        grantee_principal: text(patch.grantee),
        operations: literal(patch.operations),
      });
    case 'create-service-linked-role':
      return block(
        'aws_iam_service_linked_role',
        labelOf(patch.service, patch.suffix ?? '', patch.account),
        patch.account,
        {
          aws_service_name: text(patch.service),
          ...(patch.suffix === undefined ? {} : { custom_suffix: text(patch.suffix) }),
        },
      );
    case 'share-image':
      return block('aws_ami_launch_permission', labelOf(patch.image, patch.with), patch.account, {
        region: text(patch.region),
        image_id: text(patch.image),
        account_id: text(patch.with),
      });
    case 'share-snapshot':
      return block('aws_snapshot_create_volume_permission', labelOf(patch.snapshot, patch.with), patch.account, {
        region: text(patch.region),
        snapshot_id: text(patch.snapshot),
        account_id: text(patch.with),
      });
    case 'enable-region':
      return block('aws_account_region', labelOf(patch.region, patch.account), patch.account, {
        region_name: text(patch.region),
        enabled: 'true',
      });
    case 'enable-key':
      return comment(`aws_kms_key ${patch.key}: is_enabled = true, where it is kept`);
    default:
      return unreachable(patch);
  }
}
