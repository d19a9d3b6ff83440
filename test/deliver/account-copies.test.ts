import { expect, test } from 'vitest';
import { launchCanaries, makePlan, verify } from '../../src/app/api.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  OTHER,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

const ACCOUNT_KEY = ', accountKey: "alias/ebs-{account}"';
const copies = (image: string, more: object = {}) =>
  configOf({ vod: image }, { way: 'account-copies', extra: ACCOUNT_KEY, ...more });

interface Snapshot {
  readonly SnapshotId: string;
  readonly KmsKeyId?: string;
  readonly Encrypted: boolean;
}
interface Image {
  readonly ImageId: string;
  readonly State: string;
  readonly BlockDeviceMappings: { Ebs?: { SnapshotId?: string } }[];
  readonly Tags?: { Key: string; Value: string }[];
}

async function ownImages(stage: TestStage, account: 'builder' | 'first' | 'second', region: string) {
  const sender = stage[account];
  const found = await must(sender.send<{ Images: Image[] }>('ec2', region, 'DescribeImages', { Owners: ['self'] }));
  return found.Images.filter((i) => (i.Tags ?? []).some((t) => t.Key === 'amiport:step' && t.Value !== 'source'));
}

async function keysOf(stage: TestStage, account: 'first' | 'second', region: string): Promise<readonly string[]> {
  const images = await ownImages(stage, account, region);
  const SnapshotIds = images.flatMap((i) => i.BlockDeviceMappings.flatMap((m) => m.Ebs?.SnapshotId ?? []));
  const found = await must(
    stage[account].send<{ Snapshots: Snapshot[] }>('ec2', region, 'DescribeSnapshots', { SnapshotIds }),
  );
  return found.Snapshots.map((s) => s.KmsKeyId ?? 'no key');
}

test('every account gets a private copy under its own key, one key an account and Region, and launches it', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(copies(source));

  const { plan, result } = await applied(session);
  expect(plan.blocked).toEqual([]);
  expect(result.failed).toEqual([]);
  expect(result.notStarted).toEqual([]);

  const keys = await Promise.all(
    (['first', 'second'] as const).flatMap((a) => [HOME, OTHER].map((r) => keysOf(stage, a, r))),
  );
  expect(keys.map((k) => k.length)).toEqual([1, 1, 1, 1]);
  expect(new Set(keys.flat()).size).toBe(4);
  expect(keys.flat().map((k) => k.split(':')[4])).toEqual([FIRST, FIRST, SECOND, SECOND]);

  const { proofs, seen } = await verify(session, silent);
  expect(proofs.map((p) => p.verdict)).toEqual(Array.from({ length: 8 }, () => 'can-launch'));
  const canaries = await launchCanaries(session, seen, silent);
  expect(canaries.map((c) => c.result)).toEqual(Array.from({ length: 8 }, () => 'launched'));
  expect(new Set(canaries.map((c) => c.volumeKey))).toEqual(new Set(keys.flat()));

  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  expect(stage.sim.bugs).toEqual([]);
});

test('after the copies nothing of the builder is shared any more, and only the copiers may read its key', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  await applied(await stage.open(copies(source)));
  for (const region of [HOME, OTHER]) {
    for (const image of await ownImages(stage, 'builder', region)) {
      const launch = await must(
        stage.builder.send<{ LaunchPermissions?: unknown[] }>('ec2', region, 'DescribeImageAttribute', {
          ImageId: image.ImageId,
          Attribute: 'launchPermission',
        }),
      );
      expect(launch.LaunchPermissions ?? []).toEqual([]);
      for (const { Ebs } of image.BlockDeviceMappings) {
        const volume = await must(
          stage.builder.send<{ CreateVolumePermissions?: unknown[] }>('ec2', region, 'DescribeSnapshotAttribute', {
            SnapshotId: Ebs?.SnapshotId,
            Attribute: 'createVolumePermission',
          }),
        );
        expect(volume.CreateVolumePermissions ?? []).toEqual([]);
      }
    }
  }
  const key = await must(
    stage.builder.send<{ Policy: string }>('kms', HOME, 'GetKeyPolicy', { KeyId: await keyId(stage) }),
  );
  const sids = (JSON.parse(key.Policy) as { Statement: { Sid: string }[] }).Statement.map((s) => s.Sid);
  expect(sids.filter((s) => s.startsWith('amiport'))).toEqual(['amiport-bedrock-copy', 'amiport-bedrock-copy-grant']);
});

async function keyId(stage: TestStage): Promise<string> {
  const found = await must(
    stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'DescribeKey', { KeyId: 'alias/amiport-images' }),
  );
  return found.KeyMetadata.Arn;
}

test('a key of the account that is there already is used, and served by grants where its policy does not delegate', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  // A key whose policy is for two roles only: nobody else in the account can use it, whatever their own policies say.
  const own = await must(
    stage.first.send<{ KeyMetadata: { Arn: string; KeyId: string } }>('kms', HOME, 'CreateKey', {
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: [`arn:aws:iam::${FIRST}:role/amiport`, `arn:aws:iam::${FIRST}:root`] },
            Action: 'kms:*',
            Resource: '*',
            Condition: {
              ArnLike: { 'aws:PrincipalArn': [`arn:aws:iam::${FIRST}:role/amiport`, `arn:aws:iam::${FIRST}:root`] },
            },
          },
        ],
      }),
    }),
  );
  await must(
    stage.first.send('kms', HOME, 'CreateAlias', {
      AliasName: `alias/ebs-${FIRST}`,
      TargetKeyId: own.KeyMetadata.KeyId,
    }),
  );
  const session = await stage.open(copies(source));
  const { plan, result } = await applied(session);
  expect(result.failed).toEqual([]);
  const grants = plan.steps.filter((s) => s.do === 'create-grant');
  expect(grants.map((s) => `${s.account} ${s.region}`)).toEqual([`${FIRST} ${HOME}`, `${FIRST} ${HOME}`]);
  expect(await keysOf(stage, 'first', HOME)).toEqual([own.KeyMetadata.Arn]);
  const { proofs, seen } = await verify(session, silent);
  expect(new Set(proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
  expect(new Set((await launchCanaries(session, seen, silent)).map((c) => c.result))).toEqual(new Set(['launched']));
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

test('without a key in the config an encrypted source is refused, and an unencrypted one is copied', async () => {
  const stage = await testStage();
  const withoutKey = (image: string) => copies(image).replace(/^key: .*\n/m, '');
  const encrypted = await bakedImage(stage, stage.builder, 'golden');
  const refused = await stage.open(withoutKey(encrypted));
  expect((await makePlan(refused, silent)).plan.blocked).toMatchObject([
    { code: 'plan.source.encrypted', remedy: { does: expect.stringContaining('key: { alias') } },
  ]);
  await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const plain = await bakedImage(stage, stage.builder, 'plain');
  const session = await stage.open(withoutKey(plain));
  const { plan, result } = await applied(session);
  expect(result.failed).toEqual([]);
  expect(plan.steps.filter((s) => s.do === 'create-key').map((s) => s.account)).not.toContain(BUILDER);
  expect(new Set((await verify(session, silent)).proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

test('IMG-77: an account whose Allowed AMIs does not admit the builder is named before anything is opened to it', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  await must(
    stage.first.send('ec2', HOME, 'ReplaceImageCriteriaInAllowedImagesSettings', {
      ImageCriteria: [{ ImageProviders: ['amazon'] }],
    }),
  );
  await must(stage.first.send('ec2', HOME, 'EnableAllowedImagesSettings', { AllowedImagesSettingsState: 'enabled' }));
  const { result } = await applied(await stage.open(copies(source)));
  expect(result.failed.map((f) => f.id)).toEqual([`prove:vod:${source}:${FIRST}/${HOME}`]);
  expect(JSON.stringify(result.failed)).toContain('Allowed AMIs');
  // The other places are served all the same.
  expect(await keysOf(stage, 'second', HOME)).toHaveLength(1);
  expect(await keysOf(stage, 'first', OTHER)).toHaveLength(1);
  expect(await ownImages(stage, 'first', HOME)).toEqual([]);
});
