/** From a checked world file to a world. Ids come from names, so that the same file always gives the same world. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { declareImage } from './declare-image.ts';
import { addBaseImages } from './default-world.ts';
import type { Role } from './iam.ts';
import { importDisk } from './import-disk.ts';
import { newAccount, newWorld, placeOf } from './make.ts';
import type { Organization } from './organizations.ts';
import { join, newOrganization, newUnit } from './organize.ts';
import { DEFAULT_REGIONS } from './regions.ts';
import type { Settings, World } from './world.ts';
import type { WorldFile } from './world-schema.ts';

export function buildWorld(file: WorldFile, folder: string): World {
  const world = newWorld({
    ...(file.seed === undefined ? {} : { seed: file.seed }),
    ...(file.settings ? { settings: given(file.settings) } : {}),
  });
  for (const { id, name, secret, regions, optIn } of file.accounts) {
    const on = [...(regions ?? DEFAULT_REGIONS), ...(optIn ?? [])];
    world.accounts.set(id, newAccount(id, name ?? id, on, secret ?? 'test'));
  }
  if (file.organization) addOrganization(world, file.organization);
  for (const role of file.roles ?? []) addRole(world, role);
  for (const rule of file.ebs ?? []) {
    for (const account of rule.accounts) {
      for (const region of rule.regions)
        placeOf(world, account, region).ec2.encryptionByDefault = rule.encryptionByDefault;
    }
  }
  addChannels(world, file);
  addBaseImages(world, baseRegions(world, file.baseImages));
  for (const image of file.images ?? []) addImage(world, image, folder);
  return world;
}

const given = (settings: Readonly<Record<string, number | undefined>>): Partial<Settings> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

function baseRegions(world: World, asked: WorldFile['baseImages']): Iterable<string> {
  if (asked === false) return [];
  if (Array.isArray(asked)) return asked;
  return new Set([...world.accounts.values()].flatMap((account) => [...account.regions]));
}

const hashOf = (text: string, digits: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, digits);

function addOrganization(world: World, file: NonNullable<WorldFile['organization']>): void {
  const rootId = file.root ?? 'r-ab12';
  const organization = newOrganization(file.management, { id: file.id ?? 'o-amiport001', rootId });
  world.organization = organization;
  const unitIds = new Map<string, string>();
  for (const { name, id, parent } of file.units ?? []) {
    const unitId = id ?? `ou-${rootId.slice(2)}-${hashOf(`unit/${name}`, 8)}`;
    unitIds.set(name, unitId);
    newUnit(organization, {
      id: unitId,
      name,
      parentId: parent === undefined ? rootId : (unitIds.get(parent) ?? rootId),
    });
  }
  for (const id of world.accounts.keys()) {
    if (file.outside?.includes(id)) continue;
    join(world, id, unitIds.get(file.members?.[id] ?? ''));
  }
  for (const policy of file.policies ?? []) addPolicy(organization, policy, unitIds);
}

type DeclaredPolicy = NonNullable<NonNullable<WorldFile['organization']>['policies']>[number];

function addPolicy(organization: Organization, policy: DeclaredPolicy, unitIds: ReadonlyMap<string, string>): void {
  const id = `p-${hashOf(`policy/${policy.name}`, 8)}`;
  organization.policies.set(id, {
    id,
    name: policy.name,
    description: '',
    type: policy.type === 'scp' ? 'SERVICE_CONTROL_POLICY' : 'RESOURCE_CONTROL_POLICY',
    content: textOf(policy.content),
    awsManaged: false,
  });
  for (const target of policy.attach) {
    const at = target === 'root' ? organization.rootId : (unitIds.get(target) ?? target);
    organization.attachments.set(at, new Set([...(organization.attachments.get(at) ?? []), id]));
  }
}

const textOf = (policy: string | Readonly<Record<string, unknown>>): string =>
  typeof policy === 'string' ? policy : JSON.stringify(policy);

function addRole(world: World, file: NonNullable<WorldFile['roles']>[number]): void {
  const path = file.path ?? '/';
  const permissions = {
    inline: new Map(Object.entries(file.policies ?? {}).map(([name, document]) => [name, textOf(document)])),
    attached: file.attached ?? [],
    boundary: file.boundary,
  };
  const role: Role = {
    arn: `arn:${world.partition}:iam::${file.account}:role${path}${file.name}`,
    roleId: `AROA${hashOf(`role/${file.account}/${path}${file.name}`, 17).toUpperCase()}`,
    name: file.name,
    path,
    description: undefined,
    trust: textOf(file.trust),
    permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
    maxSessionSeconds: 3600,
    createdMs: 0,
    tags: new Map(Object.entries(file.tags ?? {})),
    lastUsed: undefined,
  };
  world.accounts.get(file.account)?.iam.roles.set(file.name, role);
}

function addChannels(world: World, file: WorldFile): void {
  for (const { account, regions, name } of file.topics ?? [])
    for (const region of regions) {
      const arn = `arn:${world.partition}:sns:${region}:${account}:${name}`;
      placeOf(world, account, region).messages.topics.set(name, { arn, received: [] });
    }
  for (const { account, regions, name } of file.buses ?? [])
    for (const region of regions) {
      const arn = `arn:${world.partition}:events:${region}:${account}:event-bus/${name}`;
      placeOf(world, account, region).messages.buses.set(name, { arn, received: [] });
    }
}

const IMAGE_CREATED_MS = Date.UTC(2025, 0, 1);

function addImage(world: World, file: NonNullable<WorldFile['images']>[number], folder: string): void {
  const disk = file.disk === undefined ? undefined : importDisk(world, resolve(folder, file.disk));
  for (const region of file.regions) {
    declareImage(world, {
      region,
      owner: file.owner,
      name: file.name,
      createdMs: file.created === undefined ? IMAGE_CREATED_MS : Date.parse(file.created),
      sharedWith: [...(file.public ? ['all'] : []), ...(file.sharedWith ?? [])],
      ...(file.description === undefined ? {} : { description: file.description }),
      ...(file.architecture === undefined ? {} : { architecture: file.architecture }),
      ...(file.sizeGiB === undefined ? {} : { sizeGiB: file.sizeGiB }),
      ...(file.rootDeviceName === undefined ? {} : { rootDeviceName: file.rootDeviceName }),
      ...(file.tags === undefined ? {} : { tags: file.tags }),
      ...(disk === undefined ? {} : { disk }),
    });
  }
}
