/** The rows of test/cases/authz, each with the AWS page that proves it, asked of authz or of a mutant of it. */
import { readdirSync, readFileSync } from 'node:fs';
import type {
  Context,
  Decision,
  Grant,
  Policies,
  PolicyInput,
  PolicyLevels,
  Principal,
  Request,
} from '../../src/authz/types.ts';
import type { Engine } from './engine.ts';

type Statement = Readonly<Record<string, unknown>>;
type Unreadable = { readonly unreadable: string };
type Levels = readonly (readonly Statement[])[] | Unreadable;
type Set = readonly Statement[] | Unreadable;

/** What a row leaves out: kms:Decrypt on the owner's key; a statement is an Allow of kms:* on everything. */
export interface Case {
  readonly rule: string;
  readonly page: string;
  readonly caller: keyof typeof CALLERS;
  readonly action?: string;
  readonly resource?: string;
  /** `null`: the request does not say. */
  readonly resourceAccount?: string | null;
  readonly context?: Context;
  readonly unknownContext?: readonly string[];
  readonly version?: string;
  readonly grantTokens?: readonly string[];
  readonly identity?: Set;
  /** Of the caller's group. */
  readonly group?: readonly Statement[];
  readonly boundary?: Set;
  readonly session?: Set;
  readonly endpoint?: Set;
  readonly key?: Set;
  readonly trust?: readonly Statement[];
  readonly other?: Set;
  readonly awsManaged?: boolean;
  readonly managementAccount?: string;
  readonly scps?: Levels;
  readonly rcps?: Levels;
  readonly grants?: readonly (Omit<Grant, 'id' | 'keyArn'> & { readonly keyArn?: string })[] | Unreadable;
  readonly is: string;
  /** Codes of the missing links. */
  readonly missing?: readonly string[];
  readonly absent?: readonly string[];
  /** Near misses as `layer mismatch`. */
  readonly near?: readonly string[];
  /** What decided, as `layer statement` (a grant has none). */
  readonly by?: readonly string[];
}

const OWNER = '111111111111';
const DEST = '222222222222';
const KEY = `arn:aws:kms:eu-west-1:${OWNER}:key/k`;
const CALLERS = {
  role: { kind: 'role', arn: `arn:aws:iam::${DEST}:role/team/App`, id: 'AROAAPP', session: 's' },
  'any-session': { kind: 'role', arn: `arn:aws:iam::${DEST}:role/team/App`, id: 'AROAAPP' },
  slr: {
    kind: 'role',
    arn: `arn:aws:iam::${DEST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  },
  root: { kind: 'root', account: DEST },
  user: { kind: 'user', arn: `arn:aws:iam::${DEST}:user/team/ada`, id: 'AIDAADA' },
  'owner-role': { kind: 'role', arn: `arn:aws:iam::${OWNER}:role/team/App`, id: 'AROAAPP', session: 's' },
  'owner-any-session': { kind: 'role', arn: `arn:aws:iam::${OWNER}:role/team/App`, id: 'AROAAPP' },
  'owner-user': { kind: 'user', arn: `arn:aws:iam::${OWNER}:user/ada`, id: 'AIDAADA' },
  'owner-root': { kind: 'root', account: OWNER },
  federated: {
    kind: 'federated',
    arn: `arn:aws:sts::${OWNER}:federated-user/bob`,
    userArn: `arn:aws:iam::${OWNER}:user/ada`,
  },
  service: { kind: 'service', name: 'ec2.amazonaws.com' },
  saml: { kind: 'provider', name: `arn:aws:iam::${OWNER}:saml-provider/Corp` },
  web: { kind: 'provider', name: 'accounts.google.com' },
  anonymous: { kind: 'anonymous' },
} as const satisfies Readonly<Record<string, Principal>>;

/** `null` in a statement takes the default away. */
function policy(id: string, statements: readonly Statement[], version = '2012-10-17'): PolicyInput {
  const Statement = statements.map((s) => {
    const bare = { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...s };
    return Object.fromEntries(Object.entries(bare).filter(([, value]) => value !== null));
  });
  return { id, document: { ...(version === 'none' ? {} : { Version: version }), Statement } };
}

function levels(name: string, given: Levels): PolicyLevels {
  if ('unreadable' in given) return given;
  return given.map((statements, i) => ({
    level: `${name} level ${i}`,
    policies: [policy(`${name} ${i}`, statements)],
  }));
}

const set = (id: string, s: Set, version?: string): readonly PolicyInput[] | Unreadable =>
  'unreadable' in s ? s : [policy(id, s, version)];

function policiesOf(row: Case): Policies {
  const one = (name: 'boundary' | 'session' | 'endpoint') =>
    row[name] === undefined ? {} : { [name]: set(name, row[name], row.version) };
  const identity = row.identity === undefined ? undefined : set('identity', row.identity, row.version);
  const group = row.group === undefined ? [] : [policy('group', row.group, row.version)];
  const kinds = { key: 'key-policy', trust: 'role-trust', other: 'other' } as const;
  const name = (['key', 'trust', 'other'] as const).find((n) => row[n] !== undefined);
  const resource = name === undefined ? undefined : set('resource', row[name] ?? []);
  return {
    ...(identity === undefined && group.length === 0
      ? {}
      : { identity: identity !== undefined && 'unreadable' in identity ? identity : [...(identity ?? []), ...group] }),
    ...one('boundary'),
    ...one('session'),
    ...one('endpoint'),
    ...(row.managementAccount ? { managementAccount: row.managementAccount } : {}),
    ...(row.scps ? { scps: levels('scp', row.scps) } : {}),
    ...(row.rcps ? { rcps: levels('rcp', row.rcps) } : {}),
    ...(name === undefined || resource === undefined
      ? {}
      : { resource: { kind: kinds[name], policies: resource, awsManaged: row.awsManaged ?? false } }),
    ...(row.grants
      ? {
          grants:
            'unreadable' in row.grants ? row.grants : row.grants.map((g, i) => ({ id: `g${i}`, keyArn: KEY, ...g })),
        }
      : {}),
  };
}

function requestOf(row: Case): Request {
  const ownKind = row.resource?.startsWith('arn:aws:ec2:') === true;
  const account = row.resourceAccount === undefined ? (ownKind ? DEST : OWNER) : row.resourceAccount;
  return {
    principal: CALLERS[row.caller],
    action: row.action ?? 'kms:Decrypt',
    resource: row.resource ?? KEY,
    ...(account === null ? {} : { resourceAccount: account }),
    context: row.context ?? {},
    ...(row.unknownContext ? { unknownContext: row.unknownContext } : {}),
    ...(row.grantTokens ? { grantTokens: row.grantTokens } : {}),
  };
}

/** What a row expects, and the same of a decision: equal objects when the row holds. */
export function expected({ is, missing, absent, near, by }: Case): object {
  return { is, ...(missing && { missing }), ...(absent && { absent }), ...(near && { near }), ...(by && { by }) };
}

export function answered({ evaluate }: Pick<Engine, 'evaluate'>, row: Case): object {
  const decision: Decision = evaluate(requestOf(row), policiesOf(row));
  const { is } = decision;
  const missing = is === 'denied' ? decision.missing.map((m) => m.code) : [];
  const by = is === 'unknown' ? [] : decision.by.map((s) => [s.layer, s.statement].filter((t) => t).join(' '));
  return {
    is: is === 'denied' && decision.how === 'explicit' ? 'explicitly denied' : is,
    ...(row.missing && { missing }),
    ...(row.absent && { absent: is === 'unknown' ? decision.absent : [] }),
    ...(row.near && { near: decision.nearMisses.map((n) => `${n.source.layer} ${n.mismatch}`) }),
    ...(row.by && { by }),
  };
}

export interface Malformed {
  readonly rule: string;
  readonly page: string;
  readonly text: string;
  /** `line:column message`. */
  readonly says: string;
}

export function complaint({ evaluate, PolicyError }: Engine, { text }: Malformed): string {
  try {
    evaluate(requestOf({ rule: '', page: '', caller: 'role', is: '' }), {
      identity: [{ id: 'policy', document: text }],
    });
    return 'accepted';
  } catch (error) {
    if (error instanceof PolicyError) return `${error.line}:${error.column} ${error.message}`;
    throw error;
  }
}

const FOLDER = new URL('../cases/authz/', import.meta.url);
const MALFORMED = 'malformed.json';
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));

export const caseFiles: readonly { readonly file: string; readonly rows: readonly Case[] }[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json') && file !== MALFORMED)
  .map((file) => ({ file, rows: read(file) as readonly Case[] }));

export const malformed = read(MALFORMED) as readonly Malformed[];
