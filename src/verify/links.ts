/** Links of a launch: what authz decided on them, and the words for what is missing, with a remedy that can be carried out. */
import type { Decision, MissingLink, NearMiss, Policies, Request, Source } from '../authz/types.ts';
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import { isPolicyEdit, type Patch } from '../base/patch.ts';
import { KEY_POLICY_BYTES_MAX } from '../plan/key-limits.ts';
import { editedPolicy } from '../plan/policy-edit.ts';
import { type Lack, lacksOf } from './lacks.ts';
import { ownerOf, patchText } from './patch-text.ts';
import { isLinked, type Mender, patchesFor } from './patches.ts';

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

/** What a question of access came to: enough for a verdict at once, and the links that are not there once they are read. */
export interface Decided {
  readonly holds: boolean;
  readonly missing: boolean;
  /** Statements and grants that decided, each once. */
  readonly by: readonly string[];
  /** Until then a grant that decides may not count everywhere; 0: it does. */
  readonly settlesAt: number;
  /** The missing and the unknown. */
  links(): readonly Link[];
}

/** Links that are missing or unknown, or what authz decided. */
export type Part = readonly Link[] | Decided;

interface Answer {
  readonly request: Request;
  readonly policies: Policies;
  readonly decision: Decision;
}

const NONE: readonly never[] = [];

/** Takes the answers to one question; the links are worked out, and worded, when somebody reads them. */
export class Answers implements Decided {
  readonly by: string[] = [];
  settlesAt = 0;
  missing = false;
  #refused: (Answer & { readonly who: string })[] | undefined;
  #links: readonly Link[] | undefined;
  readonly #subject: string;
  readonly #mender: () => Mender;
  readonly #also: ((links: readonly Link[]) => readonly Link[]) | undefined;

  /** @param also more links that follow from those that lack */
  constructor(subject: string, mender: () => Mender, also?: (links: readonly Link[]) => readonly Link[]) {
    this.#subject = subject;
    this.#mender = mender;
    this.#also = also;
  }

  get holds(): boolean {
    return this.#refused === undefined;
  }

  take(who: string, answer: Answer, settlesAt: number): void {
    const { decision } = answer;
    if (decision.is === 'allowed') {
      this.settlesAt = Math.max(this.settlesAt, settlesAt);
      for (const source of decision.by) {
        const text = sourceText(source);
        if (!this.by.includes(text)) this.by.push(text);
      }
      return;
    }
    this.missing ||= decision.is === 'denied';
    this.#refused ??= [];
    this.#refused.push({ who, ...answer });
  }

  links(): readonly Link[] {
    this.#links ??= this.#work();
    return this.#links;
  }

  #work(): readonly Link[] {
    if (this.#refused === undefined) return NONE;
    const found = new Findings(this.#mender, this.#subject);
    for (const { who, request, policies, decision } of this.#refused) found.take(who, request, policies, decision);
    const links = found.links();
    return this.#also === undefined ? links : [...links, ...this.#also(links)];
  }
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
      // Why it could not be read, with the permission by which it could.
      const because = this.#mender().homes.unread.filter((r) => absent.includes(r.says));
      const remedy = because.find((r) => r.remedy !== undefined)?.remedy;
      const more = { because, ...(remedy === undefined ? {} : { remedy }) };
      return { is: 'unknown', reason: reason('authz.unknown', this.#subject, says, more) };
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
  const full = withoutRoom(patches, m);
  if (full !== undefined) return { ...full, side: link.side };
  const [first] = patches;
  if (first === undefined) return { ...byHand(link, m), side: link.side };
  return { who: ownerOf(first), does: patches.map(patchText).join('; '), side: link.side, patches };
}

/** A statement more than KMS takes is no remedy. Source: KMS Developer Guide "Resource quotas". */
function withoutRoom(patches: readonly Patch[], { key }: Mender): Remedy | undefined {
  const edits = patches.filter((p) => isPolicyEdit(p)).filter((p) => p.in.is === 'key-policy');
  if (key?.policy.is !== 'known' || edits.length === 0) return undefined;
  const bytes = Buffer.byteLength(editedPolicy(key.policy.value, edits));
  if (bytes <= KEY_POLICY_BYTES_MAX) return undefined;
  const does = `make room in the policy of key ${key.arn}, which would have ${bytes} of ${KEY_POLICY_BYTES_MAX} bytes: name organizational units in place of accounts, take out statements of those who are gone, or deliver the way account-copies`;
  return { who: `account ${key.account}`, does };
}

/** Where no change of one policy puts the link there. */
function byHand(link: MissingLink, m: Mender): Remedy {
  if (link.side === 'organization')
    return { who: 'the management account of the organization', does: `take back what keeps it: ${link.says}` };
  const account = link.side === 'resource-account' ? m.key?.account : m.caller.account;
  const does = link.layer === 'boundary' ? 'take another permissions boundary' : 'take another policy or key';
  return { who: `account ${account ?? m.caller.account}`, does: `${does}: ${link.says}` };
}

const sourceText = ({ layer, id, statement }: Source): string =>
  statement === undefined ? `${layer} · ${id}` : `${layer} · ${id} · ${statement}`;
