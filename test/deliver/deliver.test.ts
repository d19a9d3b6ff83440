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
  testStage,
} from './stage.ts';

test('an encrypted image is delivered to two accounts in two Regions, proven, launched, and a second apply does nothing', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ kubernetes: source }));

  const { plan, result } = await applied(session);
  expect(plan.blocked).toEqual([]);
  expect(result.failed).toEqual([]);
  expect(result.notStarted).toEqual([]);

  const { proofs, seen } = await verify(session, silent);
  expect(proofs.map((p) => `${p.account} ${p.region} ${p.launcher}: ${p.verdict}`)).toEqual(
    [HOME, OTHER].flatMap((r) =>
      [FIRST, SECOND].flatMap((a) => ['role:Launcher', 'autoscaling'].map((l) => `${a} ${r} ${l}: can-launch`)),
    ),
  );
  // ENC-10: a launch of a shared encrypted AMI needs two keys.
  for (const p of proofs) expect(p.readKey).not.toBe(p.volumeKey);

  const canaries = await launchCanaries(session, seen, silent);
  expect(canaries.map((c) => c.result)).toEqual(Array.from({ length: 8 }, () => 'launched'));
  const keys = new Set(canaries.map((c) => `${c.account} ${c.volumeKey}`));
  expect(new Set(canaries.map((c) => c.volumeKey)).size).toBe(keys.size);

  const again = await makePlan(session, silent);
  expect(again.plan.steps).toEqual([]);
  expect(stage.sim.bugs).toEqual([]);
});

test('an unencrypted image is delivered without a key once encryption by default is off', async () => {
  const stage = await testStage();
  await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const source = await bakedImage(stage, stage.builder, 'plain');
  const session = await stage.open(configOf({ vod: source }, { way: 'shared-unencrypted' }));
  const { plan, result } = await applied(session);
  expect(plan.steps.map((s) => s.do)).not.toContain('create-key');
  expect(plan.steps.filter((s) => s.do === 'disable-encryption-by-default').map((s) => s.region)).toEqual([OTHER]);
  expect(result.failed).toEqual([]);
  const { proofs } = await verify(session, silent);
  expect(new Set(proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

test('an encrypted source is refused the unencrypted way, with the ways out', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ vod: source }, { way: 'shared-unencrypted' }));
  const { plan } = await makePlan(session, silent);
  expect(plan.blocked).toMatchObject([
    { code: 'plan.source.encrypted', remedy: { does: expect.stringContaining('shared-encrypted') } },
  ]);
});

test('where role policies belong to others nothing is shared before the proof, and after they applied it the run goes on', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ kubernetes: source }, { rolePolicy: 'export' }));
  const first = await applied(session);
  expect(first.result.failed.map((f) => f.reason.code)).toEqual(['verify.cannot-launch', 'verify.cannot-launch']);
  expect(first.result.notStarted.some((id) => id.startsWith('share-image'))).toBe(true);
  // The key exists now, so what is exported names it.
  const { plan } = await makePlan(session, silent);
  for (const e of plan.exported) {
    if (e.on !== 'role') continue;
    const owner = e.account === FIRST ? stage.first : stage.second;
    await must(
      owner.send('iam', HOME, 'PutRolePolicy', {
        RoleName: e.roleName,
        PolicyName: e.policyName,
        PolicyDocument: e.policy,
      }),
    );
  }
  await stage.clock.sleep(60_000);
  const second = await applied(session);
  expect(second.result.failed).toEqual([]);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

test('foreign statements of an adopted key are kept', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'owner',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${BUILDER}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'theirs',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${SECOND}:root` },
        Action: 'kms:DescribeKey',
        Resource: '*',
      },
    ],
  });
  const made = await must(
    stage.builder.send<{ KeyMetadata: { Arn: string; KeyId: string } }>('kms', HOME, 'CreateKey', {
      MultiRegion: true,
      Policy,
    }),
  );
  await must(
    stage.builder.send('kms', HOME, 'CreateAlias', {
      AliasName: 'alias/amiport-images',
      TargetKeyId: made.KeyMetadata.KeyId,
    }),
  );
  const session = await stage.open(configOf({ kubernetes: source }));
  const { plan, result } = await applied(session);
  expect(plan.steps.map((s) => s.do)).not.toContain('create-key');
  expect(result.failed).toEqual([]);
  const after = await must(
    stage.builder.send<{ Policy: string }>('kms', HOME, 'GetKeyPolicy', { KeyId: made.KeyMetadata.KeyId }),
  );
  expect(after.Policy).toContain('"Sid":"theirs"');
});

test('an image that cannot be delivered moves no pointer: what blocks it is told, and nothing fails', async () => {
  const stage = await testStage();
  // The builder bakes encrypted.
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ vod: source }, { way: 'shared-unencrypted' }));
  const { plan, result } = await applied(session);
  expect(plan.blocked.map((b) => b.code)).toEqual(['plan.source.encrypted']);
  expect(plan.steps.filter((step) => step.do === 'put-parameter')).toEqual([]);
  expect(result.failed).toEqual([]);
});
