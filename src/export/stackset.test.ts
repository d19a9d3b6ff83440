import { expect, test } from 'vitest';
import { AROUND, VALID } from '../model/config.testdata.ts';
import { parseConfig } from '../model/config.ts';
import type { Delivery } from '../model/delivery.ts';
import { exportIam } from './iam.ts';
import { stackSetTemplate } from './stackset.ts';

const parsed = parseConfig(VALID, 'amiport.yaml', AROUND);
if (!parsed.ok) throw new Error('the config of the tests is wrong');
const want: Delivery = parsed.delivery;

interface Role {
  readonly Properties: {
    readonly RoleName: string;
    readonly AssumeRolePolicyDocument: object;
    readonly Policies: readonly object[];
  };
}
const rolesOf = (template: object | undefined) => (template as { Resources: Record<string, Role> }).Resources;

test('one role to work and one to look, the same in every account, with the id of its own', () => {
  const roles = rolesOf(stackSetTemplate(want));
  expect(Object.keys(roles)).toEqual(['AmiportAccount', 'AmiportReadOnly']);
  expect(roles.AmiportAccount?.Properties.RoleName).toBe('amiport');
  const text = JSON.stringify(roles);
  expect(text).not.toContain('000000000000');
  expect(text).toContain('{"Fn::Sub":"arn:aws:ssm:*:$' + '{AWS::AccountId}:parameter/');
  for (const { id } of want.accounts.filter((a) => a.id !== want.builder.account)) expect(text).not.toContain(id);
});

/** As CloudFormation fills it in. */
function filledIn(value: unknown, account: string): unknown {
  if (Array.isArray(value)) return value.map((v) => filledIn(v, account));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const [[name, text] = []] = entries;
  if (name === 'Fn::Sub') return String(text).replaceAll('$' + '{AWS::AccountId}', account);
  return Object.fromEntries(entries.map(([k, v]) => [k, filledIn(v, account)]));
}

test('what a stack makes in an account is what the JSON says of it, through JSON and back', () => {
  const [target] = want.accounts.filter((a) => a.id !== want.builder.account);
  const one = { ...want, accounts: want.accounts.filter((a) => a === target) };
  const text = JSON.stringify(stackSetTemplate(one));
  const made = Object.values(rolesOf(JSON.parse(text))).map(({ Properties: p }) => ({
    name: p.RoleName,
    trust: p.AssumeRolePolicyDocument,
    policies: filledIn(p.Policies, target?.id ?? ''),
  }));
  const said = exportIam(one, []).roles.filter((r) => r.account === target?.id);
  expect(made).toEqual(
    said.map((r) => ({
      name: r.roleArn?.split('/').at(-1),
      trust: r.trust,
      policies: Object.entries(r.policies).map(([PolicyName, PolicyDocument]) => ({ PolicyName, PolicyDocument })),
    })),
  );
});

test('the trust is in the builder account, with the external id', () => {
  const trust = JSON.stringify(rolesOf(stackSetTemplate(want)).AmiportAccount?.Properties.AssumeRolePolicyDocument);
  expect(trust).toContain(`arn:aws:iam::${want.builder.account}:root`);
  expect(trust).toContain('sts:ExternalId');
});

test('there is none without a role, or without user accounts', () => {
  expect(stackSetTemplate({ ...want, access: { ...want.access, role: undefined } })).toBeUndefined();
  expect(stackSetTemplate({ ...want, accounts: [] })).toBeUndefined();
});

test('a thousand accounts make it no longer', () => {
  const [first] = want.accounts;
  const many = Array.from(
    { length: 1000 },
    (_, i) => ({ ...first, id: String(200_000_000_000 + i) }) as (typeof want.accounts)[number],
  );
  const one = JSON.stringify(stackSetTemplate({ ...want, accounts: many.slice(0, 1) }));
  expect(JSON.stringify(stackSetTemplate({ ...want, accounts: many })).length).toBe(one.length);
});
