/** What is proven of amiport's own role in the accounts is what its calls then do. */
import { expect, test } from 'vitest';
import { verify } from '../../src/app/api.ts';
import { applied, bakedImage, configOf, FIRST, HOME, must, silent, testStage } from './stage.ts';

const WAYS = [
  { way: 'shared-encrypted', extra: '', launcher: 'amiport', fails: 'kms:CreateGrant' },
  { way: 'account-copies', extra: ', accountKey: "alias/ebs-{account}"', launcher: 'copier', fails: 'kms:ReEncryptTo' },
];

test.each(WAYS)(
  '$way: $launcher is proven, and without $fails it is not, and cannot',
  async ({ way, extra, launcher, fails }) => {
    const stage = await testStage();
    const source = await bakedImage(stage, stage.builder, 'golden');
    const config = configOf({ kubernetes: source }, { way, extra }).replace(
      'regions: [eu-west-1, us-east-1]',
      'regions: [eu-west-1]',
    );
    const session = await stage.open(config);
    expect((await applied(session)).result.failed).toEqual([]);
    const told = async () =>
      (await verify(session, silent)).own.map((p) =>
        `${p.account} ${p.launcher} ${p.verdict} ${p.reasons.map((r) => r.code).join()}`.trim(),
      );
    expect((await told()).every((t) => t.includes(`${launcher} can-launch`))).toBe(true);
    expect(await told()).toHaveLength(2);

    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Action: fails, Resource: '*' }],
    });
    await must(
      stage.first.send('iam', HOME, 'PutRolePolicy', { RoleName: 'amiport', PolicyName: 'guard', PolicyDocument }),
    );
    await stage.clock.sleep(60_000);
    expect((await told()).find((t) => t.startsWith(FIRST))).toBe(
      `${FIRST} ${launcher} cannot-launch authz.denied.explicitly`,
    );

    const newer = await stage.open(config.replace(source, await bakedImage(stage, stage.builder, 'newer')));
    if (way === 'shared-encrypted') {
      const key = (await verify(session, silent)).seen.builder.get(HOME)?.key;
      const KeyId = key?.is === 'known' ? key.value.arn : '';
      for (const g of key?.is === 'known' && key.value.grants.is === 'known' ? key.value.grants.value : [])
        await must(stage.builder.send('kms', HOME, 'RevokeGrant', { KeyId, GrantId: g.grantId }));
    }
    const failed = (await applied(newer)).result.failed.map((f) => f.id);
    expect(failed.filter((id) => id.includes(FIRST))).not.toEqual([]);
  },
);
