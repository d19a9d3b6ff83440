/** Real cryptography behind a rotation: equal plaintext under another key, and nothing readable once the old one is disabled. */
import { createHash } from 'node:crypto';
import { EBSClient, GetSnapshotBlockCommand, ListSnapshotBlocksCommand } from '@aws-sdk/client-ebs';
import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { expect, test } from 'vitest';
import { BUILDER, HOME, OTHER, type TestStage } from '../deliver/stage.ts';
import { copiesIn, delivered, keyNamed, rotated } from './stage.ts';

/** The snapshot's blocks as EBS direct gives them to the builder, or the code of its refusal. */
async function blocksOf(stage: TestStage, region: string, ImageId: string): Promise<readonly string[] | string> {
  const ebs = stage.sim.client(EBSClient, { account: BUILDER, region });
  const image = stage.sim.world.regions.get(region)?.ec2.images.get(ImageId);
  const SnapshotId = image?.mappings[0]?.ebs?.snapshotId;
  try {
    const listed = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
    return await Promise.all(
      (listed.Blocks ?? []).map(async ({ BlockIndex, BlockToken }) => {
        const block = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
        const bytes = await block.BlockData?.transformToByteArray();
        return `${BlockIndex} ${createHash('sha256')
          .update(bytes ?? new Uint8Array())
          .digest('hex')}`;
      }),
    );
  } catch (error) {
    return (error as Error).name;
  }
}

test('copies hold byte for byte what the old ones held; ciphertexts and snapshots of the old key end with it', async () => {
  const { stage, session } = await delivered();
  const old = keyNamed(stage.sim.world);
  const kms = stage.sim.client(KMSClient, { account: BUILDER, region: HOME });
  const Plaintext = Buffer.from('made before the leak');
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: old.arn, Plaintext }));
  const read = await kms.send(new DecryptCommand({ CiphertextBlob }));
  expect(Buffer.from(read.Plaintext ?? [])).toEqual(Plaintext);
  const before = new Map<string, readonly string[] | string>();
  for (const region of [HOME, OTHER])
    for (const copy of await copiesIn(stage, region))
      before.set(`${region} ${copy.version}`, await blocksOf(stage, region, copy.ImageId));
  expect([...before.values()].every((blocks) => typeof blocks !== 'string' && blocks.length > 0)).toBe(true);
  await rotated(session);
  const fresh = keyNamed(stage.sim.world);
  for (const region of [HOME, OTHER])
    for (const copy of await copiesIn(stage, region)) {
      const now = await blocksOf(stage, region, copy.ImageId);
      const isNew = copy.key.endsWith(fresh.keyId);
      expect({ copy, now }).toEqual({
        copy,
        now: isNew ? before.get(`${region} ${copy.version}`) : expect.any(String),
      });
    }
  await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({ name: 'DisabledException' });
});
