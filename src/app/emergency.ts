/** Ends a version at once, everywhere: what `retire --emergency` plans. Carried out like any plan. */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Image } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { cleanVersion, type EmergencyWish, emergencyDelivery, endangered, planEmergency } from '../plan/emergency.ts';
import type { Plan } from '../plan/step.ts';
import { newestEvidence, ruleSetOf } from './audit-evidence.ts';
import { takeCensus } from './census.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export interface EmergencyAsked {
  readonly image: string;
  readonly version: string;
  /** Goes back to this version, whatever audits say; absent: to the last one that no audit speaks against. */
  readonly to?: string;
  /** Also where there is nothing to go back to. */
  readonly force: boolean;
}

export interface Emergency {
  readonly plan: Plan;
  /** Wants the version that it goes back to, so that the proofs of the plan are about that. */
  readonly session: Session;
  readonly to: string | undefined;
}

export async function emergencyPlan(session: Session, asked: EmergencyAsked, emit: Emit): Promise<Outcome<Emergency>> {
  const { want, cloud } = session;
  const image = want.images.find((i) => i.name === asked.image);
  const names = want.images.map((i) => i.name).join(', ');
  if (image === undefined)
    return failed(reason('cli.image.unknown', asked.image, `there is no image ${asked.image}, only ${names}`));
  const look = (of: Session['want']): Promise<Observed> =>
    session.look(of, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const seen = await look(want);
  const clean = cleanVersion(seen, image, asked.version, uncleanVersions(session, seen, image));
  if (!clean.ok) return clean;
  const to = asked.to ?? clean.value;
  if (to === undefined && !asked.force) return failed(nothingBefore(image.name, asked.version));
  const wish: EmergencyWish = { image, version: asked.version, to };
  const former = emergencyDelivery(want, wish);
  const looked = former === want ? seen : await look(former);
  const questions = endangered(want, looked, wish).map((r) => ({
    imageId: r.ami.imageId,
    region: r.region,
    owner: r.account,
    accounts: [
      ...new Set([
        r.account,
        ...(r.account === want.builder.account
          ? want.accounts.filter((a) => a.regions.includes(r.region)).map((a) => a.id)
          : []),
      ]),
    ],
    shared: false,
  }));
  const plan = planEmergency(want, former, looked, wish, await takeCensus(cloud, want.name, questions));
  return done({ plan, to, session: { ...session, want: former } });
}

/** Of the copies an audit may speak as well as of the source: their disks hold the same. */
function uncleanVersions({ stateDir, want }: Session, seen: Observed, image: Image): ReadonlySet<string> {
  const ruleSet = ruleSetOf(want.policy.secrets?.rules ?? []);
  const found = (i: ImageSeen): boolean => newestEvidence(stateDir, i, ruleSet)?.result === 'findings';
  const all = [...seen.builder.values()].flatMap((b) => (b.images.is === 'known' ? b.images.value : []));
  return new Set(
    all
      .filter((i) => i.tags['amiport:image'] === image.name && found(i))
      .flatMap((i) => i.tags['amiport:version'] ?? []),
  );
}

const nothingBefore = (image: string, version: string) =>
  reason('retire.nothing-before', version, `there is no earlier version of ${image} that no audit speaks against`, {
    remedy: {
      who: 'you',
      does: '--to VERSION names one; --force disables this one all the same: launches by its pointers are refused then',
    },
  });
