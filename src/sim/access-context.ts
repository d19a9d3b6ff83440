/**
 * The condition keys that AWS adds to a request by itself.
 * Sources: IAM User Guide "AWS global condition context keys"; KMS Developer Guide "AWS KMS condition keys".
 */
import type { Context } from '../authz/types.ts';
import type { Caller, Ctx, Demand } from './operation.ts';
import { orgPathText } from './policies-of.ts';
import type { WireRequest } from './wire/message.ts';
import type { Key } from './world/kms.ts';

export interface Circumstances {
  /** Region of the request: `aws:RequestedRegion`. */
  readonly region: string;
  /** Service through which the request comes, as `ec2`: sets `kms:ViaService` and `aws:ViaAWSService`. */
  readonly via?: string;
  /** The connection, where the caller itself sent the request. */
  readonly request?: Pick<WireRequest, 'sourceIp' | 'secure' | 'headers'>;
}

export interface Known {
  readonly tags: ReadonlyMap<string, string>;
  readonly key: Key | undefined;
  /** The account that owns the resource. */
  readonly owner: string;
}

export function contextOf(ctx: Ctx, caller: Caller, demand: Demand, at: Circumstances, known: Known): Context {
  const { organization } = ctx.world;
  const out: Record<string, readonly string[]> = {
    ...(at.request && connectionOf(at.request)),
    ...momentOf(ctx.nowMs),
    'aws:requestedregion': [at.region],
    'aws:principalaccount': [caller.account],
    'aws:userid': [caller.userId],
    'aws:resourceaccount': [known.owner],
    'aws:viaawsservice': [String(at.via !== undefined)],
    'aws:principalisawsservice': [String(caller.principal.kind === 'service')],
  };
  for (const [name, value] of known.tags) out[`aws:principaltag/${name.toLowerCase()}`] = [value];
  const session = caller.accessKeyId === undefined ? undefined : ctx.world.sessions.get(caller.accessKeyId);
  if (session?.sourceIdentity !== undefined) out['aws:sourceidentity'] = [session.sourceIdentity];
  if (organization?.members.has(caller.account)) {
    out['aws:principalorgid'] = [organization.id];
    out['aws:principalorgpaths'] = [orgPathText(organization, caller.account) ?? ''];
  }
  if (organization?.members.has(known.owner)) {
    out['aws:resourceorgid'] = [organization.id];
    out['aws:resourceorgpaths'] = [orgPathText(organization, known.owner) ?? ''];
  }
  if (demand.action.startsWith('kms:')) Object.assign(out, keyContext(ctx, caller, at, known.key));
  return demand.context === undefined ? out : { ...out, ...demand.context };
}

const connectionOf = ({ sourceIp, secure, headers }: NonNullable<Circumstances['request']>): Context => ({
  'aws:sourceip': [sourceIp],
  'aws:securetransport': [String(secure)],
  'aws:useragent': [headers['user-agent'] ?? ''],
});

let moment: { readonly ms: number; readonly keys: Context } | undefined;

/** Requests of one moment share its texts. */
function momentOf(ms: number): Context {
  if (moment?.ms !== ms) {
    const keys = {
      'aws:currenttime': [new Date(ms).toISOString()],
      'aws:epochtime': [String(Math.floor(ms / 1000))],
    };
    moment = { ms, keys };
  }
  return moment.keys;
}

function keyContext(
  ctx: Ctx,
  caller: Caller,
  at: Circumstances,
  key: Key | undefined,
): Record<string, readonly string[]> {
  const out: Record<string, readonly string[]> = { 'kms:calleraccount': [caller.account] };
  if (at.via !== undefined) out['kms:viaservice'] = [`${at.via}.${at.region}.amazonaws.com`];
  if (!key) return out;
  out['kms:keyspec'] = [key.keySpec];
  out['kms:keyusage'] = [key.keyUsage];
  out['kms:keyorigin'] = [key.origin];
  out['kms:multiregion'] = [String(key.multiRegion !== undefined)];
  if (key.multiRegion) out['kms:multiregionkeytype'] = [key.multiRegion.type];
  out['kms:resourcealiases'] = aliasesOf(ctx, key);
  for (const [name, value] of key.tags) out[`aws:resourcetag/${name.toLowerCase()}`] = [value];
  return out;
}

function aliasesOf(ctx: Ctx, key: Key): readonly string[] {
  const aliases = ctx.world.accounts.get(key.account)?.places.get(key.region)?.kms.aliases;
  const names: string[] = [];
  for (const alias of aliases?.values() ?? []) if (alias.targetKeyId === key.keyId) names.push(alias.name);
  return names;
}
