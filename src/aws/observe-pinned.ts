/**
 * Who keeps to an image that no default or latest version of a launch template names any more: Auto Scaling groups and EC2
 * Fleets on a version by its number, fleets that name the image themselves, and launch configurations.
 * Sources: Auto Scaling API Reference "DescribeLaunchConfigurations", EC2 API Reference "DescribeFleets".
 */
import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Consumer } from '../model/census.ts';
import type { Connection } from './connection.ts';

/** By a version of a template, or by the image itself. */
interface Pin {
  readonly kind: Consumer['kind'];
  readonly id: string;
  readonly on: { readonly template: string; readonly version: string } | { readonly imageId: string };
}

export async function pinnedConsumers(
  c: Connection,
  at: Place,
  wanted: ReadonlySet<string>,
): Promise<Outcome<readonly Consumer[]>> {
  const looks = await Promise.all([
    c.send('autoscaling', at, 'autoscaling:DescribeAutoScalingGroups', groups),
    c.send('autoscaling', at, 'autoscaling:DescribeLaunchConfigurations', launchConfigurations),
    c.send('ec2', at, 'ec2:DescribeFleets', fleets),
  ]);
  const pins: Pin[] = [];
  for (const look of looks) {
    if (!look.ok) return look;
    pins.push(...look.value);
  }
  const images = await imagesOfVersions(c, at, pins);
  if (!images.ok) return images;
  const found: Consumer[] = [];
  for (const { kind, id, on } of pins) {
    const imageId = 'imageId' in on ? on.imageId : (images.value.get(versionKey(on)) ?? '');
    if (wanted.has(imageId)) found.push({ imageId, kind, id, ...at });
  }
  return done(found);
}

const versionKey = (on: { readonly template: string; readonly version: string }): string =>
  `${on.template} ${on.version}`;

/** `$Default` and `$Latest` are in the answer on templates. */
const isNumber = (version: string | undefined): version is string =>
  version !== undefined && version !== '' && !version.startsWith('$');

async function groups(client: AutoScalingClient): Promise<readonly Pin[]> {
  const { paginateDescribeAutoScalingGroups } = await import('@aws-sdk/client-auto-scaling');
  const pins: Pin[] = [];
  for await (const page of paginateDescribeAutoScalingGroups({ client }, {})) {
    for (const g of page.AutoScalingGroups ?? []) {
      const policy = g.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
      const { LaunchTemplateId: template, Version: version } = g.LaunchTemplate ?? policy ?? {};
      if (template !== undefined && isNumber(version))
        pins.push({ kind: 'auto-scaling-group', id: g.AutoScalingGroupName ?? '', on: { template, version } });
    }
  }
  return pins;
}

async function launchConfigurations(client: AutoScalingClient): Promise<readonly Pin[]> {
  const { paginateDescribeLaunchConfigurations } = await import('@aws-sdk/client-auto-scaling');
  const pins: Pin[] = [];
  for await (const page of paginateDescribeLaunchConfigurations({ client }, {}))
    for (const l of page.LaunchConfigurations ?? [])
      pins.push({
        kind: 'launch-configuration',
        id: l.LaunchConfigurationName ?? '',
        on: { imageId: l.ImageId ?? '' },
      });
  return pins;
}

/** Of type instant are launched once, and are not in the answer. */
const LIVE_FLEETS = ['submitted', 'active', 'modifying'];

async function fleets(client: EC2Client): Promise<readonly Pin[]> {
  const { paginateDescribeFleets } = await import('@aws-sdk/client-ec2');
  const pins: Pin[] = [];
  const Filters = [{ Name: 'fleet-state', Values: LIVE_FLEETS }];
  for await (const page of paginateDescribeFleets({ client }, { Filters })) {
    for (const f of page.Fleets ?? []) {
      const id = f.FleetId ?? '';
      for (const { LaunchTemplateSpecification: spec, Overrides } of f.LaunchTemplateConfigs ?? []) {
        const { LaunchTemplateId, LaunchTemplateName, Version: version } = spec ?? {};
        const template = LaunchTemplateId ?? LaunchTemplateName;
        if (template !== undefined && isNumber(version)) pins.push({ kind: 'fleet', id, on: { template, version } });
        for (const { ImageId: imageId } of Overrides ?? [])
          if (imageId !== undefined) pins.push({ kind: 'fleet', id, on: { imageId } });
      }
    }
  }
  return pins;
}

/** Each version is read once, whoever keeps to it. */
async function imagesOfVersions(
  c: Connection,
  at: Place,
  pins: readonly Pin[],
): Promise<Outcome<ReadonlyMap<string, string>>> {
  const { DescribeLaunchTemplateVersionsCommand } = await import('@aws-sdk/client-ec2');
  const images = new Map<string, string>();
  for (const { on } of pins) {
    if (!('template' in on) || images.has(versionKey(on))) continue;
    const { template, version } = on;
    const by = template.startsWith('lt-') ? { LaunchTemplateId: template } : { LaunchTemplateName: template };
    const answer = await c.send('ec2', at, 'ec2:DescribeLaunchTemplateVersions', (ec2) =>
      ec2.send(new DescribeLaunchTemplateVersionsCommand({ ...by, Versions: [version] })),
    );
    if (!answer.ok) return answer;
    images.set(versionKey(on), answer.value.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.ImageId ?? '');
  }
  return done(images);
}
