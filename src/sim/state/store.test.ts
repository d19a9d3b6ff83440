import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { serialize } from 'node:v8';
import {
  CopyImageCommand,
  CreateLaunchTemplateCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateKeyCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, expect, test } from 'vitest';
import { type Sim, startSim } from '../api.ts';
import { VirtualTime } from '../time.ts';
import type { World } from '../world/world.ts';
import { encodeRecord, readRecords } from './records.ts';
import { Seal } from './seal.ts';
import { StateError } from './store.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-state-'));
  folders.push(folder);
  return folder;
}

const seal = new Seal(new Uint8Array(32).fill(7));

const START_MS = Date.UTC(2026, 0, 1);
const start = (state: string, clock = new VirtualTime(START_MS)) => startSim({ port: false, state, clock });
const clientOf = <C>(sim: Sim, Client: new (config: object) => C): C =>
  new Client({
    region: 'eu-west-1',
    credentials: { accessKeyId: '111111111111', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: sim.requestHandler(),
  });

/** As after kill -9: nothing but what is on disk, in another folder because the lock is still held. */
function crashed(folder: string): string {
  const copy = newFolder();
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('lock')) writeFileSync(join(copy, name), readFileSync(join(folder, name)));
  }
  return copy;
}

/** Whether two worlds hold the same, but for the event log, which reads write too. */
const equal = (a: World, b: World): boolean => isDeepStrictEqual({ ...a, events: [] }, { ...b, events: [] });

async function makeThings(sim: Sim): Promise<string[]> {
  const ids: string[] = [];
  const [ec2, kms] = [clientOf(sim, EC2Client), clientOf(sim, KMSClient)];
  for (let i = 0; i < 5; i++) {
    ids.push(
      String((await ec2.send(new CreateSecurityGroupCommand({ GroupName: `g${i}`, Description: 'd' }))).GroupId),
    );
    await ec2
      .send(new CreateSecurityGroupCommand({ GroupName: `g${i}`, Description: 'd' }))
      .catch(() => 'refused: it is there');
    ids.push(String((await kms.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId));
    await ec2.send(new DescribeSecurityGroupsCommand({}));
    sim.clock.advance(10_000);
  }
  return ids;
}

test('what was answered is there after a crash, and the worlds are equal', async () => {
  const folder = newFolder();
  const sim = await start(folder);
  const ids = await makeThings(sim);
  const again = await start(crashed(folder), new VirtualTime(sim.clock.nowMs()));
  expect(new Set(ids).size).toBe(10);
  expect(equal(again.world, sim.world)).toBe(true);
  await again.close();
  await sim.close();
});

test('what a fault has follow a call comes back, too, and copies that were refused then are allowed now', async () => {
  const folder = newFolder();
  const options = { port: false, state: folder, clock: new VirtualTime(START_MS) } as const;
  const sim = await startSim({ ...options, faults: [{ fault: 'copy-fails', max: 1 }], quotas: 'aws' });
  const ec2 = clientOf(sim, EC2Client);
  const SourceImageId = (await ec2.send(new DescribeImagesCommand({}))).Images?.[0]?.ImageId;
  for (const Name of ['fails', 'lives']) {
    await ec2.send(new CopyImageCommand({ SourceRegion: 'eu-west-1', SourceImageId, Name }));
  }
  const again = await start(crashed(folder), new VirtualTime(START_MS));
  expect(again.world.settings.imageCopiesMax).toBe(Number.POSITIVE_INFINITY);
  again.clock.advance(3_600_000);
  const { Images = [] } = await clientOf(again, EC2Client).send(new DescribeImagesCommand({ Owners: ['self'] }));
  expect(Images.map((i) => `${i.Name} ${i.State}`)).toEqual(['fails failed', 'lives available']);
  await again.close();
  await sim.close();
});

test('a torn last record is passed over, damage before it is not', async () => {
  const folder = newFolder();
  const sim = await start(folder);
  await makeThings(sim);
  const torn = crashed(folder);
  const log = readdirSync(torn).find((name) => name.startsWith('log-')) ?? '';
  appendFileSync(join(torn, log), encodeRecord(seal, { nowMs: 1 }).subarray(0, 20));
  const again = await start(torn, new VirtualTime(sim.clock.nowMs()));
  expect(equal(again.world, sim.world)).toBe(true);
  await again.close();
  const damaged = crashed(folder);
  const bytes = readFileSync(join(damaged, log));
  bytes[20] = (bytes[20] ?? 0) ^ 255;
  writeFileSync(join(damaged, log), bytes);
  await expect(start(damaged)).rejects.toThrow(/is damaged at byte 0/);
  await sim.close();
});

test('every cut of a log gives its whole records, never more', () => {
  const records = [{ a: 1 }, { b: 'two' }, { c: new Uint8Array(300) }].map((value) => encodeRecord(seal, value));
  const log = Buffer.concat(records);
  const ends = records.map((_, i) => records.slice(0, i + 1).reduce((sum, r) => sum + r.length, 0));
  for (let cut = 0; cut <= log.length; cut++) {
    const read = readRecords(seal, log.subarray(0, cut));
    expect([read.values.length, read.damagedAt]).toEqual([ends.filter((end) => end <= cut).length, undefined]);
  }
});

test('closing writes a snapshot; one process at a time; another format is refused', async () => {
  const folder = newFolder();
  const sim = await start(folder);
  await makeThings(sim);
  await expect(start(folder)).rejects.toThrow(StateError);
  await sim.close();
  expect(readdirSync(folder).filter((name) => name.startsWith('log'))).toHaveLength(1);
  const again = await start(folder, new VirtualTime(sim.clock.nowMs()));
  expect(equal(again.world, sim.world)).toBe(true);
  await again.reset();
  expect(again.world.accounts.get('111111111111')?.places.size).toBe(0);
  await again.close();
  const name = readdirSync(folder).find((file) => file.startsWith('world-')) ?? '';
  writeFileSync(join(folder, name), serialize({ format: 99, world: {} }));
  await expect(start(folder)).rejects.toThrow('has format 99, this version reads 3');
});

/** What callers send and get that nobody should find on a disk, and the events that tell of it. */
async function makeSecrets(sim: Sim): Promise<readonly string[]> {
  const [ec2, kms, ssm, iam] = [
    clientOf(sim, EC2Client),
    clientOf(sim, KMSClient),
    clientOf(sim, SSMClient),
    clientOf(sim, IAMClient),
  ];
  const [value, plaintext, userData] = ['canary-of-ssm', 'canary-of-kms', 'canary-of-ec2'];
  const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({}));
  await ssm.send(new PutParameterCommand({ Name: '/db/password', Type: 'SecureString', Value: value }));
  await ssm.send(
    new PutParameterCommand({
      Name: '/db/own',
      Type: 'SecureString',
      Value: value,
      KeyId: key?.KeyId,
      Tier: 'Advanced',
    }),
  );
  await kms.send(new EncryptCommand({ KeyId: key?.KeyId, Plaintext: Buffer.from(plaintext) }));
  const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId: key?.KeyId, KeySpec: 'AES_256' }));
  const ImageId = (await ec2.send(new DescribeImagesCommand({}))).Images?.[0]?.ImageId;
  const UserData = Buffer.from(userData).toString('base64');
  await ec2.send(new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1, UserData }));
  await ec2.send(
    new CreateLaunchTemplateCommand({ LaunchTemplateName: 'with-user-data', LaunchTemplateData: { UserData } }),
  );
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  const material = sim.world.accounts
    .get('111111111111')
    ?.places.get('eu-west-1')
    ?.kms.keys.get(key?.KeyId ?? '');
  return [
    value,
    plaintext,
    userData,
    UserData,
    AccessKey?.SecretAccessKey ?? 'missing',
    Buffer.from(dataKey.Plaintext ?? []).toString('latin1'),
    Buffer.from(material?.materials[0]?.bytes ?? []).toString('latin1'),
    // Not secret, but in every world: what is on disk is sealed as a whole.
    '111111111111',
  ];
}

test('STATE-2 neither log nor snapshot holds what is secret, and all of it is there after a crash', async () => {
  const folder = newFolder();
  const sim = await start(folder);
  const secrets = await makeSecrets(sim);
  expect(new Set(secrets.map((secret) => secret.length > 10)).size).toBe(1);
  const found = (where: string) =>
    readdirSync(where).flatMap((name) => {
      const bytes = readFileSync(join(where, name));
      return secrets.filter((s) => bytes.includes(Buffer.from(s, 'latin1'))).map((s) => `${s} in ${name}`);
    });
  expect(found(folder)).toEqual([]);
  const again = await start(crashed(folder), new VirtualTime(sim.clock.nowMs()));
  expect(equal(again.world, sim.world)).toBe(true);
  const ssm = clientOf(again, SSMClient);
  for (const Name of ['/db/password', '/db/own']) {
    const shown = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
    expect(shown.Parameter?.Value).toBe(secrets[0]);
  }
  await again.close();
  await sim.close();
  expect(found(folder)).toEqual([]);
});

test('STATE-1 the events of calls that changed something are there after kill -9', async () => {
  const folder = newFolder();
  const sim = await start(folder);
  await makeThings(sim);
  const told = ({ world }: Sim) =>
    world.events
      .filter((event) => !event.readOnly && event.errorCode === undefined)
      .map(({ eventId: _, sharedEventId: __, ...event }) => JSON.stringify(event));
  const before = told(sim);
  expect(before.length).toBeGreaterThan(5);
  const again = await start(crashed(folder), new VirtualTime(sim.clock.nowMs()));
  expect(told(again)).toEqual(before);
  await again.close();
  await sim.close();
});

test('STATE-2 events are there after a restart; without its key a state is refused, and with another one', async () => {
  const folder = newFolder();
  const sim = await start(folder);
  await makeThings(sim);
  const told = JSON.stringify(sim.world.events);
  expect(told).toContain('responseElements');
  await sim.close();
  const again = await start(folder, new VirtualTime(sim.clock.nowMs()));
  expect(JSON.stringify(again.world.events)).toBe(told);
  await again.close();
  const other = crashed(folder);
  writeFileSync(join(other, 'key'), new Uint8Array(32));
  await expect(start(other)).rejects.toThrow(/the snapshot in .* cannot be read/);
  const lost = crashed(folder);
  rmSync(join(lost, 'key'));
  await expect(start(lost)).rejects.toThrow(/has lost its key: put .*key back/);
});
