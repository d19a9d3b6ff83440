/**
 * From a refused request to every link that it lacks, not the first only: what is missing is mended in memory and the
 * question asked again, until it is allowed. So a remedy is proven before it is printed.
 */
import { evaluate } from '../authz/evaluate.ts';
import type { Decision, Grant, MissingLink, NearMiss, Policies, PolicyInput, Request } from '../authz/types.ts';
import type { Patch, PolicyEdit } from '../base/patch.ts';
import { isPolicyEdit } from '../base/patch.ts';
import { rolePolicyId } from '../plan/policies.ts';
import { editedPolicy } from '../plan/policy-edit.ts';
import type { Homes } from './homes.ts';
import { type Mender, patchesFor } from './patches.ts';

export interface Lack {
  readonly link: MissingLink;
  readonly near: readonly NearMiss[];
}

export interface Lacks {
  readonly lacks: readonly Lack[];
  /** What could not be told once the rest is mended. */
  readonly absent: readonly string[];
}

/** More rounds than there are layers of policies. */
const ROUNDS_MAX = 9;

export function lacksOf(request: Request, policies: Policies, first: Decision, m: Mender): Lacks {
  const lacks: Lack[] = [];
  let decision = first;
  let working = policies;
  for (let round = 0; round < ROUNDS_MAX && decision.is === 'denied'; round++) {
    const { nearMisses } = decision;
    lacks.push(...decision.missing.map((link) => ({ link, near: nearMisses.filter((n) => isNear(n, link)) })));
    const patches = decision.missing.flatMap((link) => patchesFor(link, [request.action], request, m));
    if (patches.length === 0) break;
    working = patches.reduce((all, patch) => withPatch(all, patch, m), working);
    decision = evaluate(request, working);
  }
  return { lacks, absent: decision.is === 'unknown' ? decision.absent : [] };
}

const isNear = (n: NearMiss, link: MissingLink): boolean => n.source.layer === link.layer;

/** The policies as they are once a patch is carried out. */
function withPatch(policies: Policies, patch: Patch, m: Mender): Policies {
  if (isPolicyEdit(patch)) return withEdit(policies, patch, m);
  if (patch.do !== 'create-grant' || !Array.isArray(policies.grants)) return policies;
  const grant: Grant = {
    id: 'the grant to be made',
    keyArn: patch.key,
    grantee: patch.grantee,
    operations: patch.operations,
    issuingAccount: patch.account,
  };
  return { ...policies, grants: [...policies.grants, grant] };
}

function withEdit(policies: Policies, edit: PolicyEdit, m: Mender): Policies {
  const changed = (p: PolicyInput): PolicyInput =>
    isAt(m.homes, p.id, edit) ? { id: p.id, document: editedPolicy(textOf(p), [edit]) } : p;
  const set = <T extends Policies['identity']>(s: T): T =>
    (s === undefined || 'unreadable' in s ? s : s.map(changed)) as T;
  const levels = <T extends Policies['scps']>(l: T): T =>
    (l === undefined || 'unreadable' in l ? l : l.map((at) => ({ ...at, policies: at.policies.map(changed) }))) as T;
  const next: Policies = {
    ...policies,
    ...(policies.identity ? { identity: set(policies.identity) } : {}),
    ...(policies.boundary ? { boundary: set(policies.boundary) } : {}),
    ...(policies.scps ? { scps: levels(policies.scps) } : {}),
    ...(policies.rcps ? { rcps: levels(policies.rcps) } : {}),
    ...(policies.resource
      ? { resource: { ...policies.resource, policies: set(policies.resource.policies) ?? [] } }
      : {}),
  };
  return isNewPolicy(policies, edit, m) ? withNewPolicy(next, edit, m) : next;
}

const isAt = (homes: Homes, id: string, edit: PolicyEdit): boolean =>
  JSON.stringify(homes.byId.get(id)) === JSON.stringify(edit.in);

const textOf = (p: PolicyInput): string => (typeof p.document === 'string' ? p.document : JSON.stringify(p.document));

/** A role policy that an edit names need not be there yet. */
function isNewPolicy({ identity = [] }: Policies, edit: PolicyEdit, m: Mender): boolean {
  if (edit.in.is !== 'role-policy' || !Array.isArray(identity)) return false;
  const id = rolePolicyId(m.caller.role, edit.in.policy);
  return !identity.some((p) => p.id === id);
}

function withNewPolicy(policies: Policies, edit: PolicyEdit, m: Mender): Policies {
  const id = rolePolicyId(m.caller.role, edit.in.is === 'role-policy' ? edit.in.policy : '');
  const identity = Array.isArray(policies.identity) ? (policies.identity as readonly PolicyInput[]) : [];
  return { ...policies, identity: [...identity, { id, document: editedPolicy(undefined, [edit]) }] };
}
