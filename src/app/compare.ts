/** The ways of delivery side by side for the real fleet, or for one that somebody asks about. */
import { type Evidence, secretsIn } from '../audit/gate.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { compareImages, type ImageCompared } from '../compare/by-image.ts';
import { COPY_MIB_PER_SECOND } from '../compare/duration.ts';
import { type Fleet, fleetOf, type WhatIf } from '../compare/fleet.ts';
import { listPrices, PRICES, type Price, type PriceName, type Prices } from '../compare/prices.ts';
import { type Advice, adviceFor, type Known, type Secrets, secretsOf } from '../compare/verdict.ts';
import { compareWays, type WayRow } from '../compare/ways.ts';
import type { Observed } from '../model/observed.ts';
import { dayOf, evidenceByName, newestEvidence, ruleSetOf } from './audit-evidence.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export type { ImageCompared } from '../compare/by-image.ts';
export type { Secrets } from '../compare/verdict.ts';
export type { Counted, WayRow } from '../compare/ways.ts';

export interface Compared {
  readonly version: 1;
  readonly fleet: Fleet;
  readonly ways: readonly WayRow[];
  readonly advice: Advice;
  /** Each image alone, with the advice that its own audit gives. */
  readonly images: readonly ImageCompared[];
  readonly prices: Readonly<Record<PriceName, Price>>;
  /** What the numbers rest on beside prices. */
  readonly assumptions: readonly string[];
}

export interface CompareOptions {
  readonly whatIf: WhatIf;
  readonly prices: Partial<Prices>;
  readonly secrets: Secrets;
}

export const isPriceName = (name: string): name is PriceName => name in PRICES;

/** Looks at the images only when nobody says how large they are. */
export async function compare(session: Session, options: CompareOptions, emit: Emit): Promise<Outcome<Compared>> {
  const { want } = session;
  const sources =
    options.whatIf.gib === undefined
      ? (await session.look(want, (finished, total) => emit({ kind: 'looking', done: finished, total }))).sources
      : new Map();
  const evidence = evidenceFor(session, sources);
  const used = new Map([...evidence].map(([image, e]) => [image, Math.round((e.usedBytes / 2 ** 30) * 100) / 100]));
  const { fleet, unknown } = fleetOf(want, sources, options.whatIf, used);
  if (fleet.images.length === 0) {
    return failed(
      reason(
        'compare.size',
        want.name,
        `nobody knows how large ${unknown.join(', ')} is: no version was built or found`,
        {
          remedy: { who: 'you', does: 'say so: --what-if gib=8' },
        },
      ),
    );
  }
  const prices = listPrices(options.prices);
  const ways = compareWays(fleet, prices);
  const known = knownOf(session, evidence, options.secrets);
  const asked = want.images.map(({ name, way, keep }) => ({
    name,
    way,
    versions: options.whatIf.versions ?? Math.max(1, keep.versions),
    known: known([name]),
  }));
  const given = (name: PriceName): Price =>
    options.prices[name] === undefined
      ? PRICES[name]
      : { ...PRICES[name], usd: prices[name], source: 'given with --price' };
  return done({
    version: 1,
    fleet,
    ways,
    advice: adviceFor(fleet, ways, known(want.images.map((i) => i.name))),
    images: compareImages(fleet, prices, asked),
    prices: {
      snapshotGiBMonth: given('snapshotGiBMonth'),
      keyMonth: given('keyMonth'),
      transferGiB: given('transferGiB'),
    },
    assumptions: [
      ...storageAssumptions(fleet),
      ...(fleet.images.length > 1 ? ['keys serve all images together: what images cost alone does not add up'] : []),
      `a copy moves ${COPY_MIB_PER_SECOND} MiB a second: AWS promises no speed`,
      'rotating a leaked key means all its copies anew, then twice ten minutes until nothing launches from the old ones (amiport rotate --leaked)',
      ...(unknown.length > 0 ? [`not counted, because no version was found: ${unknown.join(', ')}`] : []),
    ],
  });
}

function storageAssumptions(fleet: Fleet): readonly string[] {
  const whole = fleet.images.filter((i) => i.usedGib === undefined).map((i) => i.name);
  return [
    ...(whole.length > 0
      ? [
          `of ${whole.join(', ')} whole volumes are counted: snapshots hold only what is used, so storage is an upper bound (an audit says how much that is)`,
        ]
      : ['storage is what the snapshots hold, as the audits saw it']),
    fleet.changed === 1
      ? 'versions share no lineage of snapshots, as Packer builds them, so each is stored whole (--what-if changed=0.2 where they do)'
      : `of each later version ${fleet.changed} is new; AWS stores no more of it`,
  ];
}

/** The newest audit of each image: of the version that is there, or where nobody looks, of whichever was audited last. */
function evidenceFor(session: Session, sources: Observed['sources']): ReadonlyMap<string, Evidence> {
  const ruleSet = ruleSetOf(session.want.policy.secrets?.rules ?? []);
  const found = session.want.images.map(({ name }) => {
    const source = sources.get(name);
    const evidence =
      source?.is === 'known'
        ? newestEvidence(session.stateDir, source.value, ruleSet)
        : evidenceByName(session.stateDir, name, ruleSet);
    return [name, evidence] as const;
  });
  return new Map(found.flatMap(([name, e]) => (e === undefined ? [] : [[name, e] as const])));
}

/** Of some images together. Somebody's word counts; without one, what audits say. */
function knownOf(session: Session, evidence: ReadonlyMap<string, Evidence>, said: Secrets) {
  const { want } = session;
  const today = dayOf(session.clock.nowMs());
  const each = new Map(
    want.images.map(({ name }) => {
      const e = evidence.get(name);
      return [name, { image: name, secrets: secretsIn(name, e, want.policy.secrets, today), at: e?.at ?? '' }] as const;
    }),
  );
  return (names: readonly string[]): Known =>
    said === 'unknown' ? secretsOf(names.flatMap((n) => each.get(n) ?? [])) : { secrets: said, by: '' };
}
