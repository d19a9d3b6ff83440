/** The effective config, defaults filled in, in the form of the file: reading it again gives the same Delivery. */
import type { Delivery, Image, ImageSource, KeyReference, Launcher, VolumeKey } from './delivery.ts';

type Plain = Readonly<Record<string, unknown>>;

export function showConfig(delivery: Delivery): Plain {
  const { access, builder, key, canary } = delivery;
  return withoutUndefined({
    version: 1,
    delivery: delivery.name,
    builder: { account: builder.account, region: builder.region },
    access: { role: access.role, externalId: access.externalId },
    manage: { ...delivery.manage },
    regions: delivery.regions,
    accounts: [
      ...delivery.accounts.map(({ id, name, regions, launchers }) => ({
        id,
        name,
        role: access.roles[id],
        regions,
        launchers: launchers.map(launcherShape),
      })),
      ...delivery.organizationalUnits.map(({ id, exclude, regions, launchers }) => ({
        organizationalUnit: id,
        exclude: exclude.length === 0 ? undefined : exclude,
        regions,
        launchers: launchers.map(launcherShape),
      })),
    ],
    key: key && {
      ...(key.reference.by === 'alias' ? { alias: key.reference.alias } : { arn: key.reference.arn }),
      multiRegion: key.multiRegion,
      rotation: key.rotation ?? false,
    },
    images: Object.fromEntries(delivery.images.map((image) => [image.name, imageShape(image)])),
    policy: { secrets: delivery.policy.secrets },
    organization: { ...delivery.organization },
    notify: delivery.notify,
    canary: { instanceType: canary.instanceType, subnetTag: canary.subnetTag, maxCost: canary.maxCostUsd },
  });
}

function launcherShape(launcher: Launcher): unknown {
  switch (launcher.kind) {
    case 'role':
      return { role: `${launcher.path}${launcher.name}`.replace(/^\/([^/]+)$/, '$1') };
    case 'karpenter':
      return { karpenter: { role: `${launcher.path}${launcher.name}`.replace(/^\/([^/]+)$/, '$1') } };
    case 'autoscaling':
      return launcher.suffix === undefined ? 'autoscaling' : { autoscaling: launcher.suffix };
    default:
      return launcher.kind;
  }
}

const keyText = (key: KeyReference): string => (key.by === 'alias' ? key.alias : key.arn);
const volumeKeyText = (key: VolumeKey): string => (key.by === 'account' || key.by === 'image' ? key.by : keyText(key));

function imageShape(image: Image): Plain {
  return {
    source: sourceShape(image.source),
    way: image.way,
    volumeKey: volumeKeyText(image.volumeKey),
    accountKey: image.accountKey && keyText(image.accountKey),
    publish: image.publish,
    keep: image.keep,
  };
}

function sourceShape(source: ImageSource): Plain {
  switch (source.from) {
    case 'packer':
      return { packer: source.template, vars: source.vars };
    case 'manifest':
      return { manifest: source.path };
    case 'ami':
      return { ami: source.imageId };
    case 'ssm':
      return { ssm: source.parameter };
  }
}

const withoutUndefined = (value: Plain): Plain => JSON.parse(JSON.stringify(value)) as Plain;
