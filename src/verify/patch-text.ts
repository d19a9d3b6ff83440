/** A patch as a sentence: who owns what is to be changed, and what a person does. */
import { unreachable } from '../base/invariant.ts';
import type { Patch, PolicyHome } from '../base/patch.ts';
import { commandsOf } from '../plan/patch-commands.ts';

export function ownerOf(patch: Patch): string {
  const organization = (patch.do === 'allow' || patch.do === 'exempt') && patch.in.is === 'organization-policy';
  if (organization) return 'the management account of the organization';
  return `account ${patch.do === 'allow' || patch.do === 'exempt' ? patch.in.account : patch.account}`;
}

export function patchText(patch: Patch): string {
  switch (patch.do) {
    case 'allow':
      return `allow ${patch.statement.Action.join(', ')}${onWhat(patch.statement.Resource)}${toWhom(patch.statement.Condition?.ArnEquals?.['aws:PrincipalArn'])} in ${homeText(patch.in)}`;
    case 'exempt':
      return `exempt ${patch.principal} from statement ${patch.statement} of ${homeText(patch.in)} (ArnNotEquals on aws:PrincipalArn)`;
    case 'allow-image-provider':
      return `add ${patch.provider} to the ImageProviders of Allowed AMIs in ${patch.region}`;
    case 'create-grant':
      return `in account ${patch.account}${patch.by === undefined ? '' : ` as ${patch.by}`}: ${commandsOf(patch).join()}`;
    case 'enable-key':
      return commandsOf(patch).join(', then ');
    case 'enable-region':
      return `${commandsOf(patch).join()}, and wait until it is on; or take the Region out of amiport.yaml`;
    case 'create-service-linked-role':
    case 'share-image':
    case 'share-snapshot':
      return `${commandsOf(patch).join()} (amiport apply does)`;
    default:
      return unreachable(patch);
  }
}

const onWhat = (resource: string): string => (resource === '*' ? '' : ` on ${resource}`);
const toWhom = (arn: string | undefined): string => (arn === undefined ? '' : ` to ${arn}`);

function homeText(home: PolicyHome): string {
  switch (home.is) {
    case 'key-policy':
      return `the policy of key ${home.key}`;
    case 'role-policy':
      return `policy ${home.policy} of role ${home.role}`;
    case 'managed-policy':
      return `managed policy ${home.arn}`;
    case 'organization-policy':
      return `${home.kind === 'scp' ? 'service' : 'resource'} control policy ${home.id}`;
    default:
      return unreachable(home);
  }
}
