/** A step as the driver sees it: whose limits it shares, how long it takes, what it can go together with. */
import type { Step } from '../plan/step.ts';
import type { RunStep } from '../run/drive.ts';

export type PlacedStep = Step & RunStep;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** For the order and the outlook only. A grant is made at once, but what needs it waits until it counts (GR-7). */
const EXPECTED_MS: Partial<Record<Step['do'], number>> = {
  'check-image': 5 * MINUTE_MS,
  'create-grant': 5 * MINUTE_MS,
  'refresh-instances': 10 * MINUTE_MS,
  'replicate-key': 10 * SECOND_MS,
  prove: 2 * SECOND_MS,
  canary: 2 * MINUTE_MS,
  'put-parameter': 5 * SECOND_MS,
};

export function placed(step: Step): PlacedStep {
  const expectedMs = EXPECTED_MS[step.do];
  const batch = batchOf(step);
  return {
    ...step,
    place: `${step.account}/${step.region}`,
    detail: detailOf(step),
    ...(expectedMs === undefined ? {} : { expectedMs }),
    ...(batch === undefined ? {} : { batch }),
    // Nothing waits for it but what a former way gave.
    ...(step.do === 'close-image' ? { gatherMs: MINUTE_MS } : {}),
  };
}

const detailOf = ({ do: what, account, region, why, image, imageVersion }: Step): Readonly<Record<string, string>> => ({
  do: what,
  account,
  region,
  why,
  ...(image === undefined ? {} : { image }),
  ...(imageVersion === undefined ? {} : { imageVersion }),
});

function batchOf(step: Step): string | undefined {
  switch (step.do) {
    case 'open-image':
    case 'close-image':
      return `${step.do} ${step.imageId} ${step.region}`;
    case 'prove':
      return `prove ${step.image} ${step.imageVersion} ${step.region}`;
    default:
      return undefined;
  }
}
