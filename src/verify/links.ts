/** Decides single links of a launch with authz, and words what is missing with a remedy that can be carried out. */
import { evaluate } from '../authz/evaluate.ts';
import type { Decision, MissingLink, NearMiss, Policies, Request, Source } from '../authz/types.ts';
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import type { KmsDemand } from '../plan/demands.ts';
import { type CallerSeen, GRANT_SETTLES_MS, policiesFor } from '../plan/policies.ts';
import { homesOf } from './homes.ts';
import { type Lack, lacksOf } from './lacks.ts';
import { ownerOf, patchText } from './patch-text.ts';
import { isLinked, type Mender, patchesFor } from './patches.ts';
import { infrastructureRequest, launcherRequest, principalOf, withAttachGrant } from './requests.ts';

export type Link =
  | { readonly is: 'there'; readonly by: readonly string[]; readonly settlesAt?: number }
  | { readonly is: 'missing'; readonly reason: Reason }
  | { readonly is: 'unknown'; readonly reason: Reason };

/** In whose name remedies are written. */
export interface MendAs {
  readonly delivery: string;
  /** ARN of the role by which grants are made in the caller's account. */
  readonly grantMaker: string | undefined;
}

/** What one link is missing for: all the actions that lack the same thing are told together. */
interface Group {
  readonly lack: Lack;
  readonly request: Request;
  readonly actions: string[];
}

/** Decides every demand on one key; demands that fail for the same reasons are told together. */
export function decideKey(
  seen: Observed,
  caller: CallerSeen,
  key: KeySeen,
  demands: readonly KmsDemand[],
  as: MendAs,
): readonly Link[] {
  const policies = policiesFor(seen, caller, key);
  const found = new Findings(() => ({ ...as, caller, key, homes: homesOf(seen, caller, key) }), key.arn);
  for (const demand of demands) {
    const launcher = demand.by === 'launcher';
    const asked = launcher ? launcherRequest(caller, key, demand) : infrastructureRequest(caller, key, demand);
    const consulted = launcher ? policies : withAttachGrant(policies, caller.account, key);
    const decision = evaluate(asked, consulted);
    const who = launcher ? caller.role.arn : 'the instance (aws:ec2-infrastructure)';
    found.take(who, asked, consulted, decision);
    if (decision.is !== 'allowed') continue;
    const settles = settlesAt(seen, key, decision);
    found.there.push({
      is: 'there',
      by: launcher ? decision.by.map(sourceText) : [],
      ...(settles === undefined ? {} : { settlesAt: settles }),
    });
  }
  return found.links();
}

/** EC2 User Guide "Example policies": RunInstances is decided on the image among others. */
export function decideRunInstances(
  seen: Observed,
  account: string,
  region: string,
  role: RoleSeen,
  imageId: string,
  as: MendAs,
): readonly Link[] {
  const image = `arn:${role.arn.split(':')[1] ?? 'aws'}:ec2:${region}::image/${imageId}`;
  const caller = { account, role };
  const { resource: _r, grants: _g, rcps: _c, ...policies } = policiesFor(seen, caller, NO_KEY);
  const request: Request = {
    principal: principalOf(role),
    action: 'ec2:RunInstances',
    resource: image,
    resourceAccount: account,
    context: { 'aws:requestedregion': [region] },
  };
  const found = new Findings(() => ({ ...as, caller, key: undefined, homes: homesOf(seen, caller, NO_KEY) }), image);
  const decision = evaluate(request, policies);
  found.take(role.arn, request, policies, decision);
  if (decision.is === 'allowed') found.there.push({ is: 'there', by: decision.by.map(sourceText) });
  return found.links();
}

/** Gathers what is missing, by the link that is: each once, with all that lack it. */
export class Findings {
  readonly there: Link[] = [];
  readonly #missing = new Map<string, Group & { readonly who: string }>();
  readonly #unknown = new Map<string, { readonly who: string; readonly actions: string[]; readonly absent: string }>();
  readonly #mender: () => Mender;
  readonly #subject: string;

  /** @param mender made only when something is missing */
  constructor(mender: () => Mender, subject: string) {
    this.#mender = mender;
    this.#subject = subject;
  }

  take(who: string, request: Request, policies: Policies, decision: Decision): void {
    if (decision.is === 'unknown') this.#cannotTell(who, request.action, decision.absent);
    if (decision.is !== 'denied') return;
    const mender = this.#mender();
    const { lacks, absent } = lacksOf(request, policies, decision, mender);
    for (const lack of lacks) {
      const id = `${who} ${identityOf(lack.link, isLinked(mender))}`;
      const group = this.#missing.get(id);
      if (group === undefined) this.#missing.set(id, { who, lack, request, actions: [request.action] });
      else if (!group.actions.includes(request.action)) group.actions.push(request.action);
    }
    if (absent.length > 0) this.#cannotTell(who, request.action, absent);
  }

  #cannotTell(who: string, action: string, absent: readonly string[]): void {
    const text = absent.join(', ');
    const there = this.#unknown.get(`${who} ${text}`);
    if (there === undefined) this.#unknown.set(`${who} ${text}`, { who, actions: [action], absent: text });
    else there.actions.push(action);
  }

  links(): readonly Link[] {
    const missing = [...this.#missing.values()].map((g): Link => ({ is: 'missing', reason: this.#reason(g) }));
    const unknown = [...this.#unknown.values()].map(({ who, actions, absent }): Link => {
      const says = `${who} ${actions.join(', ')}: cannot be told without ${absent}`;
      return { is: 'unknown', reason: reason('authz.unknown', this.#subject, says) };
    });
    return [...this.there, ...missing, ...unknown];
  }

  #reason({ who, lack, request, actions }: Group & { readonly who: string }): Reason {
    const { link, near } = lack;
    const code = link.code === 'explicit-deny' ? 'authz.denied.explicitly' : `authz.${link.code}`;
    return reason(code, this.#subject, `${who} ${actions.join(', ')}: ${link.says}`, {
      because: near.map(nearReason),
      remedy: remedyFor(link, actions, request, this.#mender()),
    });
  }
}

/** A grant is all that a service-linked role needs: whatever lacks without it is one link. */
function identityOf(link: MissingLink, linked: boolean): string {
  const byGrant = ['identity.no-allow', 'key-policy.no-allow', 'key-trust.missing'].includes(link.code);
  if (linked && byGrant) return 'grant';
  return [link.code, link.source?.id, link.source?.statement, link.source?.level].join(' ');
}

const nearReason = (n: NearMiss): Reason => reason(`authz.near-miss.${n.mismatch}`, n.source.id, n.says);

/** @param actions all that lack the link */
function remedyFor(link: MissingLink, actions: readonly string[], request: Request, m: Mender): Remedy {
  const patches = patchesFor(link, actions, request, m);
  const [first] = patches;
  if (first === undefined) return { ...byHand(link, m), side: link.side };
  return { who: ownerOf(first), does: patches.map(patchText).join('; '), side: link.side, patches };
}

/** Where no change of one policy puts the link there. */
function byHand(link: MissingLink, m: Mender): Remedy {
  if (link.side === 'organization')
    return { who: 'the management account of the organization', does: `take back what keeps it: ${link.says}` };
  const account = link.side === 'resource-account' ? m.key?.account : m.caller.account;
  const does = link.layer === 'boundary' ? 'take another permissions boundary' : 'take another policy or key';
  return { who: `account ${account ?? m.caller.account}`, does: `${does}: ${link.says}` };
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

const sourceText = (s: Source): string => [s.layer, s.id, s.statement].filter((t) => t !== undefined).join(' · ');

/** A grant that decides counts for sure only five minutes after it was made. */
function settlesAt(seen: Observed, key: KeySeen, decision: Decision): number | undefined {
  if (decision.is !== 'allowed' || key.grants.is !== 'known') return undefined;
  const ids = new Set(decision.by.filter((s) => s.layer === 'grant').map((s) => s.id));
  const moments = key.grants.value.filter((g) => ids.has(g.grantId)).map((g) => g.createdMs + GRANT_SETTLES_MS);
  const latest = Math.max(...moments);
  return latest > seen.atMs ? latest : undefined;
}
