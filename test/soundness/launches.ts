/** Launches as each kind of launcher makes them, and what came of them in the simulated AWS. */
import type { RawSender } from '../../src/app/api.ts';
import { FIRST, HOME, must, SECOND } from '../deliver/stage.ts';
import type { Stand } from './stand.ts';

/** By account: who launches there, as the config and the proofs write it. */
export const LAUNCHERS: Readonly<Record<string, readonly string[]>> = {
  [FIRST]: ['role:Launcher', 'autoscaling', 'spot', 'ec2fleet'],
  [SECOND]: ['role:Launcher', 'autoscaling', 'autoscaling:payments', 'karpenter:ByHand'],
};
const TEMPLATE = 'trial';

export interface Launch {
  readonly account: string;
  readonly launcher: string;
}

/** `not-tried`: whoever asked Auto Scaling, a fleet or Spot for it was refused, which says nothing of the launcher. */
export type Result = 'launched' | 'failed' | 'not-tried';

/** Begins all of them, lets their time pass, then looks. @param nth makes names that were not there before */
export async function launchAll(stand: Stand, launches: readonly Launch[], nth: number): Promise<readonly Result[]> {
  const begun: Begun[] = [];
  for (const l of launches) begun.push(await begin(stand, l, nth));
  stand.sim.advance(3 * 60_000);
  return launches.map(({ account }, i) => {
    const started = begun[i];
    if (started === undefined || typeof started === 'string') return started ?? 'failed';
    const ec2 = stand.sim.world.accounts.get(account)?.places.get(HOME)?.ec2;
    const ids = started(stand);
    if (ids === 'not-tried') return ids;
    return ids.some((id) => ec2?.instances.get(id)?.state === 'running') ? 'launched' : 'failed';
  });
}

/** Ids of the instances that came of it, once time has passed. */
type Begun = ((stand: Stand) => readonly string[] | 'not-tried') | Result;

async function begin(stand: Stand, { account, launcher }: Launch, nth: number): Promise<Begun> {
  const who = account === FIRST ? stand.first : stand.second;
  const [kind = '', name = ''] = launcher.split(':');
  switch (kind) {
    case 'role':
      return instances(who, `arn:aws:iam::${account}:role/${name}`, {}, stand.base.image);
    case 'spot': {
      const spot = { InstanceMarketOptions: { MarketType: 'spot' } };
      const begun = await instances(who, undefined, spot, stand.base.image);
      return begun === 'failed' ? 'not-tried' : begun;
    }
    case 'karpenter':
      return instantFleet(who, `arn:aws:iam::${account}:role/${name}`);
    case 'ec2fleet':
      return fleet(who, account);
    default:
      return group(stand, who, account, name, nth);
  }
}

async function instances(who: RawSender, as: string | undefined, more: object, ImageId: string): Promise<Begun> {
  const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...more };
  const run = await who.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', input, as);
  return run.ok ? () => run.value.Instances.map((i) => i.InstanceId) : 'failed';
}

const fleetOf = (Type: string) => ({
  Type,
  TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' },
  LaunchTemplateConfigs: [{ LaunchTemplateSpecification: { LaunchTemplateName: TEMPLATE, Version: '$Latest' } }],
});

/** As Karpenter launches: an instant fleet, in its own name. */
async function instantFleet(who: RawSender, as: string): Promise<Begun> {
  const made = await who.send<{ Instances?: { InstanceIds: string[] }[] }>(
    'ec2',
    HOME,
    'CreateFleet',
    fleetOf('instant'),
    as,
  );
  return made.ok ? () => (made.value.Instances ?? []).flatMap((i) => i.InstanceIds) : 'failed';
}

async function fleet(who: RawSender, account: string): Promise<Begun> {
  const made = await who.send<{ FleetId: string }>('ec2', HOME, 'CreateFleet', fleetOf('request'));
  if (!made.ok) return 'not-tried';
  const of = (stand: Stand) =>
    stand.sim.world.accounts.get(account)?.places.get(HOME)?.ec2.fleets.get(made.value.FleetId);
  // A launch that the asker may not ask for is an error of the fleet.
  const asker = (stand: Stand) => of(stand)?.errors.some((e) => e.code === 'UnauthorizedOperation');
  return (stand) => (asker(stand) ? 'not-tried' : [...(of(stand)?.instanceIds ?? [])]);
}

async function group(stand: Stand, who: RawSender, account: string, suffix: string, nth: number): Promise<Begun> {
  const AutoScalingGroupName = `trial-${suffix}-${nth}`;
  const role = `AWSServiceRoleForAutoScaling${suffix === '' ? '' : `_${suffix}`}`;
  const made = await who.send('autoscaling', HOME, 'CreateAutoScalingGroup', {
    AutoScalingGroupName,
    LaunchTemplate: { LaunchTemplateName: TEMPLATE },
    MinSize: 1,
    MaxSize: 1,
    VPCZoneIdentifier: stand.base.subnets[account],
    ServiceLinkedRoleARN: `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/${role}`,
  });
  if (!made.ok) return 'not-tried';
  return () => {
    const there = stand.sim.world.accounts.get(account)?.places.get(HOME)?.autoScaling.groups.get(AutoScalingGroupName);
    return [...(there?.instances.keys() ?? [])];
  };
}

/** What a launch needs besides the image: a template for groups and fleets, and a subnet. */
export async function setTemplate(who: RawSender, ImageId: string): Promise<string> {
  const LaunchTemplateData = { ImageId, InstanceType: 't3.micro' };
  await must(who.send('ec2', HOME, 'CreateLaunchTemplate', { LaunchTemplateName: TEMPLATE, LaunchTemplateData }));
  const found = await must(who.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}));
  return found.Subnets[0]?.SubnetId ?? '';
}
