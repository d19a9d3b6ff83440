/** `verify --probe`: KMS is asked as the launchers, and what it answers is held against the proofs. */
import { beforeEach, expect, test } from 'vitest';
import { deskOf, type Proofs, type Session, verify } from '../../src/app/api.ts';
import { probeLaunchers } from '../../src/app/probe.ts';
import { type ProbeResult, probedProofs } from '../../src/verify/probes.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

let stage: TestStage;
let session: Session;
let key = '';

beforeEach(async () => {
  stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source }).replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');
  session = await stage.open(config);
  expect((await applied(session)).result.failed).toEqual([]);
  await stage.clock.sleep(10 * 60_000);
  const seen = await must(
    stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'DescribeKey', { KeyId: 'alias/amiport-images' }),
  );
  key = seen.KeyMetadata.Arn;
});

const document = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const all = (more: object = {}) => ({ Effect: 'Allow', Action: 'kms:*', Resource: '*', ...more });

/** Both sides open to the first account without a condition: then a call by hand is decided as EC2's is. */
async function openBothSides(): Promise<void> {
  const AWS = [BUILDER, FIRST, SECOND].map((a) => `arn:aws:iam::${a}:root`);
  await must(
    stage.builder.send('kms', HOME, 'PutKeyPolicy', {
      KeyId: key,
      PolicyName: 'default',
      Policy: document(all({ Principal: { AWS } })),
    }),
  );
  await rolePolicy(document(all()));
  await stage.clock.sleep(60_000);
}

const rolePolicy = (PolicyDocument: string) =>
  must(
    stage.first.send('iam', HOME, 'PutRolePolicy', {
      RoleName: 'Launcher',
      PolicyName: 'amiport-bedrock',
      PolicyDocument,
    }),
  );

const told = (probes: readonly ProbeResult[], launcher = 'role:Launcher', account = FIRST) =>
  probes
    .filter((p) => p.account === account && p.launcher === launcher && (p.key === undefined || p.key === key))
    .map((p) => `${p.action?.replace('kms:', '') ?? ''} ${p.result} ${p.reason?.code ?? ''}`.trim());

test('what amiport writes asks for kms:ViaService: not probeable; service-linked roles: not tried; nothing changes', async () => {
  const answer = await deskOf(session, {}).verify({ canary: false, probe: true }, silent);
  const { probes = [], proofs } = answer.ok ? answer.value : ({} as Proofs);
  expect(new Set(told(probes))).toEqual(
    new Set(
      ['DescribeKey', 'Decrypt', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo', 'CreateGrant'].map(
        (a) => `${a} not-probeable probe.not-probeable`,
      ),
    ),
  );
  expect(told(probes, 'autoscaling')).toEqual(['not-tried probe.service-linked']);
  expect(proofs.map((p) => p.verdict)).toEqual(['can-launch', 'can-launch', 'can-launch', 'can-launch']);
});

test('without such conditions KMS confirms every demand', async () => {
  await openBothSides();
  const { seen, proofs } = await verify(session, silent);
  const before = stage.sim.world.accounts.get(BUILDER)?.places.get(HOME)?.kms.keys;
  const grants = [...(before?.values() ?? [])].map((k) => k.grants.size);
  const probes = await probeLaunchers(session, seen, silent);
  expect(told(probes)).toEqual(
    ['DescribeKey', 'Decrypt', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo', 'CreateGrant'].map(
      (a) => `${a} allowed`,
    ),
  );
  expect([...(before?.values() ?? [])].map((k) => k.grants.size)).toEqual(grants);
  expect(probedProofs(proofs, probes)).toBe(proofs);
});

test('what KMS refuses against a proof makes it negative, loudly, with its words', async () => {
  await openBothSides();
  const { seen, proofs } = await verify(session, silent);
  await rolePolicy(document(all(), { Effect: 'Deny', Action: 'kms:ReEncryptTo', Resource: key }));
  await stage.clock.sleep(60_000);
  const probes = await probeLaunchers(session, seen, silent);
  expect(told(probes).slice(3)).toEqual([
    // The refusal names one of the two actions of the call.
    'ReEncryptFrom not-tried aws.AccessDeniedException',
    'ReEncryptTo denied aws.AccessDeniedException',
    'CreateGrant allowed',
  ]);
  const after = probedProofs(proofs, probes).filter((p) => p.verdict !== 'can-launch');
  expect(after.map((p) => `${p.account} ${p.launcher} ${p.verdict} ${p.reasons[0]?.code}`)).toEqual([
    `${FIRST} role:Launcher cannot-launch probe.contradicts`,
  ]);
  expect(after[0]?.reasons[0]?.because[0]?.says).toContain('explicit deny in an identity-based policy');
});

test('what KMS allows against a proof is told, and the launch stays unproven', async () => {
  await openBothSides();
  await rolePolicy(document(all({ Action: ['kms:Decrypt', 'kms:DescribeKey'] })));
  await stage.clock.sleep(60_000);
  const { seen, proofs } = await verify(session, silent);
  await rolePolicy(document(all()));
  await stage.clock.sleep(60_000);
  const after = probedProofs(proofs, await probeLaunchers(session, seen, silent));
  const [proof] = after.filter((p) => p.account === FIRST && p.launcher === 'role:Launcher');
  expect([proof?.verdict, proof?.reasons[0]?.code]).toEqual(['cannot-launch', 'probe.contradicts']);
});

test('a refusal that was proven is confirmed; a role that does not trust amiport is not tried', async () => {
  await openBothSides();
  await rolePolicy(document(all({ NotAction: 'kms:Decrypt', Action: undefined })));
  await stage.clock.sleep(60_000);
  const { seen } = await verify(session, silent);
  expect(told(await probeLaunchers(session, seen, silent))[1]).toBe('Decrypt denied aws.AccessDeniedException');
  const trust = document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
  await must(stage.first.send('iam', HOME, 'UpdateAssumeRolePolicy', { RoleName: 'Launcher', PolicyDocument: trust }));
  await stage.clock.sleep(3600_000);
  expect(told(await probeLaunchers(session, seen, silent))).toEqual(['not-tried aws.AccessDenied']);
});

test('a guardrail that nobody could read is told by KMS', async () => {
  await openBothSides();
  const { seen, proofs } = await verify(session, silent);
  const reason = { code: 'x', subject: 'x', says: 'may not be read', because: [] };
  const blind = { ...seen, organization: { is: 'unreadable' as const, reason } };
  const probes = await probeLaunchers(session, blind, silent);
  expect(new Set(told(probes))).toEqual(new Set(told(probes).map((t) => `${t.split(' ')[0]} allowed`)));
  const unknown = proofs.map((p) => ({ ...p, verdict: 'unknown' as const }));
  expect(probedProofs(unknown, probes)).toBe(unknown);
  const refused = probes.map((p) =>
    p.action === 'kms:Decrypt' && p.key === key ? { ...p, result: 'denied' as const } : p,
  );
  expect(probedProofs(unknown, refused).find((p) => p.launcher === 'role:Launcher')).toMatchObject({
    verdict: 'cannot-launch',
    reasons: [{ code: 'probe.denied' }],
  });
});
