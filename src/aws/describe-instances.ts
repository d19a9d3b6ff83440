/** Instances as they are now, each with the key that its root volume is under. */
import type { Instance } from '@aws-sdk/client-ec2';
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { InstanceSeen } from '../model/cloud.ts';
import type { Connection } from './connection.ts';
import { rootVolumeOf } from './shapes.ts';

export const describeInstances = (
  c: Connection,
  at: Place,
  ids: readonly string[],
): Promise<Outcome<readonly InstanceSeen[]>> => instancesBy(c, at, { Name: 'instance-id', Values: [...ids] });

/** @param filter as DescribeInstances takes it */
export async function instancesBy(
  c: Connection,
  at: Place,
  filter: { readonly Name: string; readonly Values: string[] },
): Promise<Outcome<readonly InstanceSeen[]>> {
  const { DescribeInstancesCommand, DescribeVolumesCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:DescribeInstances', (ec2) =>
    ec2.send(new DescribeInstancesCommand({ Filters: [filter] })),
  );
  if (!answer.ok) return answer;
  const instances = (answer.value.Reservations ?? []).flatMap((r) => r.Instances ?? []);
  const volumeIds = instances.flatMap((i) => rootVolumeOf(i) ?? []);
  if (volumeIds.length === 0) return done(instances.map((i) => instanceSeen(i, new Map())));
  const volumes = await c.send('ec2', at, 'ec2:DescribeVolumes', (ec2) =>
    ec2.send(new DescribeVolumesCommand({ Filters: [{ Name: 'volume-id', Values: volumeIds }] })),
  );
  if (!volumes.ok) return volumes;
  const keys = new Map((volumes.value.Volumes ?? []).map((v) => [v.VolumeId ?? '', v.KmsKeyId]));
  return done(instances.map((i) => instanceSeen(i, keys)));
}

function instanceSeen(i: Instance, keys: ReadonlyMap<string, string | undefined>): InstanceSeen {
  const rootVolumeId = rootVolumeOf(i);
  return {
    instanceId: i.InstanceId ?? '',
    state: i.State?.Name ?? 'pending',
    stateReason:
      i.StateReason?.Code === undefined
        ? undefined
        : { code: i.StateReason.Code, message: i.StateReason.Message ?? '' },
    rootVolumeId,
    rootKmsKeyId: rootVolumeId === undefined ? undefined : keys.get(rootVolumeId),
  };
}
