import { expect, test } from 'vitest';
import { invariant } from '../../base/invariant.ts';
import { simForTests, type TestSim } from '../testing.ts';
import type { Image } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';
import { imageShapes } from './image-shape.ts';
import { permitLaunch } from './images.ts';
import { BUILDER, plantImage } from './testing.ts';

const imageShape = (ctx: Parameters<typeof imageShapes>[0], place: typeof BUILDER, image: Image) =>
  imageShapes(ctx, place, [image])[0];

function planted(sim: TestSim): Image {
  const image = regionOf(sim.world, BUILDER.region).ec2.images.get(plantImage(sim, BUILDER).imageId);
  invariant(image, 'just planted');
  return image;
}

const CHANGES: Readonly<Record<string, (image: Image) => void>> = {
  name: (image) => {
    image.name = 'other';
  },
  description: (image) => {
    image.description = 'other';
  },
  state: (image) => {
    image.state = 'disabled';
  },
  stateReason: (image) => {
    image.stateReason = { code: 'a', message: 'b' };
  },
  bootMode: (image) => {
    image.bootMode = 'uefi';
  },
  tpmSupport: (image) => {
    image.tpmSupport = 'v2.0';
  },
  imdsSupport: (image) => {
    image.imdsSupport = 'v2.0';
  },
  deprecateAtMs: (image) => {
    image.deprecateAtMs = 0;
  },
  deregistrationProtection: (image) => {
    image.deregistrationProtection = { state: 'enabled-without-cooldown' };
  },
  'a cooldown': (image) => {
    image.deregistrationProtection = { state: 'disabled', untilMs: Number.MAX_SAFE_INTEGER / 9 };
  },
  lastLaunchedMs: (image) => {
    image.lastLaunchedMs = 0;
  },
  'a tag': (image) => {
    image.tags.set('a', 'b');
  },
  'a tag less': (image) => {
    image.tags.delete('there');
  },
  'the value of a tag': (image) => {
    image.tags.set('there', 'other');
  },
};

test.each(Object.keys(CHANGES))('IMG-4 an image that was shown before is shown as it is now: %s', (what) => {
  const sim = simForTests();
  const image = planted(sim);
  image.tags.set('there', 'x');
  const ctx = { world: sim.world, nowMs: sim.clock.nowMs() };
  const before = imageShape(ctx, BUILDER, image);
  expect(imageShape(ctx, BUILDER, image)).toBe(before);
  CHANGES[what]?.(image);
  const after = imageShape(ctx, BUILDER, image);
  expect(after).not.toEqual(before);
  expect(after).toEqual(imageShape(ctx, BUILDER, { ...image }));
});

test('IMG-4 an image that was shown before is shown as it is now: shared with all', () => {
  const sim = simForTests();
  const image = planted(sim);
  const ctx = { world: sim.world, nowMs: sim.clock.nowMs() };
  expect(imageShape(ctx, BUILDER, image)?.Public).toBe(false);
  permitLaunch(sim, image, ['all']);
  expect(imageShape(ctx, BUILDER, image)?.Public).toBe(true);
});

test('IMG-11 an image without product codes has no list of them', () => {
  const sim = simForTests();
  const image = planted(sim);
  expect(imageShape({ world: sim.world, nowMs: 0 }, BUILDER, image)?.ProductCodes).toBeUndefined();
});
