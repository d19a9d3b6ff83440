/**
 * Whether the grant that a service-linked role lacks can be made at all: by the key policy, and past the guardrails of
 * the organization. Those that let only AWS services make grants (`kms:GrantIsForAWSResource`, as in the key policies
 * that the console writes and in Control Tower's controls) forbid it.
 * Source: KMS Developer Guide "kms:GrantIsForAWSResource"; EC2 Auto Scaling User Guide "Required AWS KMS key policy for
 * use with encrypted volumes".
 */
import { evaluate } from '../authz/evaluate.ts';
import type { Policies, Request } from '../authz/types.ts';
import { rootArn } from '../base/arn.ts';
import type { Patch } from '../base/patch.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import { policiesFor } from '../plan/policies.ts';
import { homesOf } from './homes.ts';
import { Findings, type Link } from './links.ts';
import type { Mender } from './patches.ts';
import type { PlaceQuestion } from './question.ts';
import { keyContext, principalOf } from './requests.ts';

type GrantPatch = Extract<Patch, { readonly do: 'create-grant' }>;

/** @param decided what lacks on the key: the grants that mend it are asked about */
export function grantLinks(seen: Observed, q: PlaceQuestion, key: KeySeen, decided: readonly Link[]): readonly Link[] {
  const patches = decided.flatMap((l) => (l.is === 'missing' ? (l.reason.remedy?.patches ?? []) : []));
  const wanted = patches.find((p): p is GrantPatch => p.do === 'create-grant');
  const maker = q.mendAs.grantMaker;
  if (wanted === undefined || maker === undefined) return [];
  return decideGrant(seen, q, key, wanted.grantee, wanted.operations);
}

/** @returns the links that making such a grant lacks, or what lets it be made */
export function decideGrant(
  seen: Observed,
  q: Pick<PlaceQuestion, 'account' | 'region' | 'own' | 'mendAs'>,
  key: KeySeen,
  grantee: string,
  operations: readonly string[],
): readonly Link[] {
  const role = q.own.is === 'known' ? q.own.value : presumed(q.mendAs.grantMaker ?? rootArn(q.account));
  const caller = { account: q.account, role };
  const request: Request = {
    principal: principalOf(role),
    action: 'kms:CreateGrant',
    resource: key.arn,
    resourceAccount: key.account,
    context: {
      'aws:requestedregion': [q.region],
      'kms:grantisforawsresource': ['false'],
      'kms:grantoperations': operations,
      'kms:granteeprincipal': [grantee],
      ...keyContext(key),
    },
  };
  const policies: Policies = policiesFor(seen, caller, key);
  const mender = (): Mender => ({ ...q.mendAs, caller, key, homes: homesOf(seen, caller, key), grant: { grantee } });
  const found = new Findings(mender, key.arn);
  const decision = evaluate(request, policies);
  found.take(`${role.arn} (for ${grantee})`, request, policies, decision);
  if (decision.is === 'allowed') found.there.push({ is: 'there', by: decision.by.map((s) => `${s.layer} · ${s.id}`) });
  return found.links();
}

/** amiport's own role where its policies were not looked at: whatever it is, it may do what its account lets it. */
function presumed(arn: string): RoleSeen {
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  return {
    arn,
    roleId: '',
    name: arn.slice(arn.lastIndexOf('/') + 1),
    inline: [{ name: 'presumed', document: JSON.stringify(all) }],
    attached: [],
    boundary: undefined,
    tags: {},
  };
}
