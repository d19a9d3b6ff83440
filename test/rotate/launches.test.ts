/**
 * While a key is rotated nobody's launch fails: not one, after any effect of any phase, whatever process dies where. After
 * each death another one on another machine goes on, and at the end all is as if nobody had died.
 */
import { beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/app/api.ts';
import type { Command } from '../../src/sim/kernel.ts';
import type { World } from '../../src/sim/world/world.ts';
import { applied, BUILDER, bakedImage, configOf, HOME, OTHER, testStage } from '../deliver/stage.ts';
import { type Snapshot, snapshotOf, Universe } from '../sim/universe.ts';
import { addTemplates, launchesThatFail, PLACES, settle, TEMPLATE } from './bystanders.ts';
import { type Rotated, rotated } from './stage.ts';

const REGIONS = [HOME, OTHER];
let base: { readonly snapshot: Snapshot; readonly config: string; readonly oldKey: string };

beforeAll(async () => {
  const stage = await testStage();
  const first = await bakedImage(stage, stage.builder, 'one');
  await addTemplates(stage, first);
  const more = { extra: '' };
  const of = (source: string): string =>
    configOf({ kubernetes: source }, more)
      .replace('current" }', `current", launchTemplates: [${TEMPLATE}] }`)
      .replace('current" ', `current", launchTemplates: [${TEMPLATE}] `);
  await applied(await stage.open(of(first)));
  const second = await bakedImage(stage, stage.builder, 'two');
  const config = of(second);
  expect((await applied(await stage.open(config))).result.failed).toEqual([]);
  await settle(stage);
  const snapshot = snapshotOf(stage.sim.world, stage.clock.nowMs());
  base = { snapshot, config, oldKey: keyIn(stage.sim.world, HOME)?.arn ?? '' };
});

function keyIn(world: World, region: string) {
  const kms = world.accounts.get(BUILDER)?.places.get(region)?.kms;
  return kms?.keys.get(kms.aliases.get('alias/amiport-images')?.targetKeyId ?? '');
}

/** What must hold in the world itself after every effect. */
function against(world: World, { operation }: Command): readonly string[] {
  const open = REGIONS.flatMap((r) => [...(world.regions.get(r)?.ec2.snapshots.values() ?? [])]).filter(
    (s) => s.ownerId === BUILDER && s.tags.get('amiport:step') === 'copy' && s.kmsKeyId === undefined,
  );
  return open.map((s) => `${s.snapshotId} is not encrypted (after ${operation})`);
}

/** The end as it should be: one open copy a version and Region under the new key, all pointers on the newest of them. */
function endOf(world: World): readonly string[] {
  return REGIONS.flatMap((region) => {
    const key = keyIn(world, region);
    const images = [...(world.regions.get(region)?.ec2.images.values() ?? [])].filter(
      (i) => i.tags.get('amiport:step') === 'copy',
    );
    const snapshots = world.regions.get(region)?.ec2.snapshots;
    const keyOf = (id: string | undefined): string | undefined => snapshots?.get(id ?? '')?.kmsKeyId;
    const shown = images
      .map(
        (i) =>
          `${i.state} ${keyOf(i.mappings[0]?.ebs?.snapshotId) === key?.arn ? 'new' : 'old'} ${i.launchPermissions.size}`,
      )
      .toSorted();
    const old = world.accounts
      .get(BUILDER)
      ?.places.get(region)
      ?.kms.keys.get(base.oldKey.split('/')[1] ?? '');
    const pointed = PLACES.filter((p) => p.region === region).map((p) => {
      const id = world.accounts
        .get(p.account)
        ?.places.get(region)
        ?.ssm.parameters.get('/golden/kubernetes/current')
        ?.versions.at(-1)?.value;
      const image = images.find((i) => i.imageId === id);
      return `${image?.state} ${keyOf(image?.mappings[0]?.ebs?.snapshotId) === key?.arn}`;
    });
    return [...shown, `old key ${old?.state}`, ...pointed];
  });
}

const END = REGIONS.flatMap(() => [
  'available new 2',
  'available new 2',
  'disabled old 0',
  'disabled old 0',
  'old key Disabled',
  'available true',
  'available true',
]);

const rotate = (session: Session): Promise<Rotated> => rotated(session);

test('no launch fails after any effect of a rotation', { timeout: 600_000 }, async () => {
  const violations: string[] = [];
  const moments: { readonly after: string; readonly at: Snapshot }[] = [];
  const universe = new Universe(base.snapshot, 1, (command) => {
    violations.push(...against(universe.world, command));
    moments.push({
      after: `${command.operation} ${command.region}`,
      at: snapshotOf(universe.world, universe.clock.nowMs()),
    });
  });
  expect(await universe.start().run(base.config, rotate)).toMatchObject({ end: { is: 'watching' } });
  expect(violations).toEqual([]);
  expect(endOf(universe.world)).toEqual(END);
  expect(moments.length).toBeGreaterThan(60);
  for (const [i, { after, at }] of moments.entries())
    expect({ i, after, failed: await launchesThatFail(at) }).toEqual({ i, after, failed: [] });
  expect(universe.bugs).toEqual([]);
});

test('a process that dies at any effect is followed by one that goes on', { timeout: 600_000 }, async () => {
  for (let diesAfter = 1; ; diesAfter++) {
    const universe = new Universe(base.snapshot, diesAfter, (command) =>
      expect(against(universe.world, command)).toEqual([]),
    );
    const ended = await universe.start(diesAfter).run(base.config, rotate);
    if (ended === 'died') {
      const failed = await launchesThatFail(snapshotOf(universe.world, universe.clock.nowMs()));
      expect({ diesAfter, failed }).toEqual({ diesAfter, failed: [] });
    }
    const next = ended === 'died' ? await universe.start().run(base.config, rotate) : ended;
    expect({ diesAfter, end: next === 'died' ? next : next.end.is }).toEqual({ diesAfter, end: 'watching' });
    expect({ diesAfter, end: endOf(universe.world) }).toEqual({ diesAfter, end: END });
    if (ended === 'died') continue;
    expect(diesAfter).toBeGreaterThan(60);
    return;
  }
});
