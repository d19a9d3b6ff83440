/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_ModifyVolume, API_DescribeVolumesModifications;
 * EBS User Guide "Modify an Amazon EBS volume using Elastic Volumes operations".
 * Differs from AWS: the new size and performance are there at once; only the state takes its time.
 */
import { anyOf, volumeDemand } from '../../ec2/demands.ts';
import { applyFilters, type FilterTable, notWithIds, onePage } from '../../ec2/filters.ts';
import { iso } from '../../ec2/iso.ts';
import { volumeShape } from '../../ec2/volume-types.ts';
import { ownVolume } from '../../ec2/volumes.ts';
import { type Ctx, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Volume, VolumeModification } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

/** After a change, a volume cannot be changed for six hours. */
const WAIT_MS = 6 * 3_600_000;

export const modifyVolume = operation<Ec2.ModifyVolumeRequest, Ec2.ModifyVolumeResult>('ec2.ModifyVolume', {
  accepts: ['Iops', 'Size', 'Throughput', 'VolumeId', 'VolumeType'],
  demands: (call) => [volumeDemand(call, call.place, 'ModifyVolume', call.input.VolumeId)],
  apply(call) {
    const { input } = call;
    const volume = ownVolume(call, call.place, input.VolumeId);
    if (volume.state !== 'available' && volume.state !== 'in-use') {
      throw new Fault('IncorrectState', `Volume '${volume.volumeId}' is in state '${volume.state}'.`);
    }
    if (volume.modification && call.nowMs < volume.modification.atMs + WAIT_MS) {
      const says = `You've reached the maximum modification rate per volume limit. Wait at least 6 hours between modifications per EBS volume.`;
      throw new Fault('VolumeModificationRateExceeded', says);
    }
    if (input.Size !== undefined && input.Size < volume.sizeGiB) {
      throw new Fault('InvalidParameterValue', 'New size cannot be smaller than existing size');
    }
    const { sizeGiB, volumeType, iops, throughput } = volume;
    const sameType = input.VolumeType === undefined || input.VolumeType === volumeType;
    const keeps = sameType && volumeType !== 'gp2';
    const to = volumeShape({
      sizeGiB: input.Size ?? sizeGiB,
      volumeType: input.VolumeType ?? volumeType,
      iops: input.Iops ?? (keeps ? iops : undefined),
      throughput: input.Throughput ?? (keeps ? throughput : undefined),
    });
    volume.modification = { atMs: call.nowMs, from: { sizeGiB, volumeType, iops, throughput }, to };
    Object.assign(volume, to);
    return { VolumeModification: shape(call, volume, volume.modification) };
  },
});

/** `modifying`, then `optimizing`, then `completed`: each as long as a pending resource. */
function stateOf(ctx: Pick<Ctx, 'world' | 'nowMs'>, { atMs }: VolumeModification): Ec2.VolumeModificationState {
  const steps = Math.floor((ctx.nowMs - atMs) / ctx.world.settings.pendingMs);
  return steps < 1 ? 'modifying' : steps < 2 ? 'optimizing' : 'completed';
}

function shape(
  ctx: Pick<Ctx, 'world' | 'nowMs'>,
  volume: Volume,
  { atMs, from, to }: VolumeModification,
): Ec2.VolumeModification {
  const state = stateOf(ctx, { atMs, from, to });
  const endMs = atMs + 2 * ctx.world.settings.pendingMs;
  return {
    VolumeId: volume.volumeId,
    ModificationState: state,
    OriginalSize: from.sizeGiB,
    OriginalVolumeType: from.volumeType as Ec2.VolumeType,
    OriginalIops: from.iops,
    OriginalThroughput: from.throughput,
    OriginalMultiAttachEnabled: false,
    TargetSize: to.sizeGiB,
    TargetVolumeType: to.volumeType as Ec2.VolumeType,
    TargetIops: to.iops,
    TargetThroughput: to.throughput,
    TargetMultiAttachEnabled: false,
    Progress: state === 'completed' ? 100 : state === 'optimizing' ? 50 : 0,
    StartTime: new Date(atMs),
    EndTime: state === 'completed' ? new Date(endMs) : undefined,
  };
}

interface Row {
  readonly volume: Volume;
  readonly modification: VolumeModification;
  readonly state: string;
}

const FILTERS: FilterTable<Row> = {
  'modification-state': ({ state }) => state,
  'original-iops': ({ modification }) => modification.from.iops,
  'original-size': ({ modification }) => modification.from.sizeGiB,
  'original-volume-type': ({ modification }) => modification.from.volumeType,
  originalMultiAttachEnabled: () => false,
  'start-time': ({ modification }) => iso(modification.atMs),
  'target-iops': ({ modification }) => modification.to.iops,
  'target-size': ({ modification }) => modification.to.sizeGiB,
  'target-volume-type': ({ modification }) => modification.to.volumeType,
  targetMultiAttachEnabled: () => false,
  'volume-id': ({ volume }) => volume.volumeId,
};

export const describeVolumesModifications = operation<
  Ec2.DescribeVolumesModificationsRequest,
  Ec2.DescribeVolumesModificationsResult
>('ec2.DescribeVolumesModifications', {
  accepts: ['Filters', 'MaxResults', 'NextToken', 'VolumeIds'],
  demands: () => anyOf('DescribeVolumesModifications'),
  apply(call) {
    const { input, place } = call;
    notWithIds('volumeSet', input.VolumeIds, input);
    const volumes = input.VolumeIds?.length
      ? input.VolumeIds.map((id) => ownVolume(call, place, id))
      : [...placeOf(call.world, place.account, place.region).ec2.volumes.values()];
    const rows = volumes.flatMap((volume): Row[] => {
      const { modification } = volume;
      return modification ? [{ volume, modification, state: stateOf(call, modification) }] : [];
    });
    const page = onePage(applyFilters(rows, input.Filters, FILTERS), input, ({ volume }) => volume.volumeId, 500);
    return {
      NextToken: page.nextToken,
      VolumesModifications: page.items.map(({ volume, modification }) => shape(call, volume, modification)),
    };
  },
});
