/** Steps for the keys that the accounts' private copies are under: found as the config names them, or made. */
import { type Finding, type Reason, reason } from '../base/outcome.ts';
import { accountKeyName, type Image, type TargetAccount } from '../model/delivery.ts';
import { REPLACES_TAG } from '../model/leaked.ts';
import type { KeySeen } from '../model/observed.ts';
import { accountKeyPolicyText } from './access.ts';
import { type Draft, tagsFor } from './draft.ts';
import { accountKeyRef } from './step.ts';
import { copiedImages } from './targets.ts';

const createStep = (account: string, region: string, name: string): string => `create-key:${account}:${region}:${name}`;
const aliasStep = (account: string, region: string, name: string): string => `put-alias:${account}:${region}:${name}`;

export function planAccountKeys(d: Draft): void {
  for (const account of d.want.accounts) {
    for (const region of account.regions) {
      const names = new Set(copiedImages(d.want).flatMap((i) => accountKeyName(i, account.id, region) ?? []));
      for (const name of names) planAccountKey(d, account, region, name);
    }
  }
}

/** The ARN of the key of an account's copies: as seen, else a reference; undefined where it can be neither. */
export function accountKey(d: Draft, image: Image, account: string, region: string): string | undefined {
  const name = accountKeyName(image, account, region) ?? '';
  const seen = keySeen(d, account, region, name);
  if (seen.is === 'known') return seen.value.state === 'Enabled' ? seen.value.arn : undefined;
  return d.planned(createStep(account, region, name)).length > 0 ? accountKeyRef(account, region, name) : undefined;
}

/** Ids of the steps after which that key can be used. */
export function accountKeyReady(d: Draft, image: Image, account: string, region: string): readonly string[] {
  const name = accountKeyName(image, account, region) ?? '';
  return d.planned(createStep(account, region, name), aliasStep(account, region, name));
}

function keySeen(d: Draft, account: string, region: string, name: string): Finding<KeySeen> {
  return d.seen.places.get(`${account}/${region}`)?.volumeKeys.get(name) ?? { is: 'absent' };
}

function planAccountKey(d: Draft, account: TargetAccount, region: string, name: string): void {
  const seen = keySeen(d, account.id, region, name);
  if (seen.is === 'unreadable') d.blocked.push(seen.reason);
  if (seen.is === 'known' && seen.value.state !== 'Enabled') d.blocked.push(notEnabled(seen.value));
  const isAlias = name.startsWith('alias/');
  if (seen.is === 'absent' && !isAlias) d.blocked.push(noSuchKey(account.id, region, name));
  if (!isAlias || seen.is === 'unreadable') return;
  if (seen.is === 'absent') createKey(d, account.id, region, name);
  else if (seen.value.aliases.includes(name)) return;
  d.add({
    id: aliasStep(account.id, region, name),
    do: 'put-alias',
    account: account.id,
    region,
    why: `${name} does not name the key in ${account.id}/${region} yet`,
    needs: d.planned(createStep(account.id, region, name)),
    alias: name,
    key: seen.is === 'known' ? seen.value.arn : accountKeyRef(account.id, region, name),
  });
}

function createKey(d: Draft, account: string, region: string, name: string): void {
  const [leaked] = d.seen.places.get(`${account}/${region}`)?.leakedKeys?.get(name) ?? [];
  d.add({
    id: createStep(account, region, name),
    do: 'create-key',
    account,
    region,
    why:
      leaked === undefined
        ? `private copies in ${account}/${region} are to be under ${name}, which is not there`
        : `${leaked.arn} leaked`,
    needs: [],
    description: `amiport delivery ${d.want.name}: private copies of golden AMIs`,
    multiRegion: false,
    policy: accountKeyPolicyText(account, region, d.want.partition),
    as: `key:${account}/${region}/${name}`,
    tags: tagsFor(d.want, 'key', {
      'amiport:alias': name,
      ...(leaked === undefined ? {} : { [REPLACES_TAG]: leaked.arn }),
    }),
  });
}

const notEnabled = (key: KeySeen): Reason =>
  reason('kms.key.not-enabled', key.arn, `${key.arn} is ${key.state}`, {
    remedy: { who: `account ${key.account}`, does: 'enable the key, or name another accountKey in amiport.yaml' },
  });

const noSuchKey = (account: string, region: string, name: string): Reason =>
  reason('kms.key.absent', `${account}/${region}`, `key ${name} is not there in ${account}/${region}`, {
    remedy: { who: 'you', does: 'name it by alias in accountKey, so that amiport makes it, or correct the ARN' },
  });
