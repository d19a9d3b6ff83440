/** A launch tried in a copy of the world, at the very moment something was shared or pointed at: nothing of it comes back. */
import { rawSender } from '../../src/app/api.ts';
import { must } from '../deliver/stage.ts';
import { imageById } from './invariants.ts';
import { type Snapshot, Universe } from './universe.ts';

export interface Trial {
  readonly why: string;
  readonly at: Snapshot;
  readonly account: string;
  readonly region: string;
  readonly imageId: string;
}

const LAUNCH_MS = 120_000;
const GROUP_MS = 300_000;

/** @returns what went wrong: as the role, and as a group */
export async function tryLaunch(trial: Trial): Promise<readonly string[]> {
  const fork = new Universe(trial.at, 1, () => {});
  const requestHandler = fork.start().handler;
  const sender = rawSender({ requestHandler }, trial.account, fork.clock);
  const where = `${trial.why}: ${trial.imageId} in ${trial.account}/${trial.region}`;
  if (imageById(fork.world, trial.region, trial.imageId) === undefined) return [`${where} is not there`];
  const input = { ImageId: trial.imageId, InstanceType: 't3.small', MinCount: 1, MaxCount: 1 };
  const role = `arn:aws:iam::${trial.account}:role/Launcher`;
  const run = await sender.send('ec2', trial.region, 'RunInstances', input, role);
  if (!run.ok) return [`${where} as Launcher: ${run.reason.says}`];
  const LaunchTemplateName = 'trial';
  const LaunchTemplateData = { ImageId: trial.imageId, InstanceType: 't3.small' };
  await must(sender.send('ec2', trial.region, 'CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData }));
  await must(
    sender.send('autoscaling', trial.region, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: 'trial',
      LaunchTemplate: { LaunchTemplateName, Version: '$Latest' },
      MinSize: 1,
      MaxSize: 1,
      AvailabilityZones: [`${trial.region}a`],
    }),
  );
  fork.clock.advance(LAUNCH_MS);
  fork.kernel.settle();
  fork.clock.advance(GROUP_MS);
  fork.kernel.settle();
  const instances = [
    ...(fork.world.accounts.get(trial.account)?.places.get(trial.region)?.ec2.instances.values() ?? []),
  ];
  const launched = instances.filter((i) => i.imageId === trial.imageId && i.launchedMs >= trial.at.nowMs);
  const refused = (who: string, group: string | undefined): readonly string[] => {
    const tried = launched.filter((i) => i.autoScalingGroup === group);
    const why = tried.map((i) => `${i.state}: ${i.stateReason?.message ?? 'no reason'}`).join(', ');
    return tried.some((i) => i.state === 'running') ? [] : [`${where} did not start ${who} (${why})`];
  };
  return [...refused('as Launcher', undefined), ...refused('in a group', 'trial')];
}
