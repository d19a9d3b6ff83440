import { CreateRoleCommand, DeleteRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateGrantCommand,
  type CreateGrantCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  type GrantOperation,
  KMSClient,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { says as outcome } from '../../ec2/testing.ts';
import { letAccount, newKey, OWNER, policyOf, rootOf, USER } from '../../kms/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const APP = 'arn:aws:iam::222222222222:role/App';
const ADMIN = { Effect: 'Allow', Action: 'kms:*', Resource: '*' };

/** A key of the owner that lets the user account in, a role there with no rights, and one with all. */
async function given(key: readonly object[] = [letAccount(USER.account)]) {
  const sim = simForTests();
  const app = sim.client(KMSClient, { credentials: givenRole(sim, USER.account, 'App', []) });
  const other = sim.client(KMSClient, { credentials: givenRole(sim, USER.account, 'Other', []) });
  const admin = sim.client(KMSClient, { credentials: givenRole(sim, USER.account, 'Admin', [ADMIN]) });
  const KeyId = await newKey(sim, OWNER, { Policy: policyOf(letAccount(OWNER.account), ...key) });
  const grant = (more: Partial<CreateGrantCommandInput> = {}) =>
    new CreateGrantCommand({ KeyId, GranteePrincipal: APP, Operations: ['Encrypt'], ...more });
  return { sim, app, other, admin, owner: sim.client(KMSClient, OWNER), KeyId, grant };
}
const encrypt = (KeyId: string, more: object = {}) =>
  new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), ...more });
const codeOf = async (answer: Promise<unknown>) => (await outcome(answer)).split(':')[0];
const settle = 300_000;

test('GR-1 a grant gives its operations to its grantee, and nothing else', async () => {
  const { sim, app, other, admin, KeyId, grant } = await given();
  const made = await admin.send(grant());
  expect([made.GrantId?.length, typeof made.GrantToken]).toEqual([64, 'string']);
  sim.advance(settle);
  expect(await codeOf(app.send(encrypt(KeyId)))).toBe('ok');
  expect(await codeOf(app.send(new DescribeKeyCommand({ KeyId })))).toBe('AccessDeniedException');
  expect(await codeOf(other.send(encrypt(KeyId)))).toBe('AccessDeniedException');
});

test('GR-2 the same name and parameters give the same grant and a fresh token', async () => {
  const { admin, KeyId, grant } = await given();
  const first = await admin.send(grant({ Name: 'asg' }));
  const again = await admin.send(grant({ Name: 'asg' }));
  const wider = await admin.send(grant({ Name: 'asg', Operations: ['Encrypt', 'Decrypt'] }));
  expect(again.GrantId).toBe(first.GrantId);
  expect(again.GrantToken).not.toBe(first.GrantToken);
  expect(wider.GrantId).not.toBe(first.GrantId);
  await admin.send(grant());
  await admin.send(grant());
  expect((await admin.send(new ListGrantsCommand({ KeyId }))).Grants).toHaveLength(4);
  expect(await codeOf(admin.send(grant({ Name: 'a name' })))).toBe('ValidationException');
});

test.each([
  { grantee: APP, says: 'ok' },
  { grantee: rootOf(USER.account), says: 'ok' },
  { grantee: 'arn:aws:sts::222222222222:assumed-role/App/session', says: 'ok' },
  { grantee: 'arn:aws:iam::222222222222:role/None', says: 'InvalidArnException' },
  { grantee: 'arn:aws:iam::999999999999:root', says: 'InvalidArnException' },
  { grantee: 'arn:aws:iam::222222222222:group/People', says: 'InvalidArnException' },
  { grantee: 'ec2.amazonaws.com', says: 'InvalidArnException' },
])('GR-3 grantee $grantee: $says', async ({ grantee, says }) => {
  const { admin, grant } = await given();
  const answer = await outcome(admin.send(grant({ GranteePrincipal: grantee })));
  expect(answer).toBe(says === 'ok' ? 'ok' : `${says}: ARN does not refer to a valid principal: ${grantee}`);
});

test.each(['Sign', 'GenerateMac', 'GetPublicKey'] as const)('GR-4 %s is no operation of a symmetric key', async (o) => {
  const { admin, grant } = await given();
  expect(await codeOf(admin.send(grant({ Operations: ['Encrypt', o] })))).toBe('ValidationException');
});

describe('GR-5 who may make grants', () => {
  const CREATE = 'kms:CreateGrant';
  const onlyGrants = { Effect: 'Allow', Action: CREATE, Resource: '*' };
  test('whoever may call CreateGrant, without having what is granted', async () => {
    const { sim, KeyId, grant, app } = await given([letAccount(USER.account, { Action: CREATE })]);
    const maker = sim.client(KMSClient, { credentials: givenRole(sim, USER.account, 'Maker', [onlyGrants]) });
    expect(await codeOf(maker.send(encrypt(KeyId)))).toBe('AccessDeniedException');
    await maker.send(grant());
    sim.advance(settle);
    expect(await codeOf(app.send(encrypt(KeyId)))).toBe('ok');
  });

  const parent: Partial<CreateGrantCommandInput> = {
    Operations: ['Encrypt', 'Decrypt', 'CreateGrant'],
    Constraints: { EncryptionContextSubset: { team: 'video' } },
  };
  const OTHER = 'arn:aws:iam::222222222222:role/Other';
  const ops = (...Operations: GrantOperation[]) => ({ Operations });
  const subset = (EncryptionContextSubset: Record<string, string>) => ({ Constraints: { EncryptionContextSubset } });
  test.each([
    { when: 'a subset', child: { ...ops('Encrypt'), ...subset({ team: 'video' }) }, says: 'ok' },
    { when: 'a stricter constraint', child: { ...ops('Encrypt'), ...subset({ team: 'video', a: 'b' }) }, says: 'ok' },
    {
      when: 'Equals for Subset',
      child: { ...ops('Encrypt'), Constraints: { EncryptionContextEquals: { team: 'video' } } },
      says: 'ok',
    },
    { when: 'more operations', child: { ...ops('Encrypt', 'DescribeKey'), ...subset({ team: 'video' }) }, says: 'no' },
    { when: 'no constraint', child: ops('Encrypt'), says: 'no' },
    { when: 'another constraint', child: { ...ops('Encrypt'), ...subset({ team: 'audio' }) }, says: 'no' },
  ])('a grantee passes on $when: $says', async ({ child, says }) => {
    const { sim, admin, app, grant } = await given();
    await admin.send(grant(parent));
    sim.advance(settle);
    const answer = await codeOf(app.send(grant({ GranteePrincipal: OTHER, ...child })));
    expect(answer).toBe(says === 'ok' ? 'ok' : 'AccessDeniedException');
  });
});

describe('GR-6 constraints', () => {
  test.each([
    { is: 'EncryptionContextSubset', ctx: { team: 'video', more: 'x' }, says: 'ok' },
    { is: 'EncryptionContextSubset', ctx: { team: 'Video' }, says: 'AccessDeniedException' },
    { is: 'EncryptionContextSubset', ctx: {}, says: 'AccessDeniedException' },
    { is: 'EncryptionContextEquals', ctx: { team: 'video' }, says: 'ok' },
    { is: 'EncryptionContextEquals', ctx: { team: 'video', more: 'x' }, says: 'AccessDeniedException' },
  ])('$is against $ctx: $says', async ({ is, ctx, says }) => {
    const { sim, app, admin, KeyId, grant } = await given();
    await admin.send(grant({ Constraints: { [is]: { team: 'video' } } }));
    sim.advance(settle);
    expect(await codeOf(app.send(encrypt(KeyId, { EncryptionContext: ctx })))).toBe(says);
  });

  test('do not bind DescribeKey', async () => {
    const { sim, app, admin, KeyId, grant } = await given();
    await admin.send(grant({ Operations: ['DescribeKey'], Constraints: { EncryptionContextSubset: { a: 'b' } } }));
    sim.advance(settle);
    expect(await codeOf(app.send(new DescribeKeyCommand({ KeyId })))).toBe('ok');
  });

  test.each([
    { when: 'eight pairs', pairs: 8, chars: 1, says: 'ok' },
    { when: 'nine pairs', pairs: 9, chars: 1, says: 'ValidationException' },
    { when: '385 characters', pairs: 1, chars: 385, says: 'ValidationException' },
  ])('take $when: $says', async ({ pairs, chars, says }) => {
    const { admin, grant } = await given();
    const all = Object.fromEntries(Array.from({ length: pairs }, (_, i) => [`k${i}`, 'v'.repeat(chars)]));
    expect(await codeOf(admin.send(grant({ Constraints: { EncryptionContextSubset: all } })))).toBe(says);
  });
});

test('GR-7 a grant counts after a while, at once with its token', async () => {
  const { sim, app, admin, KeyId, grant } = await given();
  const { GrantToken } = await admin.send(grant());
  expect(await codeOf(app.send(encrypt(KeyId)))).toBe('AccessDeniedException');
  expect(await codeOf(app.send(encrypt(KeyId, { GrantTokens: [GrantToken] })))).toBe('ok');
  sim.advance(sim.world.settings.grantLagMs);
  expect(await codeOf(app.send(encrypt(KeyId)))).toBe('ok');
});

test('GR-8 50,000 grants are the most', async () => {
  const { sim, admin, KeyId, grant } = await given();
  const first = await admin.send(grant());
  const grants = sim.world.accounts
    .get(OWNER.account)
    ?.places.get('eu-west-1')
    ?.kms.keys.get(KeyId.split('/')[1] ?? '')?.grants;
  const one = grants?.get(first.GrantId ?? '');
  if (grants === undefined || one === undefined) throw new Error('the grant is not there');
  for (let i = 1; i < 50_000; i += 1) grants.set(String(i), { ...one, grantId: String(i), tokens: [] });
  expect(await codeOf(admin.send(grant()))).toBe('LimitExceededException');
});

describe('GR-9 lists, revoking and retiring', () => {
  test('a grant tells the account that made it, and can be found by grantee', async () => {
    const { admin, owner, KeyId, grant } = await given();
    await admin.send(grant({ Name: 'theirs' }));
    await owner.send(grant({ GranteePrincipal: rootOf(USER.account) }));
    const { Grants } = await owner.send(new ListGrantsCommand({ KeyId, GranteePrincipal: APP }));
    expect(Grants).toMatchObject([{ Name: 'theirs', IssuingAccount: rootOf(USER.account), GranteePrincipal: APP }]);
  });

  test('pages of 50, of 100 at most', async () => {
    const { owner, KeyId, grant } = await given();
    for (let i = 0; i < 60; i += 1) await owner.send(grant());
    const first = await owner.send(new ListGrantsCommand({ KeyId }));
    const rest = await owner.send(new ListGrantsCommand({ KeyId, Marker: first.NextMarker }));
    expect([first.Grants?.length, first.Truncated, rest.Grants?.length, rest.Truncated]).toEqual([50, true, 10, false]);
    expect(await codeOf(owner.send(new ListGrantsCommand({ KeyId, Limit: 101 })))).toBe('ValidationException');
  });

  test('revoked at once, also from another account', async () => {
    const { sim, app, admin, KeyId, grant } = await given();
    const { GrantId } = await admin.send(grant());
    sim.advance(settle);
    expect(await codeOf(app.send(new RevokeGrantCommand({ KeyId, GrantId })))).toBe('AccessDeniedException');
    expect(await codeOf(admin.send(new RevokeGrantCommand({ KeyId, GrantId, DryRun: true })))).toBe(
      'DryRunOperationException',
    );
    expect(await codeOf(admin.send(new RevokeGrantCommand({ KeyId, GrantId })))).toBe('ok');
    expect(await codeOf(app.send(encrypt(KeyId)))).toBe('AccessDeniedException');
    expect(await outcome(admin.send(new RevokeGrantCommand({ KeyId, GrantId })))).toBe(
      `NotFoundException: Grant ID ${GrantId} not found`,
    );
  });

  test.each([
    { who: 'the retiring principal', more: { RetiringPrincipal: 'arn:aws:iam::222222222222:role/Other' }, as: 'other' },
    { who: 'a grantee that may', more: { Operations: ['Encrypt', 'RetireGrant'] as GrantOperation[] }, as: 'app' },
    { who: 'the account that made it', more: {}, as: 'admin' },
    { who: 'not a grantee that may not', more: {}, as: 'app', no: true },
    { who: 'not the owner of the key by its policy', more: {}, as: 'owner', no: true },
    { who: 'not a stranger', more: {}, as: 'other', no: true },
  ] as const)('retired by $who', async ({ more, as, ...row }) => {
    const all = await given();
    const { GrantId, GrantToken } = await all.admin.send(all.grant(more as Partial<CreateGrantCommandInput>));
    all.sim.advance(settle);
    const answer = await codeOf(all[as].send(new RetireGrantCommand({ GrantToken })));
    expect(answer).toBe('no' in row ? 'AccessDeniedException' : 'ok');
    const left = await all.owner.send(new ListGrantsCommand({ KeyId: all.KeyId, GrantId }));
    expect(left.Grants?.length).toBe('no' in row ? 1 : 0);
  });

  test('the right to retire one grant is none to retire another', async () => {
    const { sim, app, admin, grant } = await given();
    await admin.send(grant({ Operations: ['Encrypt', 'RetireGrant'] }));
    const { GrantToken } = await admin.send(grant({ GranteePrincipal: rootOf(USER.account) }));
    sim.advance(settle);
    expect(await codeOf(app.send(new RetireGrantCommand({ GrantToken })))).toBe('AccessDeniedException');
  });

  test('a key policy cannot give the right to retire', async () => {
    const { sim, other, owner, KeyId, grant } = await given([
      { Effect: 'Allow', Principal: '*', Action: 'kms:RetireGrant', Resource: '*' },
    ]);
    const { GrantId } = await owner.send(grant());
    sim.advance(settle);
    expect(await codeOf(other.send(new RetireGrantCommand({ KeyId, GrantId })))).toBe('AccessDeniedException');
  });

  test('ListRetirableGrants lists those of the retiring principal', async () => {
    const { admin, grant } = await given();
    const RetiringPrincipal = 'arn:aws:iam::222222222222:role/Other';
    await admin.send(grant({ Name: 'one', RetiringPrincipal }));
    await admin.send(grant({ Name: 'two' }));
    const { Grants } = await admin.send(new ListRetirableGrantsCommand({ RetiringPrincipal }));
    expect(Grants?.map((g) => g.Name)).toEqual(['one']);
  });
});

test("GR-5 a grant of the key's account does not serve a foreign role without IAM", async () => {
  const { sim, app, owner, KeyId, grant } = await given();
  await owner.send(grant());
  sim.advance(settle);
  expect(await codeOf(app.send(encrypt(KeyId)))).toBe('AccessDeniedException');
});

test('GR-3 a grantee that was deleted shows as its unique id, and made again it is another', async () => {
  const { sim, admin, KeyId, grant } = await given();
  const iam = sim.client(IAMClient, USER);
  const trust = policyOf({ Effect: 'Allow', Principal: { AWS: USER.account }, Action: 'sts:AssumeRole' });
  const create = new CreateRoleCommand({ RoleName: 'Temp', AssumeRolePolicyDocument: trust });
  const { Role } = await iam.send(create);
  await admin.send(grant({ GranteePrincipal: Role?.Arn, Name: 'dead' }));
  const shown = async () =>
    (await admin.send(new ListGrantsCommand({ KeyId }))).Grants?.map((g) => g.GranteePrincipal)[0];
  expect(await shown()).toBe(Role?.Arn);
  await iam.send(new DeleteRoleCommand({ RoleName: 'Temp' }));
  expect(await shown()).toBe(Role?.RoleId);
  await iam.send(create);
  expect(await shown()).toBe(Role?.RoleId);
});

test('IAM-6 CreateGrant with DryRun makes nothing', async () => {
  const { admin, KeyId, app, grant } = await given();
  expect(await codeOf(admin.send(grant({ DryRun: true })))).toBe('DryRunOperationException');
  expect(await codeOf(app.send(grant({ DryRun: true })))).toBe('AccessDeniedException');
  expect((await admin.send(new ListGrantsCommand({ KeyId }))).Grants).toEqual([]);
});

test('GR-1 a grant decrypts what others encrypted', async () => {
  const { sim, app, admin, owner, KeyId, grant } = await given();
  const { CiphertextBlob } = await owner.send(encrypt(KeyId));
  await admin.send(grant({ Operations: ['Decrypt'] }));
  sim.advance(settle);
  expect(Buffer.from((await app.send(new DecryptCommand({ CiphertextBlob }))).Plaintext ?? []).toString()).toBe('x');
});
