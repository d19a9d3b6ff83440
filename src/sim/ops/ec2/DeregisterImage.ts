/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html; facts IMG-5, IMG-40,
 * IMG-72, IMG-73. Differs from AWS: there is no Recycle Bin; an id is forgotten after an hour unless an
 * instance of the owner still uses it (AWS counts the instances of all accounts).
 */
import { authorize } from '../../access.ts';
import { imageDemand, snapshotDemand } from '../../ec2/demands.ts';
import { checkImageId, imageNotFound, ownImage } from '../../ec2/image-ids.ts';
import { forbidLaunch, removeImage, snapshotIdsOf, visibleImage } from '../../ec2/images.ts';
import { isProtected } from '../../ec2/protection.ts';
import { imagesOn, removeSnapshot, snapshotUnused } from '../../ec2/snapshots.ts';
import { type Call, type Ctx, Fault, operation, task } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Image } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';

const FORGOTTEN = 'ec2.ImageIsForgotten';
const REMEMBERED_MS = 3_600_000;

export const deregisterImage = operation<Ec2.DeregisterImageRequest, Ec2.DeregisterImageResult>('ec2.DeregisterImage', {
  accepts: ['DeleteAssociatedSnapshots', 'ImageId'],
  demands: (call) => [imageDemand(call, call.place, 'DeregisterImage', call.input.ImageId)],
  apply(call) {
    const { input, place } = call;
    const image = registeredImage(call);
    if (isProtected(image, call.nowMs)) {
      const says = `The image '${image.imageId}' is protected from deregistration. Disable deregistration protection and try again.`;
      throw new Fault('OperationNotPermitted', says);
    }
    const pending = image.state === 'pending';
    const snapshotIds = [...new Set(snapshotIdsOf(image))];
    const { ec2 } = regionOf(call.world, place.region);
    for (const id of snapshotIds) snapshotUnused(ec2, id, image.imageId);
    // IMG-40: a copy that is still pending is cancelled with its image.
    if (pending) for (const id of snapshotIds) removePending(call, id);
    image.state = 'deregistered';
    image.deregisteredMs = call.nowMs;
    forbidLaunch(call, image, image.launchPermissions);
    call.later(REMEMBERED_MS, FORGOTTEN, { region: place.region, imageId: image.imageId });
    if (input.DeleteAssociatedSnapshots !== true) return { Return: true };
    return { Return: true, DeleteSnapshotResults: snapshotIds.map((id) => deleteWith(call, id)) };
  },
});

/** IMG-73: a second call finds it gone. */
function registeredImage(call: Call<Ec2.DeregisterImageRequest>): Image {
  const id = checkImageId(call.input.ImageId);
  const image = regionOf(call.world, call.place.region).ec2.images.get(id);
  if (image?.deregisteredMs !== undefined && image.ownerId === call.place.account) {
    throw new Fault('InvalidAMIID.Unavailable', `The image id '[${id}]' is no longer available`);
  }
  if (image && !visibleImage(call, call.place, id)) throw imageNotFound([id]);
  return ownImage(call, call.place, id);
}

function removePending(ctx: Ctx & Pick<Call<unknown>, 'place'>, id: string): void {
  const { snapshots } = regionOf(ctx.world, ctx.place.region).ec2;
  const snapshot = snapshots.get(id);
  if (snapshot?.state === 'pending') removeSnapshot(ctx, snapshot);
}

function deleteWith(call: Call<unknown>, id: string): Ec2.DeleteSnapshotReturnCode {
  const { ec2 } = regionOf(call.world, call.place.region);
  const snapshot = ec2.snapshots.get(id);
  const answer = (ReturnCode: Ec2.SnapshotReturnCodes) => ({ SnapshotId: id, ReturnCode });
  if (!snapshot) return answer('success');
  const demand = snapshotDemand(call, call.place, 'DeleteSnapshot', id);
  const mayDelete = authorize(call, call.caller, demand, { region: call.place.region }).is === 'allowed';
  if (snapshot.ownerId !== call.place.account || !mayDelete) return answer('missing-permissions');
  if (imagesOn(ec2, id).length > 0 || (snapshot.lockedUntilMs ?? 0) > call.nowMs) return answer('skipped');
  removeSnapshot(call, snapshot);
  return answer('success');
}

const forgotten = task(FORGOTTEN, (ctx, data) => {
  const region = String(data.region);
  const { ec2 } = regionOf(ctx.world, region);
  const image = ec2.images.get(String(data.imageId));
  if (image?.deregisteredMs === undefined) return;
  const { instances } = placeOf(ctx.world, image.ownerId, region).ec2;
  if ([...instances.values()].some((instance) => instance.imageId === image.imageId)) {
    ctx.later(REMEMBERED_MS, FORGOTTEN, data);
    return;
  }
  removeImage(ctx, image);
});

export const DEREGISTER_TASKS = [forgotten];
