/**
 * Parameters that are to name an image: written, read back once AWS has checked the image, then tagged. AWS checks
 * asynchronously (SSM API Reference "PutParameter", `aws:ec2:image`), so one look per place takes all that wait there.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';
import type { Results, StepResult } from '../run/drive.ts';
import type { PlacedStep } from './placed.ts';

type ParameterStep = Extract<PlacedStep, { do: 'put-parameter' }>;
type Parameters = Pick<Cloud, 'putImageParameter' | 'getParameters' | 'tagParameter'>;

const FIRST_LOOK_MS = 4_000;
const LOOK_EVERY_MS = 1_500;
/** From then on the check counts as not passed: AWS tells nobody that it failed. */
const CHECKED_WITHIN_MS = 60_000;

export class Pointing {
  readonly #cloud: Parameters;
  readonly #nowMs: () => number;
  /** When it was written, by step. */
  readonly #atMs = new Map<string, number>();

  constructor(cloud: Parameters, nowMs: () => number) {
    this.#cloud = cloud;
    this.#nowMs = nowMs;
  }

  async start(step: ParameterStep): Promise<StepResult> {
    const put = await this.#cloud.putImageParameter(placeOf(step), step);
    if (!put.ok) return { is: 'failed', reason: put.reason };
    this.#atMs.set(step.id, this.#nowMs());
    return this.#waiting(step, FIRST_LOOK_MS);
  }

  async poll(steps: readonly ParameterStep[]): Promise<Results> {
    const [first] = steps;
    if (first === undefined) return new Map();
    const found = await this.#cloud.getParameters(
      placeOf(first),
      steps.map((s) => s.name),
    );
    if (!found.ok) return new Map(steps.map((s) => [s.id, { is: 'failed', reason: found.reason }]));
    const there = new Map(found.value.map((p) => [p.name, p]));
    const results = await Promise.all(
      steps.map(async (s) => {
        const now = there.get(s.name);
        return [s.id, now?.value === s.imageId ? await this.#tagged(s, now.version) : this.#again(s)] as const;
      }),
    );
    return new Map(results);
  }

  /** Tags cannot go with Overwrite: they follow once the parameter is there. */
  async #tagged(step: ParameterStep, version: number): Promise<StepResult> {
    const tagged = await this.#cloud.tagParameter(placeOf(step), step);
    return tagged.ok ? { is: 'done', says: `version ${version}` } : { is: 'failed', reason: tagged.reason };
  }

  #again(step: ParameterStep): StepResult {
    const atMs = this.#atMs.get(step.id) ?? this.#nowMs();
    this.#atMs.set(step.id, atMs);
    if (this.#nowMs() - atMs >= CHECKED_WITHIN_MS) return { is: 'failed', reason: refused(step) };
    return this.#waiting(step, LOOK_EVERY_MS);
  }

  #waiting(step: ParameterStep, ms: number): StepResult {
    return { is: 'waiting', says: `AWS checks ${step.imageId}`, untilMs: this.#nowMs() + ms };
  }
}

const placeOf = ({ account, region }: ParameterStep): Place => ({ account, region });

const refused = ({ account, region, name, imageId }: ParameterStep): Reason =>
  reason(
    'ssm.image-parameter.refused',
    `${account}/${region}`,
    `parameter ${name} does not take ${imageId}: its check of the AMI did not pass`,
    { remedy: { who: 'you', does: `see that ${account} may launch ${imageId} in ${region}, then apply again` } },
  );
