/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_AttachVolume, API_DetachVolume
 * Differs from AWS: attaching and detaching take no time.
 */
import type { Place } from '../../../base/place.ts';
import { instanceDemand, volumeDemand } from '../../ec2/demands.ts';
import { required } from '../../ec2/required.ts';
import { attachmentShape } from '../../ec2/volume-shape.ts';
import { ownVolume } from '../../ec2/volumes.ts';
import { attachKey, detachKey } from '../../launch/attach.ts';
import { type Call, type Ctx, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Instance, Volume } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

export const attachVolume = operation<Ec2.AttachVolumeRequest, Ec2.VolumeAttachment>('ec2.AttachVolume', {
  accepts: ['Device', 'InstanceId', 'VolumeId'],
  demands: (call) => [
    volumeDemand(call, call.place, 'AttachVolume', call.input.VolumeId),
    instanceDemand(call, call.place, 'AttachVolume', call.input.InstanceId),
  ],
  apply(call) {
    const { input, place } = call;
    const device = required(input.Device, 'device');
    const volume = ownVolume(call, place, input.VolumeId);
    const instance = instanceById(call, place, required(input.InstanceId, 'instanceId'));
    checkAttachable(volume, instance, device);
    const grantId = openVolume(call, volume, instance);
    volume.state = 'in-use';
    volume.attachment = {
      instanceId: instance.instanceId,
      device,
      atMs: call.nowMs,
      deleteOnTermination: false,
      grantId,
    };
    instance.volumes.set(device, volume.volumeId);
    return attachmentShape(volume, 'attaching') ?? {};
  },
});

function instanceById(ctx: Pick<Ctx, 'world'>, place: Place, id: string): Instance {
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(id);
  if (!instance) throw new Fault('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  return instance;
}

function checkAttachable(volume: Volume, instance: Instance, device: string): void {
  if (volume.attachment) {
    throw new Fault('VolumeInUse', `${volume.volumeId} is already attached to an instance`);
  }
  if (volume.state !== 'available') {
    throw new Fault('IncorrectState', `Volume '${volume.volumeId}' is not 'available'.`);
  }
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw new Fault('IncorrectState', `Instance '${instance.instanceId}' is not 'running'.`);
  }
  if (instance.zone !== volume.zone) {
    const says = `The volume '${volume.volumeId}' is not in the same availability zone as instance '${instance.instanceId}'`;
    throw new Fault('InvalidVolume.ZoneMismatch', says);
  }
  if (instance.volumes.has(device)) {
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
}

/** Facts 2.6: refused at once when the caller may not give the instance its grant. */
function openVolume(call: Call<unknown>, volume: Volume, instance: Instance): string | undefined {
  const { caller, place } = call;
  const attached = attachKey(call, { caller, place, volume, instanceId: instance.instanceId });
  if (attached.ok) return attached.grantId;
  const says = `The KMS key ${volume.kmsKeyId} of volume ${volume.volumeId} cannot be accessed.`;
  throw new Fault('CustomerKeyHasBeenRevoked', says);
}

export const detachVolume = operation<Ec2.DetachVolumeRequest, Ec2.VolumeAttachment>('ec2.DetachVolume', {
  accepts: ['Device', 'Force', 'InstanceId', 'VolumeId'],
  demands: (call) => {
    const { place, input } = call;
    const { volumes } = placeOf(call.world, place.account, place.region).ec2;
    const instanceId = input.InstanceId ?? volumes.get(input.VolumeId ?? '')?.attachment?.instanceId;
    return [
      volumeDemand(call, place, 'DetachVolume', input.VolumeId),
      ...(instanceId ? [instanceDemand(call, place, 'DetachVolume', instanceId)] : []),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const volume = ownVolume(call, place, input.VolumeId);
    const { attachment } = volume;
    if (!attachment) throw new Fault('IncorrectState', `Volume '${volume.volumeId}' is in the 'available' state.`);
    if (
      (input.InstanceId !== undefined && input.InstanceId !== attachment.instanceId) ||
      (input.Device !== undefined && input.Device !== attachment.device)
    ) {
      const says = `The volume '${volume.volumeId}' is not attached to instance '${input.InstanceId ?? attachment.instanceId}' as device '${input.Device ?? attachment.device}'.`;
      throw new Fault('InvalidAttachment.NotFound', says);
    }
    const { instances } = placeOf(call.world, place.account, place.region).ec2;
    const instance = instances.get(attachment.instanceId);
    if (instance?.rootDeviceName === attachment.device && instance.state !== 'stopped') {
      const says = `Unable to detach root volume '${volume.volumeId}' from instance '${instance.instanceId}'`;
      throw new Fault('OperationNotPermitted', says);
    }
    const answer = attachmentShape(volume, 'detaching') ?? {};
    instance?.volumes.delete(attachment.device);
    // GR-8: the instance's grant goes with the attachment.
    detachKey(call, volume.kmsKeyId, attachment.grantId);
    volume.attachment = undefined;
    volume.state = 'available';
    return answer;
  },
});
