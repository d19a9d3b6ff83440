/**
 * A rotation among others' launches, faults and deaths, drawn from a seed: of a fleet of any size. Bystanders launch at
 * random moments in random places, each in a copy of the world; processes die anywhere, and another one goes on.
 */
import { applyPlan, makePlan, type RotateWish, RotationRun, rawSender, type Session } from '../../src/app/api.ts';
import type { Place } from '../../src/base/place.ts';
import { type Random, seededRandom } from '../../src/base/ports.ts';
import type { FaultRule } from '../../src/sim/faults/rules.ts';
import { buildWorld } from '../../src/sim/world/build-world.ts';
import type { World } from '../../src/sim/world/world.ts';
import { BUILDER, HOME, must, silent } from '../deliver/stage.ts';
import { type Snapshot, snapshotOf, Universe } from '../sim/universe.ts';
import {
  addTemplate,
  type Home,
  movePinned,
  pinGroup,
  pinnedScalesOut,
  scalesOut,
  settleIn,
  starts,
  TEMPLATE,
} from './bystanders.ts';

const WISH: RotateWish = { contain: false, force: false, watchDays: 7, deleteKey: false };
const OTHERS = ['us-east-1', 'eu-west-3', 'ap-southeast-2'];

export interface Size {
  readonly accounts: number;
  readonly regions: number;
  readonly images: number;
}

export interface FleetBase {
  readonly snapshot: Snapshot;
  readonly config: string;
  readonly places: readonly { readonly account: string; readonly region: string }[];
  readonly images: readonly string[];
}

const trust = (account: string): Record<string, unknown> => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }],
});
const LAUNCH = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['ec2:*', 'iam:PassRole'], Resource: '*' }],
};

/** Delivered, an hour ago. */
export async function fleetBase({ accounts, regions, images }: Size): Promise<FleetBase> {
  const ids = Array.from({ length: accounts }, (_, i) => String(200_000_000_000 + i));
  const where = [HOME, ...OTHERS].slice(0, regions);
  const names = Array.from({ length: images }, (_, i) => `image${i}`);
  const world = buildWorld(
    {
      version: 1,
      accounts: [BUILDER, ...ids].map((id) => ({ id })),
      roles: [BUILDER, ...ids].flatMap((account) => [
        {
          account,
          name: 'amiport',
          trust: trust(BUILDER),
          attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        },
        { account, name: 'Launcher', trust: trust(account), policies: { launch: LAUNCH } },
      ]),
      images: names.map((name) => ({ regions: [HOME], owner: BUILDER, name, sizeGiB: 8, rootDeviceName: '/dev/xvda' })),
      baseImages: false,
    },
    '.',
  );
  const config = configOf(world, ids, where, names);
  const universe = new Universe(snapshotOf(world, Date.UTC(2026, 0, 1)), 1, () => {});
  const source = [...(universe.world.regions.get(HOME)?.ec2.images.values() ?? [])].find((i) => i.name === names[0]);
  const requestHandler = universe.start().handler;
  const senders = new Map(ids.map((id) => [id, rawSender({ requestHandler }, id, universe.clock)]));
  const homes = (): readonly Home[] =>
    ids.flatMap((account) =>
      where.map((region) => ({
        who: senders.get(account) ?? rawSender({ requestHandler }, account, universe.clock),
        region,
        ImageId: currentOf(universe.world, { account, region }, names[0] ?? ''),
      })),
    );
  for (const { who, region } of homes()) await addTemplate(who, region, source?.imageId ?? '');
  const against = await universe.start().run(config, async (session) => {
    const applied = await applyPlan(session, await makePlan(session, silent), silent);
    return applied.ok ? applied.value.result.failed.map((f) => f.reason.says) : [applied.reason.says];
  });
  if (against === 'died' || against.length > 0) throw new Error(JSON.stringify(against));
  const advance = (ms: number): void => {
    universe.clock.advance(ms);
    universe.kernel.settle();
  };
  await settleIn(homes(), advance);
  const [first] = homes();
  if (first !== undefined) await pinGroup(first, `/golden/${names[0]}/current`);
  advance(3_600_000);
  return {
    snapshot: snapshotOf(universe.world, universe.clock.nowMs()),
    config,
    places: ids.flatMap((account) => where.map((region) => ({ account, region }))),
    images: names,
  };
}

function configOf(world: World, ids: readonly string[], where: readonly string[], names: readonly string[]): string {
  const found = [...(world.regions.get(HOME)?.ec2.images.values() ?? [])];
  const launchers = '[{ role: Launcher }, autoscaling]';
  return `version: 1
delivery: fleet
builder: { account: "${BUILDER}", region: ${HOME} }
access: { role: "arn:aws:iam::{account}:role/amiport" }
organization: { guardrails: ignore }
manage: { keyPolicy: amiport, rolePolicy: amiport, grants: amiport, launchTemplates: amiport }
regions: [${where.join(', ')}]
accounts:
${ids.map((id) => `  - { id: "${id}", launchers: ${launchers} }`).join('\n')}
key: { alias: fleet, multiRegion: true }
images:
${names.map((n) => `  ${n}: { source: { ami: ${found.find((i) => i.name === n)?.imageId} }, way: shared-encrypted, publish: { ssm: "/golden/{image}/current"${n === names[0] ? `, launchTemplates: [${TEMPLATE}]` : ''} } }`).join('\n')}
`;
}

const FAULTS: readonly FaultRule[] = [
  { fault: 'throttle', probability: 0.1 },
  { fault: 'internal', probability: 0.03 },
  { fault: 'drop-after', probability: 0.03 },
  { fault: 'delay', probability: 0.1, delayMs: 2_000 },
];

export interface FleetPlayed {
  readonly launches: number;
  readonly failed: readonly string[];
  readonly deaths: number;
  readonly effects: number;
  /** Whether the rotation waited for the group that is pinned to an old image. */
  readonly waited: boolean;
  readonly end: string;
}

/** @param every how many effects lie between two launches, on average @param deathsMax processes that die on the way */
export async function playFleet(
  base: FleetBase,
  seed: number,
  { every, deathsMax }: { readonly every: number; readonly deathsMax: number },
): Promise<FleetPlayed> {
  const random = seededRandom(seed);
  const moments: Snapshot[] = [];
  let effects = 0;
  const universe = new Universe(base.snapshot, seed, () => {
    effects += 1;
    if (random() * every < 1) moments.push(snapshotOf(universe.world, universe.clock.nowMs()));
  });
  universe.disturb(FAULTS, seed);
  let deaths = 0;
  let end = '';
  const failed: string[] = [];
  let launches = 0;
  let waited = false;
  for (let tries = 0; tries < 40 && end !== 'watching'; tries++) {
    const diesAfter = deaths < deathsMax ? 1 + Math.floor(random() * 150) : undefined;
    const ended = await universe.start(diesAfter).run(base.config, rotated);
    if (ended === 'died') deaths += 1;
    else end = ended;
    if (end.startsWith('held: ') && !waited) {
      waited = true;
      const [{ account, region }] = base.places as [Place];
      await movePinned(rawSender({ requestHandler: universe.start().handler }, account, universe.clock), region);
    }
    for (const at of moments.splice(0)) {
      const tried = await launchSomewhere(base, at, random);
      launches += tried.launches;
      failed.push(...tried.failed);
    }
  }
  return { launches, failed, deaths, effects, waited, end };
}

async function rotated(session: Session): Promise<string> {
  const run = new RotationRun(session, WISH, silent);
  const begun = await run.begin();
  if (!begun.ok) return begun.reason.says;
  for (let stage = begun.value; ; stage = await run.next()) {
    if (stage.is === 'settling') await session.clock.sleep(Math.max(0, stage.untilMs - session.clock.nowMs()));
    else if (stage.is !== 'to-do') return stage.is === 'held' ? `held: ${stage.reasons[0]?.says}` : stage.is;
    else {
      const carried = await run.carry(stage);
      if (!carried.ok) return carried.reason.says;
      const [broken] = carried.value.result.failed;
      if (broken !== undefined) return `${broken.id}: ${broken.reason.says}`;
    }
  }
}

const currentOf = (world: World, { account, region }: Place, image: string): string =>
  world.accounts.get(account)?.places.get(region)?.ssm.parameters.get(`/golden/${image}/current`)?.versions.at(-1)
    ?.value ?? '';

/** By the parameter and, while it is open, by the id of every copy that the account may see; as a role and as a group; what was stopped, and a group from its warm pool and beyond it. */
async function launchSomewhere(
  base: FleetBase,
  at: Snapshot,
  random: Random,
): Promise<{ readonly launches: number; readonly failed: readonly string[] }> {
  const [home] = base.places;
  // Often enough where a group is pinned to an old image.
  const place = random() < 0.2 ? home : base.places[Math.floor(random() * base.places.length)];
  const image = base.images[Math.floor(random() * base.images.length)] ?? '';
  if (place === undefined) return { launches: 0, failed: [] };
  const { account, region } = place;
  const fork = new Universe(at, 1, () => {});
  const who = rawSender({ requestHandler: fork.start().handler }, account, fork.clock);
  const there = fork.world.accounts.get(account)?.places.get(region);
  const current = currentOf(fork.world, place, image);
  const open = [...(fork.world.regions.get(region)?.ec2.images.values() ?? [])].filter(
    (i) => i.launchPermissions.has(account) && i.state === 'available' && i.tags.get('amiport:image') === image,
  );
  const ids = [...new Set([current, ...open.map((i) => i.imageId)])];
  const failed: string[] = [];
  const begun: string[] = [];
  const tried = {
    'what was stopped': await starts(fork, who, region),
    'the group': await scalesOut(fork, who, region),
    ...(place === home ? { 'the pinned group': await pinnedScalesOut(fork, who, region) } : {}),
  };
  for (const ImageId of ids) {
    const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
    const role = `arn:aws:iam::${account}:role/Launcher`;
    const run = await who.send<{ Instances: { InstanceId: string }[] }>('ec2', region, 'RunInstances', input, role);
    if (run.ok) begun.push(run.value.Instances[0]?.InstanceId ?? '');
    else failed.push(`${ImageId} in ${account}/${region}: ${run.reason.says}`);
  }
  const LaunchTemplateData = { ImageId: current, InstanceType: 't3.micro' };
  const template = { LaunchTemplateName: 'trial' };
  await must(who.send('ec2', region, 'CreateLaunchTemplate', { ...template, LaunchTemplateData }));
  const group = { AutoScalingGroupName: 'trial', MinSize: 1, MaxSize: 1, AvailabilityZones: [`${region}a`] };
  await must(who.send('autoscaling', region, 'CreateAutoScalingGroup', { ...group, LaunchTemplate: template }));
  for (const ms of [120_000, 300_000]) {
    fork.clock.advance(ms);
    fork.kernel.settle();
  }
  const isOn = (id: string): boolean => there?.ec2.instances.get(id)?.state === 'running';
  failed.push(...begun.filter((id) => !isOn(id)).map((id) => `${id} in ${account}/${region} did not start`));
  for (const [what, outcome] of Object.entries(tried))
    if (typeof outcome === 'string' || !outcome())
      failed.push(`${what} in ${account}/${region}: ${typeof outcome === 'string' ? outcome : 'did not start'}`);
  const members = [...(there?.autoScaling.groups.get('trial')?.instances.keys() ?? [])];
  if (!members.some(isOn)) failed.push(`a group in ${account}/${region} has no instance from ${current}`);
  return { launches: ids.length + 1 + Object.keys(tried).length, failed };
}
