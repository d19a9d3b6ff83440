/** What tests of launches start from: images, keys and roles, put into the world directly. */
import type { Place } from '../../base/place.ts';
import { contextAt } from '../context.ts';
import { plantImage } from '../ec2/testing.ts';
import { defaultPolicy, makeKey, newKeyId } from '../kms/make.ts';
import type { Credentials, TestSim } from '../testing.ts';
import { EventIds } from '../trail.ts';
import type { Image } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';

export interface GivenImage {
  readonly owner?: string;
  readonly region?: string;
  /** Key of its snapshot; absent: unencrypted. */
  readonly keyArn?: string;
  readonly sharedWith?: readonly string[];
  readonly over?: Partial<Image>;
}

/** @returns the image's id */
export function givenImage(sim: TestSim, given: GivenImage = {}): string {
  const { owner: account = '111111111111', region = 'eu-west-1', keyArn, sharedWith = [] } = given;
  const image = { launchPermissions: new Set(sharedWith), ...given.over };
  return plantImage(sim, { account, region }, { ...(keyArn ? { kmsKeyId: keyArn } : {}), image }).imageId;
}

/** A customer key with the default policy or the given statements after it. @returns its ARN */
export function givenKey(sim: TestSim, place: Place, statements: readonly object[] = []): string {
  const { account, region } = place;
  const ctx = contextAt(sim.world, sim.clock.nowMs(), 'test', new EventIds(1));
  const policy = JSON.parse(defaultPolicy(sim.world.partition, account)) as { Statement: object[] };
  policy.Statement.push(...statements);
  const key = makeKey(ctx, {
    account,
    region,
    keyId: newKeyId(ctx, false),
    description: '',
    manager: 'CUSTOMER',
    policy: JSON.stringify(policy),
  });
  placeOf(sim.world, account, region).kms.keys.set(key.keyId, key);
  return key.arn;
}

/** A role with one inline policy, and credentials of a session of it. */
export function givenRole(sim: TestSim, account: string, name: string, statements: readonly object[]): Credentials {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const permissions = { inline: new Map([['inline', document]]), attached: [], boundary: undefined };
  const arn = `arn:aws:iam::${account}:role/${name}`;
  const roleId = `AROA${name.toUpperCase().padEnd(17, 'X')}`;
  sim.world.accounts.get(account)?.iam.roles.set(name, {
    arn,
    roleId,
    name,
    path: '/',
    description: undefined,
    trust: '{}',
    permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
    maxSessionSeconds: 3600,
    createdMs: 0,
    tags: new Map(),
    lastUsed: undefined,
  });
  const accessKeyId = `ASIA${name.toUpperCase().padEnd(16, 'X')}`;
  const session = { accessKeyId, secret: 'secret', token: 'token' };
  sim.world.sessions.set(accessKeyId, {
    ...session,
    account,
    expiresMs: Number.MAX_SAFE_INTEGER,
    of: { kind: 'role', roleArn: arn, roleId, name: 'test' },
    policies: undefined,
    tags: new Map(),
    sourceIdentity: undefined,
  });
  return { accessKeyId, secretAccessKey: session.secret, sessionToken: session.token };
}
