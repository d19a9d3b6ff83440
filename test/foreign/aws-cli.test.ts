/**
 * The whole story of a shared encrypted image as somebody lives it who has the AWS CLI only: version 2, and version 1 where
 * one is found. Every answer is held against the SDK's schemas on its way.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { startSim } from '../../src/sim/api.ts';
import { schemaProxy } from './schema-proxy.ts';

const OWNER = '111111111111';
const FRIEND = '222222222222';
const GROUP_ROLE = `arn:aws:iam::${FRIEND}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
const USE = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey*',
  'kms:ReEncrypt*',
  'kms:CreateGrant',
];
const GRANTED = ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'DescribeKey', 'CreateGrant'];

const EMPTY = ['--min-size', '0', '--desired-capacity', '0'];

/** One command line a major version: Debian's own first, then what is in PATH. */
function commandLines(): readonly (readonly [string, string])[] {
  const inPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'aws'));
  const found = new Map<string, string>();
  for (const path of [process.env.AMIPORT_AWS_CLI ?? '/usr/bin/aws', '/usr/bin/aws', ...inPath]) {
    const major = existsSync(path) ? majorOf(path) : undefined;
    if (major !== undefined && !found.has(major)) found.set(major, path);
  }
  return [...found].map(([major, path]) => [`AWS CLI v${major}`, path] as const);
}

/** Shims of language version managers may be there and not run. */
function majorOf(path: string): string | undefined {
  try {
    return /^aws-cli\/(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe' }))?.[1];
  } catch {
    return undefined;
  }
}

/** `aws` as an account's administrator: the answer's JSON, or what the command line said of its failure. */
function commandLine(path: string, url: string) {
  return <T = never>(account: string, ...words: readonly string[]): Promise<T> => {
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
      AWS_ACCESS_KEY_ID: account,
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
    };
    const all = [...words, '--endpoint-url', url, '--region', 'eu-west-1', '--output', 'json'];
    return new Promise((resolve, reject) => {
      execFile(path, all, { env }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr.trim() || error.message));
        else resolve((stdout.trim() === '' ? {} : JSON.parse(stdout)) as T);
      });
    });
  };
}

const statement = (account: string, actions: readonly string[]) => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: actions,
  Resource: '*',
});

const found = commandLines();

test('version 2 is among the command lines', () => {
  expect(found.map(([name]) => name)).toContain('AWS CLI v2');
});

interface Stage {
  readonly aws: ReturnType<typeof commandLine>;
  /** Time stands nearly still but for this: nothing hangs on how long a command takes. */
  readonly later: (minutes: number) => void;
}

/** Tells a story to a simulator of its own; in the end it had no bug, and every answer was as the SDK's schemas say. */
async function told(path: string, story: (stage: Stage) => Promise<void>): Promise<void> {
  const bugs: string[] = [];
  const sim = await startSim({ port: 0, onBug: (bug, operation) => bugs.push(`${operation}: ${String(bug)}`) });
  const proxy = await schemaProxy(sim.server?.url ?? '');
  try {
    await story({
      aws: commandLine(path, proxy.url),
      later: (minutes) => sim.clock.advance(minutes * 60_000),
    });
    expect(bugs).toEqual([]);
    expect([...new Set(proxy.violations)]).toEqual([]);
  } finally {
    proxy.close();
    await sim.close();
  }
}

test.concurrent.each(found)('%s', { timeout: 240_000 }, async (_, path) => {
  await told(path, async ({ aws, later }) => {
    const [base] = await aws<string[]>(
      OWNER,
      ...['ec2', 'describe-images', '--filters', 'Name=is-public,Values=true', 'Name=architecture,Values=x86_64'],
      ...['--query', 'Images[].ImageId'],
    );
    const key = await aws<string>(OWNER, 'kms', 'create-key', '--query', 'KeyMetadata.Arn');
    const image = await aws<string>(
      OWNER,
      ...['ec2', 'copy-image', '--name', 'golden', '--source-region', 'eu-west-1', '--source-image-id', base ?? ''],
      ...['--encrypted', '--kms-key-id', key, '--query', 'ImageId'],
    );
    expect(await aws(OWNER, 'ec2', 'describe-images', '--image-ids', image, '--query', 'Images[].State')).toEqual([
      'pending',
    ]);
    later(30);
    await aws(OWNER, 'ec2', 'wait', 'image-available', '--image-ids', image);

    await expect(aws(FRIEND, 'ec2', 'run-instances', '--image-id', image)).rejects.toThrow(
      `(AuthFailure) when calling the RunInstances operation: Not authorized for images: [${image}]`,
    );
    const permission = JSON.stringify({ Add: [{ UserId: FRIEND }] });
    await aws(OWNER, 'ec2', 'modify-image-attribute', '--image-id', image, '--launch-permission', permission);

    const launch = async (): Promise<string> => {
      const run = ['ec2', 'run-instances', '--image-id', image, '--instance-type', 't3.micro'];
      const id = await aws<string>(FRIEND, ...run, '--query', 'Instances[0].InstanceId');
      later(1);
      const shown = ['--query', 'Reservations[0].Instances[0].[State.Name, StateReason.Message]'];
      return (await aws<string[]>(FRIEND, 'ec2', 'describe-instances', '--instance-ids', id, ...shown)).join(' ');
    };
    expect(await launch()).toBe('terminated Client.InternalError: Client error on launch');
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [statement(OWNER, ['kms:*']), statement(FRIEND, USE)],
    });
    await aws(OWNER, ...['kms', 'put-key-policy', '--key-id', key, '--policy-name', 'default', '--policy', policy]);
    expect(await launch()).toBe('running ');

    const data = JSON.stringify({ ImageId: image, InstanceType: 't3.micro' });
    await aws(
      FRIEND,
      ...['ec2', 'create-launch-template', '--launch-template-name', 'golden', '--launch-template-data', data],
    );
    await aws(
      FRIEND,
      ...['autoscaling', 'create-auto-scaling-group', '--auto-scaling-group-name', 'golden', '--min-size', '1'],
      ...['--max-size', '1', '--launch-template', 'LaunchTemplateName=golden', '--availability-zones', 'eu-west-1a'],
    );
    later(5);
    const activities = ['autoscaling', 'describe-scaling-activities', '--auto-scaling-group-name', 'golden'];
    const newest = ['--max-items', '1', '--query', 'Activities[0].[StatusCode, StatusMessage]'];
    expect((await aws<string[]>(FRIEND, ...activities, ...newest)).join(': ')).toContain('Client error on launch');
    await aws(
      FRIEND,
      ...['kms', 'create-grant', '--key-id', key, '--grantee-principal', GROUP_ROLE, '--name', 'autoscaling'],
      ...['--operations', ...GRANTED, 'GenerateDataKeyWithoutPlaintext'],
    );
    later(30);
    expect(await aws(FRIEND, ...activities, '--max-items', '1', '--query', 'Activities[].StatusCode')).toEqual([
      'Successful',
    ]);

    const hook = ['--auto-scaling-group-name', 'golden', '--lifecycle-hook-name', 'drain'];
    const leaving = ['--lifecycle-transition', 'autoscaling:EC2_INSTANCE_TERMINATING'];
    await aws(FRIEND, 'autoscaling', 'put-lifecycle-hook', ...hook, ...leaving);
    await aws(FRIEND, ...['autoscaling', 'update-auto-scaling-group', '--auto-scaling-group-name', 'golden'], ...EMPTY);
    later(5);
    const members = ['autoscaling', 'describe-auto-scaling-instances', '--query'];
    expect(await aws(FRIEND, ...members, 'AutoScalingInstances[].LifecycleState')).toEqual(['Terminating:Wait']);
    const [leaver] = await aws<string[]>(FRIEND, ...members, 'AutoScalingInstances[].InstanceId');
    const completed = ['--lifecycle-action-result', 'CONTINUE', '--instance-id', leaver ?? ''];
    await aws(FRIEND, 'autoscaling', 'complete-lifecycle-action', ...hook, ...completed);
    later(5);
    expect(await aws(FRIEND, ...members, 'AutoScalingInstances[].LifecycleState')).toEqual([]);

    const asked = ['--lookup-attributes', `AttributeKey=ResourceName,AttributeValue=${key}`];
    const names = await aws<string[]>(OWNER, 'cloudtrail', 'lookup-events', ...asked, '--query', 'Events[].EventName');
    expect(names).toEqual(expect.arrayContaining(['PutKeyPolicy', 'CreateGrant', 'ReEncrypt', 'Decrypt']));
    await expect(aws(OWNER, 'ec2', 'list-images-in-recycle-bin')).rejects.toThrow(
      'amiport sim does not implement ec2.ListImagesInRecycleBin',
    );
  });
});

test.concurrent.each(found)('%s: rules of a security group', { timeout: 120_000 }, async (_, path) => {
  await told(path, async ({ aws }) => {
    const ec2 = <T = never>(...words: readonly string[]): Promise<T> => aws<T>(OWNER, 'ec2', ...words);
    const group = ['--group-name', 'web'];
    const id = await ec2<string>('create-security-group', ...group, '--description', 'web', '--query', 'GroupId');
    const ssh = ['--protocol', 'tcp', '--port', '22', '--cidr', '10.0.0.0/8'];
    const [rule] = await ec2<string[]>(
      ...['authorize-security-group-ingress', ...group, ...ssh, '--query', 'SecurityGroupRules[].SecurityGroupRuleId'],
    );
    await expect(ec2('authorize-security-group-ingress', ...group, ...ssh)).rejects.toThrow(
      'the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists',
    );
    const rules = () =>
      ec2<string[]>(
        ...['describe-security-group-rules', '--filters', `Name=group-id,Values=${id}`],
        ...['--query', 'SecurityGroupRules[?!IsEgress].SecurityGroupRuleId'],
      );
    expect(await rules()).toEqual([rule]);
    await ec2('revoke-security-group-ingress', '--group-id', id, '--security-group-rule-ids', rule ?? '');
    expect(await rules()).toEqual([]);
  });
});

test.concurrent.each(found)(
  '%s: a key of several Regions changes its primary',
  { timeout: 120_000 },
  async (_, path) => {
    await told(path, async ({ aws, later }) => {
      const kms = <T = never>(...words: readonly string[]): Promise<T> => aws<T>(OWNER, 'kms', ...words);
      const key = await kms<string>('create-key', '--multi-region', '--query', 'KeyMetadata.KeyId');
      await kms('replicate-key', '--key-id', key, '--replica-region', 'us-east-1');
      later(1);
      const change = ['update-primary-region', '--key-id', key, '--primary-region', 'us-east-1'];
      await kms('disable-key', '--key-id', key);
      await expect(kms(...change)).rejects.toThrow(
        '(DisabledException) when calling the UpdatePrimaryRegion operation',
      );
      await kms('enable-key', '--key-id', key);
      await kms(...change);
      later(1);
      const roles = 'KeyMetadata.MultiRegionConfiguration.[MultiRegionKeyType, PrimaryKey.Region]';
      expect(await kms('describe-key', '--key-id', key, '--query', roles)).toEqual(['REPLICA', 'us-east-1']);
    });
  },
);
