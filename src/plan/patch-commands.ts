/** The AWS CLI commands of patches that say all they need themselves; edits of policies need the policy's text, too. */
import { unreachable } from '../base/invariant.ts';
import type { Patch, PolicyEdit } from '../base/patch.ts';

export type SimplePatch = Exclude<Patch, PolicyEdit | { readonly do: 'allow-image-provider' }>;

export function commandsOf(patch: SimplePatch): readonly string[] {
  switch (patch.do) {
    case 'create-grant':
      return [
        `aws kms create-grant --region ${patch.region} --key-id ${patch.key} --name ${patch.name} --grantee-principal ${patch.grantee} --operations ${patch.operations.join(' ')}`,
      ];
    case 'create-service-linked-role':
      return [
        `aws iam create-service-linked-role --aws-service-name ${patch.service}${patch.suffix === undefined ? '' : ` --custom-suffix ${patch.suffix}`}`,
      ];
    case 'share-image':
      return [
        `aws ec2 modify-image-attribute --region ${patch.region} --image-id ${patch.image} --launch-permission ${quoted(JSON.stringify({ Add: [{ UserId: patch.with }] }))}`,
      ];
    case 'share-snapshot':
      return [
        `aws ec2 modify-snapshot-attribute --region ${patch.region} --snapshot-id ${patch.snapshot} --attribute createVolumePermission --operation-type add --user-ids ${patch.with}`,
      ];
    case 'enable-key': {
      const at = `--region ${patch.region} --key-id ${patch.key}`;
      return [...(patch.cancelDeletion ? [`aws kms cancel-key-deletion ${at}`] : []), `aws kms enable-key ${at}`];
    }
    case 'enable-region':
      return [`aws account enable-region --region-name ${patch.region}`];
    default:
      return unreachable(patch);
  }
}

/** For a shell: in single quotes nothing means anything but a single quote. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
