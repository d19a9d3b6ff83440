import { describe, expect, test } from 'vitest';
import { authorize } from './access.ts';
import { contextAt } from './context.ts';
import { denialText } from './denial.ts';
import type { Caller, Demand } from './operation.ts';
import { EventIds } from './trail.ts';
import { defaultWorld } from './world/default-world.ts';
import type { Role } from './world/iam.ts';
import type { Key } from './world/kms.ts';
import { placeOf } from './world/make.ts';
import type { World } from './world/world.ts';

const NOW = Date.UTC(2026, 0, 1);
const REGION = 'eu-west-1';
const OWNER = '111111111111';
const USER = '222222222222';
const KEY = `arn:aws:kms:${REGION}:${OWNER}:key/k1`;
const allow = (action: string, more: object = {}) => ({ Effect: 'Allow', Action: action, Resource: '*', ...more });
const deny = (action: string, more: object = {}) => ({ ...allow(action, more), Effect: 'Deny' });
const text = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });

function addRole(
  world: World,
  account: string,
  parts: { inline?: string; attached?: string[]; boundary?: string } = {},
): Caller {
  const arn = `arn:aws:iam::${account}:role/app/App`;
  const permissions = {
    inline: new Map(parts.inline === undefined ? [] : [['own', parts.inline]]),
    attached: parts.attached ?? [],
    boundary: parts.boundary,
  };
  const role: Role = {
    arn,
    roleId: 'AROAAPP',
    name: 'App',
    path: '/app/',
    description: undefined,
    trust: text(allow('sts:AssumeRole', { Principal: { AWS: OWNER }, Resource: undefined })),
    permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
    maxSessionSeconds: 3600,
    createdMs: 0,
    tags: new Map([['team', 'video']]),
    lastUsed: undefined,
  };
  world.accounts.get(account)?.iam.roles.set('App', role);
  return {
    account,
    principal: { kind: 'role', arn, id: 'AROAAPP', session: 's' },
    arn: `arn:aws:sts::${account}:assumed-role/App/s`,
    userId: 'AROAAPP:s',
    accessKeyId: 'ASIA',
    sessionPolicies: undefined,
    sessionTags: new Map(),
  };
}

const root = (account: string): Caller => ({
  account,
  principal: { kind: 'root', account },
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
  accessKeyId: account,
  sessionPolicies: undefined,
  sessionTags: new Map(),
});

function addKey(world: World, policy: string): Key {
  const key: Key = {
    keyId: 'k1',
    arn: KEY,
    account: OWNER,
    region: REGION,
    description: '',
    createdMs: 0,
    manager: 'CUSTOMER',
    keySpec: 'SYMMETRIC_DEFAULT',
    keyUsage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    state: 'Enabled',
    deletionAtMs: undefined,
    pendingWindowDays: undefined,
    multiRegion: undefined,
    policy,
    policyChangedMs: 0,
    grants: new Map(),
    tags: new Map([['env', 'prod']]),
    rotation: { enabled: false, periodDays: 365, nextMs: undefined, onDemandLeft: 25 },
    materials: [],
    lastUsedMs: undefined,
    lastUsedOperation: undefined,
  };
  placeOf(world, OWNER, REGION).kms.keys.set('k1', key);
  return key;
}

/** `allowed`, or what AWS would say. */
function check(world: World, caller: Caller, demand: Demand, via?: string): string {
  const ctx = contextAt(world, NOW, 'r', new EventIds(1));
  const decision = authorize(ctx, caller, demand, { region: REGION, ...(via === undefined ? {} : { via }) });
  if (decision.is === 'allowed') return 'allowed';
  return denialText(caller, demand, decision, world.organization).replace(
    /^User: \S+ is not authorized to perform: /,
    '',
  );
}

const COPY: Demand = { action: 'ec2:CopyImage', resource: 'arn:aws:ec2:eu-west-1::image/*' };
const DECRYPT: Demand = { action: 'kms:Decrypt', resource: KEY, resourceAccount: OWNER };
const NOT_THERE =
  'kms:Decrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access';

describe("ACC-1 and ACC-2: the caller's side", () => {
  const no = (side: string) =>
    `ec2:CopyImage on resource: ${COPY.resource} because no ${side} allows the ec2:CopyImage action`;
  test.each([
    ['the account itself', () => [defaultWorld(), root(USER)] as const, 'allowed'],
    ['a role without policies', (w = defaultWorld()) => [w, addRole(w, USER)] as const, no('identity-based policy')],
    [
      'an inline policy',
      (w = defaultWorld()) => [w, addRole(w, USER, { inline: text(allow('ec2:*')) })] as const,
      'allowed',
    ],
    [
      'an AWS managed policy',
      (w = defaultWorld()) =>
        [w, addRole(w, USER, { attached: ['arn:aws:iam::aws:policy/AdministratorAccess'] })] as const,
      'allowed',
    ],
    [
      'a tag of the role',
      (w = defaultWorld()) =>
        [
          w,
          addRole(w, USER, {
            inline: text(allow('ec2:*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'video' } } })),
          }),
        ] as const,
      'allowed',
    ],
    [
      'the organization',
      (w = defaultWorld()) =>
        [
          w,
          addRole(w, USER, {
            inline: text(
              allow('ec2:*', {
                Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-amiport001', 'aws:RequestedRegion': REGION } },
              }),
            ),
          }),
        ] as const,
      'allowed',
    ],
    [
      'a boundary that is gone',
      (w = defaultWorld()) =>
        [w, addRole(w, USER, { inline: text(allow('*')), boundary: 'arn:aws:iam::222222222222:policy/gone' })] as const,
      no('permissions boundary'),
    ],
    [
      'a session policy',
      (w = defaultWorld()) =>
        [w, { ...addRole(w, USER, { inline: text(allow('*')) }), sessionPolicies: [text(allow('kms:*'))] }] as const,
      no('session policy'),
    ],
    [
      'an explicit deny',
      (w = defaultWorld()) => [w, addRole(w, USER, { inline: text(allow('*'), deny('ec2:Copy*')) })] as const,
      `ec2:CopyImage on resource: ${COPY.resource} with an explicit deny in an identity-based policy`,
    ],
    [
      'a role made again',
      (w = defaultWorld(), c = addRole(w, USER, { inline: text(allow('*')) })) =>
        [w, { ...c, principal: { ...c.principal, id: 'AROAOLD' } as Caller['principal'] }] as const,
      no('identity-based policy'),
    ],
  ])('%s', (_, make, says) => {
    const [world, caller] = make();
    expect(check(world, caller, COPY)).toBe(says);
  });

  test('an SCP binds members and their root, not the management account; the cache sees it come and go', () => {
    const world = defaultWorld();
    world.organization?.policies.set('p-1', {
      id: 'p-1',
      name: 'no-copies',
      description: '',
      type: 'SERVICE_CONTROL_POLICY',
      content: text(deny('ec2:CopyImage')),
      awsManaged: false,
    });
    const at = world.organization?.attachments.get('r-ab12');
    const both = () => [check(world, root(USER), COPY), check(world, root(OWNER), COPY)];
    expect(both()).toEqual(['allowed', 'allowed']);
    at?.add('p-1');
    expect(both()).toEqual([
      `ec2:CopyImage on resource: ${COPY.resource} with an explicit deny in a service control policy: arn:aws:organizations::111111111111:policy/o-amiport001/service_control_policy/p-1`,
      'allowed',
    ]);
    at?.delete('p-1');
    expect(both()).toEqual(['allowed', 'allowed']);
  });
});

describe('ACC-1 keys', () => {
  const open = (account: string, more: object = {}) =>
    allow('kms:*', { Principal: { AWS: `arn:aws:iam::${account}:root` }, ...more });
  test.each([
    ['the owner, by the default policy', text(open(OWNER)), root(OWNER), undefined, 'allowed'],
    ['another account that the policy does not name', text(open(OWNER)), root(USER), undefined, NOT_THERE],
    ['another account that it names', text(open(OWNER), open(USER)), root(USER), undefined, 'allowed'],
    [
      'only through EC2, called directly',
      text(open(USER, { Condition: { StringEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } } })),
      root(USER),
      undefined,
      NOT_THERE,
    ],
    [
      'only through EC2, called by EC2',
      text(open(USER, { Condition: { StringEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } } })),
      root(USER),
      'ec2',
      'allowed',
    ],
    [
      "by the key's tag",
      text(open(OWNER, { Condition: { StringEquals: { 'aws:ResourceTag/env': 'prod' } } })),
      root(OWNER),
      undefined,
      'allowed',
    ],
  ])('%s', (_, policy, caller, via, says) => {
    const world = defaultWorld();
    addKey(world, policy);
    expect(check(world, caller, DECRYPT, via)).toBe(says);
  });

  test.each([
    ["a grant of the key's account is not enough abroad", OWNER, 0, false],
    ["a grant made in the caller's account is", USER, 0, true],
    ['not before it settled', USER, NOW + 1, false],
  ])('%s', (_, issuingAccount, usableAtMs, works) => {
    const world = defaultWorld();
    const caller = addRole(world, USER);
    const key = addKey(world, text(open(OWNER), open(USER)));
    key.grants.set('g', {
      grantId: 'g',
      name: undefined,
      granteePrincipal: 'arn:aws:iam::222222222222:role/app/App',
      granteeId: 'AROAAPP',
      retiringPrincipal: undefined,
      operations: ['Decrypt'],
      constraints: undefined,
      issuingAccount,
      createdMs: 0,
      usableAtMs,
      tokens: ['token'],
    });
    expect(check(world, caller, DECRYPT) === 'allowed').toBe(works);
    if (usableAtMs > NOW) expect(check(world, caller, { ...DECRYPT, grantTokens: ['token'] })).toBe('allowed');
  });
});

test('assuming a role asks its trust policy', () => {
  const world = defaultWorld();
  addRole(world, USER);
  const demand: Demand = {
    action: 'sts:AssumeRole',
    resource: `arn:aws:iam::${USER}:role/app/App`,
    resourceAccount: USER,
  };
  expect([check(world, root(OWNER), demand), check(world, root('333333333333'), demand)]).toEqual([
    'allowed',
    `sts:AssumeRole on resource: ${demand.resource}`,
  ]);
});
