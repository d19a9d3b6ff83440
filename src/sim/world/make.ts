/** Makes empty worlds, accounts and places; everything starts here so that all shapes are complete. */
import { Fault } from '../operation.ts';
import { REGION_ZONES } from './regions.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { Account, PlaceState, Region, Settings, World } from './world.ts';

export function newWorld(options: { readonly seed?: number; readonly settings?: Partial<Settings> } = {}): World {
  return {
    partition: 'aws',
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    idState: (options.seed ?? 1) >>> 0,
    accounts: new Map(),
    regions: new Map(),
    organization: undefined,
    sessions: new Map(),
    blocks: new Map(),
    tasks: [],
    taskSeq: 0,
    events: [],
  };
}

export function newAccount(id: string, name: string, regions: Iterable<string>, secret = 'test'): Account {
  return {
    id,
    name,
    secret,
    iam: { roles: new Map(), users: new Map(), groups: new Map(), policies: new Map(), instanceProfiles: new Map() },
    regions: new Set(regions),
    places: new Map(),
  };
}

/** The Region's shared state, made when first touched. */
export function regionOf(world: World, name: string): Region {
  const there = world.regions.get(name);
  if (there) return there;
  const zones = REGION_ZONES[name];
  if (!zones) throw new Fault('InvalidRegion', `Region '${name}' does not exist`);
  const made: Region = {
    name,
    zones: zones.map((letter) => `${name}${letter}`),
    ec2: {
      images: new Map(),
      imagesByOwner: new Map(),
      imagesByPermission: new Map(),
      snapshots: new Map(),
      snapshotsByOwner: new Map(),
      snapshotsByPermission: new Map(),
      imagesBySnapshot: new Map(),
    },
  };
  world.regions.set(name, made);
  return made;
}

export function accountOf(world: World, id: string): Account {
  const account = world.accounts.get(id);
  if (!account) throw new Fault('InvalidClientTokenId', 'The security token included in the request is invalid.', 403);
  return account;
}

/** What `account` has in `region`, made when first touched. */
export function placeOf(world: World, account: string, region: string): PlaceState {
  const owner = accountOf(world, account);
  const there = owner.places.get(region);
  if (there) return there;
  const made = emptyPlace();
  owner.places.set(region, made);
  return made;
}

function emptyPlace(): PlaceState {
  return {
    ec2: {
      volumes: new Map(),
      instances: new Map(),
      launchTemplates: new Map(),
      keyPairs: new Map(),
      securityGroups: new Map(),
      vpcs: new Map(),
      subnets: new Map(),
      fleets: new Map(),
      tokens: new Map(),
      encryptionByDefault: false,
      defaultKmsKeyId: undefined,
      imageBlockPublicAccess: { state: 'unblocked', effectiveAtMs: 0 },
      snapshotBlockPublicAccess: 'unblocked',
      allowedImages: { state: 'disabled', criteria: [] },
      usageReports: new Map(),
      sharedTags: new Map(),
    },
    kms: { keys: new Map(), aliases: new Map() },
    ssm: { parameters: new Map() },
    autoScaling: { groups: new Map() },
    messages: { topics: new Map(), buses: new Map() },
  };
}
