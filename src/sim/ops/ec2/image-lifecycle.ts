/**
 * Disabling, deprecating and protecting images.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_DisableImage, API_EnableImage,
 * API_EnableImageDeprecation, API_DisableImageDeprecation, API_EnableImageDeregistrationProtection,
 * API_DisableImageDeregistrationProtection; facts 1.5.
 */
import { imageDemand } from '../../ec2/demands.ts';
import { imageUnavailable, ownImage } from '../../ec2/image-ids.ts';
import { forbidLaunch } from '../../ec2/images.ts';
import { COOLDOWN_MS } from '../../ec2/protection.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Image } from '../../world/ec2.ts';

type OnImage = Call<{ readonly ImageId: string | undefined }>;

const onImage = (action: string) => (call: OnImage) => [imageDemand(call, call.place, action, call.input.ImageId)];

const image = (call: OnImage): Image => ownImage(call, call.place, call.input.ImageId);

/** IMG-71: all launch permissions go, and do not come back. */
export const disableImage = operation<Ec2.DisableImageRequest, Ec2.DisableImageResult>('ec2.DisableImage', {
  accepts: ['ImageId'],
  demands: onImage('DisableImage'),
  apply(call) {
    const disabled = image(call);
    if (disabled.state !== 'available' && disabled.state !== 'disabled') throw imageUnavailable(disabled.imageId);
    disabled.state = 'disabled';
    forbidLaunch(call, disabled, disabled.launchPermissions);
    return { Return: true };
  },
});

export const enableImage = operation<Ec2.EnableImageRequest, Ec2.EnableImageResult>('ec2.EnableImage', {
  accepts: ['ImageId'],
  demands: onImage('EnableImage'),
  apply(call) {
    const enabled = image(call);
    if (enabled.state !== 'available' && enabled.state !== 'disabled') throw imageUnavailable(enabled.imageId);
    enabled.state = 'available';
    return { Return: true };
  },
});

const MINUTE_MS = 60_000;
const YEAR_MS = 365.25 * 86_400_000;

/** IMG-70 */
export const enableImageDeprecation = operation<Ec2.EnableImageDeprecationRequest, Ec2.EnableImageDeprecationResult>(
  'ec2.EnableImageDeprecation',
  {
    accepts: ['DeprecateAt', 'ImageId'],
    demands: onImage('EnableImageDeprecation'),
    apply(call) {
      const deprecated = image(call);
      const at = call.input.DeprecateAt;
      if (!(at instanceof Date) || Number.isNaN(at.getTime())) {
        throw new Fault('MissingParameter', 'The request must contain the parameter deprecateAt');
      }
      const atMs = Math.round(at.getTime() / MINUTE_MS) * MINUTE_MS;
      if (atMs < call.nowMs) throw invalidDate(at, 'The date must be in the future.');
      const isPublic = deprecated.launchPermissions.has('all');
      const lastMs = isPublic ? deprecated.createdMs + 2 * YEAR_MS : call.nowMs + 10 * YEAR_MS;
      if (atMs > lastMs) {
        const limit = isPublic ? 'two years after the creation of a public AMI' : 'ten years from now';
        throw invalidDate(at, `The date must not be later than ${limit}.`);
      }
      deprecated.deprecateAtMs = atMs;
      return { Return: true };
    },
  },
);

const invalidDate = (at: Date, says: string): Fault =>
  new Fault('InvalidParameterValue', `Value (${at.toISOString()}) for parameter deprecateAt is invalid. ${says}`);

export const disableImageDeprecation = operation<Ec2.DisableImageDeprecationRequest, Ec2.DisableImageDeprecationResult>(
  'ec2.DisableImageDeprecation',
  {
    accepts: ['ImageId'],
    demands: onImage('DisableImageDeprecation'),
    apply(call) {
      image(call).deprecateAtMs = undefined;
      return { Return: true };
    },
  },
);

/** IMG-72 */
export const enableImageDeregistrationProtection = operation<
  Ec2.EnableImageDeregistrationProtectionRequest,
  Ec2.EnableImageDeregistrationProtectionResult
>('ec2.EnableImageDeregistrationProtection', {
  accepts: ['ImageId', 'WithCooldown'],
  demands: onImage('EnableImageDeregistrationProtection'),
  apply(call) {
    const state = call.input.WithCooldown === true ? 'enabled-with-cooldown' : 'enabled-without-cooldown';
    image(call).deregistrationProtection = { state };
    return { Return: state };
  },
});

export const disableImageDeregistrationProtection = operation<
  Ec2.DisableImageDeregistrationProtectionRequest,
  Ec2.DisableImageDeregistrationProtectionResult
>('ec2.DisableImageDeregistrationProtection', {
  accepts: ['ImageId'],
  demands: onImage('DisableImageDeregistrationProtection'),
  apply(call) {
    const own = image(call);
    const cooling = own.deregistrationProtection.state === 'enabled-with-cooldown';
    own.deregistrationProtection = cooling
      ? { state: 'disabled', untilMs: call.nowMs + COOLDOWN_MS }
      : { ...own.deregistrationProtection, state: 'disabled' };
    return { Return: 'disabled' };
  },
});
