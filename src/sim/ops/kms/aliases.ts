/** Aliases: need the alias (IAM) and the key. Source: KMS API Reference "CreateAlias", "UpdateAlias", "DeleteAlias", "ListAliases". */
import { keyByIdOrArn } from '../../kms/demand.ts';
import { mustFindKey } from '../../kms/keys.ts';
import { page } from '../../kms/page.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import type { Alias, Key } from '../../world/kms.ts';
import { placeOf } from '../../world/make.ts';

const aliasArn = (call: Call<unknown>, name: string): string =>
  `arn:${call.world.partition}:kms:${call.place.region}:${call.place.account}:${name}`;
const aliases = (call: Call<unknown>): Map<string, Alias> =>
  placeOf(call.world, call.place.account, call.place.region).kms.aliases;
const onKey = (key: Key, action: string): Demand => ({ action, resource: key.arn, resourceAccount: key.account });

const targetOf = (call: Call<{ readonly TargetKeyId?: string | undefined }>): Key =>
  keyByIdOrArn(call, call.input.TargetKeyId ?? '');

function mustBeName(name: string): void {
  if (!/^alias\/[a-zA-Z0-9/_-]{1,250}$/.test(name))
    throw new Fault(
      'InvalidAliasNameException',
      'Alias must start with the prefix "alias/" and hold letters, digits, "/", "_" and "-".',
    );
  if (name.startsWith('alias/aws/'))
    throw new Fault('NotAuthorizedException', 'Aliases that begin with alias/aws/ are reserved for AWS managed keys.');
}

function mustFind(call: Call<unknown>, name: string): Alias {
  const alias = aliases(call).get(name);
  if (alias === undefined) throw new Fault('NotFoundException', `Alias ${aliasArn(call, name)} is not found.`);
  return alias;
}

export const createAlias = operation<Kms.CreateAliasRequest, Record<string, never>>('kms.CreateAlias', {
  accepts: ['AliasName', 'TargetKeyId'],
  demands: (call) => [
    { action: 'kms:CreateAlias', resource: aliasArn(call, call.input.AliasName ?? '') },
    onKey(targetOf(call), 'kms:CreateAlias'),
  ],
  apply(call) {
    const name = call.input.AliasName ?? '';
    mustBeName(name);
    const target = targetOf(call);
    if (aliases(call).has(name))
      throw new Fault('AlreadyExistsException', `An alias with the name ${aliasArn(call, name)} already exists`);
    aliases(call).set(name, { name, targetKeyId: target.keyId, createdMs: call.nowMs, updatedMs: call.nowMs });
    return {};
  },
});

export const updateAlias = operation<Kms.UpdateAliasRequest, Record<string, never>>('kms.UpdateAlias', {
  accepts: ['AliasName', 'TargetKeyId'],
  demands: (call) => [
    { action: 'kms:UpdateAlias', resource: aliasArn(call, call.input.AliasName ?? '') },
    onKey(targetOf(call), 'kms:UpdateAlias'),
  ],
  apply(call) {
    mustBeName(call.input.AliasName ?? '');
    const alias = mustFind(call, call.input.AliasName ?? '');
    alias.targetKeyId = targetOf(call).keyId;
    alias.updatedMs = call.nowMs;
    return {};
  },
});

export const deleteAlias = operation<Kms.DeleteAliasRequest, Record<string, never>>('kms.DeleteAlias', {
  accepts: ['AliasName'],
  demands: (call) => {
    const alias = mustFind(call, call.input.AliasName ?? '');
    const key = mustFindKey(call, call.place.account, call.place.region, alias.targetKeyId);
    return [{ action: 'kms:DeleteAlias', resource: aliasArn(call, alias.name) }, onKey(key, 'kms:DeleteAlias')];
  },
  apply(call) {
    mustBeName(call.input.AliasName ?? '');
    aliases(call).delete(call.input.AliasName ?? '');
    return {};
  },
});

export const listAliases = operation<Kms.ListAliasesRequest, Kms.ListAliasesResponse>('kms.ListAliases', {
  accepts: ['KeyId', 'Limit', 'Marker'],
  demands: () => [{ action: 'kms:ListAliases', resource: '*' }],
  apply(call) {
    const { KeyId, Limit, Marker } = call.input;
    const only = KeyId === undefined ? undefined : keyByIdOrArn(call, KeyId).keyId;
    const all = [...aliases(call).values()].filter((a) => only === undefined || a.targetKeyId === only);
    const { items, next } = page(all, Limit ?? 50, Marker, (a) => a.name);
    return {
      Aliases: items.map((a) => ({
        AliasName: a.name,
        AliasArn: aliasArn(call, a.name),
        TargetKeyId: a.targetKeyId,
        CreationDate: new Date(a.createdMs),
        LastUpdatedDate: new Date(a.updatedMs),
      })),
      Truncated: next !== undefined,
      ...(next === undefined ? {} : { NextMarker: next }),
    };
  },
});
