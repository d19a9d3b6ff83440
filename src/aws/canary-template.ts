/** What canary groups and fleets launch from: a template of their own, in a subnet of the place. */
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { CanaryFleet } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { tagList } from './shapes.ts';

export const mappings = (keys: readonly { readonly deviceName: string; readonly kmsKeyId: string }[]) =>
  keys.map((k) => ({ DeviceName: k.deviceName, Ebs: { Encrypted: true, KmsKeyId: k.kmsKeyId } }));

export async function canaryTemplate(c: Connection, at: Place, want: CanaryFleet): Promise<Outcome<void>> {
  const { CreateLaunchTemplateCommand } = await import('@aws-sdk/client-ec2');
  const template = await c.send('ec2', at, 'ec2:CreateLaunchTemplate', (ec2) =>
    ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: want.name,
        TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList(want.tags) }],
        LaunchTemplateData: {
          ImageId: want.imageId,
          InstanceType: want.instanceType as never,
          ...(want.volumeKeys.length === 0 ? {} : { BlockDeviceMappings: mappings(want.volumeKeys) }),
          TagSpecifications: [
            { ResourceType: 'instance', Tags: tagList(want.tags) },
            { ResourceType: 'volume', Tags: tagList(want.tags) },
          ],
        },
      }),
    ),
  );
  return template.ok || refusedWith(template, 'InvalidLaunchTemplateName.AlreadyExistsException')
    ? done(undefined)
    : template;
}

/** The one that is wanted, else a default subnet of the place. */
export async function subnetOf(c: Connection, at: Place, wanted: string | undefined): Promise<Outcome<string>> {
  if (wanted !== undefined) return done(wanted);
  const { DescribeSubnetsCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:DescribeSubnets', (ec2) =>
    ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] })),
  );
  return answer.ok ? done(answer.value.Subnets?.[0]?.SubnetId ?? '') : answer;
}
