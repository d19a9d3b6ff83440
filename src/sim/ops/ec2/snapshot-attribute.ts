/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_ModifySnapshotAttribute,
 * API_DescribeSnapshotAttribute, API_ResetSnapshotAttribute, API_DeleteSnapshot; facts 3, IMG-74.
 */
import { underAwsManagedKey } from '../../ec2/aws-managed.ts';
import { recipientContext, snapshotDemand } from '../../ec2/demands.ts';
import { hasRightOn } from '../../ec2/key-use.ts';
import { forbidVolumes, imagesOn, ownSnapshot, permitVolumes, removeSnapshot } from '../../ec2/snapshots.ts';
import { onlyMembers } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Snapshot } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';

type Modify = Ec2.ModifySnapshotAttributeRequest;

/** SNAP-1 */
const CHANGES_MAX = 500;

export const modifySnapshotAttribute = operation<Modify, object>('ec2.ModifySnapshotAttribute', {
  accepts: ['Attribute', 'CreateVolumePermission', 'GroupNames', 'OperationType', 'SnapshotId', 'UserIds'],
  demands: (call) => {
    const demand = snapshotDemand(call, call.place, 'ModifySnapshotAttribute', call.input.SnapshotId);
    const { CreateVolumePermission: nested, OperationType: operation, UserIds: users, GroupNames: groups } = call.input;
    const recipients = recipientContext({ nested, operation, users, groups });
    return [{ ...demand, context: { ...demand.context, ...recipients } }];
  },
  apply(call) {
    const { input, place } = call;
    const snapshot = ownSnapshot(call, place, input.SnapshotId);
    if (input.Attribute !== undefined && input.Attribute !== 'createVolumePermission') {
      throw new Fault('InvalidParameterValue', `Value (${input.Attribute}) for parameter attribute is invalid.`);
    }
    const { add, remove } = changeOf(input);
    checkShareable(call, snapshot, add);
    permitVolumes(call, snapshot, add);
    forbidVolumes(call, snapshot, remove);
    return {};
  },
});

function changeOf(input: Modify): { readonly add: string[]; readonly remove: string[] } {
  onlyMembers('ModifySnapshotAttribute', 'CreateVolumePermission', input.CreateVolumePermission, ['Add', 'Remove']);
  const flat = [
    ...(input.UserIds ?? []).map((UserId) => ({ UserId })),
    ...(input.GroupNames ?? []).map((Group) => ({ Group: Group as Ec2.PermissionGroup })),
  ];
  const adds = [...(input.CreateVolumePermission?.Add ?? []), ...(input.OperationType === 'add' ? flat : [])];
  const removes = [...(input.CreateVolumePermission?.Remove ?? []), ...(input.OperationType === 'remove' ? flat : [])];
  // Packer sends the accounts in both forms, and the operation in the nested one only.
  if (flat.length > 0 && input.OperationType === undefined && !input.CreateVolumePermission) {
    throw new Fault('MissingParameter', 'The request must contain the parameter operationType');
  }
  if (adds.length + removes.length === 0) {
    throw new Fault('MissingParameter', 'The request must contain the parameter createVolumePermission');
  }
  if (adds.length > 0 && removes.length > 0) {
    const says = 'You can add or remove account IDs in one request, but you cannot do both.';
    throw new Fault('InvalidParameterCombination', says);
  }
  if (adds.length + removes.length > CHANGES_MAX) {
    throw new Fault('InvalidParameterValue', `More than ${CHANGES_MAX} modifications in one request.`);
  }
  return { add: adds.map(recipient), remove: removes.map(recipient) };
}

function recipient(item: Ec2.CreateVolumePermission): string {
  if (item.Group === 'all') return 'all';
  if (item.Group !== undefined) {
    throw new Fault('InvalidParameterValue', `Value (${item.Group}) for parameter group is invalid.`);
  }
  if (item.UserId !== undefined && /^\d{12}$/.test(item.UserId)) return item.UserId;
  throw new Fault('InvalidParameterValue', `Value (${item.UserId ?? ''}) for parameter userId is invalid.`);
}

function checkShareable(call: Call<Modify>, snapshot: Snapshot, add: readonly string[]): void {
  if (add.length === 0) return;
  // SNAP-3: another code and text than for images.
  if (underAwsManagedKey(call.world, snapshot.kmsKeyId)) {
    throw new Fault('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared');
  }
  const { account, region } = call.place;
  if (snapshot.kmsKeyId !== undefined) {
    // SNAP-2
    if (add.includes('all')) throw new Fault('OperationNotPermitted', 'Encrypted snapshots cannot be shared publicly');
    const { kmsKeyId: keyArn, contextId } = snapshot;
    if (!hasRightOn(call, call.caller, { keyArn, contextId, region })) {
      throw new Fault('AuthFailure', `Not authorized to use key ${keyArn}`);
    }
  }
  if (!add.includes('all')) return;
  if (placeOf(call.world, account, region).ec2.snapshotBlockPublicAccess === 'unblocked') return;
  // IMG-76. The sentence follows the one for images (IMG-55).
  throw new Fault(
    'OperationNotPermitted',
    'You can’t publicly share this snapshot because block public access for snapshots is enabled for this account. ' +
      'To publicly share the snapshot, you must call the DisableSnapshotBlockPublicAccess API.',
  );
}

export const describeSnapshotAttribute = operation<
  Ec2.DescribeSnapshotAttributeRequest,
  Ec2.DescribeSnapshotAttributeResult
>('ec2.DescribeSnapshotAttribute', {
  accepts: ['Attribute', 'SnapshotId'],
  demands: (call) => [snapshotDemand(call, call.place, 'DescribeSnapshotAttribute', call.input.SnapshotId)],
  apply(call) {
    const { input } = call;
    const snapshot = ownSnapshot(call, call.place, input.SnapshotId);
    const { snapshotId } = snapshot;
    if (input.Attribute === 'productCodes') return { SnapshotId: snapshotId, ProductCodes: [] };
    if (input.Attribute !== 'createVolumePermission') {
      throw new Fault('InvalidParameterValue', `Value (${input.Attribute}) for parameter attribute is invalid.`);
    }
    const permissions = [...snapshot.createVolumePermissions];
    return {
      SnapshotId: snapshotId,
      CreateVolumePermissions: permissions.map((who) => (who === 'all' ? { Group: 'all' } : { UserId: who })),
    };
  },
});

export const resetSnapshotAttribute = operation<Ec2.ResetSnapshotAttributeRequest, object>(
  'ec2.ResetSnapshotAttribute',
  {
    accepts: ['Attribute', 'SnapshotId'],
    demands: (call) => [snapshotDemand(call, call.place, 'ResetSnapshotAttribute', call.input.SnapshotId)],
    apply(call) {
      const snapshot = ownSnapshot(call, call.place, call.input.SnapshotId);
      if (call.input.Attribute !== 'createVolumePermission') {
        throw new Fault('InvalidParameterValue', `Value (${call.input.Attribute}) for parameter attribute is invalid.`);
      }
      forbidVolumes(call, snapshot, snapshot.createVolumePermissions);
      return {};
    },
  },
);

export const deleteSnapshot = operation<Ec2.DeleteSnapshotRequest, object>('ec2.DeleteSnapshot', {
  accepts: ['SnapshotId'],
  demands: (call) => [snapshotDemand(call, call.place, 'DeleteSnapshot', call.input.SnapshotId)],
  apply(call) {
    const snapshot = ownSnapshot(call, call.place, call.input.SnapshotId);
    const { snapshotId } = snapshot;
    const [imageId] = imagesOn(regionOf(call.world, call.place.region).ec2, snapshotId);
    // IMG-74
    if (imageId !== undefined) {
      throw new Fault('InvalidSnapshot.InUse', `The snapshot ${snapshotId} is currently in use by ${imageId}`);
    }
    if ((snapshot.lockedUntilMs ?? 0) > call.nowMs) {
      throw new Fault('OperationNotPermitted', `The snapshot ${snapshotId} is locked and cannot be deleted.`);
    }
    removeSnapshot(call, snapshot);
    return {};
  },
});
