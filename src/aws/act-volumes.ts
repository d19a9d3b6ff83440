/** What lies under keys in a place, and the effects of `rehome` on it. Each effect is idempotent, by tags or by its state. */
import type { EC2Client, Filter, Instance, Snapshot, Volume } from '@aws-sdk/client-ec2';
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';
import {
  DELETE_TAG,
  type EncryptedSeen,
  FOR_DEVICE_TAG,
  FOR_INSTANCE_TAG,
  type HostSeen,
  type OwnSnapshotSeen,
  REHOMES_TAG,
  type TemplateKeySeen,
  type VolumeSeen,
  WAS_RUNNING_TAG,
} from '../model/encrypted.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { piecesOf, tagList, tagsOf } from './shapes.ts';

type Reads = Pick<Cloud, 'findEncrypted' | 'describeRehoming'>;
type Effects = Pick<
  Cloud,
  | 'createSnapshot'
  | 'copySnapshot'
  | 'createVolume'
  | 'attachVolume'
  | 'detachVolume'
  | 'deleteVolume'
  | 'deleteSnapshot'
  | 'stopInstance'
  | 'startInstance'
>;

export const volumeEffects = (c: Connection): Reads & Effects => ({ ...reads(c), ...making(c), ...moving(c) });

const ENCRYPTED: Filter = { Name: 'encrypted', Values: ['true'] };
/** EC2 API Reference "Filter": values of one filter. */
const VALUES_PER_FILTER = 200;

const reads = (c: Connection): Reads => ({
  async findEncrypted(at) {
    const [found, templates] = await Promise.all([
      seenBy(c, at, [[ENCRYPTED]], [[ENCRYPTED]]),
      c.send('ec2', at, 'ec2:DescribeLaunchTemplateVersions', templateKeys),
    ]);
    if (!found.ok) return found;
    return templates.ok ? done({ ...found.value, templates: templates.value }) : templates;
  },

  describeRehoming(at, ids) {
    const pieces = piecesOf(ids, VALUES_PER_FILTER);
    const made = pieces.map((Values): Filter[] => [{ Name: `tag:${REHOMES_TAG}`, Values }]);
    const old = pieces.map((Values): Filter[] => [{ Name: 'volume-id', Values }]);
    return seenBy(c, at, [...old, ...made], made);
  },
});

async function templateKeys(client: EC2Client): Promise<readonly TemplateKeySeen[]> {
  const { paginateDescribeLaunchTemplateVersions } = await import('@aws-sdk/client-ec2');
  const found = new Map<string, TemplateKeySeen>();
  for await (const page of paginateDescribeLaunchTemplateVersions({ client }, { Versions: ['$Default', '$Latest'] }))
    for (const {
      LaunchTemplateName: name = '',
      VersionNumber: version = 0,
      LaunchTemplateData: data,
    } of page.LaunchTemplateVersions ?? [])
      for (const { Ebs } of data?.BlockDeviceMappings ?? [])
        if (Ebs?.KmsKeyId !== undefined)
          found.set(`${name} ${version} ${Ebs.KmsKeyId}`, { name, version, key: Ebs.KmsKeyId });
  return [...found.values()];
}

async function seenBy(
  c: Connection,
  at: Place,
  ofVolumes: readonly Filter[][],
  ofSnapshots: readonly Filter[][],
): Promise<Outcome<EncryptedSeen>> {
  const volumes = await c.send('ec2', at, 'ec2:DescribeVolumes', (client) => volumesBy(client, ofVolumes));
  if (!volumes.ok) return volumes;
  const snapshots = await c.send('ec2', at, 'ec2:DescribeSnapshots', (client) => snapshotsBy(client, ofSnapshots));
  if (!snapshots.ok) return snapshots;
  const ids = [...new Set(volumes.value.flatMap((v) => v.attachment?.instanceId ?? []))];
  const hosts = await c.send('ec2', at, 'ec2:DescribeInstances', (client) => hostsBy(client, ids));
  if (!hosts.ok) return hosts;
  return done({ volumes: volumes.value, snapshots: snapshots.value, hosts: hosts.value, templates: [] });
}

async function volumesBy(client: EC2Client, filters: readonly Filter[][]): Promise<readonly VolumeSeen[]> {
  const { paginateDescribeVolumes } = await import('@aws-sdk/client-ec2');
  const found: VolumeSeen[] = [];
  for (const Filters of filters)
    for await (const page of paginateDescribeVolumes({ client }, { Filters }))
      found.push(...(page.Volumes ?? []).map(volumeSeen));
  return found;
}

async function snapshotsBy(client: EC2Client, filters: readonly Filter[][]): Promise<readonly OwnSnapshotSeen[]> {
  const { paginateDescribeSnapshots } = await import('@aws-sdk/client-ec2');
  const found: OwnSnapshotSeen[] = [];
  for (const Filters of filters)
    for await (const page of paginateDescribeSnapshots({ client }, { OwnerIds: ['self'], Filters }))
      found.push(...(page.Snapshots ?? []).map(snapshotSeen));
  return found;
}

async function hostsBy(client: EC2Client, ids: readonly string[]): Promise<readonly HostSeen[]> {
  const { paginateDescribeInstances } = await import('@aws-sdk/client-ec2');
  const found = new Map<string, HostSeen>();
  const filters: readonly Filter[] = [
    ...piecesOf(ids, VALUES_PER_FILTER).map((Values) => ({ Name: 'instance-id', Values })),
    // While its root volume is off, nothing leads to an instance.
    { Name: 'tag-key', Values: [WAS_RUNNING_TAG] },
  ];
  for (const filter of filters)
    for await (const page of paginateDescribeInstances({ client }, { Filters: [filter] }))
      for (const i of (page.Reservations ?? []).flatMap((r) => r.Instances ?? []))
        found.set(i.InstanceId ?? '', hostSeen(i));
  return [...found.values()];
}

function volumeSeen(v: Volume): VolumeSeen {
  const [a] = v.Attachments ?? [];
  return {
    volumeId: v.VolumeId ?? '',
    state: v.State ?? 'creating',
    kmsKeyId: v.KmsKeyId ?? '',
    zone: v.AvailabilityZone ?? '',
    sizeGiB: v.Size ?? 0,
    type: v.VolumeType ?? 'gp3',
    iops: v.Iops,
    throughput: v.Throughput,
    attachment:
      a?.InstanceId === undefined
        ? undefined
        : { instanceId: a.InstanceId, device: a.Device ?? '', deleteOnTermination: a.DeleteOnTermination ?? false },
    tags: tagsOf(v.Tags),
  };
}

const snapshotSeen = (s: Snapshot): OwnSnapshotSeen => ({
  snapshotId: s.SnapshotId ?? '',
  kmsKeyId: s.KmsKeyId ?? '',
  state: s.State ?? 'pending',
  percent: Number.parseInt(s.Progress ?? '0', 10) || 0,
  tags: tagsOf(s.Tags),
});

/** Source: EC2 Auto Scaling User Guide "Tag lifecycle": instances carry the name of their group. */
const hostSeen = (i: Instance): HostSeen => ({
  instanceId: i.InstanceId ?? '',
  state: i.State?.Name ?? 'pending',
  imageId: i.ImageId ?? '',
  group: tagsOf(i.Tags)['aws:autoscaling:groupName'],
  wasRunning: tagsOf(i.Tags)[WAS_RUNNING_TAG] !== undefined,
});

function making(c: Connection): Pick<Cloud, 'createSnapshot' | 'copySnapshot' | 'createVolume'> {
  return {
    async createSnapshot(at, { volumeId, tags }) {
      const { CreateSnapshotCommand } = await import('@aws-sdk/client-ec2');
      const TagSpecifications = [
        { ResourceType: 'snapshot' as const, Tags: tagList({ ...tags, [REHOMES_TAG]: volumeId }) },
      ];
      const Description = `amiport rehome: ${volumeId} as it was when it was stopped`;
      const answer = await c.send('ec2', at, 'ec2:CreateSnapshot', (ec2) =>
        ec2.send(new CreateSnapshotCommand({ VolumeId: volumeId, Description, TagSpecifications })),
      );
      return answer.ok ? done(undefined) : answer;
    },

    async copySnapshot(at, { snapshotId, keyArn, tags }) {
      const { CopySnapshotCommand } = await import('@aws-sdk/client-ec2');
      const TagSpecifications = [
        { ResourceType: 'snapshot' as const, Tags: tagList({ ...tags, [REHOMES_TAG]: snapshotId }) },
      ];
      const answer = await c.send('ec2', at, 'ec2:CopySnapshot', (ec2) =>
        ec2.send(
          new CopySnapshotCommand({
            SourceSnapshotId: snapshotId,
            SourceRegion: at.region,
            Encrypted: true,
            KmsKeyId: keyArn,
            Description: `amiport rehome: ${snapshotId}`,
            TagSpecifications,
          }),
        ),
      );
      return answer.ok ? done(undefined) : answer;
    },

    async createVolume(at, { snapshotId, volume, tags }) {
      const { CreateVolumeCommand } = await import('@aws-sdk/client-ec2');
      const place =
        volume.instanceId === undefined
          ? {}
          : {
              [FOR_INSTANCE_TAG]: volume.instanceId,
              [FOR_DEVICE_TAG]: volume.device ?? '',
              [DELETE_TAG]: String(volume.deleteOnTermination ?? false),
            };
      const Tags = tagList({ ...tags, ...place, [REHOMES_TAG]: volume.volumeId });
      const answer = await c.send('ec2', at, 'ec2:CreateVolume', (ec2) =>
        ec2.send(
          new CreateVolumeCommand({
            SnapshotId: snapshotId,
            AvailabilityZone: volume.zone,
            Encrypted: true,
            KmsKeyId: volume.key,
            Size: volume.sizeGiB,
            VolumeType: volume.type as 'gp3',
            ...(volume.iops === undefined || !PROVISIONED.has(volume.type) ? {} : { Iops: volume.iops }),
            ...(volume.throughput === undefined || volume.type !== 'gp3' ? {} : { Throughput: volume.throughput }),
            ClientToken: `amiport-${volume.volumeId}-${snapshotId}`.slice(0, 64),
            TagSpecifications: [{ ResourceType: 'volume', Tags }],
          }),
        ),
      );
      return answer.ok ? done(undefined) : answer;
    },
  };
}

/** Types for which IOPS may be asked. Source: EC2 API Reference "CreateVolume". */
const PROVISIONED: ReadonlySet<string> = new Set(['gp3', 'io1', 'io2']);

function moving(c: Connection): Omit<Effects, 'createSnapshot' | 'copySnapshot' | 'createVolume'> {
  const ends = (answer: Outcome<unknown>, ...gone: readonly string[]): Outcome<void> =>
    answer.ok || refusedWith(answer, ...gone) ? done(undefined) : answer;
  return {
    async attachVolume(at, { volumeId, instanceId, device, deleteOnTermination }) {
      const { AttachVolumeCommand, ModifyInstanceAttributeCommand } = await import('@aws-sdk/client-ec2');
      const attached = await c.send('ec2', at, 'ec2:AttachVolume', (ec2) =>
        ec2.send(new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device })),
      );
      if (!attached.ok) return attached;
      const BlockDeviceMappings = [{ DeviceName: device, Ebs: { DeleteOnTermination: deleteOnTermination } }];
      const answer = await c.send('ec2', at, 'ec2:ModifyInstanceAttribute', (ec2) =>
        ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: instanceId, BlockDeviceMappings })),
      );
      return ends(answer);
    },

    async detachVolume(at, VolumeId) {
      const { DetachVolumeCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:DetachVolume', (ec2) =>
        ec2.send(new DetachVolumeCommand({ VolumeId })),
      );
      return ends(answer, 'IncorrectState');
    },

    async deleteVolume(at, VolumeId) {
      const { DeleteVolumeCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:DeleteVolume', (ec2) =>
        ec2.send(new DeleteVolumeCommand({ VolumeId })),
      );
      return ends(answer, 'InvalidVolume.NotFound');
    },

    async deleteSnapshot(at, SnapshotId) {
      const { DeleteSnapshotCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:DeleteSnapshot', (ec2) =>
        ec2.send(new DeleteSnapshotCommand({ SnapshotId })),
      );
      return ends(answer, 'InvalidSnapshot.NotFound');
    },

    async stopInstance(at, instanceId) {
      const { CreateTagsCommand, StopInstancesCommand } = await import('@aws-sdk/client-ec2');
      // First: a run that dies after the stop must know that it has to be started again.
      const Tags = tagList({ [WAS_RUNNING_TAG]: 'yes' });
      const tagged = await c.send('ec2', at, 'ec2:CreateTags', (ec2) =>
        ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags })),
      );
      if (!tagged.ok) return tagged;
      const answer = await c.send('ec2', at, 'ec2:StopInstances', (ec2) =>
        ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] })),
      );
      return ends(answer);
    },

    async startInstance(at, instanceId) {
      const { DeleteTagsCommand, StartInstancesCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:StartInstances', (ec2) =>
        ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] })),
      );
      if (!answer.ok) return answer;
      const untagged = await c.send('ec2', at, 'ec2:DeleteTags', (ec2) =>
        ec2.send(new DeleteTagsCommand({ Resources: [instanceId], Tags: [{ Key: WAS_RUNNING_TAG }] })),
      );
      return ends(untagged);
    },
  };
}
