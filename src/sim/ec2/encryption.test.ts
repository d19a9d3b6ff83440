/**
 * Every cell of the encryption matrix (facts, section 2) is a row, and every row is a call: the account's default key is
 * a key of its own, `def`, so that it can be told from `aws/ebs`.
 */
import { EBSClient, StartSnapshotCommand } from '@aws-sdk/client-ebs';
import {
  CopyImageCommand,
  type CopyImageCommandInput,
  CopySnapshotCommand,
  type CopySnapshotCommandInput,
  CreateImageCommand,
  CreateVolumeCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  RegisterImageCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { beforeAll, describe, expect, test } from 'vitest';
import { simForTests, type TestSim } from '../testing.ts';
import { placeOf } from '../world/make.ts';
import { type EncryptionQuestion, resolveEncryption } from './encryption.ts';
import { BUILDER, plantImage, plantInstance, plantKey, USER } from './testing.ts';

const AWAY = { ...USER, region: 'us-east-1' };
const BUILDER_AWAY = { ...BUILDER, region: 'us-east-1' };

const SOURCES = [
  'nothing',
  'unencrypted',
  'unencrypted, shared',
  'own key',
  'aws/ebs',
  'foreign key',
  'own key, other Region',
  'aws/ebs, other Region',
  'foreign key, other Region',
] as const;
type Source = (typeof SOURCES)[number];
type Operation =
  | 'CreateVolume'
  | 'RunInstances'
  | 'CreateImage'
  | 'RegisterImage'
  | 'CopySnapshot'
  | 'CopyImage'
  | 'StartSnapshot';

interface Cell {
  readonly operation: Operation;
  readonly source: Source;
  readonly encrypted: boolean | undefined;
  readonly key: 'K' | '-';
  readonly byDefault: 'off' | 'on';
  readonly outcome: string;
}

/** One account with every kind of source, and encryption by default off or on. */
class Stage {
  readonly sim: TestSim = simForTests();
  readonly ec2 = this.sim.client(EC2Client, USER);
  readonly keys = new Map<string, string>();
  readonly sources = new Map<Source, { readonly imageId: string; readonly snapshotId: string }>();
  #n = 0;

  async setUp(byDefault: 'off' | 'on'): Promise<this> {
    const { sim } = this;
    const managed = async (region: string): Promise<string> => {
      const kms = sim.client(KMSClient, { ...USER, region });
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }));
      return KeyMetadata?.Arn ?? '';
    };
    const own = plantKey(sim, USER);
    const foreign = plantKey(sim, BUILDER, [USER.account]);
    const awsEbs = await managed(USER.region);
    this.keys.set('K', plantKey(sim, USER)).set('def', plantKey(sim, USER)).set('aws/ebs', awsEbs);
    const shared = {
      image: { launchPermissions: new Set([USER.account]) },
      snapshot: { createVolumePermissions: new Set([USER.account]) },
    };
    const foreignAway = plantKey(sim, BUILDER_AWAY, [USER.account]);
    this.sources
      .set('unencrypted', plantImage(sim, USER))
      .set('unencrypted, shared', plantImage(sim, BUILDER, shared))
      .set('own key', plantImage(sim, USER, { kmsKeyId: own }))
      .set('aws/ebs', plantImage(sim, USER, { kmsKeyId: awsEbs }))
      .set('foreign key', plantImage(sim, BUILDER, { kmsKeyId: foreign, ...shared }))
      .set('own key, other Region', plantImage(sim, AWAY, { kmsKeyId: plantKey(sim, AWAY) }))
      .set('aws/ebs, other Region', plantImage(sim, AWAY, { kmsKeyId: await managed(AWAY.region) }))
      .set('foreign key, other Region', plantImage(sim, BUILDER_AWAY, { kmsKeyId: foreignAway, ...shared }));
    this.keys.set('own key', own).set('foreign key', foreign);
    await this.ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: this.keys.get('def') }));
    if (byDefault === 'on') await this.ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    return this;
  }

  /** The key by its name in the table: `K`, `def`, `aws/ebs`, `same key`, `unencrypted`; or the code of a refusal. */
  async outcome(cell: Cell): Promise<string> {
    try {
      const arn = await this.#made(cell);
      if (arn === undefined) return 'unencrypted';
      const source = cell.source === 'aws/ebs' ? 'own key' : cell.source;
      if (arn === this.keys.get(source)) return 'same key';
      return [...this.keys].find(([, held]) => held === arn)?.[0] ?? arn;
    } catch (error) {
      return (error as Error).name;
    }
  }

  /** @returns the ARN of the key of what the operation made */
  #made({ operation, source, encrypted, key }: Cell): Promise<string | undefined> {
    const from = this.sources.get(source);
    const Encrypted = encrypted;
    const KmsKeyId = key === 'K' ? this.keys.get('K') : undefined;
    const SourceRegion = source.endsWith('other Region') ? AWAY.region : USER.region;
    switch (operation) {
      case 'CreateVolume':
        return this.#volume({ Encrypted, KmsKeyId, ...(from ? { SnapshotId: from.snapshotId } : { Size: 1 }) });
      case 'RunInstances':
        return this.#launch(from?.imageId, { Encrypted, KmsKeyId });
      case 'CopySnapshot':
        return this.#copySnapshot({ SourceSnapshotId: from?.snapshotId, SourceRegion, Encrypted, KmsKeyId });
      case 'CopyImage':
        return this.#copyImage({ SourceImageId: from?.imageId, SourceRegion, Encrypted, KmsKeyId });
      case 'StartSnapshot':
        return this.#start({ ParentSnapshotId: from?.snapshotId, Encrypted, KmsKeyArn: KmsKeyId });
      case 'CreateImage':
        return this.#createImage(source, { Encrypted, KmsKeyId });
      case 'RegisterImage':
        return this.#registerImage(from?.snapshotId, { Encrypted, KmsKeyId });
    }
  }

  async #volume(input: object): Promise<string | undefined> {
    const made = await this.ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', ...input }));
    return made.KmsKeyId;
  }

  async #launch(imageId: string | undefined, ebs: object): Promise<string | undefined> {
    const device = imageId === undefined ? '/dev/sdb' : '/dev/xvda';
    const Ebs = imageId === undefined ? { VolumeSize: 1, ...ebs } : ebs;
    const ImageId = imageId ?? this.sources.get('unencrypted')?.imageId;
    const BlockDeviceMappings = [{ DeviceName: device, Ebs }];
    const more = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
    const made = await this.ec2.send(new RunInstancesCommand({ ImageId, BlockDeviceMappings, ...more }));
    const mapping = made.Instances?.[0]?.BlockDeviceMappings?.find((m) => m.DeviceName === device);
    const VolumeIds = [mapping?.Ebs?.VolumeId ?? ''];
    return (await this.ec2.send(new DescribeVolumesCommand({ VolumeIds }))).Volumes?.[0]?.KmsKeyId;
  }

  async #copySnapshot(input: CopySnapshotCommandInput): Promise<string | undefined> {
    return this.#keyOfSnapshot((await this.ec2.send(new CopySnapshotCommand(input))).SnapshotId);
  }

  async #copyImage(input: Omit<CopyImageCommandInput, 'Name'>): Promise<string | undefined> {
    return this.#keyOfImage((await this.ec2.send(new CopyImageCommand({ ...input, Name: this.#name() }))).ImageId);
  }

  async #start(input: object): Promise<string | undefined> {
    const ebs = this.sim.client(EBSClient, USER);
    return (await ebs.send(new StartSnapshotCommand({ VolumeSize: 8, ...input }))).KmsKeyArn;
  }

  /** An instance with a volume under the source's key; `nothing` is a device that the image gets besides. */
  async #createImage(source: Source, ebs: object): Promise<string | undefined> {
    const { imageId } = this.sources.get(source) ?? this.sources.get('unencrypted') ?? { imageId: '' };
    const volume = await this.#plantVolume(source);
    const { instanceId } = plantInstance(this.sim, USER, imageId, volume);
    const BlockDeviceMappings =
      source === 'nothing'
        ? [{ DeviceName: '/dev/sdb', Ebs: { VolumeSize: 1, ...ebs } }]
        : [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: true, ...ebs } }];
    const input = { InstanceId: instanceId, Name: this.#name(), BlockDeviceMappings };
    const { ImageId } = await this.ec2.send(new CreateImageCommand(input));
    return source === 'nothing' ? this.#flagOfDevice(ImageId) : this.#keyOfImage(ImageId);
  }

  /** A volume that is there already: under the very key of its source. */
  async #plantVolume(source: Source): Promise<string> {
    const { volumes } = placeOf(this.sim.world, USER.account, USER.region).ec2;
    const kmsKeyId = this.keys.get(source);
    const made = await this.ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: 'eu-west-1a',
        Size: 8,
        ...(kmsKeyId === undefined ? {} : { Encrypted: true, KmsKeyId: kmsKeyId }),
      }),
    );
    const volume = volumes.get(made.VolumeId ?? '');
    if (volume && kmsKeyId === undefined) Object.assign(volume, { encrypted: false, kmsKeyId: undefined });
    this.sim.advance(60_000);
    return made.VolumeId ?? '';
  }

  async #registerImage(snapshotId: string | undefined, ebs: object): Promise<string | undefined> {
    const root = this.sources.get('unencrypted')?.snapshotId;
    const device = { DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotId ?? root, ...(snapshotId ? ebs : {}) } };
    const BlockDeviceMappings = snapshotId
      ? [device]
      : [device, { DeviceName: '/dev/sdb', Ebs: { VolumeSize: 1, ...ebs } }];
    const input = { Name: this.#name(), RootDeviceName: '/dev/xvda', BlockDeviceMappings };
    const { ImageId } = await this.ec2.send(new RegisterImageCommand(input));
    return snapshotId === undefined ? this.#flagOfDevice(ImageId) : this.#keyOfImage(ImageId);
  }

  /** A new device has no key before a launch makes its volume: all that an image holds is the flag. */
  async #flagOfDevice(imageId: string | undefined): Promise<string | undefined> {
    const { Images } = await this.ec2.send(new DescribeImagesCommand({ ImageIds: [imageId ?? ''] }));
    const device = Images?.[0]?.BlockDeviceMappings?.find((m) => m.DeviceName === '/dev/sdb');
    return device?.Ebs?.Encrypted ? 'flag' : undefined;
  }

  async #keyOfImage(imageId: string | undefined): Promise<string | undefined> {
    const { Images } = await this.ec2.send(new DescribeImagesCommand({ ImageIds: [imageId ?? ''] }));
    return this.#keyOfSnapshot(Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId);
  }

  async #keyOfSnapshot(snapshotId: string | undefined): Promise<string | undefined> {
    this.sim.advance(3_600_000);
    const { Snapshots } = await this.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId ?? ''] }));
    const [snapshot] = Snapshots ?? [];
    return snapshot?.State === 'completed' ? snapshot.KmsKeyId : snapshot?.State;
  }

  #name(): string {
    this.#n += 1;
    return `image ${this.#n} of the matrix`;
  }
}

/** source | Encrypted | KmsKeyId → encryption by default off, on */
type Row = readonly [Source, boolean | undefined, 'K' | '-', string, string];

const ENC1 = 'InvalidParameterDependency';
const none = undefined;
const ENCRYPTED_HERE = ['own key', 'aws/ebs', 'foreign key'] as const;
const ENCRYPTED = [
  ...ENCRYPTED_HERE,
  'own key, other Region',
  'aws/ebs, other Region',
  'foreign key, other Region',
] as const;
const PLAIN = ['unencrypted', 'unencrypted, shared'] as const;

/** What a volume or copy that keeps its key is under: a key of one's own, or the AWS managed one. */
const kept = (source: 'own key' | 'aws/ebs'): string => (source === 'aws/ebs' ? 'aws/ebs' : 'same key');

const VOLUMES: readonly Row[] = [
  ...(['nothing', ...PLAIN] as const).flatMap((source): Row[] => [
    [source, none, '-', 'unencrypted', 'def'],
    [source, false, '-', 'unencrypted', 'def'],
    [source, true, '-', 'def', 'def'],
  ]),
  ...(['own key', 'aws/ebs'] as const).flatMap((source): Row[] => [
    [source, none, '-', kept(source), kept(source)],
    [source, true, '-', kept(source), kept(source)],
    [source, false, '-', kept(source), kept(source)],
  ]),
  ['foreign key', none, '-', 'def', 'def'],
  ['foreign key', true, '-', 'def', 'def'],
  ['foreign key', false, '-', 'def', 'def'],
  ...(['nothing', ...PLAIN, ...ENCRYPTED_HERE] as const).flatMap((source): Row[] => [
    [source, true, 'K', 'K', 'K'],
    [source, none, 'K', ENC1, ENC1],
    [source, false, 'K', ENC1, ENC1],
  ]),
];

const SNAPSHOT_COPIES: readonly Row[] = [
  ...PLAIN.flatMap((source): Row[] => [
    [source, none, '-', 'unencrypted', 'def'],
    [source, true, '-', 'def', 'def'],
  ]),
  ...ENCRYPTED.flatMap((source): Row[] => [
    [source, none, '-', 'aws/ebs', 'def'],
    [source, true, '-', 'aws/ebs', 'def'],
  ]),
  ...[...PLAIN, ...ENCRYPTED].flatMap((source): Row[] => [
    [source, true, 'K', 'K', 'K'],
    [source, none, 'K', ENC1, ENC1],
    [source, false, '-', 'InvalidParameterValue', 'InvalidParameterValue'],
    [source, false, 'K', ENC1, ENC1],
  ]),
];

const IMAGE_COPIES: readonly Row[] = [
  // The storage of the shared one is open, too.
  ...PLAIN.flatMap((source): Row[] => [
    [source, none, '-', 'unencrypted', 'def'],
    [source, false, '-', 'unencrypted', 'def'],
    [source, true, '-', 'def', 'def'],
    [source, true, 'K', 'K', 'K'],
    [source, none, 'K', ENC1, ENC1],
    [source, false, 'K', ENC1, ENC1],
  ]),
  ...(['own key', 'aws/ebs'] as const).flatMap((source): Row[] => [
    [source, none, '-', kept(source), kept(source)],
    [source, true, '-', kept(source), kept(source)],
  ]),
  ...(['foreign key', 'own key, other Region', 'aws/ebs, other Region', 'foreign key, other Region'] as const).flatMap(
    (source): Row[] => [
      [source, none, '-', 'def', 'def'],
      [source, true, '-', 'def', 'def'],
    ],
  ),
  ...ENCRYPTED.flatMap((source): Row[] => [
    [source, true, 'K', 'K', 'K'],
    [source, none, 'K', ENC1, ENC1],
    [source, false, '-', 'InvalidRequest', 'InvalidRequest'],
    [source, false, 'K', 'InvalidRequest', 'InvalidRequest'],
  ]),
];

const INVALID = 'ValidationException';
const STARTED: readonly Row[] = [
  ['nothing', none, '-', 'unencrypted', 'def'],
  ['nothing', false, '-', 'unencrypted', 'def'],
  ['nothing', true, '-', 'def', 'def'],
  ['nothing', true, 'K', 'K', 'K'],
  ['nothing', none, 'K', INVALID, INVALID],
  ['nothing', false, 'K', INVALID, INVALID],
  ...PLAIN.flatMap((source): Row[] => [
    [source, none, '-', 'unencrypted', INVALID],
    [source, none, 'K', INVALID, INVALID],
  ]),
  ...(['own key', 'aws/ebs'] as const).map((source): Row => [source, none, '-', kept(source), kept(source)]),
  ['foreign key', none, '-', 'def', 'def'],
  ...ENCRYPTED_HERE.map((source): Row => [source, none, 'K', 'K', 'K']),
  ...[...PLAIN, ...ENCRYPTED_HERE].flatMap((source): Row[] =>
    [true, false].flatMap((encrypted): Row[] => [
      [source, encrypted, '-', INVALID, INVALID],
      [source, encrypted, 'K', INVALID, INVALID],
    ]),
  ),
];

const FOR_LAUNCHES_ONLY = 'InvalidParameter';
const MAPPING = 'InvalidBlockDeviceMapping';
/** Facts IMG-21: whatever the default, an image is under the keys of its volumes. */
const MADE_IMAGES: readonly Row[] = [
  ['nothing', none, '-', 'unencrypted', 'unencrypted'],
  ['nothing', false, '-', 'unencrypted', 'unencrypted'],
  ['nothing', true, '-', 'flag', 'flag'],
  ['unencrypted', none, '-', 'unencrypted', 'unencrypted'],
  ['unencrypted', false, '-', 'unencrypted', 'unencrypted'],
  ['unencrypted', true, '-', MAPPING, MAPPING],
  ...ENCRYPTED_HERE.flatMap((source): Row[] =>
    [none, true, false].map((encrypted): Row => {
      const same = source === 'aws/ebs' ? 'aws/ebs' : 'same key';
      return [source, encrypted, '-', same, same];
    }),
  ),
  ...(['nothing', 'unencrypted', ...ENCRYPTED_HERE] as const).flatMap((source): Row[] =>
    [none, true, false].map((encrypted): Row => [source, encrypted, 'K', FOR_LAUNCHES_ONLY, FOR_LAUNCHES_ONLY]),
  ),
];

const FOREIGN_SNAPSHOT = 'InvalidSnapshot.NotFound';
const REGISTERED: readonly Row[] = [
  ['nothing', none, '-', 'unencrypted', 'unencrypted'],
  ['nothing', false, '-', 'unencrypted', 'unencrypted'],
  ['nothing', true, '-', 'flag', 'flag'],
  ['unencrypted', none, '-', 'unencrypted', 'unencrypted'],
  ['own key', none, '-', 'same key', 'same key'],
  ['aws/ebs', none, '-', 'aws/ebs', 'aws/ebs'],
  ['unencrypted, shared', none, '-', FOREIGN_SNAPSHOT, FOREIGN_SNAPSHOT],
  ['foreign key', none, '-', FOREIGN_SNAPSHOT, FOREIGN_SNAPSHOT],
  ...(['unencrypted', 'own key', 'aws/ebs', 'foreign key'] as const).flatMap((source): Row[] => [
    [source, true, '-', MAPPING, MAPPING],
    [source, false, '-', MAPPING, MAPPING],
  ]),
  ...(['nothing', 'unencrypted', ...ENCRYPTED_HERE] as const).flatMap((source): Row[] =>
    [none, true, false].map((encrypted): Row => [source, encrypted, 'K', FOR_LAUNCHES_ONLY, FOR_LAUNCHES_ONLY]),
  ),
];

function cells(operation: Operation, rows: readonly Row[]): Cell[] {
  return rows.flatMap(([source, encrypted, key, off, on]) => [
    { operation, source, encrypted, key, byDefault: 'off', outcome: off } as const,
    { operation, source, encrypted, key, byDefault: 'on', outcome: on } as const,
  ]);
}

const stages = new Map<'off' | 'on', Stage>();
beforeAll(async () => {
  for (const byDefault of ['off', 'on'] as const) stages.set(byDefault, await new Stage().setUp(byDefault));
});

describe('ENC-1, ENC-2, ENC-10, ENC-20, ENC-21, IMG-36, EBD-4: the matrix', () => {
  test.each([
    ...cells('CreateVolume', VOLUMES),
    ...cells('RunInstances', VOLUMES),
    ...cells('CopySnapshot', SNAPSHOT_COPIES),
    ...cells('CopyImage', IMAGE_COPIES),
    ...cells('StartSnapshot', STARTED),
    ...cells('CreateImage', MADE_IMAGES),
    ...cells('RegisterImage', REGISTERED),
  ])('$operation from $source, Encrypted $encrypted, key $key, default $byDefault: $outcome', async (cell) => {
    expect(await stages.get(cell.byDefault)?.outcome(cell)).toBe(cell.outcome);
  });

  test('there was no bug of the simulator', () => {
    expect([...stages.values()].flatMap((stage) => stage.sim.bugs)).toEqual([]);
  });
});

const SNAP = 'snap-00000000000000001';

test('IMG-36: the sentence is AWS’s own', () => {
  const question: EncryptionQuestion = {
    operation: 'CopyImage',
    source: {
      is: 'encrypted',
      snapshotId: SNAP,
      keyArn: 'arn:aws:kms:eu-west-1:222222222222:key/own',
      owned: true,
      sameRegion: true,
    },
    encrypted: false,
    encryptionByDefault: true,
  };
  expect(() => resolveEncryption(question)).toThrow(
    `Snapshot ${SNAP} is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.`,
  );
});
