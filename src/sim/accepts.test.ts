/** A parameter that is accepted is read somewhere: what has no effect is refused by name, never taken in silence. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as autoscaling from '@aws-sdk/client-auto-scaling';
import { expect, test } from 'vitest';
import { OPERATIONS } from './registry.ts';
import { simForTests } from './testing.ts';

const ROOT = import.meta.dirname;
const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/(\.test|testing)\.ts$/.test(path))
  .map((path) => join(ROOT, path));
const texts = new Map(files.map((path) => [path, readFileSync(path, 'utf8')]));

/** Code without comments and without the lists of what is accepted: texts in quotes name, they do not read. */
const code = new Map(
  [...texts].map(([path, text]) => [path, text.replace(/'[^'\n]*'|"[^"\n]*"|^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')]),
);

/** The file and all that it imports from the simulator. */
function reach(path: string, seen = new Set<string>()): Set<string> {
  const text = texts.get(path);
  if (text === undefined || seen.has(path)) return seen;
  seen.add(path);
  for (const [, to = ''] of text.matchAll(/from '(\.[^']+)'/g)) reach(join(dirname(path), to), seen);
  return seen;
}

/** Whatever their value, the simulator's answer is AWS's. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  'ebs.PutSnapshotBlock Progress': 'a hint of the writer',
  'ec2.CopySnapshot PresignedUrl': 'SDKs add it, AWS needs it no more',
  'ec2.CreateImage NoReboot': 'nothing runs in an instance',
  'ec2.DetachVolume Force': 'nothing runs in an instance',
  'ec2.StopInstances Force': 'nothing runs in an instance',
  'ec2.StopInstances SkipOsShutdown': 'nothing runs in an instance',
  'ec2.TerminateInstances Force': 'nothing runs in an instance',
  'ec2.TerminateInstances SkipOsShutdown': 'nothing runs in an instance',
  'ec2.GetConsoleOutput Latest': 'the output of an instance does not change',
  'ec2.DescribeAvailabilityZones AllAvailabilityZones': 'every zone that is there is opted in',
  'ec2.DescribeInstances IncludeManagedResources': 'no instance is managed by a service provider',
  'ec2.DescribeInstanceStatus IncludeManagedResources': 'no instance is managed by a service provider',
};

test('what an operation accepts is read by its code', () => {
  const unread: string[] = [];
  for (const { name, accepts } of OPERATIONS) {
    const folder = join(ROOT, 'ops', name.split('.')[0] ?? '');
    const own = files.filter((path) => path.startsWith(folder));
    // Some names are put together from parts: then any file of the service may be the one.
    const home = own.filter((path) => texts.get(path)?.includes(`'${name}'`));
    const all = (home.length > 0 ? home : own).flatMap((path) => [...reach(path)].map((to) => code.get(to) ?? ''));
    for (const member of accepts) {
      const reads = new RegExp(`[.?]${member}\\b|[{,]\\s*${member}\\b`);
      if (!all.some((text) => reads.test(text))) unread.push(`${name} ${member}`);
    }
  }
  expect(unread.toSorted()).toEqual(Object.keys(WITHOUT_EFFECT).toSorted());
});

const AutoScalingGroupName = 'g';
const HealthStatus = 'Unhealthy';
test.each([
  {
    command: autoscaling.SetDesiredCapacityCommand,
    member: 'HonorCooldown',
    input: { AutoScalingGroupName, DesiredCapacity: 1 },
  },
  {
    command: autoscaling.SetInstanceHealthCommand,
    member: 'ShouldRespectGracePeriod',
    input: { InstanceId: 'i-0123456789abcdef0', HealthStatus },
  },
  {
    command: autoscaling.CancelInstanceRefreshCommand,
    member: 'WaitForTransitioningInstances',
    input: { AutoScalingGroupName },
  },
  {
    command: autoscaling.DescribeScalingActivitiesCommand,
    member: 'IncludeDeletedGroups',
    input: { AutoScalingGroupName },
  },
] as const)('$member is refused only where it would change something', async ({ command, member, input }) => {
  const client = simForTests().client(autoscaling.AutoScalingClient, { account: '111111111111' });
  const Command = command as new (input: object) => autoscaling.SetDesiredCapacityCommand;
  const says = (value: boolean) =>
    client.send(new Command({ ...input, [member]: value })).then(
      () => 'done',
      (error: Error) => error.message,
    );
  expect(await says(true)).toBe(`amiport sim does not model ${member} true of ${command.name.replace('Command', '')}`);
  expect(await says(false)).not.toContain('does not model');
});
