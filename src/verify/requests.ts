/** The requests to AWS that a launch and what goes before it come to, as authz takes them. */
import type { Context, Grant, Policies, Request } from '../authz/types.ts';
import type { KeySeen, RoleSeen } from '../model/observed.ts';
import type { KmsDemand } from '../plan/demands.ts';
import type { CallerSeen } from '../plan/policies.ts';

export const principalOf = (role: RoleSeen): Request['principal'] => ({
  kind: 'role',
  arn: role.arn,
  ...(role.roleId === '' ? {} : { id: role.roleId }),
});

type CallerlessRequest = Omit<Request, 'principal'>;

export function keyRequest(key: KeySeen, demand: KmsDemand): CallerlessRequest {
  return {
    action: demand.action,
    resource: key.arn,
    resourceAccount: key.account,
    context: { ...demand.context, ...keyContext(key) },
    unknownContext: demand.unknownContext,
  };
}

/**
 * The instance opens its volume as an identity-only role with no policies of its own, on the grant made at attach; SCPs
 * and denies of the key policy apply. Source: EBS User Guide, "Requirements for Amazon EBS encryption".
 */
export function infrastructureRequest(caller: CallerSeen, key: KeySeen, demand: KmsDemand): Request {
  const request = keyRequest(key, demand);
  const { 'kms:viaservice': _v, 'aws:viaawsservice': _w, ...context } = request.context;
  return { ...request, principal: { kind: 'role', arn: infrastructureArn(caller) }, context };
}

const partitionOf = (arn: string): string => arn.split(':')[1] ?? 'aws';

const infrastructureArn = (caller: CallerSeen): string =>
  `arn:${partitionOf(caller.role.arn)}:iam::${caller.account}:role/aws:ec2-infrastructure`;

export function withAttachGrant(policies: Policies, account: string, key: KeySeen): Policies {
  const grant: Grant = {
    id: 'the grant made at attach',
    keyArn: key.arn,
    grantee: `arn:${partitionOf(key.arn)}:iam::${account}:role/aws:ec2-infrastructure`,
    operations: ['Decrypt'],
    issuingAccount: account,
  };
  const { boundary: _b, session: _s, ...rest } = policies;
  return { ...rest, identity: [], grants: [grant] };
}

export function keyContext(key: KeySeen): Context {
  return {
    'kms:resourcealiases': key.aliases,
    'kms:multiregion': [String(key.multiRegion !== undefined)],
    ...(key.multiRegion === undefined ? {} : { 'kms:multiregionkeytype': [key.multiRegion.type] }),
    ...Object.fromEntries(Object.entries(key.tags).map(([k, v]) => [`aws:resourcetag/${k.toLowerCase()}`, [v]])),
  };
}
