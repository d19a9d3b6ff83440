/**
 * A running world as a world file: what such a file can say. Loading it gives a world with the same accounts,
 * organization, roles, images and EBS settings; what is left out is counted, so that nobody takes it for a copy.
 */
import { stringify } from 'yaml';
import type { Role } from './iam.ts';
import type { Organization } from './organizations.ts';
import { DEFAULT_REGIONS } from './regions.ts';
import { DECLARED_SETTINGS, DEFAULT_SETTINGS } from './settings.ts';
import type { Account, PlaceState, World } from './world.ts';
import type { WorldFile } from './world-schema.ts';

const BASE_NAME = /^debian-12-(amd64|arm64)-\d+-\d+$/;

/** @param faults those that are on @returns YAML that begins with what it leaves out */
export function exportWorld(world: World, faults: WorldFile['faults'] = []): string {
  const file = worldFileOf(world, faults);
  const left = leftOut(world).map(([count, what]) => `#   ${count} ${what}\n`);
  const head =
    left.length === 0
      ? '# All of the world that was running.\n'
      : `# Not in this file, because world files cannot say it:\n${left.join('')}`;
  return head + stringify(file, { lineWidth: 120 });
}

function worldFileOf(world: World, faults: NonNullable<WorldFile['faults']>): WorldFile {
  const accounts = [...world.accounts.values()];
  const settings = DECLARED_SETTINGS.flatMap((key) =>
    DEFAULT_SETTINGS[key] === world.settings[key] ? [] : [[key, world.settings[key]] as const],
  );
  const roles = accounts.flatMap((account) => [...account.iam.roles.values()].map((role) => roleOf(account, role)));
  const images = imagesOf(world);
  const ebs = ebsOf(accounts);
  const topics = channelsOf(accounts, 'topics');
  const buses = channelsOf(accounts, 'buses');
  return {
    version: 1,
    ...(settings.length > 0 ? { settings: Object.fromEntries(settings) } : {}),
    ...(faults.length > 0 ? { faults } : {}),
    accounts: accounts.map(accountOf),
    ...(world.organization ? { organization: organizationOf(world, world.organization) } : {}),
    ...(roles.length > 0 ? { roles } : {}),
    baseImages: baseRegions(world),
    ...(images.length > 0 ? { images } : {}),
    ...(topics.length > 0 ? { topics } : {}),
    ...(buses.length > 0 ? { buses } : {}),
    ...(ebs.length > 0 ? { ebs } : {}),
  };
}

function accountOf({ id, name, secret, regions }: Account): WorldFile['accounts'][number] {
  const isDefault = regions.size === DEFAULT_REGIONS.length && DEFAULT_REGIONS.every((r) => regions.has(r));
  return {
    id,
    ...(name === id ? {} : { name }),
    ...(secret === 'test' ? {} : { secret }),
    ...(isDefault ? {} : { regions: [...regions] }),
  };
}

function organizationOf(world: World, o: Organization): NonNullable<WorldFile['organization']> {
  const nameOf = (unitId: string): string | undefined => o.units.get(unitId)?.name;
  const members = [...o.members.values()].flatMap(({ account, parentId }) => {
    const unit = nameOf(parentId);
    return unit === undefined ? [] : [[account, unit] as const];
  });
  const outside = [...world.accounts.keys()].filter((id) => !o.members.has(id));
  const policies = [...o.policies.values()].filter((p) => !p.awsManaged);
  const targetName = (id: string): string => (id === o.rootId ? 'root' : (nameOf(id) ?? id));
  return {
    management: o.managementAccount,
    id: o.id,
    root: o.rootId,
    ...(o.units.size > 0
      ? {
          units: [...o.units.values()].map(({ id, name, parentId }) => {
            const parent = nameOf(parentId);
            return { name, id, ...(parent === undefined ? {} : { parent }) };
          }),
        }
      : {}),
    ...(members.length > 0 ? { members: Object.fromEntries(members) } : {}),
    ...(outside.length > 0 ? { outside } : {}),
    ...(policies.length > 0
      ? {
          policies: policies.flatMap((p) => {
            const attach = [...o.attachments].flatMap(([target, ids]) => (ids.has(p.id) ? [targetName(target)] : []));
            const type = p.type === 'SERVICE_CONTROL_POLICY' ? ('scp' as const) : ('rcp' as const);
            return attach.length === 0 ? [] : [{ name: p.name, type, content: p.content, attach }];
          }),
        }
      : {}),
  };
}

function roleOf(account: Account, role: Role): NonNullable<WorldFile['roles']>[number] {
  const { inline, attached, boundary } = role.permissions.now;
  return {
    account: account.id,
    name: role.name,
    ...(role.path === '/' ? {} : { path: role.path }),
    trust: role.trust,
    ...(inline.size > 0 ? { policies: Object.fromEntries(inline) } : {}),
    ...(attached.length > 0 ? { attached: [...attached] } : {}),
    ...(boundary === undefined ? {} : { boundary }),
    ...(role.tags.size > 0 ? { tags: Object.fromEntries(role.tags) } : {}),
  };
}

const imagesIn = (world: World) => [...world.regions.values()].flatMap((r) => [...r.ec2.images.values()]);

const isBase = (world: World, image: { ownerId: string; name: string }): boolean =>
  !world.accounts.has(image.ownerId) && BASE_NAME.test(image.name);

function baseRegions(world: World): string[] {
  return [...new Set(imagesIn(world).flatMap((i) => (isBase(world, i) ? [i.region] : [])))];
}

/** World files know images of one unencrypted snapshot that anybody may have declared. */
function imagesOf(world: World): NonNullable<WorldFile['images']> {
  return imagesIn(world).flatMap((image) => {
    const [root, ...more] = image.mappings;
    const plain = image.state === 'available' && root?.ebs?.encrypted === false && more.length === 0;
    if (isBase(world, image) || !plain || root?.ebs === undefined) return [];
    const { launchPermissions: all } = image;
    const others = [...all].filter((to) => to !== 'all');
    return [
      {
        regions: [image.region],
        owner: image.ownerId,
        name: image.name,
        created: new Date(image.createdMs).toISOString(),
        ...(image.description === undefined ? {} : { description: image.description }),
        ...(image.architecture === 'arm64' ? { architecture: 'arm64' as const } : {}),
        sizeGiB: root.ebs.volumeSizeGiB,
        rootDeviceName: image.rootDeviceName,
        ...(all.has('all') ? { public: true } : {}),
        ...(others.length > 0 ? { sharedWith: others } : {}),
        ...(image.tags.size > 0 ? { tags: Object.fromEntries(image.tags) } : {}),
      },
    ];
  });
}

function ebsOf(accounts: readonly Account[]): NonNullable<WorldFile['ebs']> {
  return accounts.flatMap(({ id, places }) => {
    const regions = [...places].flatMap(([region, { ec2 }]) => (ec2.encryptionByDefault ? [region] : []));
    return regions.length === 0 ? [] : [{ accounts: [id], regions, encryptionByDefault: true }];
  });
}

function channelsOf(accounts: readonly Account[], kind: 'topics' | 'buses'): NonNullable<WorldFile['topics']> {
  return accounts.flatMap(({ id, places }) =>
    [...places].flatMap(([region, { messages }]) =>
      [...messages[kind].keys()]
        .filter((name) => kind === 'topics' || name !== 'default')
        .map((name) => ({ account: id, regions: [region], name })),
    ),
  );
}

const receivedIn = ({ messages }: PlaceState): number =>
  [...messages.topics.values(), ...messages.buses.values()].reduce((sum, c) => sum + c.received.length, 0);

function leftOut(world: World): readonly (readonly [number, string])[] {
  const accounts = [...world.accounts.values()];
  const places = accounts.flatMap((a) => [...a.places.values()]);
  const sum = (counts: readonly number[]): number => counts.reduce((total, n) => total + n, 0);
  const declared = imagesOf(world).length;
  const own = imagesIn(world).filter((i) => !isBase(world, i));
  const rows: readonly (readonly [number, string])[] = [
    [own.length - declared, 'images that are encrypted, of several devices, or not available'],
    [declared, 'contents of disks, and ids: images that are listed get others'],
    [sum(places.map((p) => p.kms.keys.size)), 'KMS keys, with their aliases and grants'],
    [sum(places.map((p) => p.ec2.instances.size)), 'instances'],
    [sum(places.map((p) => p.ec2.launchTemplates.size)), 'launch templates'],
    [sum(places.map((p) => p.ssm.parameters.size)), 'parameters'],
    [sum(places.map((p) => p.autoScaling.groups.size)), 'Auto Scaling groups'],
    [sum(places.map(receivedIn)), 'messages and events that topics and buses received'],
    [sum(accounts.map((a) => a.iam.users.size + a.iam.groups.size)), 'IAM users and groups'],
    [
      sum(accounts.map((a) => a.iam.policies.size + a.iam.instanceProfiles.size)),
      'managed policies, instance profiles',
    ],
    [sum(places.map((p) => p.ec2.volumes.size)), 'volumes'],
    [places.filter((p) => p.ec2.defaultKmsKeyId !== undefined).length, 'default keys of EBS encryption'],
    [world.tasks.length, 'pieces of work that were to be done later'],
    [world.sessions.size, 'sessions'],
    [world.events.length, 'events of the trail'],
  ];
  return rows.filter(([count]) => count > 0);
}
