/** Whatever is done to images and snapshots, the indexes say what a look at everything would say. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simForTests, type TestSim } from '../testing.ts';
import { regionOf } from '../world/make.ts';
import {
  forbidLaunch,
  mayLaunch,
  permitLaunch,
  putImage,
  removeImage,
  snapshotIdsOf,
  visibleImages,
} from './images.ts';
import { forbidVolumes, mayRead, permitVolumes, removeSnapshot, visibleSnapshots } from './snapshots.ts';
import { BUILDER, plantImage, USER, USER_TWO } from './testing.ts';

const PLACES = [BUILDER, USER, USER_TWO];
const WHOM = [
  ...PLACES.map((place) => place.account),
  'all',
  'arn:aws:organizations::111111111111:organization/o-amiport001',
];

const step = fc.record({
  do: fc.constantFrom(
    'plant',
    'permit',
    'forbid',
    'remove',
    'put back',
    'permit volumes',
    'forbid volumes',
    'remove snapshot',
  ),
  which: fc.nat(20),
  place: fc.constantFrom(...PLACES),
  whom: fc.subarray(WHOM),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function carryOut(sim: TestSim, { do: what, which, place, whom }: Step): void {
  const { images, snapshots } = regionOf(sim.world, BUILDER.region).ec2;
  const image = [...images.values()][which % Math.max(1, images.size)];
  const snapshot = [...snapshots.values()][which % Math.max(1, snapshots.size)];
  if (what === 'plant') plantImage(sim, place);
  if (image && what === 'permit') permitLaunch(sim, image, whom);
  if (image && what === 'forbid') forbidLaunch(sim, image, whom);
  if (image && what === 'remove') removeImage(sim, image);
  if (image && what === 'put back') {
    removeImage(sim, image);
    putImage(sim, image);
  }
  if (snapshot && what === 'permit volumes') permitVolumes(sim, snapshot, whom);
  if (snapshot && what === 'forbid volumes') forbidVolumes(sim, snapshot, whom);
  if (snapshot && what === 'remove snapshot') removeSnapshot(sim, snapshot);
}

test('IMG-4, SNAP-6: what an account sees by index is what it may see', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const sim = simForTests({ operations: [], tasks: [] });
      for (const one of steps) carryOut(sim, one);
      const { ec2 } = regionOf(sim.world, BUILDER.region);
      const ctx = { world: sim.world, nowMs: sim.clock.nowMs() };
      for (const place of PLACES) {
        const images = [...ec2.images.values()].filter((image) => mayLaunch(sim.world, image, place.account));
        expect(new Set(visibleImages(ctx, place))).toEqual(new Set(images));
        const snapshots = [...ec2.snapshots.values()].filter((snapshot) => mayRead(sim.world, snapshot, place.account));
        expect(new Set(visibleSnapshots(ctx, place))).toEqual(new Set(snapshots));
      }
      const used = [...ec2.images.values()].flatMap((image) =>
        snapshotIdsOf(image).map((id) => `${id} ${image.imageId}`),
      );
      const indexed = [...ec2.imagesBySnapshot].flatMap(([id, images]) => [...images].map((image) => `${id} ${image}`));
      expect(indexed.toSorted()).toEqual(used.toSorted());
    }),
    { numRuns: 300 },
  );
});
