/** Questions aimed at who is named, which policies count, and what follows from the caller. */
import type { Random } from '../../src/base/ports.ts';
import { ABROAD, type Asked, HOME, OTHER } from './asked.ts';
import {
  ALLOW,
  ANONYMOUS,
  chance,
  FULL,
  federatedIn,
  KEY,
  NONE,
  pick,
  plain,
  policy,
  ROLE,
  roleIn,
  rootOf,
  S3,
  service,
  some,
  userIn,
} from './plain.ts';

/** Every way of naming whoever calls, and those that are somebody else's. */
const named = (account: string) => [
  '*',
  { AWS: '*' },
  { AWS: account },
  { AWS: `arn:aws:iam::${account}:root` },
  { AWS: OTHER },
  { AWS: `arn:aws:iam::${OTHER}:root` },
  { AWS: `arn:aws:iam::${account}:role/App` },
  { AWS: `arn:aws:sts::${account}:assumed-role/App/s` },
  { AWS: `arn:aws:sts::${account}:assumed-role/App/t` },
  { AWS: `arn:aws:iam::${account}:user/ada` },
  { AWS: `arn:aws:iam::${account}:user/bob` },
  { AWS: `arn:aws:sts::${account}:federated-user/fed` },
  { AWS: [`arn:aws:iam::${account}:role/Other`, `arn:aws:iam::${account}:role/App`] },
  { Service: 'ec2.amazonaws.com' },
  { Service: ['s3.amazonaws.com', 'ec2.amazonaws.com'] },
];
const callers = (account: string) => [
  roleIn(account),
  roleIn(account, 'team/'),
  userIn(account),
  rootOf(account),
  federatedIn(account),
];

export function principals(draw: Random): Asked {
  const account = pick(draw, [HOME, HOME, ABROAD]);
  const target = pick(draw, [S3, KEY, ROLE]);
  const caller = chance(draw, 0.12) ? service('ec2.amazonaws.com') : pick(draw, callers(account));
  const isService = caller.principal.kind === 'service';
  const Resource = target.kind === 'role-trust' ? {} : { Resource: target.kind === 'other' ? target.resource : '*' };
  // The other simulator knows a session by its name, which has no path.
  const hasPath = 'arn' in caller.principal && caller.principal.arn.includes('/team/');
  const names = named(account).filter((n) => !hasPath || !JSON.stringify(n).includes(':role/'));
  const one = {
    Effect: 'Allow',
    Action: chance(draw, 0.8) ? '*' : target.actions,
    Principal: pick(draw, names),
    ...Resource,
  };
  const deny = chance(draw, 0.15) ? [{ ...one, Effect: 'Deny', Principal: pick(draw, names) }] : [];
  const limits = chance(draw, 0.5) && !isService;
  return plain({
    service: target,
    account,
    caller,
    action: target.actions[0] ?? '',
    identity: isService || chance(draw, 0.5) ? NONE : FULL,
    resource: policy(one, ...deny),
    ...(limits && caller.principal.kind !== 'root' ? { boundary: pick(draw, [undefined, NONE, FULL]) } : {}),
    ...(limits && ['role', 'federated'].includes(caller.principal.kind)
      ? { session: pick(draw, [undefined, NONE, FULL]) }
      : {}),
  });
}

/** NotPrincipal is for a Deny; the account is listed with whoever is meant. */
export function notPrincipal(draw: Random): Asked {
  const caller = pick(draw, [
    roleIn(HOME),
    userIn(HOME),
    rootOf(HOME),
    federatedIn(HOME),
    service('ec2.amazonaws.com'),
    ANONYMOUS,
  ]);
  if (caller.principal.kind === 'service') {
    const NotPrincipal = { Service: pick(draw, ['ec2.amazonaws.com', 's3.amazonaws.com']) };
    const open = { Effect: 'Allow', Action: '*', Principal: { Service: 'ec2.amazonaws.com' }, Resource: S3.resource };
    const { Principal: _, ...rest } = open;
    return plain({ caller, identity: NONE, resource: policy(open, { ...rest, Effect: 'Deny', NotPrincipal }) });
  }
  const lists = [
    [`arn:aws:iam::${HOME}:root`, `arn:aws:iam::${HOME}:role/App`, `arn:aws:sts::${HOME}:assumed-role/App/s`],
    [`arn:aws:iam::${HOME}:root`, `arn:aws:iam::${HOME}:user/ada`],
    [`arn:aws:iam::${HOME}:root`],
    [`arn:aws:iam::${OTHER}:root`],
    [`arn:aws:iam::${HOME}:root`, `arn:aws:iam::${HOME}:user/bob`],
    [`arn:aws:iam::${HOME}:root`, `arn:aws:sts::${HOME}:federated-user/fed`],
    ['*'],
  ];
  const deny = { Effect: 'Deny', Action: '*', NotPrincipal: { AWS: pick(draw, lists) }, Resource: S3.resource };
  const allow = { Effect: 'Allow', Action: '*', Principal: '*', Resource: S3.resource };
  const bounded = chance(draw, 0.3) && ['role', 'user'].includes(caller.principal.kind) ? { boundary: FULL } : {};
  return plain({ caller, identity: caller === ANONYMOUS ? NONE : FULL, resource: policy(allow, deny), ...bounded });
}

/** Levels of the organization, boundary, session and endpoint: one of them at a time is not as open as the rest. */
export function layers(draw: Random): Asked {
  const account = pick(draw, [HOME, HOME, ABROAD]);
  const target = pick(draw, [S3, KEY, ROLE]);
  const Resource = target.kind === 'role-trust' ? {} : { Resource: target.kind === 'other' ? target.resource : '*' };
  const open = { Effect: 'Allow', Action: '*', Principal: { AWS: account }, ...Resource };
  const caller = pick(draw, [roleIn(account), roleIn(account), userIn(account)]);
  const shut = () =>
    pick(draw, [
      NONE,
      FULL,
      policy(ALLOW, { ...ALLOW, Effect: 'Deny', Action: pick(draw, ['*', target.actions[0], 'ec2:Run*']) }),
    ]);
  const levels = (at: number) => Array.from({ length: 3 }, (_, i) => (i === at ? shut() : FULL));
  const deny = policy({
    Effect: 'Deny',
    Principal: '*',
    Action: pick(draw, ['s3:*', 'kms:*', 'sts:*', 'kms:Decrypt']),
    Resource: '*',
  });
  const which = Math.floor(draw() * 6);
  const at = Math.floor(draw() * 3);
  const isRole = caller.principal.kind === 'role';
  const everyone = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };
  return plain({
    service: target,
    account,
    caller,
    action: target.actions[0] ?? '',
    resource: policy(open),
    ...(which === 0 ? { scps: levels(at) } : {}),
    ...(which === 1
      ? {
          rcps: Array.from({ length: 2 }, (_, i) =>
            i === at % 2 ? deny : policy({ ...deny.Statement[0], Action: 'sqs:*' }),
          ),
        }
      : {}),
    ...(which === 2 ? { boundary: shut() } : {}),
    ...(which === 3 && isRole ? { session: shut() } : {}),
    ...(which === 4
      ? {
          endpoint: pick(draw, [
            policy(everyone),
            policy({ ...everyone, Action: 'ec2:*' }),
            policy(everyone, { ...everyone, Effect: 'Deny' }),
          ]),
        }
      : {}),
    ...(which === 5 ? { identity: shut() } : {}),
  });
}

/** Keys that follow from the caller and the resource, which the other simulator is told. */
const DERIVED = [
  'aws:PrincipalServiceName',
  'aws:PrincipalArn',
  'aws:PrincipalType',
  'aws:username',
  'aws:userid',
  'aws:PrincipalAccount',
  'aws:ResourceAccount',
  'kms:CallerAccount',
  'aws:PrincipalIsAWSService',
];
export function derived(draw: Random): Asked {
  const account = pick(draw, [HOME, HOME, ABROAD]);
  const path = pick(draw, ['', '', 'team/']);
  const caller = pick(draw, [
    roleIn(account, path),
    userIn(account, path),
    rootOf(account),
    service('ec2.amazonaws.com'),
  ]);
  const target = pick(draw, [S3, KEY]);
  const key = pick(draw, DERIVED);
  const wanted = [
    `arn:aws:iam::${account}:role/${path}App`,
    `arn:aws:iam::${account}:user/${path}ada`,
    `arn:aws:iam::${account}:root`,
    'AssumedRole',
    'User',
    'Account',
    'ada',
    `${path}ada`,
    'ec2.amazonaws.com',
    'AROAAPP:s',
    'AROAAPP',
    'AIDAADA',
    account,
    HOME,
    'false',
    'true',
    'App',
  ];
  const Condition = chance(draw, 0.2)
    ? { Null: { [key]: pick(draw, ['true', 'false']) } }
    : { [pick(draw, ['StringEquals', 'StringNotEquals', 'StringLike'])]: { [key]: some(draw, wanted, 6) } };
  const Resource = target.kind === 'other' ? target.resource : '*';
  const isService = caller.principal.kind === 'service';
  const open = {
    Effect: 'Allow',
    Action: '*',
    Principal: isService ? { Service: caller.name } : { AWS: account },
    Resource,
  };
  return plain({
    service: target,
    account: isService ? HOME : account,
    caller,
    action: target.actions[0] ?? '',
    identity: isService ? NONE : FULL,
    resource: policy(open, { ...open, Effect: 'Deny', Condition }),
  });
}

/** Which sides must allow: the caller's policies, the resource's, or both; keys and trust policies by rules of their own. */
export function sides(draw: Random): Asked {
  const account = pick(draw, [HOME, ABROAD]);
  const target = pick(draw, [S3, KEY, ROLE]);
  const caller = pick(draw, [roleIn(account), userIn(account), rootOf(account)]);
  const Resource = target.kind === 'role-trust' ? {} : { Resource: target.kind === 'other' ? target.resource : '*' };
  const Principal = pick(draw, [{ AWS: account }, { AWS: OTHER }, { AWS: caller.name }, '*']);
  const one = { Effect: 'Allow', Action: pick(draw, ['*', '*', 'none:Nothing']), Principal, ...Resource };
  return plain({
    service: target,
    account,
    caller,
    action: target.actions[0] ?? '',
    identity: pick(draw, [FULL, NONE]),
    resource: chance(draw, 0.85) ? policy(one) : undefined,
  });
}

/** Policies that AWS does not take, beside some that it does. */
export function malformed(draw: Random): Asked {
  const trusts = chance(draw, 0.25);
  const good = { Effect: 'Allow', Action: '*', Resource: '*' };
  const { Effect: _, ...withoutEffect } = good;
  const identity = pick<Asked['identity']>(draw, [
    policy(good),
    policy(withoutEffect),
    policy({ ...good, Effect: pick(draw, ['allow', 'ALLOW', 'Permit']) }),
    policy({ ...good, Actions: '*' }),
    policy({ ...good, NotAction: 's3:*' }),
    policy({ ...good, NotResource: '*' }),
    { ...policy(good), Version: pick(draw, ['2012-10-18', '2008-10-17', '']) },
    { Version: '2012-10-17' },
  ]);
  const resource = trusts
    ? policy({ ...good, Resource: S3.resource, Principal: { [pick(draw, ['AWS', 'Aws', 'User'])]: HOME } })
    : undefined;
  return plain({ identity: trusts ? FULL : identity, resource });
}
