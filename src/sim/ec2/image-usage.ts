/**
 * Who uses an image in one place. Source: EC2 User Guide "Identify your resources referencing specified AMIs",
 * "View your AMI usage"; ASG-9.
 */
import type { Ec2Place, Instance } from '../world/ec2.ts';

/** Launch templates, one of whose newest `depth` versions names the image. */
export function templatesUsing(ec2: Ec2Place, imageId: string, depth: number): string[] {
  const using: string[] = [];
  for (const template of ec2.launchTemplates.values()) {
    const newest = [...template.versions.values()].toSorted((a, b) => b.version - a.version).slice(0, depth);
    if (newest.some(({ data }) => data.ImageId === imageId)) using.push(template.launchTemplateId);
  }
  return using;
}

/** Instances of the image that are not terminated, in one of `states` if any are named. */
export function instancesUsing(ec2: Ec2Place, imageId: string, states?: readonly string[]): Instance[] {
  return [...ec2.instances.values()].filter(
    (instance) =>
      instance.imageId === imageId &&
      (states
        ? states.includes(instance.state)
        : instance.state !== 'terminated' && instance.state !== 'shutting-down'),
  );
}
