/**
 * Finding keys as callers name them. Source: KMS Developer Guide "Find the key ID and key ARN": a key of another
 * account is named by key ARN or alias ARN; bare ids and alias names are of the caller's account and Region.
 */
import { parseArn } from '../../base/arn.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Key } from '../world/kms.ts';
import { placeOf } from '../world/make.ts';
import type { World } from '../world/world.ts';
import { awsManagedKey, isManagedAlias } from './managed.ts';

export function keyByArn(world: World, arn: string): Key | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'kms' || !parsed.resource.startsWith('key/')) return undefined;
  return keyIn(world, parsed.account, parsed.region, parsed.resource.slice('key/'.length));
}

/** @param id key id, key ARN, alias name or alias ARN @returns undefined when nothing has that name */
export function resolveKey(ctx: Ctx, account: string, region: string, id: string): Key | undefined {
  if (id.startsWith('arn:')) {
    const parsed = parseArn(id);
    // A call goes to one Region: keys of others are not there.
    if (parsed?.service !== 'kms' || parsed.region !== region) return undefined;
    if (parsed.resource.startsWith('alias/')) return resolveKey(ctx, parsed.account, region, parsed.resource);
    return keyByArn(ctx.world, id);
  }
  if (!ctx.world.accounts.has(account)) return undefined;
  if (isManagedAlias(id)) return awsManagedKey(ctx, account, region, id);
  if (!id.startsWith('alias/')) return keyIn(ctx.world, account, region, id);
  const alias = placeOf(ctx.world, account, region).kms.aliases.get(id);
  return alias === undefined ? undefined : keyIn(ctx.world, account, region, alias.targetKeyId);
}

const keyIn = (world: World, account: string, region: string, keyId: string): Key | undefined =>
  world.accounts.get(account)?.places.get(region)?.kms.keys.get(keyId);

/** A UUID, or `mrk-` and as many digits. */
const KEY_ID = /:key\/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

/** @throws Fault NotFoundException in KMS's words (facts 5.2) */
export function mustFindKey(ctx: Ctx, account: string, region: string, id: string): Key {
  const key = resolveKey(ctx, account, region, id);
  if (key !== undefined) return key;
  const partition = ctx.world.partition;
  if (id.includes('alias/')) {
    const arn = id.startsWith('arn:') ? id : `arn:${partition}:kms:${region}:${account}:${id}`;
    throw new Fault('NotFoundException', `Alias ${arn} is not found.`);
  }
  const arn = id.startsWith('arn:') ? id : `arn:${partition}:kms:${region}:${account}:key/${id}`;
  if (id.startsWith('arn:') && parseArn(id)?.region !== region)
    throw new Fault('NotFoundException', `Invalid arn ${parseArn(id)?.region ?? ''}`);
  if (!KEY_ID.test(arn)) throw new Fault('NotFoundException', `Invalid keyId '${id}'`);
  throw new Fault('NotFoundException', `Key '${arn}' does not exist`);
}

/** Of symmetric keys, which all are here: the one they have. */
export const ALGORITHM = 'SYMMETRIC_DEFAULT';
/** Said to conditions by every call that encrypts or decrypts. Source: KMS Developer Guide "kms:EncryptionAlgorithm". */
export const BY_ALGORITHM: Readonly<Record<string, readonly string[]>> = { 'kms:encryptionalgorithm': [ALGORITHM] };

/** KMS-41: what each state refuses with. `CreateGrant` also works while the key is `Updating`. */
export function stateFault(key: Key): Fault | undefined {
  switch (key.state) {
    case 'Enabled':
    case 'Updating':
      return undefined;
    case 'Disabled':
      return new Fault('DisabledException', `${key.arn} is disabled.`);
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
      return new Fault('KMSInvalidStateException', `${key.arn} is pending deletion (or pending replica deletion).`);
    case 'PendingImport':
      return new Fault('KMSInvalidStateException', `${key.arn} is pending import.`);
    case 'Creating':
      return new Fault('KMSInvalidStateException', `${key.arn} is creating.`);
    case 'Unavailable':
      return new Fault('KMSInvalidStateException', `${key.arn} is unavailable.`);
  }
}
