/**
 * What may be asked of a delivery, as data in and data out: the commands ask a session of this process (`deskOf`) or,
 * with `--server`, a server that asks its own. A request never names a path, a role or an endpoint.
 */
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { type Part, selectionOf, selectSteps } from '../plan/select.ts';
import type { Plan } from '../plan/step.ts';
import type { VolumeKeys } from '../rotate/volume-keys.ts';
import { type ProbeResult, probedProofs } from '../verify/probes.ts';
import type { Proof } from '../verify/question.ts';
import { type Audited, auditTarget } from './audit.ts';
import { awsTarget } from './audit-target.ts';
import { type Built, buildImage } from './build.ts';
import { launchCanaries, removeCanaries } from './canary.ts';
import type { CanaryResult } from './canary-launch.ts';
import { type Compared, type CompareOptions, compare } from './compare.ts';
import { type ApplyOptions, applyPlan, makePlan, type Planned, planFor, verify } from './deliver.ts';
import { type DriftReport, drift } from './drift.ts';
import type { Simulate } from './drill.ts';
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
import { keptProof } from './kept-proofs.ts';
import { type Left, left } from './left.ts';
import { notify } from './notify.ts';
import { type OtherAsked, otherPlan } from './other-plan.ts';
import { probeLaunchers } from './probe.ts';
import { countedProofs, type Report, type Runs, type RunTold, report } from './report.ts';
import { type RotationAsked, type RotationDesk, renewalAsked, rotationDesk } from './rotation-desk.ts';
import type { RunEnd } from './run-end.ts';
import type { Scheduled } from './scheduled.ts';
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

/** An image of the config, an AMI or a snapshot. */
export interface AuditRequest {
  readonly named: string;
  readonly region?: string;
  readonly freeSpace: boolean;
  readonly packages: boolean;
  readonly threads?: number;
  readonly beside?: boolean;
}

export interface ReportRequest {
  readonly runs: Runs;
  /** What can be launched now, too. */
  readonly verify: boolean;
}

export interface ImageName {
  readonly name: string;
  readonly builtByPacker: boolean;
}

/** A plan that is not the delivery's own: shown, and carried out as long as a new look asks for the same. */
export type Other = Pick<Desk, 'plan' | 'apply'>;

/** New key material, as the config or somebody asks for it. */
export interface Renewal extends Pick<Desk, 'apply'> {
  look(emit: Emit): Promise<Outcome<Scheduled>>;
}

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
  /** Plain hashes of secrets are in the answer only where it does not leave the process that read them. */
  audit(asked: AuditRequest, emit: Emit, signal?: AbortSignal): Promise<Outcome<Audited>>;
  report(asked: ReportRequest, emit: Emit): Promise<Outcome<Report>>;
  rotation(asked: RotationAsked): RotationDesk;
  /** @param asked now: new key material at once; what: as in a rotation */
  renewal(asked: { readonly now: boolean; readonly what?: string }): Renewal;
}

/** What a desk takes from whoever opens it. */
export interface DeskPorts {
  /** For drills. */
  readonly simulate?: Simulate;
  /** Runs that have no journal beside the config. */
  readonly otherRuns?: () => Promise<readonly RunTold[]>;
  /** Where those did something. */
  readonly otherPlaces?: () => Promise<readonly Place[]>;
}

export function deskOf(session: Session, env: SessionOptions['env'], ports: DeskPorts = {}): Desk {
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
      return removed.ok ? done(await left(session, emit, await ports.otherPlaces?.())) : removed;
    },
    compare: (asked, emit) => compare(session, asked, emit),
    explain: (asked) => explainLive(session, asked),
    async build(name, emit, signal) {
      const image = want.images.find((i) => i.name === name);
      return image === undefined ? failed(noImage(want, name)) : buildImage(session, image, env, emit, signal);
    },
    audit: (asked, emit, signal) => audited(session, asked, emit, signal),
    report: async (asked, emit) => reported(session, asked, (await ports.otherRuns?.()) ?? [], emit),
    rotation: (asked) => rotationDesk(session, asked, ports.simulate),
    renewal: (asked) => ({
      look: (emit) => renewalAsked(session, asked, emit),
      apply: (plan, emit, options) => deskOf(session, env).apply(plan, emit, options),
    }),
  };
}

async function audited(
  session: Session,
  { named, region, threads, beside = false, ...asked }: AuditRequest,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<Outcome<Audited>> {
  const target = await awsTarget(session, named, region);
  if (!target.ok) return target;
  const { want, stateDir, clock } = session;
  const at = { stateDir, policy: want.policy.secrets, nowMs: () => clock.nowMs(), emit };
  return auditTarget(target.value, { ...asked, threads, beside }, { ...at, ...(signal ? { signal } : {}) });
}

async function reported(
  session: Session,
  { runs, verify: withProofs }: ReportRequest,
  others: readonly RunTold[],
  emit: Emit,
): Promise<Outcome<Report>> {
  const found = await report(session.stateDir, session.want.name, runs, others);
  if (!found.ok || !withProofs) return found;
  const { proofs, seen } = await verify(session, emit);
  return done({ ...found.value, proofsNow: countedProofs(seen.atMs, proofs.map(keptProof)) });
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
