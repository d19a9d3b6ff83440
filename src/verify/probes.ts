/**
 * Which demands of launches a direct call to KMS can put to the test (`verify --probe`), and what the answers do to proofs.
 *
 * A call by hand carries neither `kms:ViaService` nor, for CreateGrant, `kms:GrantIsForAWSResource`. So each demand is decided
 * twice, as EC2 will ask and as the call will; only where both come to the same for the same reasons does KMS's answer to the
 * call say anything of the launch. Source: KMS Developer Guide "Testing your permissions" (DryRun).
 */
import { evaluate } from '../authz/evaluate.ts';
import type { Context, Decision, Request } from '../authz/types.ts';
import { type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import { type KmsDemand, launchDemands } from '../plan/demands.ts';
import { organizationContext, policiesFor } from '../plan/policies.ts';
import type { Ground } from './proof.ts';
import type { LauncherQuestion, Proof } from './question.ts';
import { keyRequest, principalOf } from './requests.ts';
import { groundsOf, type VerifyScope } from './verify.ts';

/** One call to KMS; a demand of its own but for ReEncrypt, which asks for two. */
export const PROBES = {
  DescribeKey: ['kms:DescribeKey'],
  Decrypt: ['kms:Decrypt'],
  GenerateDataKeyWithoutPlaintext: ['kms:GenerateDataKeyWithoutPlaintext'],
  ReEncrypt: ['kms:ReEncryptFrom', 'kms:ReEncryptTo'],
  CreateGrant: ['kms:CreateGrant'],
} as const;
export type ProbeOperation = keyof typeof PROBES;

export type Proven = 'allowed' | 'denied' | 'unknown';

export interface ProbeDemand {
  readonly action: string;
  readonly proven: Proven;
}

export interface KeyProbe {
  readonly key: KeySeen;
  readonly operation: ProbeOperation;
  readonly demands: readonly ProbeDemand[];
  /** Why the call would tell nothing; absent: it is made. */
  readonly against?: Reason;
}

/** All that is to be asked as one launcher in one place. */
export interface LauncherProbes {
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
  /** Images whose launches hang on these keys. */
  readonly images: readonly string[];
  /** Who is assumed, or why nobody is. */
  readonly role:
    | { readonly is: 'assumed'; readonly role: RoleSeen }
    | { readonly is: 'not-tried'; readonly why: Reason };
  readonly probes: readonly KeyProbe[];
}

export function probesOf(want: Delivery, seen: Observed, scope: VerifyScope = {}): readonly LauncherProbes[] {
  const found = new Map<string, LauncherProbes & { images: string[]; probes: KeyProbe[] }>();
  for (const { ground, launchers } of groundsOf(want, seen, scope)) {
    const { account, region, image } = ground.question;
    for (const { launcher } of launchers) {
      const id = `${account}/${region} ${launcher.launcher}`;
      const one = found.get(id) ?? {
        account,
        region,
        launcher: launcher.launcher,
        images: [],
        role: whom(account, launcher),
        probes: [],
      };
      found.set(id, one);
      one.images.push(image);
      const { role } = one;
      if (role.is !== 'assumed') continue;
      const asked = new Set(one.probes.map((p) => p.key.arn));
      const keys = ground.used.keys.filter((k) => k.usable && !asked.has(k.key.arn));
      one.probes.push(...keys.flatMap((k) => probesOn(seen, ground, k, role.role)));
    }
  }
  return [...found.values()];
}

function whom(account: string, { launcher, role, linkedRole }: LauncherQuestion): LauncherProbes['role'] {
  if (linkedRole !== undefined) {
    const says = `${launcher} launches as a service-linked role, which nobody but AWS can assume`;
    return { is: 'not-tried', why: reason('probe.service-linked', `${account} ${launcher}`, says) };
  }
  if (role.is === 'known') return { is: 'assumed', role: role.value };
  const says = `${launcher} is not there in account ${account}`;
  return { is: 'not-tried', why: role.is === 'unreadable' ? role.reason : reason('iam.role.absent', account, says) };
}

function probesOn(
  seen: Observed,
  { question: q }: Ground,
  { key, use }: Ground['used']['keys'][number],
  role: RoleSeen,
): readonly KeyProbe[] {
  const caller = { account: q.account, role };
  const policies = policiesFor(seen, caller, key);
  const among = organizationContext(seen, q.account);
  const [read, volume] = use === 'volume' ? [[], key.arn] : [[key.arn], undefined];
  const demands = launchDemands(q.region, read, volume).filter((d) => d.by === 'launcher');
  const decided = (demand: KmsDemand, context: Context): Decision => {
    const request: Request = {
      ...keyRequest(key, demand),
      principal: principalOf(role),
      context: { ...context, ...keyContextOf(key, demand), ...among.context },
      unknownContext: [...demand.unknownContext, ...among.unknownContext],
    };
    return evaluate(request, policies);
  };
  return Object.entries(PROBES).map(([operation, actions]): KeyProbe => {
    const both = demands
      .filter((d) => (actions as readonly string[]).includes(d.action))
      .map((d) => ({ action: d.action, launch: decided(d, d.context), call: decided(d, directly(d, role)) }));
    const untold = both.find((b) => !isAlike(b.launch, b.call));
    const against = key.state === 'Enabled' ? untold && needsEc2(key, role, untold) : notEnabled(key);
    return {
      key,
      operation: operation as ProbeOperation,
      demands: both.map((b) => ({ action: b.action, proven: b.launch.is })),
      ...(against === undefined ? {} : { against }),
    };
  });
}

/** What `keyRequest` knows of the key, without what it knows of the caller's way. */
function keyContextOf(key: KeySeen, demand: KmsDemand): Context {
  const all = keyRequest(key, demand).context;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !(name in demand.context)));
}

/** The demand as a call of the launcher's own asks it. */
function directly({ action, context }: KmsDemand, role: RoleSeen): Context {
  const { 'kms:viaservice': _v, 'aws:viaawsservice': _w, ...rest } = context;
  if (action === 'kms:CreateGrant')
    return { ...rest, 'kms:grantisforawsresource': ['false'], 'kms:granteeprincipal': [role.arn] };
  return action.startsWith('kms:ReEncrypt') ? { ...rest, 'kms:reencryptonsamekey': ['true'] } : rest;
}

/** Both allowed, or refused or untold for the same. */
function isAlike(launch: Decision, call: Decision): boolean {
  if (launch.is === 'denied' && call.is === 'denied') return sameTexts(lacks(launch), lacks(call));
  if (launch.is === 'unknown' && call.is === 'unknown') return sameTexts(launch.absent, call.absent);
  return launch.is === 'allowed' && call.is === 'allowed';
}

const lacks = ({ missing }: Extract<Decision, { is: 'denied' }>): readonly string[] =>
  missing.map((m) => [m.code, m.source?.id, m.source?.statement, m.source?.level].join(' '));

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text) => b.includes(text));

function needsEc2(
  key: KeySeen,
  role: RoleSeen,
  { action, launch }: { readonly action: string; readonly launch: Decision },
): Reason {
  const carries = action === 'kms:CreateGrant' ? 'kms:ViaService or kms:GrantIsForAWSResource' : 'kms:ViaService';
  const by = launch.is === 'allowed' ? ` (${[...new Set(launch.by.map((s) => s.statement ?? s.id))].join(', ')})` : '';
  const says = `what decides ${action} for ${role.name}${by} hangs on ${carries}, which a direct call does not carry`;
  return reason('probe.not-probeable', key.arn, says);
}

const notEnabled = (key: KeySeen): Reason =>
  reason('probe.not-probeable', key.arn, `${key.arn} is ${key.state}: a call to it tells nothing of permissions`);

export interface ProbeResult {
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
  readonly images: readonly string[];
  /** ARN; absent with `action` where the launcher could not be assumed. */
  readonly key?: string;
  readonly action?: string;
  /** What the proof says of the action. */
  readonly proven?: Proven;
  readonly result: 'allowed' | 'denied' | 'not-probeable' | 'not-tried';
  /** Why it was refused, or not asked. */
  readonly reason?: Reason;
}

const contradicts = ({ result, proven }: ProbeResult): boolean =>
  (result === 'allowed' && proven === 'denied') || (result === 'denied' && proven === 'allowed');

/** KMS's word stands above a proof: what it refuses is not proven any more, and what it allows against a proof is told. */
export function probedProofs(proofs: readonly Proof[], probes: readonly ProbeResult[]): readonly Proof[] {
  const telling = probes.filter((p) => contradicts(p) || (p.result === 'denied' && p.proven === 'unknown'));
  if (telling.length === 0) return proofs;
  const id = (p: { readonly account: string; readonly region: string; readonly launcher: string }) =>
    `${p.account}/${p.region} ${p.launcher}`;
  const byLauncher = Map.groupBy(telling, id);
  return proofs.map((proof) => {
    const against = (byLauncher.get(id(proof)) ?? []).filter((p) => p.images.includes(proof.image));
    if (against.length === 0) return proof;
    const reasons = [...against.map((p) => refuted(p, proof)), ...proof.reasons];
    const refused = against.some((p) => p.result === 'denied');
    const verdict = refused ? 'cannot-launch' : proof.verdict;
    return {
      ...proof,
      verdict,
      reasons,
      remedies: reasons.flatMap((r) => r.remedy ?? []),
      by: refused ? [] : proof.by,
    };
  });
}

function refuted(p: ProbeResult, proof: Proof): Reason {
  const { launcher, action = '', key = '', result } = p;
  const because = p.reason === undefined ? [] : [p.reason];
  if (p.proven === 'unknown')
    return reason(
      'probe.denied',
      key,
      `${launcher} ${action}: KMS refuses it, which could not be told from the policies`,
      { because },
    );
  const says = `the proof is contradicted: ${launcher} ${action} is ${p.proven} by what was read, and KMS says it is ${result}`;
  const settles = proof.settlesAt === undefined ? 'a few minutes' : new Date(proof.settlesAt).toISOString();
  const does = `verify again after ${settles}: a change may not have reached all of KMS yet; what stays is a mistake of amiport, worth an issue with verify --probe --json`;
  return reason('probe.contradicts', key, says, { because, remedy: { who: 'you', does } });
}
