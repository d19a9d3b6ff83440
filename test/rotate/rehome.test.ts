/** Volumes under the shared key are listed, and moved under their account's own key; killed at every effect nothing is lost. */
import { beforeAll, expect, test } from 'vitest';
import { applyPlan, rawSender, rehomePlan, type Session, volumeKeys } from '../../src/app/api.ts';
import type { World } from '../../src/sim/world/world.ts';
import { applied, bakedImage, configOf, FIRST, HOME, must, SECOND, silent, testStage } from '../deliver/stage.ts';
import { type Snapshot, snapshotOf, Universe } from '../sim/universe.ts';
import { keyNamed } from './stage.ts';

const WISH = { stop: false, deleteOld: false };
let base: {
  readonly snapshot: Snapshot;
  readonly config: string;
  readonly shared: string;
  /** Root and data volume of an instance that runs, the root of one that is stopped, and one that is attached to nothing. */
  readonly volumes: readonly string[];
  readonly running: string;
  readonly stopped: string;
  readonly bytes: readonly (string | undefined)[];
};

/** One account with an instance that runs, one that is stopped, a loose volume and a snapshot; all under the shared key. */
beforeAll(async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'one');
  const config = configOf({ kubernetes: source }, { extra: ', volumeKey: image' });
  expect((await applied(await stage.open(config))).result.failed).toEqual([]);
  const shared = keyNamed(stage.sim.world).arn;
  const { first } = stage;
  const current = stage.sim.world.accounts
    .get(FIRST)
    ?.places.get(HOME)
    ?.ssm.parameters.get('/golden/kubernetes/current');
  const role = `arn:aws:iam::${FIRST}:role/Launcher`;
  const BlockDeviceMappings = [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId: shared } }];
  const launch = {
    ImageId: current?.versions.at(-1)?.value,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    BlockDeviceMappings,
  };
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    const run = await must(
      first.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', launch, role),
    );
    ids.push(run.Instances[0]?.InstanceId ?? '');
  }
  stage.sim.advance(300_000);
  const [running = '', stopped = ''] = ids;
  const roots = await must(
    first.send<{ Volumes: { VolumeId: string; Attachments: { InstanceId: string }[]; AvailabilityZone: string }[] }>(
      'ec2',
      HOME,
      'DescribeVolumes',
      {
        Filters: [{ Name: 'attachment.instance-id', Values: ids }],
      },
    ),
  );
  const rootOf = (id: string) => roots.Volumes.find((v) => v.Attachments[0]?.InstanceId === id);
  const zone = rootOf(running)?.AvailabilityZone;
  const snap = await must(
    first.send<{ SnapshotId: string }>('ec2', HOME, 'CreateSnapshot', { VolumeId: rootOf(running)?.VolumeId }, role),
  );
  stage.sim.advance(600_000);
  const made: string[] = [];
  for (let i = 0; i < 2; i++) {
    const input = {
      SnapshotId: snap.SnapshotId,
      AvailabilityZone: zone,
      VolumeType: 'gp3',
      Encrypted: true,
      KmsKeyId: shared,
    };
    const volume = await must(first.send<{ VolumeId: string }>('ec2', HOME, 'CreateVolume', input, role));
    made.push(volume.VolumeId);
  }
  stage.sim.advance(120_000);
  const [data = '', loose = ''] = made;
  await must(
    first.send('ec2', HOME, 'AttachVolume', { VolumeId: data, InstanceId: running, Device: '/dev/sdf' }, role),
  );
  await must(first.send('ec2', HOME, 'StopInstances', { InstanceIds: [stopped] }));
  stage.sim.advance(300_000);
  const volumes = [rootOf(running)?.VolumeId ?? '', data, rootOf(stopped)?.VolumeId ?? '', loose];
  const snapshot = snapshotOf(stage.sim.world, stage.clock.nowMs());
  base = {
    snapshot,
    config,
    shared,
    volumes,
    running,
    stopped,
    bytes: volumes.map((v) => contentOf(stage.sim.world, v)),
  };
});

const ec2Of = (world: World) => world.accounts.get(FIRST)?.places.get(HOME)?.ec2;
const contentOf = (world: World, id: string): string | undefined => JSON.stringify(ec2Of(world)?.volumes.get(id)?.disk);

/** What stands for each volume: where it is, and under which key. */
function shown(world: World): readonly string[] {
  const all = [...(ec2Of(world)?.volumes.values() ?? [])];
  return base.volumes.map((old) => {
    const made = all.find((v) => v.tags.get('amiport:rehomes') === old);
    const key = made?.kmsKeyId === base.shared ? 'shared' : made?.kmsKeyId?.includes(FIRST) ? 'own' : 'none';
    return `${key} ${made?.attachment?.instanceId ?? 'loose'} ${made?.attachment?.device ?? ''} ${contentOf(world, made?.volumeId ?? '') === base.bytes[base.volumes.indexOf(old)]}`;
  });
}

const MOVED = () => [
  `own ${base.running} /dev/xvda true`,
  `own ${base.running} /dev/sdf true`,
  `own ${base.stopped} /dev/xvda true`,
  'own loose  true',
];
const statesOf = (world: World) => [base.running, base.stopped].map((id) => ec2Of(world)?.instances.get(id)?.state);

async function rehomed(session: Session, wish: Parameters<typeof rehomePlan>[1]): Promise<readonly string[]> {
  const plan = await rehomePlan(session, wish, silent);
  if (plan.steps.length === 0) return plan.blocked.map((b) => b.code);
  const outcome = await applyPlan(session, { plan }, silent);
  if (!outcome.ok) return [outcome.reason.says];
  return [...outcome.value.result.failed.map((f) => f.reason.says), ...outcome.value.result.notStarted];
}

test('what lies under the shared key is listed, moved while it is stopped, and deleted only where somebody consents', async () => {
  const universe = new Universe(base.snapshot, 1, () => {});
  await universe.start().run(base.config, async (session) => {
    const listed = await volumeKeys(session, silent);
    expect(listed.unreadable).toEqual([]);
    expect(listed.shared.map((s) => [s.account, s.region, s.key, s.openTo])).toEqual([
      [FIRST, HOME, base.shared, [FIRST, SECOND]],
    ]);
    expect(listed.shared[0]?.volumes.map((v) => v.id).toSorted()).toEqual(base.volumes.toSorted());
    expect(listed.shared[0]?.snapshots.length).toBe(1);
    const asked = await rehomePlan(session, WISH, silent);
    expect(asked.blocked.map((b) => b.code)).toEqual(['rehome.running', 'rehome.running']);
    expect(await rehomed(session, { ...WISH, stop: true })).toEqual([]);
    expect(shown(universe.world)).toEqual(MOVED());
    expect(statesOf(universe.world)).toEqual(['running', 'stopped']);
    const again = await rehomePlan(session, { ...WISH, stop: true }, silent);
    expect([again.steps.map((s) => s.do), again.notes.map((n) => n.code).toSorted()]).toEqual([
      ['delete-snapshot', 'delete-snapshot', 'delete-snapshot', 'delete-snapshot'],
      [...base.volumes.map(() => 'rehome.old.volume'), 'rehome.old.snapshot'].toSorted(),
    ]);
    expect(await rehomed(session, { stop: false, deleteOld: true })).toEqual([]);
    expect(base.volumes.filter((v) => ec2Of(universe.world)?.volumes.has(v))).toEqual([]);
    expect((await volumeKeys(session, silent)).shared).toEqual([]);
  });
  expect(universe.bugs).toEqual([]);
});

test('an account that cannot be entered: the grants on the key name its attached volumes, and it stays unreadable', async () => {
  const universe = new Universe(base.snapshot, 1, () => {});
  universe.world.accounts.get(FIRST)?.iam.roles.delete('amiport');
  await universe.start().run(base.config, async (session) => {
    const { shared, unreadable } = await volumeKeys(session, silent);
    expect(shared.map((s) => [s.account, s.region, s.key, s.toldBy])).toEqual([[FIRST, HOME, base.shared, 'grants']]);
    const attached = base.volumes.slice(0, 2).map((id) => ({ id, instance: base.running }));
    expect(shared[0]?.volumes.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(
      attached.toSorted((a, b) => a.id.localeCompare(b.id)),
    );
    expect(unreadable.map((r) => r.code)).toContain('rehome.unreadable');
    expect(unreadable.some((r) => r.subject === `${FIRST}/${HOME}`)).toBe(true);
  });
});

test('a group and its warm pool are replaced where their volumes lie under a key that was opened, though their template did not change', async () => {
  const universe = new Universe(base.snapshot, 1, () => {});
  const one = universe.start();
  const who = rawSender({ requestHandler: one.handler }, FIRST, universe.clock);
  const wait = (ms: number): void => {
    universe.clock.advance(ms);
    universe.kernel.settle();
  };
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const made = await must(who.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', { Policy }));
  const opened = made.KeyMetadata.Arn;
  await must(who.send('ec2', HOME, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: opened }));
  const current = universe.world.accounts
    .get(FIRST)
    ?.places.get(HOME)
    ?.ssm.parameters.get('/golden/kubernetes/current');
  const LaunchTemplateData = { ImageId: current?.versions.at(-1)?.value, InstanceType: 't3.micro' };
  await must(who.send('ec2', HOME, 'CreateLaunchTemplate', { LaunchTemplateName: 'pool', LaunchTemplateData }));
  const group = {
    AutoScalingGroupName: 'pool',
    LaunchTemplate: { LaunchTemplateName: 'pool', Version: '$Latest' },
    MinSize: 1,
    MaxSize: 2,
    AvailabilityZones: [`${HOME}a`],
  };
  await must(who.send('autoscaling', HOME, 'CreateAutoScalingGroup', group));
  await must(who.send('autoscaling', HOME, 'PutWarmPool', { AutoScalingGroupName: 'pool' }));
  await must(who.send('autoscaling', HOME, 'CreateAutoScalingGroup', { ...group, AutoScalingGroupName: 'second' }));
  wait(600_000);
  await must(who.send('ec2', HOME, 'ResetEbsDefaultKmsKeyId', {}));
  const Ebs = { Encrypted: true, KmsKeyId: opened };
  const keyed = {
    LaunchTemplateName: 'keyed',
    LaunchTemplateData: { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs }] },
  };
  await must(who.send('ec2', HOME, 'CreateLaunchTemplate', keyed));
  await one.run(base.config, async (session) => {
    const held = await rehomePlan(session, { ...WISH, stop: true }, silent);
    expect(held.steps.filter((s) => s.do === 'refresh-instances')).toEqual([]);
    expect(held.blocked.map((b) => b.code)).toEqual(['rehome.template-names-key']);
    await must(who.send('ec2', HOME, 'DeleteLaunchTemplate', { LaunchTemplateName: 'keyed' }));
    const groups = (await rehomePlan(session, { ...WISH, stop: true }, silent)).steps.filter(
      (s) => s.do === 'refresh-instances',
    );
    // One after the other.
    expect([groups.length, groups[0]?.needs, groups[1]?.needs]).toEqual([2, [], [groups[0]?.id]]);
    const listed = (await volumeKeys(session, silent)).shared.find((s) => s.key === opened);
    expect(listed?.openTo).toEqual(['everyone']);
    expect(listed?.volumes.map((v) => [v.group, v.instanceState]).toSorted()).toEqual([
      ['pool', 'running'],
      ['pool', 'stopped'],
      ['second', 'running'],
    ]);
    expect(await rehomed(session, { ...WISH, stop: true })).toEqual([]);
    await session.clock.sleep(600_000);
    expect((await volumeKeys(session, silent)).shared.filter((s) => s.key === opened)).toEqual([]);
  });
  const pool = universe.world.accounts.get(FIRST)?.places.get(HOME)?.autoScaling.groups.get('pool');
  expect([pool?.instances.size, pool?.warmPool?.instances.size]).toEqual([1, 1]);
  expect(universe.bugs).toEqual([]);
});

test('killed at any effect, the next run goes on: every volume is moved once, and what ran runs', {
  timeout: 300_000,
}, async () => {
  for (let diesAfter = 1; ; diesAfter++) {
    const universe = new Universe(base.snapshot, diesAfter, () => {});
    const wish = { stop: true, deleteOld: false };
    const ended = await universe.start(diesAfter).run(base.config, (session) => rehomed(session, wish));
    if (ended === 'died') {
      universe.clock.advance(600_000);
      universe.kernel.settle();
      expect({ diesAfter, next: await universe.start().run(base.config, (s) => rehomed(s, wish)) }).toEqual({
        diesAfter,
        next: [],
      });
    }
    expect({ diesAfter, shown: shown(universe.world) }).toEqual({ diesAfter, shown: MOVED() });
    expect({ diesAfter, states: statesOf(universe.world) }).toEqual({ diesAfter, states: ['running', 'stopped'] });
    const made = [...(ec2Of(universe.world)?.volumes.values() ?? [])].filter((v) => v.tags.has('amiport:rehomes'));
    expect({ diesAfter, made: made.length }).toEqual({ diesAfter, made: base.volumes.length });
    if (ended !== 'died') return expect(diesAfter).toBeGreaterThan(20);
  }
});
