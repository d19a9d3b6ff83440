/**
 * The access model, compiled to both sides: the key policy in the builder account and the role policies in
 * the user accounts say the same thing. The form is that of the design, section 3.
 *
 * - The key policy names accounts, never role ARNs (PutKeyPolicy refuses a role that does not exist, and a
 *   deleted one turns into a dead id), narrowed by `aws:PrincipalArn` and `kms:ViaService`.
 *   Source: KMS Developer Guide "Allowing users in other accounts to use a KMS key".
 * - CreateGrant without `kms:GrantIsForAWSResource` only for amiport's own role, grantees limited to
 *   service-linked roles. Source: EC2 Auto Scaling User Guide "Required AWS KMS key policy for use with encrypted volumes".
 */

import { rootArn } from '../base/arn.ts';
import { canonicalJson } from '../base/canonical.ts';
import type { CoveredUnit } from './cover.ts';

/** What a launcher needs on a key to launch from and onto it. Source: EBS User Guide "Share the KMS key used to encrypt a shared snapshot". */
const USE_ACTIONS: readonly string[] = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** Source: EC2 Auto Scaling User Guide "Required AWS KMS key policy for use with encrypted volumes", example 2. */
export const GRANT_OPERATIONS: readonly string[] = [
  'CreateGrant',
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
];

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}

export interface KeyAccess {
  readonly delivery: string;
  readonly partition: string;
  readonly region: string;
  /** Accounts whose roles launch with their own identity. */
  readonly launcherAccounts: readonly string[];
  /** Role ARNs as patterns over accounts: `arn:aws:iam::*:role/VodLauncher`. */
  readonly launcherArns: readonly string[];
  /** Accounts in which grants to service-linked roles are made. */
  readonly grantAccounts: readonly string[];
  /** Patterns of the service-linked roles that grants may name. */
  readonly granteeArns: readonly string[];
  /** Amiport's roles that copy images into their own accounts, as patterns, and those accounts. */
  readonly copierAccounts: readonly string[];
  readonly copierArns: readonly string[];
  /** Who makes the grants; empty: anyone in the account whom its IAM policies let. */
  readonly grantMakerArns: readonly string[];
  /** Units that stand for the accounts below them, wherever all of those are meant. */
  readonly units?: readonly CoveredUnit[];
}

const sid = (delivery: string, what: string): string => `amiport-${delivery}-${what}`;

/** The delivery's own statements of the key policy in one Region. */
export function keyStatements(a: KeyAccess): readonly Statement[] {
  return [
    ...openings(a, a.launcherAccounts).flatMap((o) => launcherStatements(a, o)),
    ...openings(a, a.copierAccounts).flatMap((o) => copierStatements(a, o)),
    ...openings(a, a.grantAccounts).flatMap((o) => grantStatements(a, o)),
  ];
}

/** To whom a statement opens: accounts by their roots, or everybody below a unit of the organization. */
interface Opening {
  readonly Principal: unknown;
  /** Behind the Sid. */
  readonly suffix: '' | '-units';
  readonly equals: Readonly<Record<string, string>>;
  readonly more: Readonly<Record<string, unknown>>;
}

/** A unit serves only where every account that it stands for is meant. */
function openings(a: KeyAccess, accounts: readonly string[]): readonly Opening[] {
  const meant = new Set(accounts);
  const units = (a.units ?? []).filter((u) => u.accounts.every((id) => meant.has(id)));
  for (const u of units) for (const id of u.accounts) meant.delete(id);
  const byUnit: Opening[] =
    units.length === 0 ? [] : [{ Principal: { AWS: '*' }, suffix: '-units', ...inUnits(units) }];
  if (meant.size === 0) return byUnit;
  const AWS = oneOrMany([...meant].map((id) => rootArn(id, a.partition)));
  return [{ Principal: { AWS }, suffix: '', equals: {}, more: {} }, ...byUnit];
}

/** Source: IAM User Guide "aws:PrincipalOrgID", "aws:PrincipalOrgPaths". */
function inUnits(units: readonly CoveredUnit[]): Pick<Opening, 'equals' | 'more'> {
  const whole = units.find((u) => u.id.startsWith('r-'));
  if (whole !== undefined) return { equals: { 'aws:PrincipalOrgID': whole.path.split('/')[0] ?? '' }, more: {} };
  const paths = oneOrMany(units.map((u) => u.path));
  return { equals: {}, more: { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': paths } } };
}

const statement = (a: KeyAccess, o: Opening, what: string, Action: unknown, Condition: object): Statement => ({
  Sid: `${sid(a.delivery, what)}${o.suffix}`,
  Effect: 'Allow',
  Principal: o.Principal,
  Action,
  Resource: '*',
  ...(Object.keys(Condition).length === 0 ? {} : { Condition }),
});

/** Only through EC2, and only under the named roles. */
const throughEc2 = (a: KeyAccess, o: Opening, arns: readonly string[]) => ({
  ArnLike: { 'aws:PrincipalArn': oneOrMany(arns) },
  StringEquals: { 'kms:ViaService': `ec2.${a.region}.amazonaws.com`, ...o.equals },
  ...o.more,
});

function launcherStatements(a: KeyAccess, o: Opening): readonly Statement[] {
  const through = throughEc2(a, o, a.launcherArns);
  const attach = { ...through, Bool: { 'kms:GrantIsForAWSResource': 'true' } };
  return [statement(a, o, 'use', USE_ACTIONS, through), statement(a, o, 'attach', 'kms:CreateGrant', attach)];
}

function grantStatements(a: KeyAccess, o: Opening): readonly Statement[] {
  const maker = a.grantMakerArns.length > 0 ? { 'aws:PrincipalArn': oneOrMany(a.grantMakerArns) } : {};
  const equals = Object.keys(o.equals).length > 0 ? { StringEquals: o.equals } : {};
  const among = { ...equals, ...o.more };
  return [
    statement(a, o, 'grant', 'kms:CreateGrant', {
      ...among,
      ArnLike: { ...maker, 'kms:GranteePrincipal': oneOrMany(a.granteeArns) },
      'ForAllValues:StringEquals': { 'kms:GrantOperations': GRANT_OPERATIONS },
    }),
    statement(a, o, 'grants', ['kms:DescribeKey', 'kms:ListGrants', 'kms:RevokeGrant'], {
      ...among,
      ...(a.grantMakerArns.length > 0 ? { ArnLike: maker } : {}),
    }),
  ];
}

/**
 * What the copier of an account needs of the key that the builder's copies are under. Source: EBS User Guide "Copy an
 * Amazon EBS snapshot", and the doc list of "Share the KMS key used to encrypt a shared snapshot".
 */
function copierStatements(a: KeyAccess, o: Opening, what: 'copy' | 'move' = 'copy'): readonly Statement[] {
  const through = throughEc2(a, o, a.copierArns);
  return [
    statement(a, o, what, ['kms:Decrypt', 'kms:DescribeKey', 'kms:ReEncryptFrom'], through),
    statement(a, o, `${what}-grant`, 'kms:CreateGrant', { ...through, Bool: { 'kms:GrantIsForAWSResource': 'true' } }),
  ];
}

/**
 * The policy of a key that amiport makes in an account for its private copies: the account keeps full control, and
 * everyone in it may use the key through EC2, as with the AWS managed key (service-linked roles, too, so that no grant
 * is needed). Source: EBS User Guide "Requirements for Amazon EBS encryption"; the statement is that of `aws/ebs`.
 */
export function accountKeyPolicyText(account: string, region: string, partition: string): string {
  const Statement: readonly Statement[] = [
    ownerStatement(account, partition),
    {
      Sid: 'Use by everyone of the account through EC2',
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: [
        'kms:CreateGrant',
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey*',
        'kms:ReEncrypt*',
      ],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `ec2.${region}.amazonaws.com` },
      },
    },
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

const ownerStatement = (account: string, partition: string): Statement => ({
  Sid: 'Enable IAM policies of the owner',
  Effect: 'Allow',
  Principal: { AWS: rootArn(account, partition) },
  Action: 'kms:*',
  Resource: '*',
});

/**
 * The key policy as it should be: foreign statements as they are and where they are, the delivery's own replaced.
 * @param current the JSON text there, or undefined for a key not made yet (then the account keeps full control)
 */
export function keyPolicyText(a: KeyAccess, builder: string, current: string | undefined): string {
  const there: PolicyDocument = current
    ? (JSON.parse(current) as PolicyDocument)
    : { Version: '2012-10-17', Statement: [ownerStatement(builder, a.partition)] };
  const all = Array.isArray(there.Statement) ? there.Statement : [there.Statement as unknown as Statement];
  // Each of the delivery's own stays where it is, too: an order that others know is no reason to write.
  const own = new Map(keyStatements(a).map((o) => [o.Sid, o]));
  const kept = all.flatMap((s) => (isOwnStatement(s, a.delivery) ? (own.get(s.Sid) ?? []) : s));
  const sids = new Set(kept.map((s) => s.Sid));
  return JSON.stringify({ ...there, Statement: [...kept, ...[...own.values()].filter((o) => !sids.has(o.Sid))] });
}

/**
 * The policy with room for amiport's roles to read what lies under the key, for as long as it is moved from under it
 * (`rehome`): all that stands there stays.
 */
export function withMovers(current: string, a: KeyAccess): string {
  const there = JSON.parse(current) as PolicyDocument;
  const all = [there.Statement].flat() as readonly Statement[];
  const movers = openings(a, a.copierAccounts).flatMap((o) => copierStatements(a, o, 'move'));
  return JSON.stringify({ ...there, Statement: [...all.filter((s) => !isMoverStatement(s, a.delivery)), ...movers] });
}

const isMoverStatement = (s: Statement, delivery: string): boolean =>
  [sid(delivery, 'move'), sid(delivery, 'move-grant')].includes(s.Sid);

/** The policy without them. */
export function withoutMovers(current: string, delivery: string): string {
  const there = JSON.parse(current) as PolicyDocument;
  const all = [there.Statement].flat() as readonly Statement[];
  return JSON.stringify({ ...there, Statement: all.filter((s) => !isMoverStatement(s, delivery)) });
}

const OWN = ['use', 'attach', 'copy', 'copy-grant', 'move', 'move-grant', 'grant', 'grants'];

/** True for statements that this delivery wrote: exact Sids, so that a delivery `a` never takes those of `a-b`. */
export const isOwnStatement = (s: Statement, delivery: string): boolean =>
  OWN.some((what) => [sid(delivery, what), `${sid(delivery, what)}-units`].includes(s.Sid));

/** Whether two policy texts say the same, whatever their formatting and the order of keys. */
export function samePolicy(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a === b) return true;
  try {
    return canonicalJson(normal(JSON.parse(a))) === canonicalJson(normal(JSON.parse(b)));
  } catch {
    return false;
  }
}

/**
 * A list of one is the same as its element, as AWS stores it either way, and the order of a list of texts (actions,
 * resources, condition values) means nothing: references to keys sort differently from the ARNs that a run learns.
 */
function normal(value: unknown): unknown {
  if (!Array.isArray(value)) return normalObject(value);
  if (value.length === 1) return normal(value[0]);
  return value.every((v) => typeof v === 'string') ? value.toSorted() : value.map(normal);
}

function normalObject(value: unknown): unknown {
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, normal(v)]));
  return value;
}

export const rolePolicyName = (delivery: string): string => `amiport-${delivery}`;

/** The launcher's side: the same actions on the read keys and on customer volume keys. Key ARNs may be references. */
export function rolePolicyText(keyArns: readonly string[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'AmiportUseKeys', Effect: 'Allow', Action: USE_ACTIONS, Resource: oneOrMany(keyArns) },
      {
        Sid: 'AmiportAttachVolumes',
        Effect: 'Allow',
        Action: 'kms:CreateGrant',
        Resource: oneOrMany(keyArns),
        Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
      },
    ],
  });
}

/** GR-2: with a name and equal parameters CreateGrant returns the grant that is there. Allowed: `[a-zA-Z0-9:/_-]`. */
export const grantName = (delivery: string, roleName: string): string =>
  `amiport/${delivery}/${roleName}`.replace(/[^a-zA-Z0-9:/_-]/g, '-');

/** Sorted, without doubles; a single value stands alone, as AWS's own examples write it. */
function oneOrMany(values: readonly string[]): string | readonly string[] {
  const unique = [...new Set(values)].toSorted();
  return unique.length === 1 && unique[0] !== undefined ? unique[0] : unique;
}
