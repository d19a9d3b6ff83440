/** What is delivered where: per image and Region the newest version's copy, its key, its permissions, its pointers; and the last run. */
import { absent, distinct, type Reason } from '../base/outcome.ts';
import type { Delivery, Image } from '../model/delivery.ts';
import { fillTemplate } from '../model/delivery.ts';
import type { BuilderRegionSeen, ImageSeen, Observed } from '../model/observed.ts';
import { mayLaunch } from '../plan/sharing.ts';
import type { Plan } from '../plan/step.ts';
import { accountsIn, deliveredRegions, liveCopyOf, underKey } from '../plan/targets.ts';
import { type RunRecord, readRuns } from '../run/journal.ts';
import { liveCopy } from '../verify/verify.ts';
import { planFor } from './deliver.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export interface Share {
  readonly have: number;
  readonly want: number;
}

export interface RegionStatus {
  readonly image: string;
  /** The newest version: the id of its source AMI; absent: not built yet, or not readable. */
  readonly imageVersion?: string;
  readonly region: string;
  readonly copy?: string;
  readonly state: 'available' | 'pending' | 'failed' | 'missing' | 'not-built' | 'unreadable';
  /** Whether every snapshot is under the key that the image's way wants. */
  readonly key: 'ok' | 'wrong' | 'unknown';
  /** Accounts that may launch, or have their private copy, of those that should. */
  readonly shared: Share;
  /** Parameters and launch templates in user accounts that name this copy, of those that should. */
  readonly pointers: Share;
}

export interface RunStatus {
  readonly run: string;
  readonly at: string;
  readonly steps: number;
  readonly done: number;
  readonly failed: number;
  readonly notStarted: number;
  /** `running` stands for killed, too: nobody wrote its end. */
  readonly end: 'complete' | 'incomplete' | 'interrupted' | 'running';
}

export interface Status {
  readonly version: 1;
  readonly delivery: string;
  readonly images: readonly RegionStatus[];
  /** How many steps a plan has now, and what it waits for. */
  readonly missing: { readonly steps: number; readonly exported: number; readonly blocked: readonly Reason[] };
  readonly unreadable: readonly Reason[];
  readonly lastRun?: RunStatus;
}

export async function status(session: Session, emit: Emit): Promise<Status> {
  const { want } = session;
  const seen = await session.look(want, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const last = (await readRuns(session.stateDir)).findLast((r) => deliveryOfRun(r) === want.name);
  return statusOf(want, seen, last, planFor(session, want, seen));
}

function statusOf(want: Delivery, seen: Observed, last: RunRecord | undefined, plan: Plan): Status {
  const run = last === undefined ? undefined : runStatus(last);
  return {
    version: 1,
    delivery: want.name,
    images: want.images.flatMap((image) => deliveredRegions(want).map((r) => regionStatus(want, seen, image, r))),
    missing: {
      steps: plan.steps.length,
      exported: plan.exported.length,
      blocked: distinct(plan.blocked.filter((r) => !couldNotLook(r))),
    },
    unreadable: distinct(plan.blocked.filter(couldNotLook)),
    ...(run === undefined ? {} : { lastRun: run }),
  };
}

/** Codes behind `aws.` are AWS's own: here of a read that was refused. */
const couldNotLook = (r: Reason): boolean => r.code.startsWith('aws.');

function regionStatus(want: Delivery, seen: Observed, image: Image, region: string): RegionStatus {
  const source = seen.sources.get(image.name);
  const builder = seen.builder.get(region);
  const { version, ami } = builderCopy(seen, image, region);
  const accounts = accountsIn(want, region).filter(
    (a) => a.id !== want.builder.account || image.way === 'account-copies',
  );
  const copy = ami.is === 'known' ? ami.value : undefined;
  const permissions = copy?.launchPermissions.is === 'known' ? copy.launchPermissions.value : undefined;
  const has = (account: string): boolean =>
    image.way === 'account-copies'
      ? ownCopy(seen, image, account, region)?.state === 'available'
      : permissions !== undefined && mayLaunch(seen, permissions, account);
  const unreadable = ami.is === 'unreadable' || (source?.is === 'unreadable' && copy === undefined);
  return {
    image: image.name,
    ...(version === '' ? {} : { imageVersion: version }),
    region,
    ...(copy === undefined ? {} : { copy: copy.imageId }),
    state: unreadable ? 'unreadable' : copy !== undefined ? stateOf(copy) : version === '' ? 'not-built' : 'missing',
    key: copy === undefined || builder === undefined ? 'unknown' : keyStatus(want, image, copy, builder),
    shared: { have: accounts.filter((a) => has(a.id)).length, want: accounts.length },
    pointers: pointersOf(want, seen, image, region, version),
  };
}

/** The copy in the builder account, whatever the way. */
function builderCopy(seen: Observed, image: Image, region: string): ReturnType<typeof liveCopy> {
  return image.way === 'account-copies' ? sourceOfCopies(seen, image, region) : liveCopy(seen, image, '', region);
}

function sourceOfCopies(seen: Observed, image: Image, region: string): ReturnType<typeof liveCopy> {
  const source = seen.sources.get(image.name);
  const images = seen.builder.get(region)?.images ?? absent;
  const version = source?.is === 'known' ? source.value.imageId : '';
  if (images.is !== 'known') return { version, ami: images };
  const copy = liveCopyOf(images.value, image, version);
  return { version, ami: copy === undefined ? absent : { is: 'known', value: copy } };
}

function ownCopy(seen: Observed, image: Image, account: string, region: string): ImageSeen | undefined {
  const { ami } = liveCopy(seen, image, account, region);
  return ami.is === 'known' ? ami.value : undefined;
}

const stateOf = (copy: ImageSeen): RegionStatus['state'] =>
  copy.state === 'available' || copy.state === 'pending' ? copy.state : 'failed';

function keyStatus(want: Delivery, image: Image, copy: ImageSeen, builder: BuilderRegionSeen): RegionStatus['key'] {
  const wanted = underKey(want, image) ? builder.key : undefined;
  if (wanted !== undefined && wanted.is !== 'known') return 'unknown';
  const key = wanted?.value.arn;
  const snapshots = copy.mappings.flatMap((m) =>
    m.snapshotId === undefined ? [] : [builder.snapshots.get(m.snapshotId)],
  );
  const known = snapshots.flatMap((s) => (s?.is === 'known' ? [s.value] : []));
  if (known.some((s) => s.kmsKeyId !== key)) return 'wrong';
  return known.length === snapshots.length ? 'ok' : 'unknown';
}

function pointersOf(want: Delivery, seen: Observed, image: Image, region: string, version: string): Share {
  const right = accountsIn(want, region).flatMap((account) => {
    const imageId = ownCopy(seen, image, account.id, region)?.imageId;
    const place = seen.places.get(`${account.id}/${region}`);
    const { ssm, launchTemplates } = image.publish;
    const parameter =
      ssm === undefined ? [] : [fillTemplate(ssm, { image: image.name, account: account.id, region, version })];
    const templates = want.manage.launchTemplates === 'export' ? [] : launchTemplates;
    const parameterValue = (name: string) => {
      const found = place?.parameters.get(name);
      return found?.is === 'known' ? found.value.value : undefined;
    };
    const templateImage = (name: string) => {
      const found = place?.launchTemplates.get(name);
      if (found?.is !== 'known') return undefined;
      return image.publish.setDefault ? found.value.imageId : found.value.latestImageId;
    };
    const named = [...parameter.map(parameterValue), ...templates.map(templateImage)];
    return named.map((id) => id !== undefined && id === imageId);
  });
  return { have: right.filter(Boolean).length, want: right.length };
}

function deliveryOfRun(run: RunRecord): string | undefined {
  const [first] = run.records;
  return first?.kind === 'run' ? first.delivery : undefined;
}

export function runStatus({ run, records }: RunRecord): RunStatus | undefined {
  const [first] = records;
  if (first?.kind !== 'run') return undefined;
  const ended = records.findLast((r) => r.kind === 'ended');
  const stepsIn = (kind: 'started' | 'done' | 'failed') =>
    new Set(records.flatMap((r) => (r.kind === kind ? [r.step] : []))).size;
  const done = ended?.done ?? stepsIn('done');
  const failed = ended?.failed ?? stepsIn('failed');
  return {
    run,
    at: new Date(first.atMs).toISOString(),
    steps: first.steps,
    done,
    failed,
    notStarted: ended?.notStarted ?? first.steps - Math.max(stepsIn('started'), done + failed),
    end:
      ended === undefined
        ? 'running'
        : ended.interrupted
          ? 'interrupted'
          : ended.done === first.steps
            ? 'complete'
            : 'incomplete',
  };
}
