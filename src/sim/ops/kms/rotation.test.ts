import {
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { says as outcome } from '../../ec2/testing.ts';
import { newKey, OWNER } from '../../kms/testing.ts';
import { simForTests } from '../../testing.ts';

const DAY = 86_400_000;
const FAR = { ...OWNER, region: 'us-east-1' };

async function given(input: object = {}) {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim, OWNER, input);
  const typesOf = async (client = kms, key = KeyId) =>
    (await client.send(new ListKeyRotationsCommand({ KeyId: key }))).Rotations?.map((r) => r.RotationType);
  const materialOf = async (client = kms, key = KeyId) =>
    (await client.send(new DescribeKeyCommand({ KeyId: key }))).KeyMetadata?.CurrentKeyMaterialId;
  return { sim, kms, KeyId, typesOf, materialOf };
}

test.each([
  [89, 'ValidationException'],
  [90, 'ok'],
  [2560, 'ok'],
  [2561, 'ValidationException'],
])('KMS-43 a period of %i days: %s', async (RotationPeriodInDays, says) => {
  const { kms, KeyId } = await given();
  const answer = await outcome(kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays })));
  expect(answer.split(':')[0]).toBe(says);
});

test('KMS-43 material changes every period; old ciphertext still decrypts, the ARN stays', async () => {
  const { sim, kms, KeyId, typesOf, materialOf } = await given();
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  const before = await materialOf();
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('old') }));
  sim.advance(90 * DAY);
  expect(await materialOf()).not.toBe(before);
  sim.advance(90 * DAY);
  expect(await typesOf()).toEqual(['AUTOMATIC', 'AUTOMATIC']);
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob }));
  expect([Buffer.from(opened.Plaintext ?? []).toString(), opened.KeyId]).toEqual(['old', KeyId]);
  await kms.send(new DisableKeyRotationCommand({ KeyId }));
  sim.advance(365 * DAY);
  expect(await typesOf()).toHaveLength(2);
});

test('KMS-43 rotation on demand leaves the schedule, and ends after 25', async () => {
  const { sim, kms, KeyId, typesOf } = await given();
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  const due = async () => (await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).NextRotationDate?.getTime();
  const scheduled = await due();
  expect(scheduled).toBe(sim.clock.nowMs() + 365 * DAY);
  for (let i = 0; i < 25; i += 1) await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  expect(await due()).toBe(scheduled);
  expect(await typesOf()).toEqual(Array.from({ length: 25 }, () => 'ON_DEMAND'));
  expect(await outcome(kms.send(new RotateKeyOnDemandCommand({ KeyId })))).toMatch(/^LimitExceededException/);
});

test('KMS-43 no rotation on demand within 20 minutes of the next one', async () => {
  const { sim, kms, KeyId } = await given();
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  sim.advance(90 * DAY - 19 * 60_000);
  expect(await outcome(kms.send(new RotateKeyOnDemandCommand({ KeyId })))).toMatch(/^ConflictException/);
});

test('KMS-43 a disabled key is rotated when it is enabled again', async () => {
  const { sim, kms, KeyId, typesOf } = await given();
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  await kms.send(new DisableKeyCommand({ KeyId }));
  sim.advance(100 * DAY);
  expect(await typesOf()).toEqual([]);
  await kms.send(new EnableKeyCommand({ KeyId }));
  expect(await typesOf()).toEqual(['AUTOMATIC']);
});

test('KMS-61 replicas share rotation and material; it is set on the primary', async () => {
  const { sim, kms, KeyId, materialOf } = await given({ MultiRegion: true });
  const far = sim.client(KMSClient, FAR);
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-east-1' }));
  sim.advance(10_000);
  const replica = KeyId.replace('eu-west-1', 'us-east-1');
  expect(await outcome(far.send(new EnableKeyRotationCommand({ KeyId: replica })))).toMatch(
    /^UnsupportedOperationException/,
  );
  expect(await far.send(new GetKeyRotationStatusCommand({ KeyId: replica }))).toMatchObject({
    KeyRotationEnabled: true,
    RotationPeriodInDays: 90,
  });
  sim.advance(90 * DAY);
  expect(await materialOf(far, replica)).toBe(await materialOf());
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
  const opened = await far.send(new DecryptCommand({ CiphertextBlob }));
  expect([Buffer.from(opened.Plaintext ?? []).toString(), opened.KeyId]).toEqual(['x', replica]);
});

test('KMS-62 the schedule moves with the primary role', async () => {
  const { sim, kms, KeyId } = await given({ MultiRegion: true });
  const far = sim.client(KMSClient, FAR);
  const replica = KeyId.replace('eu-west-1', 'us-east-1');
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-east-1' }));
  sim.advance(10_000);
  await kms.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'us-east-1' }));
  sim.advance(10_000);
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  sim.advance(90 * DAY);
  const { Rotations } = await far.send(new ListKeyRotationsCommand({ KeyId: replica }));
  expect(Rotations?.map((r) => r.RotationType)).toEqual(['AUTOMATIC']);
});

/** Whatever happens to a multi-Region key in between, each of its Regions opens what any of them closed. */
test('KMS-61 encrypt, rotate, replicate, decrypt: in any order, nothing is lost', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('encrypt' as const), at: fc.nat(), text: fc.string({ minLength: 1 }) }),
    fc.record({ do: fc.constantFrom('rotate' as const, 'wait' as const) }),
    fc.record({ do: fc.constant('replicate' as const), to: fc.constantFrom('us-east-1', 'eu-central-1') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.dictionary(fc.string(), fc.string()), async (steps, ctx) => {
      const { sim, kms, KeyId } = await given({ MultiRegion: true });
      await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
      const regions = ['eu-west-1'];
      const clientAt = (region: string) => sim.client(KMSClient, { ...OWNER, region });
      const closed: { readonly text: string; readonly blob: Uint8Array }[] = [];
      for (const s of steps) {
        if (s.do === 'rotate') await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
        if (s.do === 'wait') sim.advance(90 * DAY);
        if (s.do === 'replicate' && !regions.includes(s.to)) {
          await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: s.to }));
          regions.push(s.to);
          sim.advance(10_000);
        }
        if (s.do !== 'encrypt') continue;
        const region = regions[s.at % regions.length] ?? '';
        const Plaintext = Buffer.from(s.text);
        const sent = new EncryptCommand({
          KeyId: KeyId.replace('eu-west-1', region),
          Plaintext,
          EncryptionContext: ctx,
        });
        closed.push({ text: s.text, blob: (await clientAt(region).send(sent)).CiphertextBlob ?? new Uint8Array() });
      }
      for (const { text, blob } of closed) {
        for (const region of regions) {
          const open = new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: ctx });
          const { Plaintext } = await clientAt(region).send(open);
          expect(Buffer.from(Plaintext ?? []).toString()).toBe(Buffer.from(text).toString());
        }
      }
    }),
    { numRuns: 40 },
  );
});
