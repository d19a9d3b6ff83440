/**
 * Once the rights on the old key are taken, no principal of a user account can do anything with it: by authz over every
 * policy and grant as they are then, as if EC2 asked for them; and tried, by calls of their own.
 */
import { expect, test } from 'vitest';
import type { RawSender } from '../../src/app/api.ts';
import { evaluate } from '../../src/authz/evaluate.ts';
import type { Principal } from '../../src/authz/types.ts';
import type { Caller } from '../../src/sim/operation.ts';
import { grantsFor, identitySide, keyPolicy } from '../../src/sim/policies-of.ts';
import type { Key } from '../../src/sim/world/kms.ts';
import type { World } from '../../src/sim/world/world.ts';
import { FIRST, HOME, must, OTHER, SECOND } from '../deliver/stage.ts';
import { delivered, keyNamed, rotated, WISH } from './stage.ts';

const REGIONS = [HOME, OTHER];
const USES = [
  ...['Decrypt', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'],
  ...['GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo', 'CreateGrant'],
];

function principalsOf(world: World, account: string): readonly Principal[] {
  const roles = [...(world.accounts.get(account)?.iam.roles.values() ?? [])];
  return [
    { kind: 'root', account },
    ...roles.map((r): Principal => ({ kind: 'role', arn: r.arn, id: r.roleId, session: 'any' })),
  ];
}

/** Each use that is allowed: `who action Region`. What EC2 asks on somebody's behalf carries the most rights. */
function usesAllowed(world: World, keys: readonly Key[], nowMs: number): readonly string[] {
  const found: string[] = [];
  for (const key of keys)
    for (const account of [FIRST, SECOND])
      for (const principal of principalsOf(world, account)) {
        const caller = callerOf(account, principal);
        const region = key.arn.split(':')[3] ?? '';
        const policies = {
          identity: identitySide(world, caller, nowMs).identity,
          resource: keyPolicy(world, key),
          grants: grantsFor(key, () => true, nowMs),
        };
        for (const use of USES) {
          const context = {
            'kms:calleraccount': [account],
            'kms:viaservice': [`ec2.${region}.amazonaws.com`],
            'kms:grantisforawsresource': ['true'],
            'kms:encryptioncontext:aws:ebs:id': ['vol-0123456789abcdef0'],
            'kms:encryptioncontextkeys': ['aws:ebs:id'],
          };
          const asked = { principal, action: `kms:${use}`, resource: key.arn, resourceAccount: key.account, context };
          if (evaluate(asked, policies).is !== 'denied') found.push(`${caller.arn} ${use} ${region}`);
        }
      }
  return found;
}

const callerOf = (account: string, principal: Principal): Caller => ({
  account,
  principal,
  arn: 'arn' in principal ? principal.arn : `arn:aws:iam::${account}:root`,
  userId: account,
  accessKeyId: undefined,
  sessionPolicies: undefined,
  sessionTags: new Map(),
});

/** Every way by which a key is used directly. @returns what was not refused */
async function triedOn(of: RawSender, region: string, key: Key, ciphertext: Uint8Array): Promise<readonly string[]> {
  const KeyId = key.arn;
  const Operations = ['Decrypt'];
  const calls: Readonly<Record<string, object>> = {
    Decrypt: { KeyId, CiphertextBlob: ciphertext },
    Encrypt: { KeyId, Plaintext: Buffer.from('x') },
    GenerateDataKey: { KeyId, KeySpec: 'AES_256' },
    GenerateDataKeyWithoutPlaintext: { KeyId, KeySpec: 'AES_256' },
    ReEncrypt: { SourceKeyId: KeyId, DestinationKeyId: KeyId, CiphertextBlob: ciphertext },
    CreateGrant: { KeyId, GranteePrincipal: `arn:aws:iam::${of.account}:root`, Operations },
  };
  const found: string[] = [];
  for (const as of [undefined, `arn:aws:iam::${of.account}:role/Launcher`])
    for (const [call, input] of Object.entries(calls)) {
      const answer = await of.send('kms', region, call, input, as);
      if (answer.ok || answer.reason.code !== 'aws.AccessDeniedException')
        found.push(`${as ?? of.account} ${call} ${region}: ${answer.ok ? 'allowed' : answer.reason.says}`);
    }
  return found;
}

test('no principal of a user account can use the old key once the rights are taken, by authz and tried', async () => {
  const { stage, session } = await delivered();
  const { world } = stage.sim;
  const keys = REGIONS.map((r) => keyNamed(world, r));
  const [key] = keys;
  const { CiphertextBlob } = await must(
    stage.builder.send<{ CiphertextBlob: Uint8Array }>('kms', HOME, 'Encrypt', {
      KeyId: key?.arn,
      Plaintext: Buffer.from('as it was under the key that leaked'),
    }),
  );
  const before = usesAllowed(world, keys, stage.clock.nowMs());
  for (const account of [FIRST, SECOND])
    for (const region of REGIONS) {
      expect(before).toContain(`arn:aws:iam::${account}:role/Launcher Decrypt ${region}`);
      expect(before.filter((b) => b.includes(account) && b.endsWith(`CreateGrant ${region}`))).not.toEqual([]);
    }
  const { end } = await rotated(session, WISH, 'disable');
  expect(end).toMatchObject({ is: 'to-do', phase: 'disable' });
  expect(keys.map((k) => k.state)).toEqual(['Enabled', 'Enabled']);
  expect(usesAllowed(world, keys, stage.clock.nowMs())).toEqual([]);
  for (const of of [stage.first, stage.second])
    for (const [i, region] of REGIONS.entries()) {
      const there = keys[i];
      if (there !== undefined) expect(await triedOn(of, region, there, CiphertextBlob)).toEqual([]);
    }
  // The same ciphertext is good still, for who owns the key: what was refused was refused for want of rights.
  expect(await stage.builder.send('kms', HOME, 'Decrypt', { CiphertextBlob })).toMatchObject({ ok: true });
});
