/** What aimed questions are made of: callers, resources, and a question in which nothing is in the way. */
import type { Random } from '../../src/base/ports.ts';
import { type Asked, HOME, type Service } from './asked.ts';

export const pick = <T>(draw: Random, from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
export const chance = (draw: Random, of: number): boolean => draw() < of;
export const some = <T>(draw: Random, from: readonly T[], max: number): T[] =>
  Array.from({ length: 1 + Math.floor(draw() * max) }, () => pick(draw, from));

export const S3: Service = {
  kind: 'other',
  resource: 'arn:aws:s3:::bucket/object',
  actions: ['s3:GetObject'],
  patterns: ['*'],
};
export const KEY: Service = {
  kind: 'key-policy',
  resource: `arn:aws:kms:eu-west-1:${HOME}:key/1234`,
  actions: ['kms:Decrypt'],
  patterns: ['*'],
};
export const ROLE: Service = {
  kind: 'role-trust',
  resource: `arn:aws:iam::${HOME}:role/Target`,
  actions: ['sts:AssumeRole'],
  patterns: ['*'],
};

export const roleIn = (account: string, path = '') => ({
  principal: { kind: 'role', arn: `arn:aws:iam::${account}:role/${path}App`, id: 'AROAAPP', session: 's' } as const,
  name: `arn:aws:sts::${account}:assumed-role/App/s`,
});
export const userIn = (account: string, path = '') => ({
  principal: { kind: 'user', arn: `arn:aws:iam::${account}:user/${path}ada`, id: 'AIDAADA' } as const,
  name: `arn:aws:iam::${account}:user/${path}ada`,
});
export const rootOf = (account: string) => ({
  principal: { kind: 'root', account } as const,
  name: `arn:aws:iam::${account}:root`,
});
export const federatedIn = (account: string) => ({
  principal: { kind: 'federated', arn: `arn:aws:sts::${account}:federated-user/fed` } as const,
  name: `arn:aws:sts::${account}:federated-user/fed`,
});
export const ANONYMOUS = { principal: { kind: 'anonymous' } as const, name: 'anonymous' };
export const service = (name: string) => ({ principal: { kind: 'service', name } as const, name });

export const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement: [...Statement] });
export const ALLOW = { Effect: 'Allow', Action: '*', Resource: '*' };
export const FULL = policy(ALLOW);
export const NONE = policy({ Effect: 'Allow', Action: 'none:Nothing', Resource: '*' });

export const plain = (over: Partial<Asked> = {}): Asked => ({
  service: S3,
  account: HOME,
  caller: roleIn(HOME),
  action: over.service?.actions[0] ?? 's3:GetObject',
  context: {},
  identity: FULL,
  resource: undefined,
  boundary: undefined,
  session: undefined,
  scps: undefined,
  rcps: undefined,
  endpoint: undefined,
  ...over,
});
