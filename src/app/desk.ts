/**
 * What may be asked of a delivery, as data in and data out: the commands ask a session of this process (`deskOf`) or,
 * with `--server`, a server that asks its own. A request never names a path, a role or an endpoint.
 */
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { type Part, selectionOf, selectSteps } from '../plan/select.ts';
import type { Plan } from '../plan/step.ts';
import type { VolumeKeys } from '../rotate/volume-keys.ts';
import { type ProbeResult, probedProofs } from '../verify/probes.ts';
import type { Proof } from '../verify/question.ts';
import { type Built, buildImage } from './build.ts';
import { launchCanaries, removeCanaries } from './canary.ts';
import type { CanaryResult } from './canary-launch.ts';
import { type Compared, type CompareOptions, compare } from './compare.ts';
import { type ApplyOptions, applyPlan, makePlan, type Planned, planFor, verify } from './deliver.ts';
import { type DriftReport, drift } from './drift.ts';
import type { Emit } from './events.ts';
import {
  type Explained,
  explainEvent,
  explainGroup,
  explainInstance,
  explainPlace,
  explainSaid,
  type Where,
} from './explain.ts';
import { type FixPlan, fixPlan } from './fix-plan.ts';
import { type Left, left } from './left.ts';
import { notify } from './notify.ts';
import { type OtherAsked, otherPlan } from './other-plan.ts';
import { probeLaunchers } from './probe.ts';
import { type Session, type SessionOptions, whoAmI } from './session.ts';
import { type Status, status } from './status.ts';
import { volumeKeys } from './volume-keys.ts';

/** Whose name stands behind what is asked, and where. */
export interface Who {
  readonly delivery: string;
  readonly account: string;
  readonly region: string;
  /** ARN of the identity in the builder account. */
  readonly as: string;
  /** `AWS`, or the endpoint. */
  readonly at: string;
}

export interface RunEnd {
  readonly run: string;
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: Reason }[];
  readonly notStarted: readonly string[];
  readonly interrupted: boolean;
  /** Why the run stopped by itself before its end. */
  readonly stopped?: 'deadline' | Reason;
  /** Why the webhook of the config could not be told. */
  readonly notNotified?: Reason;
}

export interface Proofs {
  readonly proofs: readonly Proof[];
  /** Of amiport's own role in the accounts. */
  readonly own: readonly Proof[];
  /** What keeps nobody from launching and is worth a look. */
  readonly findings: readonly Reason[];
  readonly canaries?: readonly CanaryResult[];
  /** What KMS answered to DryRun calls as the launchers; the proofs say what came of it. */
  readonly probes?: readonly ProbeResult[];
  readonly fix?: FixPlan;
}

export interface VerifyAsked {
  readonly canary: boolean;
  readonly probe?: boolean;
  /** What mends the launches that cannot be. */
  readonly fixPlan?: boolean;
}

export interface LeftAsked {
  /** Canaries of runs that died are ended first. */
  readonly removeCanaries?: boolean;
}

/** An instance, a group, an event, a text in a place, or else a launcher in a place. */
export interface ExplainAsked extends Where {
  readonly instance?: string;
  /** Id of a CloudTrail event. */
  readonly event?: string;
  readonly text?: string;
  readonly group?: string;
  readonly image?: string;
  readonly launcher?: string;
}

export interface ImageName {
  readonly name: string;
  readonly builtByPacker: boolean;
}

/** A plan that is not the delivery's own: shown, and carried out as long as a new look asks for the same. */
export type Other = Pick<Desk, 'plan' | 'apply'>;

export interface Desk {
  who(): Promise<Outcome<Who>>;
  images(): Promise<Outcome<readonly ImageName[]>>;
  /** @param part names of images, accounts, Regions and places */
  plan(emit: Emit, part?: Part): Promise<Outcome<Plan>>;
  /** @param plan carried out only as long as its steps are what a new look still asks for */
  apply(plan: Plan, emit: Emit, options?: ApplyOptions): Promise<Outcome<RunEnd>>;
  other(asked: OtherAsked): Other;
  volumeKeys(emit: Emit): Promise<Outcome<VolumeKeys>>;
  verify(asked: VerifyAsked, emit: Emit, signal?: AbortSignal): Promise<Outcome<Proofs>>;
  status(emit: Emit): Promise<Outcome<Status>>;
  drift(emit: Emit): Promise<Outcome<DriftReport>>;
  left(asked: LeftAsked, emit: Emit): Promise<Outcome<Left>>;
  compare(asked: CompareOptions, emit: Emit): Promise<Outcome<Compared>>;
  explain(asked: ExplainAsked): Promise<Outcome<Explained>>;
  build(image: string, emit: Emit, signal?: AbortSignal): Promise<Outcome<Built>>;
}

export function deskOf(session: Session, env: SessionOptions['env']): Desk {
  const { want } = session;
  /** The look behind the latest plan: what a run need not look at again. */
  let latest: Planned | undefined;
  return {
    async who() {
      const as = await whoAmI(session);
      if (!as.ok) return as;
      return done({ delivery: want.name, ...want.builder, as: as.value, at: session.endpoint ?? 'AWS' });
    },
    images: async () => done(want.images.map((i) => ({ name: i.name, builtByPacker: i.source.from === 'packer' }))),
    async plan(emit, part) {
      const chosen = part === undefined ? done({}) : selectionOf(want, part);
      if (!chosen.ok) return chosen;
      latest = await makePlan(session, emit);
      return done(selectSteps(latest.plan, want, chosen.value));
    },
    async apply(plan, emit, options) {
      // A part of the latest plan, or all of it; what a run changes makes its look old.
      const planned = { plan, ...(latest === undefined ? {} : { seen: latest.seen }) };
      latest = undefined;
      const applied = await applyPlan(session, planned, emit, options);
      if (!applied.ok) return applied;
      const { learnt: _ofTheRun, ...result } = applied.value.result;
      const { run } = applied.value;
      const whole = result.failed.length + result.notStarted.length === 0;
      const notNotified = await notify(session, env, {
        event: whole ? 'delivered' : 'failed',
        run,
        done: result.done.length,
        failed: result.failed,
        notStarted: result.notStarted,
      });
      return done({ run, ...result, ...(notNotified === undefined ? {} : { notNotified }) });
    },
    other: (asked) => otherDesk(session, env, asked),
    volumeKeys: async (emit) => done(await volumeKeys(session, emit)),
    async verify(asked, emit, signal) {
      const { proofs: read, own, findings, seen } = await verify(session, emit);
      const probes = asked.probe ? await probeLaunchers(session, seen, emit, signal) : undefined;
      const proofs = probes === undefined ? read : probedProofs(read, probes);
      const canaries = asked.canary ? { canaries: await launchCanaries(session, seen, emit, signal) } : {};
      return done({
        proofs,
        own,
        findings,
        ...(probes === undefined ? {} : { probes }),
        ...canaries,
        ...(asked.fixPlan ? { fix: fixPlan(planFor(session, want, seen).steps, seen, proofs) } : {}),
      });
    },
    status: async (emit) => done(await status(session, emit)),
    async drift(emit) {
      const found = await drift(session, emit);
      if (found.differences.length === 0) return done(found);
      const notNotified = await notify(session, env, { event: 'drift', differences: found.differences });
      return done({ ...found, ...(notNotified === undefined ? {} : { notNotified }) });
    },
    async left({ removeCanaries: remove = false }, emit) {
      const removed = remove ? await removeCanaries(session) : done(undefined);
      return removed.ok ? done(await left(session, emit)) : removed;
    },
    compare: (asked, emit) => compare(session, asked, emit),
    explain: (asked) => explainLive(session, asked),
    async build(name, emit, signal) {
      const image = want.images.find((i) => i.name === name);
      return image === undefined ? failed(noImage(want, name)) : buildImage(session, image, env, emit, signal);
    },
  };
}

/** Its apply is of the plan that it made last: the wish behind it may want another version than the config does. */
function otherDesk(session: Session, env: SessionOptions['env'], asked: OtherAsked): Other {
  let wanted = session;
  return {
    async plan(emit) {
      const planned = await otherPlan(session, asked, emit);
      if (!planned.ok) return planned;
      wanted = planned.value.session;
      return done(planned.value.plan);
    },
    apply: (plan, emit, options) => deskOf(wanted, env).apply(plan, emit, options),
  };
}

function explainLive(session: Session, asked: ExplainAsked): Promise<Outcome<Explained>> {
  if (asked.group !== undefined) return explainGroup(session, asked.group, asked);
  if (asked.instance !== undefined) return explainInstance(session, asked.instance, asked);
  if (asked.event !== undefined) return explainEvent(session, asked.event, asked);
  return asked.text === undefined ? explainPlace(session, asked) : explainSaid(session, asked.text, asked);
}

const noImage = (want: Session['want'], name: string): Reason =>
  reason(
    'cli.image.unknown',
    name,
    `there is no image ${name} in the config, only ${want.images.map((i) => i.name).join(', ')}`,
  );
