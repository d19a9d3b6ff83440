/**
 * The world that is there when none is described: one organization of three accounts and a public
 * base image of another owner in every Region that is on by default.
 */
import { newAccount, newWorld } from './make.ts';
import { join, newOrganization } from './organize.ts';
import { DEFAULT_REGIONS } from './regions.ts';
import type { Settings, World } from './world.ts';

export const BUILDER = '111111111111';
export const DEFAULT_ACCOUNTS: readonly { readonly id: string; readonly name: string }[] = [
  { id: BUILDER, name: 'builder' },
  { id: '222222222222', name: 'user-one' },
  { id: '333333333333', name: 'user-two' },
];

export function defaultWorld(options: { readonly seed?: number; readonly settings?: Partial<Settings> } = {}): World {
  const world = newWorld(options);
  for (const { id, name } of DEFAULT_ACCOUNTS) world.accounts.set(id, newAccount(id, name, DEFAULT_REGIONS));
  world.organization = newOrganization(BUILDER, { id: 'o-amiport001', rootId: 'r-ab12' });
  for (const { id } of DEFAULT_ACCOUNTS) join(world, id);
  return world;
}
