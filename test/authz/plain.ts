/** What aimed questions are made of: draws from a seed, callers, resources, and a question in which nothing is in the way. */
import { type Asked, HOME, type Service } from './asked.ts';

export type Draw = () => number;

/** Mulberry32. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(draw: Draw, from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
export const chance = (draw: Draw, of: number): boolean => draw() < of;
export const some = <T>(draw: Draw, from: readonly T[], max: number): T[] =>
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
