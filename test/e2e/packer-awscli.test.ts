import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

const BUILDER = '111111111111';
const USERS = ['222222222222', '333333333333'];
const REGIONS = ['eu-west-1', 'us-east-1'];
const AWS_CLI = process.env.AMIPORT_AWS_CLI ?? '/usr/bin/aws';
const MAIN = ['--disable-warning=ExperimentalWarning', resolve('src/cli/main.ts')];

let sim: ChildProcess;
let url = '';
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'amiport-e2e-'));
  sim = spawn(process.execPath, [...MAIN, 'sim', 'start', '--port', '0', '--speed', '120', '--json'], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (sim.stdout === null) throw new Error('the simulator has no output');
  for await (const line of createInterface({ input: sim.stdout })) {
    url = (JSON.parse(line) as { url: string }).url;
    break;
  }
  await cp(resolve('examples'), dir, { recursive: true });
  const text = await readFile(join(dir, 'amiport.yaml'), 'utf8');
  const vars = 'wait_for_poweroff: "false"';
  const kubernetes = text.replace('vars: { k8s: "1.34" }', `vars: { k8s: "1.34", ${vars} }`);
  await writeFile(
    join(dir, 'amiport.yaml'),
    kubernetes.replace('packer: images/vod.json }', `packer: images/vod.json, vars: { ${vars} } }`),
  );
});

afterAll(() => {
  sim.kill('SIGKILL');
});

interface Ran {
  readonly code: number;
  readonly out: string;
}

function run(file: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      file,
      args,
      { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, ...env }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code ?? 1), out: `${stdout}${stderr}` });
      },
    );
  });
}

interface Identity {
  readonly key: string;
  readonly secret: string;
  readonly token?: string;
}

const admin = (account: string): Identity => ({ key: account, secret: 'test' });

/** The real AWS CLI; @returns its JSON, or fails with its words */
async function aws<T>(who: Identity, region: string, ...args: readonly string[]): Promise<T> {
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: who.key,
    AWS_SECRET_ACCESS_KEY: who.secret,
    ...(who.token ? { AWS_SESSION_TOKEN: who.token } : {}),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
  // AWS CLI 2.9 does not know AWS_ENDPOINT_URL: the flag serves old and new.
  const ran = await run(AWS_CLI, [...args, '--endpoint-url', url, '--region', region, '--output', 'json'], env);
  if (ran.code !== 0) throw new Error(`aws ${args.join(' ')}: ${ran.out}`);
  return (ran.out.trim() === '' ? {} : JSON.parse(ran.out)) as T;
}

const amiport = (...args: readonly string[]): Promise<Ran> =>
  run(process.execPath, [...MAIN, ...args], {
    AMIPORT_ENDPOINT: url,
    AWS_ACCESS_KEY_ID: BUILDER,
    AWS_SECRET_ACCESS_KEY: 'test',
  });

const trust = (account: string, condition?: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'sts:AssumeRole',
        ...(condition ? { Condition: condition } : {}),
      },
    ],
  });

async function onboard(account: string): Promise<void> {
  const externalId = { StringEquals: { 'sts:ExternalId': 'bedrock-images' } };
  const make = async (name: string, document: string, policy: string) => {
    await aws(
      admin(account),
      'eu-west-1',
      'iam',
      'create-role',
      '--role-name',
      name,
      '--assume-role-policy-document',
      document,
    );
    await aws(
      admin(account),
      'eu-west-1',
      'iam',
      'attach-role-policy',
      '--role-name',
      name,
      '--policy-arn',
      `arn:aws:iam::aws:policy/${policy}`,
    );
  };
  await make('amiport', trust(BUILDER, externalId), 'AdministratorAccess');
  if (account !== BUILDER) await make('Launcher', trust(account), 'AmazonEC2FullAccess');
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 100; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(100);
  }
  throw new Error('it did not come to an end');
}

interface Instance {
  readonly State: { readonly Name: string };
  readonly StateReason?: { readonly Message: string };
  readonly BlockDeviceMappings: readonly { readonly Ebs: { readonly VolumeId: string } }[];
}

/** @returns the key of the root volume once the instance runs */
async function rootKey(account: string, region: string, id: string): Promise<string> {
  const instance = await until(async () => {
    const answer = await aws<{ Reservations: { Instances: Instance[] }[] }>(
      admin(account),
      region,
      'ec2',
      'describe-instances',
      '--instance-ids',
      id,
    );
    const found = answer.Reservations[0]?.Instances[0];
    return found?.State.Name === 'pending' ? undefined : found;
  });
  expect(instance.State.Name, instance.StateReason?.Message).toBe('running');
  const volume = instance.BlockDeviceMappings[0]?.Ebs.VolumeId ?? '';
  const volumes = await aws<{ Volumes: { KmsKeyId: string }[] }>(
    admin(account),
    region,
    'ec2',
    'describe-volumes',
    '--volume-ids',
    volume,
  );
  return volumes.Volumes[0]?.KmsKeyId ?? '';
}

async function launchAsRole(account: string, region: string, image: string): Promise<string> {
  const role = `arn:aws:iam::${account}:role/Launcher`;
  const { Credentials: c } = await aws<{
    Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
  }>(admin(account), region, 'sts', 'assume-role', '--role-arn', role, '--role-session-name', 'e2e');
  const launcher = { key: c.AccessKeyId, secret: c.SecretAccessKey, token: c.SessionToken };
  const started = await aws<{ Instances: { InstanceId: string }[] }>(
    launcher,
    region,
    'ec2',
    'run-instances',
    '--image-id',
    image,
    '--instance-type',
    't3.micro',
  );
  return rootKey(account, region, started.Instances[0]?.InstanceId ?? '');
}

async function launchAsGroup(account: string, region: string, image: string, name: string): Promise<string> {
  const who = admin(account);
  const data = JSON.stringify({ ImageId: image, InstanceType: 't3.micro' });
  await aws(
    who,
    region,
    'ec2',
    'create-launch-template',
    '--launch-template-name',
    name,
    '--launch-template-data',
    data,
  );
  await aws(
    who,
    region,
    'autoscaling',
    'create-auto-scaling-group',
    '--auto-scaling-group-name',
    name,
    '--launch-template',
    `LaunchTemplateName=${name}`,
    '--min-size',
    '1',
    '--max-size',
    '1',
    '--availability-zones',
    `${region}a`,
  );
  const id = await until(async () => {
    const groups = await aws<{ AutoScalingGroups: { Instances: { InstanceId: string }[] }[] }>(
      who,
      region,
      'autoscaling',
      'describe-auto-scaling-groups',
      '--auto-scaling-group-names',
      name,
    );
    return groups.AutoScalingGroups[0]?.Instances[0]?.InstanceId;
  });
  return rootKey(account, region, id);
}

test('Packer builds both examples, amiport delivers them, the AWS CLI launches them in both accounts and Regions', async () => {
  for (const account of [BUILDER, ...USERS]) await onboard(account);
  for (const region of REGIONS) await aws(admin(BUILDER), region, 'ec2', 'enable-ebs-encryption-by-default');

  const delivered = await amiport('deliver', '--yes');
  expect(delivered.code, delivered.out).toBe(0);
  expect(delivered.out).toContain('16 proofs: 16 can launch, 0 cannot, 0 unknown.');

  for (const account of USERS) {
    for (const region of REGIONS) {
      for (const name of ['kubernetes', 'vod']) {
        const parameter = await aws<{ Parameter: { Value: string } }>(
          admin(account),
          region,
          'ssm',
          'get-parameter',
          '--name',
          `/golden/${name}/current`,
        );
        const image = parameter.Parameter.Value;
        const keys = [
          await launchAsRole(account, region, image),
          await launchAsGroup(account, region, image, `e2e-${name}`),
        ];
        for (const key of keys) expect(key).toMatch(new RegExp(`^arn:aws:kms:${region}:${account}:key/`));
      }
    }
  }

  const again = await amiport('apply', '--yes');
  expect(again.code).toBe(0);
  expect(again.out).toContain('Nothing to do');
  const left = JSON.parse((await amiport('left', '--json', '--quiet')).out) as { resources: { orphan: boolean }[] };
  expect(left.resources.filter((r) => r.orphan)).toEqual([]);
}, 300_000);

test('a link that somebody breaks is named, and apply mends it', async () => {
  const account = USERS[0] ?? '';
  const role = `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
  const alias = 'alias/amiport-images';
  const key = await aws<{ KeyMetadata: { Arn: string } }>(
    admin(BUILDER),
    'eu-west-1',
    'kms',
    'describe-key',
    '--key-id',
    alias,
  );
  const grants = await aws<{ Grants: { GrantId: string }[] }>(
    admin(BUILDER),
    'eu-west-1',
    'kms',
    'list-grants',
    '--key-id',
    key.KeyMetadata.Arn,
    '--grantee-principal',
    role,
  );
  await aws(
    admin(BUILDER),
    'eu-west-1',
    'kms',
    'revoke-grant',
    '--key-id',
    key.KeyMetadata.Arn,
    '--grant-id',
    grants.Grants[0]?.GrantId ?? '',
  );

  const verified = await amiport('verify', '--json', '--quiet');
  expect(verified.code).toBe(3);
  const { proofs } = JSON.parse(verified.out) as {
    proofs: { account: string; region: string; launcher: string; verdict: string; remedies: { does: string }[] }[];
  };
  const against = proofs.filter((p) => p.verdict !== 'can-launch');
  expect(new Set(against.map((p) => `${p.account} ${p.region} ${p.launcher} ${p.verdict}`))).toEqual(
    new Set([`${account} eu-west-1 autoscaling cannot-launch`]),
  );
  expect(against[0]?.remedies[0]?.does).toContain(
    `in account ${account} as arn:aws:iam::${account}:role/amiport: aws kms create-grant`,
  );

  const mended = await amiport('apply', '--yes');
  expect(mended.code, mended.out).toBe(0);
  expect(mended.out).toContain('1 step done.');
  expect((await amiport('verify', '--quiet')).code).toBe(0);
}, 120_000);
