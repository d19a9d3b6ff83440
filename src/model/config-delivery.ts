/** The config as it is in the file -> what is wanted. Only for a config without mistakes. */
import type { ConfigShape } from './config-shape.ts';
import { ROLE_ARN } from './config-words.ts';
import type {
  Delivery,
  DeliveryKey,
  Image,
  ImageSource,
  KeyReference,
  Launcher,
  Notify,
  VolumeKey,
} from './delivery.ts';
import { regionNamed } from './regions.ts';

type Shape = ConfigShape;
type LauncherShape = Shape['accounts'][number]['launchers'][number];

export function deliveryOf(config: Shape): Delivery {
  const partition = regionNamed(config.builder.region)?.partition ?? 'aws';
  const accounts = config.accounts.filter((entry) => 'id' in entry);
  const units = config.accounts.filter((entry) => 'organizationalUnit' in entry);
  const roles = accounts.flatMap(({ id, role }): [string, string][] => (role === undefined ? [] : [[id, role]]));
  return {
    name: config.delivery,
    partition,
    builder: config.builder,
    access: { role: config.access.role, roles: Object.fromEntries(roles), externalId: config.access.externalId },
    manage: config.manage,
    regions: config.regions,
    accounts: accounts.map((entry) => ({
      id: entry.id,
      name: entry.name,
      regions: entry.regions ?? config.regions,
      launchers: entry.launchers.map(launcherOf),
    })),
    organizationalUnits: units.map((entry) => ({
      id: entry.organizationalUnit,
      exclude: entry.exclude,
      regions: entry.regions ?? config.regions,
      launchers: entry.launchers.map(launcherOf),
    })),
    unitMembers: [],
    key: config.key && keyOf(config.key),
    images: Object.entries(config.images).map(([name, image]) => imageOf(name, image)),
    policy: { secrets: config.policy.secrets },
    organization: {
      account: config.organization.account ?? config.builder.account,
      guardrails: config.organization.guardrails,
      shareBy: config.organization.shareBy,
    },
    ...(config.notify === undefined ? {} : { notify: notifyOf(config.notify) }),
    canary: {
      instanceType: config.canary.instanceType,
      subnetTag: config.canary.subnetTag,
      maxCostUsd: config.canary.maxCost,
    },
  };
}

const notifyOf = ({ url, topic, bus, ...notify }: NonNullable<ConfigShape['notify']>): Notify => ({
  ...notify,
  ...(url === undefined ? {} : { url }),
  ...(topic === undefined ? {} : { topic }),
  ...(bus === undefined ? {} : { bus }),
});

function launcherOf(launcher: LauncherShape): Launcher {
  if (launcher === 'autoscaling') return { kind: 'autoscaling', suffix: undefined };
  if (typeof launcher === 'string') return { kind: launcher };
  if ('autoscaling' in launcher) return { kind: 'autoscaling', suffix: launcher.autoscaling };
  if ('karpenter' in launcher) return { kind: 'karpenter', ...roleParts(launcher.karpenter.role) };
  return { kind: 'role', ...roleParts(launcher.role) };
}

/** `Name`, `path/Name`, `/path/Name` or an ARN. */
function roleParts(text: string): { readonly name: string; readonly path: string } {
  const [, , , arnPath, arnName] = ROLE_ARN.exec(text) ?? [];
  if (arnName !== undefined) return { name: arnName, path: `/${arnPath ?? ''}` };
  const bare = text.replace(/^\//, '');
  const end = bare.lastIndexOf('/') + 1;
  return { name: bare.slice(end), path: `/${bare.slice(0, end)}` };
}

const reference = (text: string): KeyReference =>
  text.startsWith('arn:') ? { by: 'arn', arn: text } : { by: 'alias', alias: text };

function volumeKeyOf(text: string): VolumeKey {
  return text === 'account' || text === 'image' ? { by: text } : reference(text);
}

function keyOf(key: NonNullable<Shape['key']>): DeliveryKey {
  const rotation = key.rotation === false ? undefined : key.rotation;
  if ('arn' in key) return { reference: { by: 'arn', arn: key.arn }, multiRegion: key.multiRegion, rotation };
  const alias = `alias/${key.alias.replace(/^alias\//, '')}`;
  return { reference: { by: 'alias', alias }, multiRegion: key.multiRegion, rotation };
}

function imageOf(name: string, image: Shape['images'][string]): Image {
  return {
    name,
    source: sourceOf(image.source),
    way: image.way,
    volumeKey: volumeKeyOf(image.volumeKey),
    accountKey: image.accountKey === undefined ? undefined : reference(image.accountKey),
    publish: {
      ssm: image.publish.ssm,
      launchTemplates: image.publish.launchTemplates,
      setDefault: image.publish.setDefault,
      instanceRefresh: image.publish.instanceRefresh,
      canary: image.publish.canary,
    },
    keep: {
      versions: image.keep.versions,
      deprecateAfterDays: image.keep.deprecateAfterDays,
      graceDays: image.keep.graceDays,
    },
  };
}

function sourceOf(source: Shape['images'][string]['source']): ImageSource {
  if ('packer' in source) return { from: 'packer', template: source.packer, vars: source.vars };
  if ('manifest' in source) return { from: 'manifest', path: source.manifest };
  if ('ami' in source) return { from: 'ami', imageId: source.ami };
  return { from: 'ssm', parameter: source.ssm };
}
