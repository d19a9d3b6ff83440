/**
 * Those who launch while a key is rotated: by the parameter, by the launch template, by an image they are pinned to, by a
 * group that scales out, from its warm pool and beyond it, by starting what was stopped. Each is tried in a copy of the world, so nothing of it comes back.
 */
import { type RawSender, rawSender } from '../../src/app/api.ts';
import type { World } from '../../src/sim/world/world.ts';
import { FIRST, HOME, must, OTHER, SECOND, type TestStage } from '../deliver/stage.ts';
import { type Snapshot, Universe } from '../sim/universe.ts';

export const PLACES = [FIRST, SECOND].flatMap((account) => [HOME, OTHER].map((region) => ({ account, region })));
export const TEMPLATE = 'nodes';
const PARAMETER = '/golden/kubernetes/current';
const GROUP = 'nodes';
const ROLE = (account: string): string => `arn:aws:iam::${account}:role/Launcher`;
const TYPE = { InstanceType: 't3.micro' };

const placeOf = (world: World, account: string, region: string) => world.accounts.get(account)?.places.get(region);
const currentImage = (world: World, account: string, region: string): string =>
  placeOf(world, account, region)?.ssm.parameters.get(PARAMETER)?.versions.at(-1)?.value ?? '';

/** A launch template that the delivery moves, a group on its default version with one instance warm, and a stopped instance, in every place. */
export async function settle(stage: TestStage): Promise<void> {
  const places = PLACES.map(({ account, region }) => ({
    who: account === FIRST ? stage.first : stage.second,
    region,
    ImageId: currentImage(stage.sim.world, account, region),
  }));
  await settleIn(places, (ms) => stage.sim.advance(ms));
}

export interface Home {
  readonly who: RawSender;
  readonly region: string;
  readonly ImageId: string;
}

export async function settleIn(places: readonly Home[], advance: (ms: number) => void): Promise<void> {
  const running: { readonly who: RawSender; readonly region: string; readonly InstanceIds: readonly string[] }[] = [];
  for (const { who, region, ImageId } of places) {
    await must(
      who.send('autoscaling', region, 'CreateAutoScalingGroup', {
        AutoScalingGroupName: GROUP,
        LaunchTemplate: { LaunchTemplateName: TEMPLATE, Version: '$Default' },
        MinSize: 1,
        MaxSize: 9,
        AvailabilityZones: [`${region}a`],
      }),
    );
    const pool = { AutoScalingGroupName: GROUP, MinSize: 1, MaxGroupPreparedCapacity: 1 };
    await must(who.send('autoscaling', region, 'PutWarmPool', pool));
    const input = { ImageId, ...TYPE, MinCount: 1, MaxCount: 1 };
    const run = await must(
      who.send<{ Instances: { InstanceId: string }[] }>('ec2', region, 'RunInstances', input, ROLE(who.account)),
    );
    running.push({ who, region, InstanceIds: run.Instances.map((i) => i.InstanceId) });
  }
  advance(120_000);
  for (const { who, region, InstanceIds } of running)
    await must(who.send('ec2', region, 'StopInstances', { InstanceIds }));
  advance(600_000);
}

export async function addTemplates(stage: TestStage, ImageId: string): Promise<void> {
  for (const { account, region } of PLACES)
    await addTemplate(account === FIRST ? stage.first : stage.second, region, ImageId);
}

export async function addTemplate(who: RawSender, region: string, ImageId: string): Promise<void> {
  const LaunchTemplateData = { ImageId, ...TYPE };
  await must(who.send('ec2', region, 'CreateLaunchTemplate', { LaunchTemplateName: TEMPLATE, LaunchTemplateData }));
}

/** @returns what did not start, of all who launch at this moment in every place */
export async function launchesThatFail(at: Snapshot): Promise<readonly string[]> {
  const fork = new Universe(at, 1, () => {});
  const requestHandler = fork.start().handler;
  const begun: { readonly says: string; readonly isOn: () => boolean }[] = [];
  const against: string[] = [];
  for (const { account, region } of PLACES) {
    const who = rawSender({ requestHandler }, account, fork.clock);
    const says = (what: string): string => `${what} in ${account}/${region}`;
    const begin = (what: string, outcome: string | (() => boolean)): void => {
      if (typeof outcome === 'string') against.push(`${says(what)}: ${outcome}`);
      else begun.push({ says: says(what), isOn: outcome });
    };
    begin('the parameter', await runs(fork, who, region, currentImage(fork.world, account, region)));
    for (const ImageId of pinned(fork.world, account, region))
      begin(`pinned ${ImageId}`, await runs(fork, who, region, ImageId));
    begin('what was stopped', await starts(fork, who, region));
    begin('the group', await scalesOut(fork, who, region));
  }
  fork.clock.advance(120_000);
  fork.kernel.settle();
  fork.clock.advance(300_000);
  fork.kernel.settle();
  return [...against, ...begun.filter((b) => !b.isOn()).map((b) => `${b.says} did not start`)];
}

/** Images under an older key that an account may still launch: whoever is pinned to one must be able to. */
function pinned(world: World, account: string, region: string): readonly string[] {
  const current = currentImage(world, account, region);
  return [...(world.regions.get(region)?.ec2.images.values() ?? [])]
    .filter((i) => i.launchPermissions.has(account) && i.state === 'available' && i.imageId !== current)
    .map((i) => i.imageId);
}

const instanceOf = (fork: Universe, account: string, region: string, id: string) =>
  placeOf(fork.world, account, region)?.ec2.instances.get(id);

async function runs(
  fork: Universe,
  who: RawSender,
  region: string,
  ImageId: string,
): Promise<string | (() => boolean)> {
  const input = { ImageId, ...TYPE, MinCount: 1, MaxCount: 1 };
  const run = await who.send<{ Instances: { InstanceId: string }[] }>(
    'ec2',
    region,
    'RunInstances',
    input,
    ROLE(who.account),
  );
  if (!run.ok) return run.reason.says;
  const id = run.value.Instances[0]?.InstanceId ?? '';
  return () => instanceOf(fork, who.account, region, id)?.state === 'running';
}

export async function starts(fork: Universe, who: RawSender, region: string): Promise<string | (() => boolean)> {
  const stopped = [...(placeOf(fork.world, who.account, region)?.ec2.instances.values() ?? [])].find(
    (i) => i.state === 'stopped' && i.autoScalingGroup === undefined,
  );
  if (stopped === undefined) return 'nothing is stopped';
  const InstanceIds = [stopped.instanceId];
  const started = await who.send('ec2', region, 'StartInstances', { InstanceIds }, ROLE(who.account));
  if (!started.ok) return started.reason.says;
  return () => instanceOf(fork, who.account, region, stopped.instanceId)?.state === 'running';
}

const PINNED = 'pinned';

/** A group that keeps to a version by its number, of a template that names an image: until it moves, that image must stay open. */
export async function pinGroup({ who, region, ImageId }: Home, parameter: string): Promise<void> {
  const LaunchTemplateData = { ImageId, ...TYPE };
  const template = { LaunchTemplateName: PINNED };
  await must(who.send('ec2', region, 'CreateLaunchTemplate', { ...template, LaunchTemplateData }));
  // By its default the template names nothing old.
  const current = { ...template, LaunchTemplateData: { ...TYPE, ImageId: `resolve:ssm:${parameter}` } };
  await must(who.send('ec2', region, 'CreateLaunchTemplateVersion', current));
  await must(who.send('ec2', region, 'ModifyLaunchTemplate', { ...template, DefaultVersion: '2' }));
  await must(
    who.send('autoscaling', region, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: PINNED,
      LaunchTemplate: { ...template, Version: '1' },
      MinSize: 1,
      MaxSize: 9,
      AvailabilityZones: [`${region}a`],
    }),
  );
}

export async function movePinned(who: RawSender, region: string): Promise<void> {
  const LaunchTemplate = { LaunchTemplateName: TEMPLATE, Version: '$Default' };
  await must(
    who.send('autoscaling', region, 'UpdateAutoScalingGroup', { AutoScalingGroupName: PINNED, LaunchTemplate }),
  );
}

export async function pinnedScalesOut(
  fork: Universe,
  who: RawSender,
  region: string,
): Promise<string | (() => boolean)> {
  const group = () => placeOf(fork.world, who.account, region)?.autoScaling.groups.get(PINNED);
  const before = group()?.instances.size ?? 0;
  const input = { AutoScalingGroupName: PINNED, DesiredCapacity: before + 1 };
  const scaled = await who.send('autoscaling', region, 'SetDesiredCapacity', input);
  if (!scaled.ok) return scaled.reason.says;
  return () =>
    [...(group()?.instances.keys() ?? [])].filter(
      (id) => instanceOf(fork, who.account, region, id)?.state === 'running',
    ).length ===
    before + 1;
}

/** By two: one instance is warm, the other and the next warm one are launched from the template. */
export async function scalesOut(fork: Universe, who: RawSender, region: string): Promise<string | (() => boolean)> {
  const group = placeOf(fork.world, who.account, region)?.autoScaling.groups.get(GROUP);
  const before = group?.instances.size ?? 0;
  const [warm] = group?.warmPool?.instances.values() ?? [];
  if (warm?.lifecycleState !== 'Warmed:Stopped') return 'nothing is warm';
  const input = { AutoScalingGroupName: GROUP, DesiredCapacity: before + 2 };
  const scaled = await who.send('autoscaling', region, 'SetDesiredCapacity', input);
  if (!scaled.ok) return scaled.reason.says;
  return () => {
    const now = placeOf(fork.world, who.account, region)?.autoScaling.groups.get(GROUP);
    const on = [...(now?.instances.keys() ?? [])].filter(
      (id) => instanceOf(fork, who.account, region, id)?.state === 'running',
    );
    const next = [...(now?.warmPool?.instances.values() ?? [])].map((i) => i.lifecycleState);
    return on.length === before + 2 && on.includes(warm.instanceId) && next.join() === 'Warmed:Stopped';
  };
}
