/**
 * The world that is there when none is described: one organization of three accounts and a public
 * base image of another owner in every Region that is on by default.
 */
import { BASE_DISKS } from './base-disk.ts';
import { declareImage } from './declare-image.ts';
import { newAccount, newWorld } from './make.ts';
import { join, newOrganization } from './organize.ts';
import { DEBIAN } from './public-parameters.ts';
import { DEFAULT_REGIONS } from './regions.ts';
import type { Settings, World } from './world.ts';

const BUILDER = '111111111111';
const DEFAULT_ACCOUNTS: readonly { readonly id: string; readonly name: string }[] = [
  { id: BUILDER, name: 'builder' },
  { id: '222222222222', name: 'user-one' },
  { id: '333333333333', name: 'user-two' },
];

const BASE_CREATED_MS = Date.UTC(2025, 10, 3);

/** A public base image in each Region, x86_64 and arm64. */
export function addBaseImages(world: World, regions: Iterable<string>): void {
  for (const region of regions) {
    for (const [arch, architecture] of [
      ['amd64', 'x86_64'],
      ['arm64', 'arm64'],
    ] as const) {
      declareImage(world, {
        region,
        owner: DEBIAN,
        name: `debian-12-${arch}-20251103-2282`,
        description: `Debian 12 (20251103-2282, ${arch})`,
        createdMs: BASE_CREATED_MS,
        architecture,
        disk: BASE_DISKS[arch],
        sharedWith: ['all'],
      });
    }
  }
}

export function defaultWorld(options: { readonly seed?: number; readonly settings?: Partial<Settings> } = {}): World {
  const world = newWorld(options);
  for (const { id, name } of DEFAULT_ACCOUNTS) world.accounts.set(id, newAccount(id, name, DEFAULT_REGIONS));
  world.organization = newOrganization(BUILDER, { id: 'o-amiport001', rootId: 'r-ab12' });
  for (const { id } of DEFAULT_ACCOUNTS) join(world, id);
  addBaseImages(world, DEFAULT_REGIONS);
  return world;
}
