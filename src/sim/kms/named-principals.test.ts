import { expect, test } from 'vitest';
import { givenRole } from '../launch/testing.ts';
import { simForTests } from '../testing.ts';
import { namedIds, policyNow } from './named-principals.ts';
import { letAccount, newKey, OWNER, policyOf, USER } from './testing.ts';

const ARN = 'arn:aws:iam::222222222222:role/App';

/** Source: IAM User Guide "AWS JSON policy elements: Principal": ARNs in conditions are not turned into ids. */
test('KMS-13 the id of a deleted role stands in for it in Principal, not in Condition', async () => {
  const sim = simForTests();
  givenRole(sim, USER.account, 'App', []);
  const role = sim.world.accounts.get(USER.account)?.iam.roles.get('App');
  const statement = (AWS: unknown) => ({
    Effect: 'Allow',
    Principal: { AWS },
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: { ArnEquals: { 'aws:PrincipalArn': ARN } },
  });
  const policy = policyOf(letAccount(OWNER.account), statement([ARN, '*']), statement(ARN));
  const keyId = (await newKey(sim, OWNER, { Policy: policy })).split('/')[1] ?? '';
  const key = sim.world.accounts.get(OWNER.account)?.places.get('eu-west-1')?.kms.keys.get(keyId);
  if (key === undefined || role === undefined) throw new Error('the key or the role is not there');
  expect([...namedIds(sim.world, policy)]).toEqual([[ARN, role.roleId]]);
  expect(policyNow(sim.world, key)).toBe(policy);
  sim.world.accounts.get(USER.account)?.iam.roles.delete('App');
  const gone = policyOf(letAccount(OWNER.account), statement([role.roleId, '*']), statement(role.roleId));
  expect(JSON.parse(policyNow(sim.world, key))).toEqual(JSON.parse(gone));
});
