/** The world of the demo: the simulator's own, and a base image of the builder whose disk is a real file system with a real mistake on it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { importDisk } from '../../sim/ec2/disk-import.ts';
import { declareImage } from '../../sim/world/declare-image.ts';
import { defaultWorld } from '../../sim/world/default-world.ts';
import type { World } from '../../sim/world/world.ts';
import { examplesFolder } from './examples.ts';
import { BUILDER, HOME } from './stage.ts';

export const WEB_BASE = 'web-base';

export function demoWorld(): World {
  const world = defaultWorld();
  const disk = importDisk(world, [gunzipSync(readFileSync(join(examplesFolder(), 'images', 'web-base.raw.gz')))]);
  declareImage(world, { region: HOME, owner: BUILDER, name: WEB_BASE, createdMs: Date.UTC(2025, 10, 24), disk });
  return world;
}
