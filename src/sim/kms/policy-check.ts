/**
 * What PutKeyPolicy, CreateKey and ReplicateKey ask of a policy. Source: KMS API Reference "PutKeyPolicy"; KMS
 * Developer Guide "Creating a key policy"; facts KMS-10, KMS-12, KMS-13, KMS-14.
 */
import { evaluate } from '../../authz/evaluate.ts';
import { parsePolicy } from '../../authz/policy.ts';
import { isAccountId, parseArn } from '../../base/arn.ts';
import { type Caller, Fault } from '../operation.ts';
import type { World } from '../world/world.ts';

const BYTES_MAX = 32_768;

export function checkKeyPolicy(world: World, caller: Caller, policy: string, bypassLockout: boolean): void {
  if (Buffer.byteLength(policy, 'utf8') > BYTES_MAX)
    throw new Fault('LimitExceededException', `The key policy is larger than ${BYTES_MAX} bytes`);
  if (/[^\t\n\r\u0020-\u00ff]/.test(policy)) throw malformed('The policy contains characters outside the allowed set.');
  const statements = parsed(policy);
  for (const s of statements)
    for (const name of s.principals?.aws ?? [])
      if (!exists(world, name)) throw malformed('Policy contains a statement with one or more invalid principals.');
  refuseOpenSets(statements);
  if (bypassLockout) return;
  const decision = evaluate(
    {
      principal: caller.principal,
      action: 'kms:PutKeyPolicy',
      resource: '*',
      resourceAccount: caller.account,
      context: {},
    },
    {
      identity: [
        {
          id: 'any',
          document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
        },
      ],
      resource: { kind: 'key-policy', policies: [{ id: 'new', document: policy }] },
    },
  );
  if (decision.is === 'denied')
    throw malformed('The new key policy will not allow you to update the key policy in the future.');
}

function parsed(policy: string): ReturnType<typeof parsePolicy> {
  try {
    return parsePolicy(policy);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

/** One value at the most: where there is none, ForAllValues holds of every request. */
const SINGLE_VALUED = /^(?:kms:encryptioncontext:|aws:requesttag\/)/;

/** KMS Developer Guide "AWS KMS condition keys", Using condition keys with set operators. */
function refuseOpenSets(statements: ReturnType<typeof parsePolicy>): void {
  const open = statements.some((s) => s.conditions.some((c) => c.set === 'all' && SINGLE_VALUED.test(c.lowerKey)));
  if (open)
    throw malformed(
      'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified encryption context or tag or with an unspecified encryption context or tag. To fix, remove ForAllValues.',
    );
}

/** KMS-13: a principal must exist, abroad too; a unique id of a deleted one may stay where it is. */
function exists(world: World, name: string): boolean {
  if (name === '*' || /^A(ROA|IDA)[A-Z0-9]+$/.test(name)) return true;
  if (isAccountId(name)) return world.accounts.has(name);
  const arn = parseArn(name);
  const account = arn === undefined ? undefined : world.accounts.get(arn.account);
  if (arn === undefined || account === undefined) return false;
  if (arn.resource === 'root') return true;
  const last = arn.resource.slice(arn.resource.lastIndexOf('/') + 1);
  if (arn.service === 'sts' && arn.resource.startsWith('assumed-role/'))
    return account.iam.roles.has(arn.resource.split('/')[1] ?? '');
  if (arn.resource.startsWith('role/')) return account.iam.roles.get(last)?.arn === name;
  if (arn.resource.startsWith('user/')) return account.iam.users.get(last)?.arn === name;
  return false;
}

const malformed = (message: string): Fault => new Fault('MalformedPolicyDocumentException', message);
