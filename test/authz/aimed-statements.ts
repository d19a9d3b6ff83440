/** Questions aimed at what makes a statement match: conditions, variables, resources, actions. */
import type { Random } from '../../src/base/ports.ts';
import { type Asked, HOME, type Service } from './asked.ts';
import { ALLOW, chance, pick, plain, policy, some } from './plain.ts';

/** By type of condition key: a key that every action has, and values at the edges of the operators. */
const TEXTS = [
  'video',
  'Video',
  'v*',
  'vi?eo',
  'v',
  '',
  'audio',
  'v:i:d',
  '${*}',
  'a*b',
  'video*',
  'vid',
  '*',
  '?',
  'av',
  'v*',
  'av',
];
const ARNS = [
  'arn:aws:sns:eu-west-1:111111111111:topic',
  'arn:aws:sns:eu-west-1:111111111111:topics',
  'arn:aws:sns:*:*:topic',
  'arn:aws:sns:*:topic',
  'arn:aws:*:111111111111:topic',
  'arn:aws:sns:*:*:sub',
  'arn:aws:sns:*',
  'arn:aws:sns:eu-west-1:111111111111:to*',
  'arn:aws:sns:eu-west-1:111111111111:topic:sub',
  'arn:aws:s*s:eu-west-1:111111111111:topic',
  'arn:*:sns:eu-west-1:111111111111:topic',
  'arn:aws:sqs:eu-west-1:111111111111:topic',
];
const NUMBERS = ['59', '60', '60.0', '61', '-1', '0'];
const NO_NUMBERS = ['', 'x'];
const DATES = [
  '2026-01-01T00:00:00Z',
  '2026-01-01',
  '1767225600',
  '1767225599',
  '2025-12-31T23:59:59Z',
  '2026-01-02T00:00:00Z',
];
const BOOLS = ['true', 'false', 'True', 'TRUE'];
const RANGES = [
  '203.0.113.0/24',
  '203.0.113.9',
  '203.0.113.9/32',
  '203.0.112.0/23',
  '203.0.113.128/25',
  '203.0.114.0/24',
  '2001:db8::/32',
  '2001:db8::1',
  '2001:db8:1::/48',
];
const ADDRESSES = [
  '203.0.113.9',
  '203.0.113.200',
  '203.0.114.9',
  '203.0.112.1',
  '198.51.100.1',
  '2001:db8::1',
  '2001:db8:1::5',
  '2001:db9::1',
];

interface Kind {
  readonly key: string;
  readonly operators: readonly string[];
  readonly wanted: readonly unknown[];
  readonly asked: readonly string[];
}
const KINDS: readonly Kind[] = [
  {
    key: 'aws:PrincipalTag/team',
    operators: [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    wanted: TEXTS,
    asked: TEXTS.filter((t) => !t.startsWith('${')),
  },
  {
    key: 'aws:SourceArn',
    operators: ['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike', 'StringLike'],
    wanted: ARNS,
    asked: ARNS.filter((a) => !a.includes('*')),
  },
  {
    key: 'aws:MultiFactorAuthAge',
    operators: [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
    wanted: [...NUMBERS, 60, ...NO_NUMBERS],
    asked: [...NUMBERS, ...NO_NUMBERS],
  },
  {
    key: 'aws:CurrentTime',
    operators: [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ],
    wanted: DATES,
    asked: DATES,
  },
  {
    key: 'aws:PrincipalTag/bytes',
    operators: ['BinaryEquals'],
    wanted: ['QmFzZQ==', 'qmfzzq=='],
    asked: ['QmFzZQ==', 'qmfzzq=='],
  },
  { key: 'aws:SecureTransport', operators: ['Bool'], wanted: [...BOOLS, true, false], asked: BOOLS },
  { key: 'aws:SourceIp', operators: ['IpAddress', 'NotIpAddress'], wanted: RANGES, asked: ADDRESSES },
];

const isWhole = (v: unknown): boolean =>
  v !== '' && v !== 'x' && (!String(v).startsWith('arn:') || String(v).split(':').length >= 6);

const anyCase = (draw: Random, text: string): string =>
  pick(draw, [text, text, text.toLowerCase(), text.toUpperCase()]);

/** One condition, in an Allow that is all there is, or in a Deny beside an Allow. */
export function condition(draw: Random): Asked {
  const kind = pick(draw, KINDS);
  const key = kind.key;
  const isNull = chance(draw, 0.08);
  const operator = pick(draw, kind.operators);
  const name = isNull ? 'Null' : `${operator}${chance(draw, 0.25) ? 'IfExists' : ''}`;
  // What is no number, or no ARN, is left to operators that are not negated: the pages say nothing of the others.
  const fit = operator.includes('Not') ? isWhole : () => true;
  const values = isNull
    ? [pick(draw, ['true', 'false', true])]
    : some(draw, kind.wanted.filter(fit), pick(draw, [1, 1, 1, 5, 16]));
  const value = values.length === 1 && chance(draw, 0.5) ? values[0] : values;
  const context = chance(draw, 0.85) ? { [anyCase(draw, key)]: pick(draw, kind.asked.filter(fit)) } : {};
  const second = chance(draw, 0.15) ? { Bool: { 'aws:SecureTransport': 'true' } } : {};
  const more =
    'Bool' in second && key !== 'aws:SecureTransport' ? { 'aws:SecureTransport': pick(draw, ['true', 'false']) } : {};
  const Condition = { ...second, [anyCase(draw, name)]: { [anyCase(draw, key)]: value } };
  return decidedBy(draw, { Condition }, { ...context, ...more });
}

const SETS = ['a', 'b', 'c', 'A', 'a*', ''];
export function setCondition(draw: Random): Asked {
  const operator = pick(draw, [
    'StringEquals',
    'StringNotEquals',
    'StringLike',
    'StringNotLike',
    'StringEqualsIgnoreCase',
  ]);
  const name = `${pick(draw, ['ForAllValues', 'ForAnyValue'])}:${operator}${chance(draw, 0.25) ? 'IfExists' : ''}`;
  const Condition = { [name]: { 'aws:TagKeys': some(draw, SETS.slice(0, 5), 3) } };
  const asked = draw();
  const context = asked < 0.15 ? {} : { 'aws:TagKeys': asked < 0.2 ? [''] : some(draw, SETS.slice(0, 4), 3) };
  if (chance(draw, 0.1))
    return decidedBy(draw, { Condition: { Null: { 'aws:TagKeys': pick(draw, ['true', 'false']) } } }, context);
  return decidedBy(draw, { Condition }, context);
}

const VARIABLES = [
  'a${aws:PrincipalTag/none}',
  '${aws:PrincipalTag/team}',
  '${AWS:principaltag/TEAM}',
  "${aws:PrincipalTag/team, 'none'}",
  'x${aws:PrincipalTag/team}y',
  '${*}',
  'a${?}b',
  '${$}',
  '${aws:TagKeys}',
  "${aws:PrincipalTag/none, 'v*'}",
  '${aws:PrincipalTag/none}',
  '*${aws:PrincipalTag/team}*',
];
export function variable(draw: Random): Asked {
  const operator = pick(draw, [
    'StringEquals',
    'StringLike',
    'StringNotEquals',
    'StringNotLike',
    'ArnLike',
    'StringEqualsIfExists',
  ]);
  // What an unresolved variable does to a negated operator is left open by the pages, so it is not asked.
  const isNegated = operator.includes('Not');
  const all = isNegated ? VARIABLES.filter((v) => !/none}|TagKeys/.test(v)) : VARIABLES;
  const wanted = operator === 'ArnLike' ? 'arn:aws:sns:*:*:${aws:PrincipalTag/team}' : pick(draw, all);
  const tag = isNegated ? 0 : draw();
  const asked = wanted.startsWith('a${aws')
    ? 'a'
    : pick(draw, [
        'video',
        'none',
        'v*',
        '*',
        'a?b',
        'axb',
        '$',
        'xvideoy',
        'a',
        '${aws:PrincipalTag/team}',
        'arn:aws:sns:r:1:video',
      ]);
  const context = {
    'aws:RequestTag/team': asked,
    ...(tag < 0.7 ? { 'aws:PrincipalTag/team': pick(draw, ['video', 'v*', 'none']) } : {}),
    ...(chance(draw, 0.3) ? { 'aws:TagKeys': ['a', 'b'] } : {}),
  };
  return decidedBy(draw, { Condition: { [operator]: { 'aws:RequestTag/team': wanted } } }, context);
}

function decidedBy(draw: Random, more: object, context: Asked['context']): Asked {
  const one = { Effect: 'Allow', Action: 's3:*', Resource: '*', ...more };
  const version = chance(draw, 0.06) ? { Version: '2008-10-17' } : {};
  if (chance(draw, 0.6)) return plain({ context, identity: { ...policy(one), ...version } });
  return plain({ context, identity: { ...policy(ALLOW, { ...one, Effect: 'Deny' }), ...version } });
}

const RESOURCES = [
  '*',
  'arn:aws:s3:::bucket/object',
  'arn:aws:s3:::bucket/objec?',
  'arn:aws:s3:::bucket/objec',
  'arn:aws:s3:::bucket/objects',
  'arn:aws:s3:::b*t/*',
  'arn:aws:s3:::bucket/*object',
  'arn:aws:s3:::bucket/o*j*t',
  'arn:aws:s3:::Bucket/object',
  'arn:*:s3:::bucket/*',
  'arn:aws:s3:*',
  'arn:aws:*',
  'arn:aws:s3:::bucket/',
  'arn:aws:s3:::bucket/objec??',
  'arn:aws:s3:::${aws:PrincipalTag/team}/object',
  'arn:aws:s3:::bucket/${aws:PrincipalTag/none}',
  'arn:aws:s3:${aws:PrincipalTag/empty}::bucket/object',
  "arn:aws:s3:::${aws:PrincipalTag/none, 'bucket'}/object",
  'arn:aws:s3:eu-west-1::bucket/object',
  '${aws:PrincipalTag/star}',
];
export function resources(draw: Random): Asked {
  const element = chance(draw, 0.3) ? 'NotResource' : 'Resource';
  const { Resource: _, ...bare } = ALLOW;
  const all =
    element === 'NotResource' ? RESOURCES.filter((r) => !r.includes('none}') && !r.startsWith('$')) : RESOURCES;
  const one = { ...bare, [element]: chance(draw, 0.7) ? pick(draw, all) : some(draw, all, 3) };
  const context = {
    'aws:PrincipalTag/team': pick(draw, ['bucket', 'other', '*']),
    'aws:PrincipalTag/star': '*',
    'aws:PrincipalTag/empty': '',
  };
  return chance(draw, 0.7)
    ? plain({ identity: policy(one), context })
    : plain({ identity: policy(ALLOW, { ...one, Effect: 'Deny' }), context });
}

/** A resource with colons in its last part, and an action that has none. */
const LOGS: Service = {
  kind: 'other',
  resource: `arn:aws:logs:eu-west-1:${HOME}:log-group:a:log-stream:b`,
  actions: ['logs:GetLogEvents'],
  patterns: ['*'],
};
const LOG_PATTERNS = [
  LOGS.resource,
  `arn:aws:logs:*:${HOME}:log-group:*:log-stream:b`,
  'arn:aws:logs:*:*:b',
  `arn:aws:logs:*:log-stream:b`,
  `arn:aws:logs:*:*:log-group:a`,
  'arn:aws:logs:*:*:log-group:a:*',
  'arn:aws:l*:*:*:log-stream:b',
];
const BUCKETS: Service = { kind: 'other', resource: '*', actions: ['s3:ListAllMyBuckets'], patterns: ['*'] };
export function otherResources(draw: Random): Asked {
  const target = pick(draw, [LOGS, LOGS, BUCKETS]);
  const patterns = target === LOGS ? LOG_PATTERNS : ['*', 'arn:aws:s3:::*', 'arn:aws:s3:::bucket', 'arn:*'];
  const element = target === LOGS ? pick(draw, ['Resource', 'Resource', 'NotResource']) : 'Resource';
  const one = { Effect: 'Allow', Action: '*', [element]: pick(draw, patterns) };
  return plain({ service: target, action: target.actions[0] ?? '', identity: policy(one), resource: undefined });
}

const ACTIONS = [
  's3:GetObject',
  's3:getobject',
  'S3:Get*',
  's3:*',
  '*',
  's3:GetObjec?',
  's3:GetObjec',
  's3:PutObject',
  's3:G*t*',
  'ec2:*',
  's3:?et*',
  's3:GetObjects',
];
export function actions(draw: Random): Asked {
  const element = chance(draw, 0.35) ? 'NotAction' : 'Action';
  const one = {
    Effect: 'Allow',
    [element]: chance(draw, 0.6) ? pick(draw, ACTIONS) : some(draw, ACTIONS, 3),
    Resource: '*',
  };
  return chance(draw, 0.7)
    ? plain({ identity: policy(one) })
    : plain({ identity: policy(ALLOW, { ...one, Effect: 'Deny' }) });
}
