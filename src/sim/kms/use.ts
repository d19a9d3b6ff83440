/**
 * KMS as other services use it for a caller: with the caller's own identity, `kms:ViaService` and the key's
 * grants, and a trail event that says so.
 * Sources: KMS Developer Guide "How Amazon EBS uses AWS KMS", "kms:ViaService", "kms:GrantIsForAWSResource".
 */
import { authorize } from '../access.ts';
import { denialText } from '../denial.ts';
import type { Caller, Ctx, Demand } from '../operation.ts';
import type { Key } from '../world/kms.ts';
import { GRANTS_MAX, putGrant } from './grants.ts';
import { BY_ALGORITHM, keyByArn, stateFault } from './keys.ts';
import { tellServiceCall } from './service-calls.ts';

export interface KeyUse {
  readonly caller: Caller;
  /** Region of the service that calls: part of `kms:ViaService`. */
  readonly region: string;
  /** The service, as `ec2`. */
  readonly via: string;
  /** `GenerateDataKeyWithoutPlaintext`, `GenerateDataKey`, `Encrypt`, `Decrypt`, `ReEncryptFrom`, `ReEncryptTo`, `DescribeKey`, `CreateGrant`. */
  readonly operation: string;
  readonly keyArn: string;
  readonly encryptionContext?: Readonly<Record<string, string>>;
  readonly grantTokens?: readonly string[];
  /** For CreateGrant. */
  readonly grant?: {
    readonly granteePrincipal: string;
    readonly operations: readonly string[];
    readonly constraints?: { readonly EncryptionContextSubset?: Readonly<Record<string, string>> };
    readonly name?: string;
  };
}

export type KeyUseResult =
  | { readonly ok: true; readonly grantId?: string; readonly grantToken?: string }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Authorization first, then the key's state (facts, open question 13). */
export function useKey(ctx: Ctx, use: KeyUse): KeyUseResult {
  const key = keyByArn(ctx.world, use.keyArn);
  if (key === undefined)
    return recorded(ctx, use, undefined, {
      ok: false,
      code: 'NotFoundException',
      message: `Key '${use.keyArn}' does not exist`,
    });
  const demand = demandOf(use, key);
  const decision = authorize(ctx, use.caller, demand, { region: use.region, via: use.via });
  if (decision.is !== 'allowed') {
    return recorded(ctx, use, key, {
      ok: false,
      code: 'AccessDenied',
      message: denialText(use.caller, demand, decision, ctx.world.organization),
    });
  }
  const fault = use.operation === 'DescribeKey' ? undefined : stateFault(key);
  if (fault !== undefined) return recorded(ctx, use, key, { ok: false, code: fault.code, message: fault.message });
  if (use.operation === 'CreateGrant') return recorded(ctx, use, key, grantFor(ctx, use, key));
  if (use.operation !== 'DescribeKey') {
    key.lastUsedMs = ctx.nowMs;
    key.lastUsedOperation = use.operation.startsWith('ReEncrypt') ? 'ReEncrypt' : use.operation;
  }
  return recorded(ctx, use, key, { ok: true });
}

/** Whether the caller could; nobody is told that it was asked. */
export function mayUseKey(ctx: Ctx, use: KeyUse): boolean {
  const key = keyByArn(ctx.world, use.keyArn);
  if (key === undefined) return false;
  return authorize(ctx, use.caller, demandOf(use, key), { region: use.region, via: use.via }).is === 'allowed';
}

function demandOf(use: KeyUse, key: Key): Demand {
  const context: Record<string, readonly string[]> = {};
  const pairs = use.grant?.constraints?.EncryptionContextSubset ?? use.encryptionContext;
  if (pairs !== undefined) {
    context['kms:encryptioncontextkeys'] = Object.keys(pairs);
    for (const [name, value] of Object.entries(pairs)) context[`kms:encryptioncontext:${name.toLowerCase()}`] = [value];
  }
  if (use.operation !== 'DescribeKey' && use.operation !== 'CreateGrant') Object.assign(context, BY_ALGORITHM);
  if (use.grant !== undefined) {
    context['kms:grantisforawsresource'] = ['true'];
    context['kms:grantoperations'] = use.grant.operations;
    context['kms:granteeprincipal'] = [use.grant.granteePrincipal];
    if (use.grant.constraints?.EncryptionContextSubset !== undefined)
      context['kms:grantconstrainttype'] = ['EncryptionContextSubset'];
  }
  return {
    action: `kms:${use.operation}`,
    resource: key.arn,
    resourceAccount: key.account,
    context,
    ...(use.grantTokens === undefined ? {} : { grantTokens: use.grantTokens }),
  };
}

function grantFor(ctx: Ctx, use: KeyUse, key: Key): KeyUseResult {
  if (key.grants.size >= GRANTS_MAX)
    return { ok: false, code: 'LimitExceededException', message: `The key ${key.arn} has too many grants` };
  const { grant, token } = putGrant(ctx, key, {
    granteePrincipal: use.grant?.granteePrincipal ?? '',
    granteeId: undefined,
    operations: use.grant?.operations ?? [],
    constraints: use.grant?.constraints,
    retiringPrincipal: `${use.via}.${use.region}.amazonaws.com`,
    name: use.grant?.name,
    issuingAccount: use.caller.account,
  });
  return { ok: true, grantId: grant.grantId, grantToken: token };
}

/** In the caller's trail and, for a foreign key, in that of its owner. */
function recorded(ctx: Ctx, use: KeyUse, key: Key | undefined, result: KeyUseResult): KeyUseResult {
  const reEncrypts = use.operation.startsWith('ReEncrypt');
  const event = {
    region: key?.region ?? use.region,
    account: use.caller.account,
    eventSource: 'kms.amazonaws.com',
    eventName: reEncrypts ? 'ReEncrypt' : use.operation,
    readOnly: use.operation !== 'CreateGrant',
    callerArn: use.caller.arn,
    callerAccount: use.caller.account,
    invokedBy: `${use.via}.amazonaws.com`,
    resources: [use.keyArn],
    requestParameters: {
      keyId: use.keyArn,
      ...(use.encryptionContext === undefined ? {} : { encryptionContext: use.encryptionContext }),
      ...(use.grant === undefined
        ? {}
        : {
            granteePrincipal: use.grant.granteePrincipal,
            operations: use.grant.operations,
            constraints: use.grant.constraints ?? {},
          }),
    },
    ...(result.ok ? {} : { errorCode: result.code, errorMessage: result.message }),
  };
  ctx.record(event, key === undefined ? [] : [key.account]);
  // ReEncrypt is one call, of two demands.
  if (use.operation !== 'ReEncryptTo') {
    const { account, region, eventName: operation } = event;
    tellServiceCall(ctx.world, { account, region, operation, nowMs: ctx.nowMs });
  }
  return result;
}

/** GR-8: EC2 retires the grant of an attached volume when it is detached. */
export function dropGrant(ctx: Ctx, keyArn: string, grantId: string): void {
  keyByArn(ctx.world, keyArn)?.grants.delete(grantId);
}

export { keyByArn, resolveKey } from './keys.ts';
export { defaultEbsKey } from './managed.ts';
