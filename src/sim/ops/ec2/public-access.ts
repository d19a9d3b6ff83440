/**
 * Block public access of images and of snapshots (IMG-76).
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_EnableImageBlockPublicAccess,
 * API_EnableSnapshotBlockPublicAccess and their siblings. Declarative policies are not modelled: the account manages.
 */
import { anyOf } from '../../ec2/demands.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

/** "It can take up to 10 minutes"; until then it reads `unblocked`. */
const TAKES_EFFECT_MS = 600_000;

const settings = ({ world, place }: Call<unknown>) => placeOf(world, place.account, place.region).ec2;

export const enableImageBlockPublicAccess = operation<
  Ec2.EnableImageBlockPublicAccessRequest,
  Ec2.EnableImageBlockPublicAccessResult
>('ec2.EnableImageBlockPublicAccess', {
  accepts: ['ImageBlockPublicAccessState'],
  demands: () => anyOf('EnableImageBlockPublicAccess'),
  apply(call) {
    const state = call.input.ImageBlockPublicAccessState;
    if (state !== 'block-new-sharing') throw invalidState('imageBlockPublicAccessState', state);
    const own = settings(call);
    if (own.imageBlockPublicAccess.state !== state) {
      own.imageBlockPublicAccess = { state, effectiveAtMs: call.nowMs + TAKES_EFFECT_MS };
    }
    return { ImageBlockPublicAccessState: state };
  },
});

export const disableImageBlockPublicAccess = operation<
  Ec2.DisableImageBlockPublicAccessRequest,
  Ec2.DisableImageBlockPublicAccessResult
>('ec2.DisableImageBlockPublicAccess', {
  accepts: [],
  demands: () => anyOf('DisableImageBlockPublicAccess'),
  apply(call) {
    settings(call).imageBlockPublicAccess = { state: 'unblocked', effectiveAtMs: call.nowMs };
    return { ImageBlockPublicAccessState: 'unblocked' };
  },
});

export const getImageBlockPublicAccessState = operation<
  Ec2.GetImageBlockPublicAccessStateRequest,
  Ec2.GetImageBlockPublicAccessStateResult
>('ec2.GetImageBlockPublicAccessState', {
  accepts: [],
  demands: () => anyOf('GetImageBlockPublicAccessState'),
  apply(call) {
    const { state, effectiveAtMs } = settings(call).imageBlockPublicAccess;
    const now = call.nowMs >= effectiveAtMs ? state : 'unblocked';
    return { ImageBlockPublicAccessState: now, ManagedBy: 'account' };
  },
});

export const enableSnapshotBlockPublicAccess = operation<
  Ec2.EnableSnapshotBlockPublicAccessRequest,
  Ec2.EnableSnapshotBlockPublicAccessResult
>('ec2.EnableSnapshotBlockPublicAccess', {
  accepts: ['State'],
  demands: () => anyOf('EnableSnapshotBlockPublicAccess'),
  apply(call) {
    const state = call.input.State;
    if (state !== 'block-all-sharing' && state !== 'block-new-sharing') throw invalidState('state', state);
    settings(call).snapshotBlockPublicAccess = state;
    return { State: state };
  },
});

export const disableSnapshotBlockPublicAccess = operation<
  Ec2.DisableSnapshotBlockPublicAccessRequest,
  Ec2.DisableSnapshotBlockPublicAccessResult
>('ec2.DisableSnapshotBlockPublicAccess', {
  accepts: [],
  demands: () => anyOf('DisableSnapshotBlockPublicAccess'),
  apply(call) {
    settings(call).snapshotBlockPublicAccess = 'unblocked';
    return { State: 'unblocked' };
  },
});

export const getSnapshotBlockPublicAccessState = operation<
  Ec2.GetSnapshotBlockPublicAccessStateRequest,
  Ec2.GetSnapshotBlockPublicAccessStateResult
>('ec2.GetSnapshotBlockPublicAccessState', {
  accepts: [],
  demands: () => anyOf('GetSnapshotBlockPublicAccessState'),
  apply: (call) => ({ State: settings(call).snapshotBlockPublicAccess, ManagedBy: 'account' }),
});

const invalidState = (parameter: string, value: string | undefined): Fault =>
  new Fault('InvalidParameterValue', `Value (${value ?? ''}) for parameter ${parameter} is invalid.`);
