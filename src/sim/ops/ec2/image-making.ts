/** Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_CreateImage, API_RegisterImage; facts 1.2. */
import type { Place } from '../../../base/place.ts';
import { completeLater } from '../../ec2/copy-work.ts';
import { creationTagDemands, imageArn, instanceDemand, snapshotArn, tagsRequested } from '../../ec2/demands.ts';
import { checkImageName, checkNameIsFree } from '../../ec2/image-names.ts';
import { putImage } from '../../ec2/images.ts';
import { putVolumeSnapshot } from '../../ec2/new-snapshot.ts';
import { checkMappings, checkOverride, imagedDevice, newDevice, registeredDevice } from '../../ec2/register.ts';
import { required } from '../../ec2/required.ts';
import { tagsFor } from '../../ec2/tags.ts';
import { notModelled } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { BlockDevice, Image, Instance, Snapshot, Volume } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';

const TAGGED = ['image', 'snapshot'];

export const createImage = operation<Ec2.CreateImageRequest, Ec2.CreateImageResult>('ec2.CreateImage', {
  accepts: ['BlockDeviceMappings', 'Description', 'InstanceId', 'Name', 'NoReboot', 'TagSpecifications'],
  demands: (call) => {
    const { place, input } = call;
    const of = (type: string) => tagsRequested(input.TagSpecifications, type);
    return [
      instanceDemand(call, place, 'CreateImage', input.InstanceId),
      { action: 'ec2:CreateImage', resource: imageArn(call, place.region, '*'), context: of('image') },
      { action: 'ec2:CreateImage', resource: snapshotArn(call, place.region, '*'), context: of('snapshot') },
      ...creationTagDemands(call, place, 'CreateImage', input.TagSpecifications),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const name = checkImageName(input.Name);
    const instance = imageableInstance(call, required(input.InstanceId, 'instanceId'));
    checkMappings('CreateImage', input.BlockDeviceMappings);
    const devices = devicesOf(call, instance);
    checkNameIsFree(call, place, name);
    const imageTags = tagsFor(input.TagSpecifications, 'image', TAGGED);
    const snapshotTags = tagsFor(input.TagSpecifications, 'snapshot', TAGGED);
    const imageId = call.newId('ami');
    const snapshots: Snapshot[] = [];
    const mappings = devices.map((device): BlockDevice => {
      if ('made' in device) return device.made;
      const description = `Created by CreateImage(${instance.instanceId}) for ${imageId}`;
      const snapshot = putVolumeSnapshot(call, place, device.volume, { description, tags: new Map(snapshotTags) });
      snapshots.push(snapshot);
      return imagedDevice(device.deviceName, device.volume, snapshot, device.over);
    });
    putImage(call, {
      ...imageOf(call, instance),
      imageId,
      name,
      description: input.Description,
      mappings,
      tags: imageTags,
    });
    completeLater(call, place.region, snapshots, imageId);
    return { ImageId: imageId };
  },
});

function imageableInstance(call: Call<Ec2.CreateImageRequest>, id: string): Instance {
  const instance = placeOf(call.world, call.place.account, call.place.region).ec2.instances.get(id);
  if (!instance) throw new Fault('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  if (['running', 'stopped', 'stopping'].includes(instance.state)) return instance;
  const says = `Instance '${id}' is in state '${instance.state}', from which no image can be made.`;
  throw new Fault('IncorrectState', says);
}

type Device =
  | { readonly deviceName: string; readonly volume: Volume; readonly over: Ec2.EbsBlockDevice | undefined }
  | { readonly made: BlockDevice };

/** The instance's volumes, root first, and what the request adds or leaves out. */
function devicesOf(call: Call<Ec2.CreateImageRequest>, instance: Instance): Device[] {
  const { volumes } = placeOf(call.world, call.place.account, call.place.region).ec2;
  const asked = new Map((call.input.BlockDeviceMappings ?? []).map((mapping) => [mapping.DeviceName ?? '', mapping]));
  const devices: Device[] = [];
  const names = [...instance.volumes.keys()].toSorted(
    (a, b) => Number(b === instance.rootDeviceName) - Number(a === instance.rootDeviceName),
  );
  for (const deviceName of names) {
    const volume = volumes.get(instance.volumes.get(deviceName) ?? '');
    const mapping = asked.get(deviceName);
    asked.delete(deviceName);
    if (!volume || mapping?.NoDevice !== undefined) continue;
    checkOverride(deviceName, volume, mapping?.Ebs);
    devices.push({ deviceName, volume, over: mapping?.Ebs });
  }
  for (const [deviceName, mapping] of asked) {
    if (mapping.Ebs?.SnapshotId !== undefined || mapping.VirtualName !== undefined) {
      devices.push({ made: registeredDevice(call, call.place, mapping) });
    } else if (mapping.Ebs) devices.push({ made: newDevice(deviceName, mapping.Ebs, undefined) });
  }
  return devices;
}

/** What an image takes from its instance: the image that the instance was launched from, where that is still known. */
function imageOf(call: Call<unknown>, instance: Instance): Image {
  const from = regionOf(call.world, call.place.region).ec2.images.get(instance.imageId);
  return {
    ...freshImage(call),
    architecture: instance.architecture,
    virtualizationType: from?.virtualizationType ?? 'hvm',
    rootDeviceName: instance.rootDeviceName,
    enaSupport: instance.enaSupport ?? from?.enaSupport ?? true,
    sriovNetSupport: instance.sriovNetSupport ?? from?.sriovNetSupport ?? 'simple',
    bootMode: from?.bootMode,
    tpmSupport: from?.tpmSupport,
    imdsSupport: from?.imdsSupport,
    platformDetails: from?.platformDetails ?? 'Linux/UNIX',
    // IMG-35: derived images inherit the restriction.
    productCodes: from?.productCodes ?? [],
    sourceImageId: instance.imageId,
    sourceImageRegion: call.place.region,
    sourceInstanceId: instance.instanceId,
  };
}

/** IMG-23: an image says of itself only what it was told. */
function freshImage({ place, nowMs }: { readonly place: Place; readonly nowMs: number }): Image {
  return {
    imageId: '',
    ownerId: place.account,
    region: place.region,
    name: '',
    description: undefined,
    state: 'pending',
    stateReason: undefined,
    createdMs: nowMs,
    architecture: 'i386',
    virtualizationType: 'paravirtual',
    rootDeviceName: '',
    enaSupport: false,
    sriovNetSupport: undefined,
    bootMode: undefined,
    tpmSupport: undefined,
    imdsSupport: undefined,
    platformDetails: 'Linux/UNIX',
    productCodes: [],
    mappings: [],
    launchPermissions: new Set(),
    tags: new Map(),
    deprecateAtMs: undefined,
    deregistrationProtection: { state: 'disabled' },
    deregisteredMs: undefined,
    lastLaunchedMs: undefined,
    sourceImageId: undefined,
    sourceImageRegion: undefined,
    sourceInstanceId: undefined,
  };
}

export const registerImage = operation<Ec2.RegisterImageRequest, Ec2.RegisterImageResult>('ec2.RegisterImage', {
  accepts: [
    'Architecture',
    'BlockDeviceMappings',
    'BootMode',
    'Description',
    'EnaSupport',
    'ImdsSupport',
    'Name',
    'RootDeviceName',
    'SriovNetSupport',
    'TagSpecifications',
    'TpmSupport',
    'VirtualizationType',
  ],
  demands: (call) => {
    const { place, input } = call;
    const context = tagsRequested(input.TagSpecifications, 'image');
    return [
      { action: 'ec2:RegisterImage', resource: imageArn(call, place.region, '*'), context },
      ...(input.BlockDeviceMappings ?? []).flatMap(({ Ebs: ebs }) =>
        ebs?.SnapshotId === undefined
          ? []
          : [{ action: 'ec2:RegisterImage', resource: snapshotArn(call, place.region, ebs.SnapshotId) }],
      ),
      ...creationTagDemands(call, place, 'RegisterImage', input.TagSpecifications),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const name = checkImageName(input.Name);
    checkMappings('RegisterImage', input.BlockDeviceMappings);
    const mappings = (input.BlockDeviceMappings ?? []).map((mapping) => registeredDevice(call, place, mapping));
    const rootDeviceName = rootOf(input.RootDeviceName, mappings);
    checkNameIsFree(call, place, name);
    if (input.VirtualizationType !== undefined && !['hvm', 'paravirtual'].includes(input.VirtualizationType)) {
      const says = `Value (${input.VirtualizationType}) for parameter virtualizationType is invalid.`;
      throw new Fault('InvalidParameterValue', says);
    }
    if (input.ImdsSupport !== undefined && input.ImdsSupport !== 'v2.0') {
      throw new Fault('InvalidParameterValue', `Value (${input.ImdsSupport}) for parameter imdsSupport is invalid.`);
    }
    const imageId = call.newId('ami');
    putImage(call, {
      ...freshImage(call),
      imageId,
      name,
      description: input.Description,
      // All its snapshots are completed: there is nothing to wait for.
      state: 'available',
      architecture: input.Architecture ?? 'i386',
      virtualizationType: input.VirtualizationType ?? 'paravirtual',
      rootDeviceName,
      enaSupport: input.EnaSupport === true,
      sriovNetSupport: input.SriovNetSupport,
      bootMode: input.BootMode,
      tpmSupport: input.TpmSupport,
      imdsSupport: input.ImdsSupport,
      mappings,
      tags: tagsFor(input.TagSpecifications, 'image', ['image']),
    });
    return { ImageId: imageId };
  },
});

function rootOf(asked: string | undefined, mappings: readonly BlockDevice[]): string {
  const root = asked ?? mappings.find((mapping) => mapping.ebs?.snapshotId !== undefined)?.deviceName;
  // Images on instance store (ImageLocation) are out of scope.
  if (root === undefined) throw notModelled('RegisterImage', 'an image without a root snapshot');
  if (mappings.some((mapping) => mapping.deviceName === root && mapping.ebs?.snapshotId !== undefined)) return root;
  throw new Fault('InvalidBlockDeviceMapping', `No root snapshot specified in device mapping.`);
}
