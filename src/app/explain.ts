/** Why something failed: from a text alone, or from what AWS says of an instance, a group or a place, joined with the proofs. */
import { done, failed, type Outcome, type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { trailRecords } from '../explain/event.ts';
import { type Explanation, recognise } from '../explain/recognise.ts';
import { changesOf, type Mend, mendOf } from '../export/mend.ts';
import type { Proof } from '../verify/question.ts';
import { verifyDelivery } from '../verify/verify.ts';
import { deadPrincipals, linkOf, ownAgainst, ownParameters } from './explain-joined.ts';
import type { Session } from './session.ts';

export interface Explained {
  readonly version: 1;
  /** What happened; `because`: the chain, nearest first. */
  readonly reason: Reason;
  /** Who can mend it and how, most telling first. */
  readonly remedies: readonly Remedy[];
  /** The same word for word, where the missing links are known: in whose account to run which commands. */
  readonly mends?: readonly Mend[];
  /** How to see that it is mended. */
  readonly checks: readonly string[];
  /** The AWS pages that say so. */
  readonly sources: readonly string[];
}

/** @returns undefined where nothing is recognised */
export function explainText(text: string): Explained | undefined {
  const records = trailRecords(text);
  if (records === undefined) return explained(recognise(text));
  const refused = records.filter((r) => r.refused);
  const found = explained(recognise(refused.map((r) => r.text).join('\n')));
  const [first] = refused;
  if (first === undefined || found === undefined) return found;
  const says = `${first.who} called ${first.action} and was refused${refused.length > 1 ? ` (${refused.length} events)` : ''}`;
  return { ...found, reason: reason('explain.event', first.action, says, { because: [found.reason] }) };
}

function explained(all: readonly Explanation[]): Explained | undefined {
  const [first, ...rest] = all;
  if (first === undefined) return undefined;
  return {
    version: 1,
    reason:
      rest.length === 0
        ? first.reason
        : { ...first.reason, because: [...first.reason.because, ...rest.map((e) => e.reason)] },
    remedies: distinctRemedies(all.flatMap((e) => e.remedies)),
    checks: [...new Set(all.map((e) => e.check))],
    sources: [...new Set(all.map((e) => e.source))],
  };
}

const distinctRemedies = (all: readonly Remedy[]): readonly Remedy[] => [
  ...new Map(all.map((r) => [`${r.who} ${r.does}`, r])).values(),
];

/** Where to look; what is absent: every place of the config. */
export interface Where {
  readonly account?: string;
  readonly region?: string;
}

const placesOf = (session: Session, where: Where): readonly Place[] =>
  session.want.accounts
    .flatMap((a) => a.regions.map((region) => ({ account: a.id, region })))
    .filter((p) => (where.account ?? p.account) === p.account && (where.region ?? p.region) === p.region);

/** An instance that ended, or runs. @returns a failure when it is in none of the places */
export async function explainInstance(session: Session, id: string, where: Where): Promise<Outcome<Explained>> {
  const refused: Reason[] = [];
  for (const at of placesOf(session, where)) {
    const seen = await session.cloud.describeInstances(at, [id]);
    if (!seen.ok) refused.push(seen.reason);
    const [instance] = seen.ok ? seen.value : [];
    if (instance === undefined) continue;
    const name = `${at.account}/${at.region}`;
    const state = instance.stateReason;
    const says = `${id} in ${name} is ${instance.state}${state === undefined ? '' : `: ${state.message}`}`;
    const told = recognise(`${state?.code ?? ''} ${state?.message ?? ''}`);
    return done(await joined(session, at, says, id, told, () => true));
  }
  return failed(notThere('instance', id, where, refused));
}

export async function explainGroup(session: Session, name: string, where: Where): Promise<Outcome<Explained>> {
  const refused: Reason[] = [];
  for (const at of placesOf(session, where)) {
    const seen = await session.cloud.describeCanaryGroup(at, name);
    if (!seen.ok) refused.push(seen.reason);
    if (!seen.ok || seen.value.activities.length === 0) continue;
    const bad = seen.value.activities.find((a) => a.statusCode === 'Failed' || a.statusCode === 'Cancelled');
    const place = `${at.account}/${at.region}`;
    const says =
      bad === undefined
        ? `group ${name} in ${place} has no failed activity`
        : `group ${name} in ${place}: ${bad.statusCode}: ${bad.statusMessage ?? bad.description}`;
    const told = recognise(bad?.statusMessage ?? '');
    return done(await joined(session, at, says, name, told, (p) => /^(?:autoscaling|eks)/.test(p.launcher)));
  }
  return failed(notThere('Auto Scaling group', name, where, refused));
}

/** An event of CloudTrail, looked up by its id. */
export async function explainEvent(session: Session, id: string, where: Where): Promise<Outcome<Explained>> {
  for (const at of placesOf(session, where)) {
    const found = await session.cloud.findEvent(at, id);
    if (!found.ok) return found;
    if (found.value === undefined) continue;
    const [record] = trailRecords(found.value) ?? [];
    if (record === undefined) continue;
    const says = `${record.who} called ${record.action} in ${at.account}/${at.region}${record.refused ? ' and was refused' : ''}`;
    const told = record.refused ? recognise(record.text) : [];
    return done(await joined(session, at, says, record.action, told, (p) => isOf(p, record.who)));
  }
  return failed(notThere('event', id, where));
}

/** Whether a caller, as CloudTrail names it, is a proof's launcher; the instance itself may be any launcher's. */
function isOf(p: Proof, who: string): boolean {
  const role = /:assumed-role\/([^/]+)\//.exec(who)?.[1] ?? '';
  const [, name = ''] = p.launcher.split(':');
  if (role === 'aws:ec2-infrastructure' || role === '') return true;
  return role.startsWith('AWSServiceRole') ? !/^(?:role|karpenter):/.test(p.launcher) : name === role;
}

/** An error text in a place that is known: what the text tells, behind what the proofs of the place say. */
export async function explainSaid(
  session: Session,
  text: string,
  asked: { readonly image?: string; readonly launcher?: string } & Where,
): Promise<Outcome<Explained>> {
  const [at, more] = placesOf(session, asked);
  if (at === undefined || more !== undefined) return failed(onePlace);
  const told = recognise(text);
  const [first] = told;
  const says = first?.reason.says ?? 'nothing in this text is known to amiport';
  return done(await joined(session, at, says, `${at.account}/${at.region}`, told, (p) => isAsked(p, asked)));
}

const onePlace = reason('explain.place', '', 'name one place of the config: --account and --region');

const isAsked = (p: Proof, asked: { readonly image?: string; readonly launcher?: string }): boolean =>
  (asked.image ?? p.image) === p.image && (asked.launcher ?? p.launcher) === p.launcher;

/** A question without a failure at hand: would this launcher launch this image there, and if not, why not? */
export async function explainPlace(
  session: Session,
  asked: { readonly image?: string; readonly launcher?: string } & Where,
): Promise<Outcome<Explained>> {
  const [at, more] = placesOf(session, asked);
  if (at === undefined || more !== undefined) return failed(onePlace);
  const says = `launches${asked.image === undefined ? '' : ` of ${asked.image}`} in ${at.account}/${at.region}${asked.launcher === undefined ? '' : ` as ${asked.launcher}`}`;
  return done(await joined(session, at, says, `${at.account}/${at.region}`, [], (p) => isAsked(p, asked)));
}

/** What is known of such failures, behind what the proofs of the place say now. */
async function joined(
  session: Session,
  at: Place,
  says: string,
  subject: string,
  told: readonly Explanation[],
  concerns: (proof: Proof) => boolean,
): Promise<Explained> {
  const seen = await session.look(session.want);
  const scope = { region: at.region, accounts: new Set([at.account]) };
  const proofs = verifyDelivery(session.want, seen, scope).filter(concerns);
  const against = [...proofs.filter((p) => p.verdict !== 'can-launch'), ...ownAgainst(session, seen, at, told)];
  const links = [...against.map(linkOf), ...deadPrincipals(session, seen, against)];
  const fine = reason(
    'explain.can-launch',
    subject,
    proofs.length === 0
      ? 'no launcher of the config launches there'
      : `as things are now all ${proofs.length} launchers of the config can launch there: it was launched before that, or by somebody else`,
  );
  const known = explained(told);
  const patches = against.flatMap((p) => p.reasons.flatMap((r) => r.remedy?.patches ?? []));
  const mends = changesOf(patches, seen).map((c) => mendOf(c, seen));
  return {
    version: 1,
    ...(mends.length === 0 ? {} : { mends }),
    reason: reason('explain', subject, says, {
      because: [...(links.length > 0 ? links : [fine]), ...(known === undefined ? [] : [known.reason])],
    }),
    remedies: distinctRemedies([
      ...against.flatMap((p) => p.remedies),
      ...ownParameters(session, seen, at, told),
      ...(known?.remedies ?? []),
    ]),
    checks: ['amiport verify', ...(known?.checks ?? [])],
    sources: known?.sources ?? [],
  };
}

/** @param refused places that could not be looked at: it may be there */
const notThere = (what: string, id: string, where: Where, refused: readonly Reason[] = []): Reason =>
  reason('explain.not-found', id, `${what} ${id} is in none of the places that were looked at`, {
    because: refused,
    remedy: {
      who: 'you',
      does:
        where.account === undefined
          ? 'name its place, if it is one of the config: --account and --region; instances are forgotten an hour after their end'
          : 'look at its account and Region again; instances are forgotten an hour after their end',
    },
  });
