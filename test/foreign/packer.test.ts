/** Packer's own amazon-ebs builder against the simulated AWS: what it encrypts, copies and shares, and what AWS refuses it. */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RawSender, rawSender, simulatedClock } from '../../src/app/api.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { type SchemaProxy, schemaProxy } from './schema-proxy.ts';

const PACKER = process.env.AMIPORT_PACKER ?? 'packer';
const BUILDER = '111111111111';
const USER = '222222222222';
const HOME = 'eu-west-1';
const OTHER = 'us-east-1';
const BASE = { owners: ['136693071363'], most_recent: true, filters: { name: 'debian-12-amd64-*' } };

let sim: Sim;
let proxy: SchemaProxy;
let builder: RawSender;
let user: RawSender;
let folder = '';

beforeAll(async () => {
  sim = await startSim({ port: 0, speed: 600 });
  proxy = await schemaProxy(sim.server?.url ?? '');
  const clock = await simulatedClock(proxy.url);
  builder = rawSender({ endpoint: proxy.url }, BUILDER, clock, 'x');
  user = rawSender({ endpoint: proxy.url }, USER, clock, 'x');
  folder = await mkdtemp(join(tmpdir(), 'amiport-packer-'));
});

afterAll(async () => {
  proxy.close();
  await sim.close();
});

afterEach(() => expect([...new Set(proxy.violations)]).toEqual([]));

interface Built {
  readonly code: number;
  readonly says: string;
}

async function build(name: string, more: object): Promise<Built> {
  const template = join(folder, `${name}.json`);
  const amazon = {
    type: 'amazon-ebs',
    region: HOME,
    custom_endpoint_ec2: proxy.url,
    communicator: 'none',
    instance_type: 't3.small',
    ena_support: true,
    source_ami_filter: BASE,
    ami_name: name,
    ...more,
  };
  await writeFile(template, JSON.stringify({ builders: [amazon] }));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: BUILDER,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_POLL_DELAY_SECONDS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CHECKPOINT_DISABLE: '1',
    PACKER_NO_COLOR: '1',
  };
  return new Promise((done) => {
    execFile(PACKER, ['build', '-color=false', template], { cwd: folder, env }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code ?? 1), says: `${out}${err}` }),
    );
  });
}

async function must<T>(asked: ReturnType<RawSender['send']>): Promise<T> {
  const answer = await asked;
  if (!answer.ok) throw new Error(answer.reason.says);
  return answer.value as T;
}

interface Image {
  readonly ImageId: string;
  readonly BlockDeviceMappings: readonly { readonly Ebs?: { readonly SnapshotId?: string } }[];
}

/** `REGION key=KEY shared=ACCOUNTS` of every image of that name that the builder has. */
async function result(name: string): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const region of [HOME, OTHER]) {
    const Filters = [{ Name: 'name', Values: [name] }];
    const { Images } = await must<{ Images: Image[] }>(
      builder.send('ec2', region, 'DescribeImages', { Owners: ['self'], Filters }),
    );
    for (const image of Images) {
      const SnapshotIds = image.BlockDeviceMappings.flatMap((m) => m.Ebs?.SnapshotId ?? []);
      const { Snapshots } = await must<{ Snapshots: { KmsKeyId?: string }[] }>(
        builder.send('ec2', region, 'DescribeSnapshots', { SnapshotIds }),
      );
      const permissions = await must<{ LaunchPermissions?: { UserId?: string }[] }>(
        builder.send('ec2', region, 'DescribeImageAttribute', {
          ImageId: image.ImageId,
          Attribute: 'launchPermission',
        }),
      );
      const users = (permissions.LaunchPermissions ?? []).map((p) => p.UserId ?? 'all');
      rows.push(`${region} key=${Snapshots.map((s) => s.KmsKeyId ?? 'none').join()} shared=${users.join()}`);
    }
  }
  return rows;
}

const key = async (region: string): Promise<string> =>
  (await must<{ KeyMetadata: { Arn: string } }>(builder.send('kms', region, 'CreateKey', {}))).KeyMetadata.Arn;

async function seenByUser(region: string, name: string): Promise<number> {
  const Filters = [{ Name: 'name', Values: [name] }];
  return (await must<{ Images: Image[] }>(user.send('ec2', region, 'DescribeImages', { Filters }))).Images.length;
}

describe('Packer builds', { timeout: 120_000 }, () => {
  test('a plain image, shared: unencrypted, and seen by the account it is shared with', async () => {
    const built = await build('plain', { ami_users: [USER] });
    expect(built).toMatchObject({ code: 0 });
    expect(await result('plain')).toEqual([`${HOME} key=none shared=${USER}`]);
    expect(await seenByUser(HOME, 'plain')).toBe(1);
  });

  test('an encrypted image in two Regions under two keys, shared in both', async () => {
    const [home, other] = [await key(HOME), await key(OTHER)];
    const built = await build('two', {
      encrypt_boot: true,
      kms_key_id: home,
      ami_regions: [HOME, OTHER],
      region_kms_key_ids: { [HOME]: home, [OTHER]: other },
      ami_users: [USER],
    });
    expect(built).toMatchObject({ code: 0 });
    expect(await result('two')).toEqual([`${HOME} key=${home} shared=${USER}`, `${OTHER} key=${other} shared=${USER}`]);
    expect([await seenByUser(HOME, 'two'), await seenByUser(OTHER, 'two')]).toEqual([1, 1]);
  });

  test('an encrypted image without a key: under aws/ebs, for nobody else', async () => {
    expect(await build('default', { encrypt_boot: true })).toMatchObject({ code: 0 });
    const managed = await must<{ KeyMetadata: { Arn: string } }>(
      builder.send('kms', HOME, 'DescribeKey', { KeyId: 'alias/aws/ebs' }),
    );
    expect(await result('default')).toEqual([`${HOME} key=${managed.KeyMetadata.Arn} shared=`]);
  });

  test('where encryption by default is on, sharing is refused, and nothing is left behind', async () => {
    await must(builder.send('ec2', HOME, 'EnableEbsEncryptionByDefault', {}));
    const built = await build('refused', { ami_users: [USER] });
    await must(builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
    expect(built.code).toBe(1);
    expect(built.says).toContain("Snapshots encrypted with the AWS Managed CMK can't be shared");
    expect(await seenByUser(HOME, 'refused')).toBe(0);
    const { Reservations } = await must<{ Reservations: { Instances: { State: { Name: string } }[] }[] }>(
      builder.send('ec2', HOME, 'DescribeInstances', {}),
    );
    const states = Reservations.flatMap((r) => r.Instances.map((i) => i.State.Name));
    expect(states.filter((s) => s !== 'terminated' && s !== 'shutting-down')).toEqual([]);
  });
});
