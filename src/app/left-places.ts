/** Parameters and canaries in user accounts that carry a delivery's tags. */
import { type Delivery, fillTemplate } from '../model/delivery.ts';
import type { Found, LeftResource } from './left-resource.ts';

export function parametersLeft(want: Delivery, found: Found): readonly LeftResource[] {
  return [...found.parameters].flatMap(([place, names]) => {
    const [account = '', region = ''] = place.split('/');
    return names.map((name): LeftResource => {
      const image = want.images.find(
        (i) => i.publish.ssm !== undefined && named(i.publish.ssm, i.name, account, region).test(name),
      );
      return {
        // Source: Service Authorization Reference, Systems Manager: the name follows `parameter` with one slash.
        arn: `arn:${want.partition}:ssm:${region}:${account}:parameter/${name.replace(/^\//, '')}`,
        kind: 'parameter',
        account,
        region,
        ...(image === undefined ? {} : { image: image.name }),
        orphan: image === undefined,
        ...(image === undefined ? { why: 'no image of the config publishes it' } : {}),
      };
    });
  });
}

/** A template with `{version}` names a new parameter for each version: all of them are its. */
function named(template: string, image: string, account: string, region: string): RegExp {
  const filled = fillTemplate(template, { image, account, region });
  const pattern = filled.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace('{version}', '[^/]+');
  return new RegExp(`^${pattern}$`);
}

/** A canary lives for minutes: one that is there when nobody launches any was left by a crash. */
export function canariesLeft(want: Delivery, found: Found): readonly LeftResource[] {
  return [...found.canaries].flatMap(([place, { instanceIds, groups, fleetIds }]) => {
    const [account = '', region = ''] = place.split('/');
    const arn = (service: string, resource: string) =>
      `arn:${want.partition}:${service}:${region}:${account}:${resource}`;
    const base = {
      account,
      region,
      orphan: true,
      why: 'a canary that was not cleaned up: amiport left --remove-canaries ends it, and so does the next amiport verify --canary',
    };
    return [
      ...instanceIds.map(
        (id): LeftResource => ({ arn: arn('ec2', `instance/${id}`), kind: 'canary-instance', ...base }),
      ),
      ...fleetIds.map((id): LeftResource => ({ arn: arn('ec2', `fleet/${id}`), kind: 'canary-fleet', ...base })),
      ...groups.map(
        (name): LeftResource => ({
          arn: arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${name}`),
          kind: 'canary-group',
          id: name,
          ...base,
        }),
      ),
    ];
  });
}
