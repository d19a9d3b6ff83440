/**
 * Copies under way: one look per place for all of them, until every snapshot is complete and under the very key asked for.
 *
 * While a copy runs, its snapshots tell how far it is, so they alone are asked; the image is asked at the beginning, at the
 * end, and when nothing moves. A client token that AWS remembers may answer with an image that is gone since (an earlier
 * try, or a way changed and changed back): then the copy is made anew under the next token.
 */
import { done, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud, CopyImage } from '../model/cloud.ts';
import type { ImageSeen, SnapshotSeen } from '../model/observed.ts';
import type { StepResult } from '../run/drive.ts';
import { lookAtKey } from './key-refused.ts';
import type { PlacedStep } from './placed.ts';

type CopyStep = Extract<PlacedStep, { do: 'copy-image' }>;
type CheckStep = Extract<PlacedStep, { do: 'check-image' }>;

/** A copy made just now may not be listed for a while (IMG-11). */
const LISTED_WITHIN_MS = 60_000;

interface Made {
  readonly want: CopyImage;
  readonly as: string;
  readonly atMs: number;
}

interface Told {
  readonly snapshotIds: readonly string[];
  readonly percent: number;
}

export class Copies {
  readonly #cloud: Cloud;
  readonly #nowMs: () => number;
  /** What this run asked for, by image id. */
  readonly #made = new Map<string, Made>();
  /** What the latest look told, by image id. */
  readonly #told = new Map<string, Told>();

  constructor(cloud: Cloud, nowMs: () => number) {
    this.#cloud = cloud;
    this.#nowMs = nowMs;
  }

  start(step: CopyStep): Promise<StepResult> {
    return this.#copy(placeOf(step), { ...step, kmsKeyId: step.key, gone: [] }, step.as, 'done');
  }

  async #copy(at: Place, want: CopyImage, as: string, is: 'done' | 'waiting'): Promise<StepResult> {
    const answer = await this.#cloud.copyImage(at, want);
    if (answer.ok) {
      const { imageId } = answer.value;
      this.#made.set(imageId, { want, as, atMs: this.#nowMs() });
      return { is, learnt: { [as]: imageId }, says: imageId };
    }
    // IMG-30a: concurrent copies into one Region. They go on by themselves, so there will be room.
    if (answer.reason.code === 'aws.ResourceLimitExceeded')
      return { is: 'queued', says: `as many copies are under way into ${at.region} as EC2 takes` };
    return { is: 'failed', reason: answer.reason };
  }

  async poll(steps: readonly CheckStep[]): Promise<ReadonlyMap<string, StepResult>> {
    const [first] = steps;
    if (first === undefined) return new Map();
    const seen = await this.#look(placeOf(first), [...new Set(steps.map((s) => s.imageId))]);
    if (!seen.ok) return new Map(steps.map((s) => [s.id, { is: 'failed', reason: seen.reason }]));
    const { images, snapshots } = seen.value;
    const results = await Promise.all(
      steps.map(async (s) => [s.id, await this.#judge(s, images.get(s.imageId), snapshots)] as const),
    );
    return new Map(results);
  }

  async #look(at: Place, imageIds: readonly string[]): Promise<Outcome<Look>> {
    const images = new Map<string, ImageSeen>();
    const fresh = imageIds.filter((id) => !this.#told.has(id));
    const told = imageIds.filter((id) => this.#told.has(id));
    const first = await this.#images(at, fresh, images);
    if (!first.ok) return first;
    const ids = [
      ...told.flatMap((id) => this.#told.get(id)?.snapshotIds ?? []),
      ...[...images.values()].flatMap(snapshotIdsOf),
    ];
    const found = ids.length === 0 ? done([]) : await this.#cloud.describeSnapshots(at, [...new Set(ids)]);
    if (!found.ok) return found;
    const snapshots = new Map(found.value.map((s) => [s.snapshotId, s]));
    const second = await this.#images(
      at,
      told.filter((id) => this.#mayHaveEnded(id, snapshots)),
      images,
    );
    return second.ok ? done({ images, snapshots }) : second;
  }

  async #images(at: Place, ids: readonly string[], into: Map<string, ImageSeen>): Promise<Outcome<void>> {
    const found = ids.length === 0 ? done([]) : await this.#cloud.describeImages(at, ids);
    if (!found.ok) return found;
    for (const image of found.value) into.set(image.imageId, image);
    return done(undefined);
  }

  /** Complete, broken, gone, or not moving: then the image has to be asked as well. */
  #mayHaveEnded(imageId: string, snapshots: ReadonlyMap<string, SnapshotSeen>): boolean {
    const told = this.#told.get(imageId);
    const behind = told?.snapshotIds.map((id) => snapshots.get(id)) ?? [];
    return (
      behind.some((s) => s === undefined || s.state === 'error') ||
      behind.every((s) => s?.state === 'completed') ||
      percentOf(behind) <= (told?.percent ?? 0)
    );
  }

  async #judge(
    step: CheckStep,
    image: ImageSeen | undefined,
    snapshots: ReadonlyMap<string, SnapshotSeen>,
  ): Promise<StepResult> {
    const snapshotIds = image === undefined ? this.#told.get(step.imageId)?.snapshotIds : snapshotIdsOf(image);
    const behind = (snapshotIds ?? []).map((id) => snapshots.get(id));
    if (image === undefined && this.#told.has(step.imageId) && !this.#mayHaveEnded(step.imageId, snapshots))
      return this.#waiting(step, snapshotIds ?? [], behind);
    if (image === undefined || image.state === 'deregistered') return this.#gone(step, image);
    const broken = behind.find((s) => s?.state === 'error');
    if (['failed', 'error', 'invalid'].includes(image.state) || broken !== undefined)
      return { is: 'failed', reason: copyFailed(step, image, broken) };
    if (image.state !== 'available' || !behind.every((s) => s?.state === 'completed'))
      return this.#waiting(step, snapshotIds ?? [], behind);
    return checkKeys(step, image, behind);
  }

  #waiting(step: CheckStep, snapshotIds: readonly string[], behind: readonly (SnapshotSeen | undefined)[]): StepResult {
    const percent = percentOf(behind);
    if (snapshotIds.length > 0) this.#told.set(step.imageId, { snapshotIds, percent });
    const starts = behind.flatMap((s) => (s === undefined || s.startMs === 0 ? [] : [s.startMs]));
    return {
      is: 'waiting',
      says: `${step.imageId} is being copied`,
      percent,
      ...(starts.length === 0 ? {} : { sinceMs: Math.min(...starts) }),
    };
  }

  async #gone(step: CheckStep, image: ImageSeen | undefined): Promise<StepResult> {
    const made = this.#made.get(step.imageId);
    this.#told.delete(step.imageId);
    if (image === undefined && this.#nowMs() - (made?.atMs ?? Number.NEGATIVE_INFINITY) < LISTED_WITHIN_MS)
      return { is: 'waiting', says: `${step.imageId} is not listed yet` };
    if (made === undefined) return { is: 'failed', reason: copyGone(step) };
    const want = { ...made.want, gone: [...made.want.gone, step.imageId] };
    return this.#copy(placeOf(step), want, made.as, 'waiting');
  }
}

interface Look {
  readonly images: ReadonlyMap<string, ImageSeen>;
  readonly snapshots: ReadonlyMap<string, SnapshotSeen>;
}

const placeOf = (step: PlacedStep): Place => ({ account: step.account, region: step.region });

const snapshotIdsOf = (image: ImageSeen): readonly string[] => image.mappings.flatMap((m) => m.snapshotId ?? []);

const percentOf = (behind: readonly (SnapshotSeen | undefined)[]): number =>
  Math.min(100, ...behind.map((s) => s?.progressPercent ?? 0));

/** "Available" is not enough: every snapshot must be complete and under the very key that was asked for. */
function checkKeys(step: CheckStep, image: ImageSeen, behind: readonly (SnapshotSeen | undefined)[]): StepResult {
  const wrong = behind.find((s) => s?.kmsKeyId !== step.key);
  if (wrong === undefined) {
    const learnt = { [step.as]: behind.flatMap((s) => s?.snapshotId ?? []).join(',') };
    return { is: 'done', learnt, says: `${step.imageId} is under ${step.key ?? 'no key'}` };
  }
  return {
    is: 'failed',
    reason: reason(
      'ec2.copy.wrong-key',
      image.imageId,
      `snapshot ${wrong.snapshotId} is under ${wrong.kmsKeyId ?? 'no key'}, not ${step.key ?? 'unencrypted'}`,
      {
        remedy: { who: 'you', does: `deregister ${image.imageId} with its snapshots, then apply again` },
      },
    ),
  };
}

function copyFailed(step: CheckStep, image: ImageSeen, broken: SnapshotSeen | undefined): Reason {
  const because =
    broken === undefined
      ? []
      : [
          reason(
            'ec2.snapshot.error',
            broken.snapshotId,
            `${broken.snapshotId}: ${broken.stateMessage ?? 'no message'}`,
          ),
        ];
  return reason(
    'ec2.copy.failed',
    image.imageId,
    `${image.imageId} in ${step.region} is ${image.state}: ${image.stateReason ?? 'no reason given'}`,
    {
      because,
      remedy: {
        who: 'you',
        does:
          step.key === undefined
            ? `see that amiport's role may read the source snapshot, then apply again: a new copy is made`
            : `${lookAtKey(step.account, step.key)}, then apply again: a new copy is made`,
      },
    },
  );
}

const copyGone = (step: CheckStep): Reason =>
  reason('ec2.copy.gone', step.imageId, `${step.imageId} in ${step.region} is gone: somebody deregistered it`, {
    remedy: { who: 'you', does: 'apply again: a new copy is made' },
  });
