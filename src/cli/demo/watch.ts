/** Waits for what AWS does later, and says how it ended: images, launches, Auto Scaling groups. */
import type { RawSender } from '../../app/api.ts';
import type { Told } from './narrator.ts';
import { HOME, must, type Stage } from './stage.ts';

const LOOK_EVERY_MS = 5_000;
const LOOKS_MAX = 200;

async function until<T>(stage: Stage, look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < LOOKS_MAX; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await stage.clock.sleep(LOOK_EVERY_MS);
  }
  throw new Error('the simulated AWS did not come to an end');
}

export function imageAvailable(stage: Stage, account: RawSender, imageId: string): Promise<string> {
  return until(stage, async () => {
    const answer = await must(
      account.send<{ Images: { State: string }[] }>('ec2', HOME, 'DescribeImages', { ImageIds: [imageId] }),
    );
    const state = answer.Images[0]?.State;
    return state === 'pending' ? undefined : state;
  });
}

interface Instances {
  readonly Reservations?: readonly {
    readonly Instances?: readonly {
      readonly State?: { readonly Name?: string };
      readonly StateReason?: { readonly Code?: string; readonly Message?: string };
    }[];
  }[];
}

/** Launches one instance under a role; RunInstances itself answers well, the end comes later. */
export async function launchOutcome(
  stage: Stage,
  account: RawSender,
  ImageId: string,
  as: string,
): Promise<Told<undefined>> {
  const run = await account.send<{ Instances: { InstanceId: string }[] }>(
    'ec2',
    HOME,
    'RunInstances',
    { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 },
    as,
  );
  if (!run.ok) return { good: false, says: run.reason.says, value: undefined };
  const InstanceIds = [run.value.Instances[0]?.InstanceId ?? ''];
  const end = await until(stage, async () => {
    const answer = await must(account.send<Instances>('ec2', HOME, 'DescribeInstances', { InstanceIds }));
    const instance = answer.Reservations?.[0]?.Instances?.[0];
    return instance === undefined || ['pending', 'shutting-down'].includes(instance.State?.Name ?? '')
      ? undefined
      : instance;
  });
  const state = end.State?.Name ?? '';
  if (state === 'running') await must(account.send('ec2', HOME, 'TerminateInstances', { InstanceIds }));
  const why = end.StateReason?.Message;
  return {
    good: state === 'running',
    says: state === 'running' ? 'running' : `${state}: ${why ?? ''}`,
    value: undefined,
  };
}

/** A group of one; its end is in the scaling activities. */
export async function groupOutcome(
  stage: Stage,
  account: RawSender,
  ImageId: string,
  name: string,
): Promise<Told<undefined>> {
  await must(
    account.send('ec2', HOME, 'CreateLaunchTemplate', {
      LaunchTemplateName: name,
      LaunchTemplateData: { ImageId, InstanceType: 't3.micro' },
    }),
  );
  const subnets = await must(account.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}));
  await must(
    account.send('autoscaling', HOME, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: name,
      LaunchTemplate: { LaunchTemplateName: name, Version: '$Latest' },
      MinSize: 1,
      MaxSize: 1,
      VPCZoneIdentifier: subnets.Subnets[0]?.SubnetId ?? '',
    }),
  );
  const end = await until(stage, async () => {
    const answer = await must(
      account.send<{ Activities: { StatusCode: string; StatusMessage?: string; Description: string }[] }>(
        'autoscaling',
        HOME,
        'DescribeScalingActivities',
        { AutoScalingGroupName: name },
      ),
    );
    return answer.Activities.find((a) => ['Failed', 'Cancelled', 'Successful'].includes(a.StatusCode));
  });
  await must(
    account.send('autoscaling', HOME, 'DeleteAutoScalingGroup', { AutoScalingGroupName: name, ForceDelete: true }),
  );
  await must(account.send('ec2', HOME, 'DeleteLaunchTemplate', { LaunchTemplateName: name }));
  const good = end.StatusCode === 'Successful';
  return {
    good,
    says: good ? 'in service' : `${end.StatusCode}: ${end.StatusMessage ?? end.Description}`,
    value: undefined,
  };
}
