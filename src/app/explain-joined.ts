/** What is told of a failure in a place that is known: the proofs of the place, and what else of it keeps from launching or copying. */
import { type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Explanation } from '../explain/recognise.ts';
import { fillTemplate } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { keyFindings } from '../verify/key-findings.ts';
import { ownProofs } from '../verify/own.ts';
import type { Proof } from '../verify/question.ts';
import type { Session } from './session.ts';

/** Of amiport's own role there: it makes the copies and the grants, so a refused copy may be its own. */
export function ownAgainst(
  session: Session,
  seen: Observed,
  at: Place,
  told: readonly Explanation[],
): readonly Proof[] {
  if (!told.some((e) => e.reason.code.startsWith('explain.copy.'))) return [];
  return ownProofs(session.want, seen).filter(
    (p) => p.account === at.account && p.region === at.region && p.verdict !== 'can-launch',
  );
}

const DOES: Readonly<Record<string, string>> = { copier: 'copy', amiport: 'make the grants for' };

export function linkOf(p: Proof): Reason {
  const own = DOES[p.launcher];
  const who = own === undefined ? p.launcher : "amiport's role there";
  const cannot = p.verdict === 'unknown' ? `could not be proven to ${own ?? 'launch'}` : `cannot ${own ?? 'launch'}`;
  return reason(`explain.${p.verdict}`, p.launcher, `${who} ${cannot} ${p.image}`, { because: p.reasons });
}

/** Why a statement that seems to name the role does not: after its deletion it stands there as an id. */
export function deadPrincipals(session: Session, seen: Observed, against: readonly Proof[]): readonly Reason[] {
  const keys = new Set(against.flatMap((p) => [p.readKey, p.volumeKey]));
  const isOnPath = (r: Reason) => r.code === 'kms.key-policy.dead-principal' && keys.has(r.subject);
  return keyFindings(session.want, seen).filter(isOnPath);
}

/** The parameters that amiport keeps in the place, for a template that names one which cannot be read there. */
export function ownParameters(
  session: Session,
  seen: Observed,
  at: Place,
  told: readonly Explanation[],
): readonly Remedy[] {
  if (!told.some((e) => e.reason.code === 'explain.launch.parameter-not-resolved')) return [];
  const there = seen.places.get(`${at.account}/${at.region}`)?.parameters;
  return session.want.images.flatMap((image): readonly Remedy[] => {
    const version = seen.sources.get(image.name);
    const { ssm } = image.publish;
    if (ssm === undefined) return [];
    const names = { image: image.name, ...at, version: version?.is === 'known' ? version.value.imageId : '' };
    const name = fillTemplate(ssm, names);
    if (there?.get(name)?.is !== 'known') return [];
    const does = `name the account's own parameter of ${image.name}: resolve:ssm:${name}`;
    return [{ who: `account ${at.account}`, does }];
  });
}
