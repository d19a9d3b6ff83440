/** Decides single links of a launch with authz, and words what is missing with a remedy that can be carried out. */
import { evaluate } from '../authz/evaluate.ts';
import type { Decision, Grant, MissingLink, NearMiss, Policies, Request, Source } from '../authz/types.ts';
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import type { KmsDemand } from '../plan/demands.ts';
import { type CallerSeen, GRANT_SETTLES_MS, policiesFor } from '../plan/policies.ts';

export type Link =
  | { readonly is: 'there'; readonly by: readonly string[]; readonly settlesAt?: number }
  | { readonly is: 'missing'; readonly reason: Reason }
  | { readonly is: 'unknown'; readonly reason: Reason };

/** Decides every demand on one key; demands that fail for the same reasons are told together. */
export function decideKey(
  seen: Observed,
  caller: CallerSeen,
  key: KeySeen,
  demands: readonly KmsDemand[],
): readonly Link[] {
  const policies = policiesFor(seen, caller, key);
  const there: Link[] = [];
  const groups = new Map<
    string,
    { readonly decision: Decision; readonly demand: KmsDemand; readonly actions: string[] }
  >();
  for (const demand of demands) {
    const launcher = demand.by === 'launcher';
    const asked = launcher ? launcherRequest(caller, key, demand) : infrastructureRequest(caller, key, demand);
    const decision = evaluate(asked, launcher ? policies : withAttachGrant(policies, caller.account, key));
    if (decision.is === 'allowed') {
      const settles = settlesAt(seen, key, decision);
      there.push({
        is: 'there',
        by: launcher ? decision.by.map(sourceText) : [],
        ...(settles === undefined ? {} : { settlesAt: settles }),
      });
      continue;
    }
    const id = `${demand.by} ${signature(decision)}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { decision, demand, actions: [demand.action] });
    else group.actions.push(demand.action);
  }
  const against = [...groups.values()].map(({ decision, demand, actions }) => {
    const who = demand.by === 'launcher' ? caller.role.arn : 'the instance (aws:ec2-infrastructure)';
    return linkOf(decision, key.arn, `${who} ${actions.join(', ')}`, () => remedyFor(decision, caller, key, actions));
  });
  return [...there, ...against];
}

function signature(d: Decision): string {
  if (d.is === 'unknown') return `unknown ${d.absent.join()}`;
  if (d.is === 'allowed') return '';
  return d.how === 'explicit' ? d.by.map(sourceText).join() : d.missing.map((m) => `${m.code} ${m.side}`).join();
}

/** EC2 User Guide "Example policies": RunInstances is decided on the image among others. */
export function decideRunInstances(
  seen: Observed,
  account: string,
  region: string,
  role: RoleSeen,
  imageId: string,
): Link {
  const partition = role.arn.split(':')[1] ?? 'aws';
  const image = `arn:${partition}:ec2:${region}::image/${imageId}`;
  const org = policiesFor(seen, { account, role }, NO_KEY);
  const { resource: _r, grants: _g, rcps: _c, ...policies } = org;
  const decision = evaluate(
    {
      principal: principalOf(role),
      action: 'ec2:RunInstances',
      resource: image,
      resourceAccount: account,
      context: { 'aws:requestedregion': [region] },
    },
    policies,
  );
  return linkOf(decision, image, `${role.arn} ec2:RunInstances`, () => ({
    who: `account ${account}`,
    does: `allow ec2:RunInstances on ${image} to ${role.arn}`,
  }));
}

/** Stands where no key is asked about. */
const NO_KEY: KeySeen = {
  arn: '',
  keyId: '',
  account: '',
  region: '',
  state: 'Enabled',
  manager: 'AWS',
  multiRegion: undefined,
  policy: { is: 'absent' },
  rotation: { is: 'absent' },
  aliases: [],
  tags: {},
  grants: { is: 'absent' },
};

const principalOf = (role: RoleSeen): Request['principal'] => ({ kind: 'role', arn: role.arn, id: role.roleId });

function launcherRequest(caller: CallerSeen, key: KeySeen, demand: KmsDemand): Request {
  return {
    principal: principalOf(caller.role),
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
function infrastructureRequest(caller: CallerSeen, key: KeySeen, demand: KmsDemand): Request {
  const request = launcherRequest(caller, key, demand);
  const { 'kms:viaservice': _v, 'aws:viaawsservice': _w, ...context } = request.context;
  return { ...request, principal: { kind: 'role', arn: infrastructureArn(caller) }, context };
}

const infrastructureArn = (caller: CallerSeen): string =>
  `arn:${caller.role.arn.split(':')[1] ?? 'aws'}:iam::${caller.account}:role/aws:ec2-infrastructure`;

function withAttachGrant(policies: Policies, account: string, key: KeySeen): Policies {
  const grant: Grant = {
    id: 'the grant made at attach',
    keyArn: key.arn,
    grantee: `arn:${key.arn.split(':')[1] ?? 'aws'}:iam::${account}:role/aws:ec2-infrastructure`,
    operations: ['Decrypt'],
    issuingAccount: account,
  };
  const { boundary: _b, session: _s, ...rest } = policies;
  return { ...rest, identity: [], grants: [grant] };
}

function keyContext(key: KeySeen): Readonly<Record<string, readonly string[]>> {
  return {
    'kms:resourcealiases': key.aliases,
    'kms:multiregion': [String(key.multiRegion !== undefined)],
    ...(key.multiRegion === undefined ? {} : { 'kms:multiregionkeytype': [key.multiRegion.type] }),
    ...Object.fromEntries(Object.entries(key.tags).map(([k, v]) => [`aws:resourcetag/${k.toLowerCase()}`, [v]])),
  };
}

function linkOf(decision: Decision, subject: string, who: string, remedy: () => Remedy): Link {
  switch (decision.is) {
    case 'allowed':
      return { is: 'there', by: decision.by.map(sourceText) };
    case 'unknown':
      return {
        is: 'unknown',
        reason: reason('authz.unknown', subject, `${who}: cannot be told without ${decision.absent.join(', ')}`),
      };
    case 'denied': {
      const because = decision.missing.map((m) => missingReason(m, subject, decision.nearMisses));
      const code =
        decision.how === 'explicit' ? 'authz.denied.explicitly' : `authz.${decision.missing[0]?.code ?? 'denied'}`;
      return {
        is: 'missing',
        reason: reason(code, subject, `${who}: ${decision.missing.map((m) => m.says).join('; ')}`, {
          because,
          remedy: remedy(),
        }),
      };
    }
  }
}

const sourceText = (s: Source): string => [s.layer, s.id, s.statement].filter((t) => t !== undefined).join(' · ');

function missingReason(m: MissingLink, subject: string, near: readonly NearMiss[]): Reason {
  const misses = near
    .filter((n) => n.source.layer === m.layer)
    .map((n) => reason(`authz.near-miss.${n.mismatch}`, n.source.id, n.says));
  return reason(`authz.${m.code}`, subject, m.says, { because: misses });
}

/** A grant that decides counts for sure only five minutes after it was made. */
function settlesAt(seen: Observed, key: KeySeen, decision: Decision): number | undefined {
  if (decision.is !== 'allowed' || key.grants.is !== 'known') return undefined;
  const ids = new Set(decision.by.filter((s) => s.layer === 'grant').map((s) => s.id));
  const moments = key.grants.value.filter((g) => ids.has(g.grantId)).map((g) => g.createdMs + GRANT_SETTLES_MS);
  const latest = Math.max(...moments);
  return latest > seen.atMs ? latest : undefined;
}

function remedyFor(decision: Decision, caller: CallerSeen, key: KeySeen, actions: readonly string[]): Remedy {
  const what = actions.join(', ');
  const sides = new Set(decision.is === 'denied' ? decision.missing.map((m) => m.side) : []);
  if (decision.is === 'denied' && decision.how === 'explicit') {
    return {
      who: ownerOf(decision, caller, key),
      does: `take ${decision.by.map(sourceText).join(', ')} off ${what}, or exempt ${caller.role.arn} in it`,
    };
  }
  if (caller.role.arn.includes(':role/aws-service-role/')) {
    return {
      who: `account ${caller.account}`,
      does: `in account ${caller.account}: aws kms create-grant --region ${key.region} --key-id ${key.arn} --grantee-principal ${caller.role.arn} --operations CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo`,
    };
  }
  if (sides.has('resource-account'))
    return {
      who: `account ${key.account}`,
      does: `allow ${what} to ${caller.role.arn} in the policy of key ${key.arn}`,
    };
  return { who: `account ${caller.account}`, does: `allow ${what} on ${key.arn} to ${caller.role.arn}` };
}

const ownerOf = (decision: Decision, caller: CallerSeen, key: KeySeen): string => {
  const layers = new Set(decision.is === 'denied' ? decision.by.map((s) => s.layer) : []);
  if (layers.has('scp') || layers.has('rcp')) return 'the management account of the organization';
  return layers.has('resource') ? `account ${key.account}` : `account ${caller.account}`;
};
