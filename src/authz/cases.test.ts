/** Case files of test/cases/authz: every row names the AWS page that proves it. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { evaluate } from './evaluate.ts';
import type { Context, Decision, Grant, Policies, PolicyInput, PolicyLevels, Principal, Request } from './types.ts';

type Statement = Readonly<Record<string, unknown>>;
type Levels = readonly (readonly Statement[])[] | { readonly unreadable: string };

/** What a row leaves out: kms:Decrypt on the owner's key; a statement is an Allow of kms:* on everything. */
interface Case {
  readonly rule: string;
  readonly page: string;
  readonly caller: keyof typeof CALLERS;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: Context;
  readonly version?: string;
  readonly grantTokens?: readonly string[];
  readonly identity?: readonly Statement[];
  readonly boundary?: readonly Statement[];
  readonly session?: readonly Statement[];
  readonly endpoint?: readonly Statement[];
  readonly key?: readonly Statement[];
  readonly trust?: readonly Statement[];
  readonly other?: readonly Statement[];
  readonly awsManaged?: boolean;
  readonly scps?: Levels;
  readonly rcps?: Levels;
  readonly grants?: readonly (Omit<Grant, 'id' | 'keyArn'> & { readonly keyArn?: string })[];
  readonly is: string;
}

const OWNER = '111111111111';
const DEST = '222222222222';
const KEY = `arn:aws:kms:eu-west-1:${OWNER}:key/k`;
const CALLERS = {
  role: { kind: 'role', arn: `arn:aws:iam::${DEST}:role/team/App`, id: 'AROAAPP', session: 's' },
  slr: {
    kind: 'role',
    arn: `arn:aws:iam::${DEST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  },
  root: { kind: 'root', account: DEST },
  'owner-role': { kind: 'role', arn: `arn:aws:iam::${OWNER}:role/team/App`, id: 'AROAAPP', session: 's' },
  'owner-user': { kind: 'user', arn: `arn:aws:iam::${OWNER}:user/ada` },
  'owner-root': { kind: 'root', account: OWNER },
  service: { kind: 'service', name: 'ec2.amazonaws.com' },
} as const satisfies Readonly<Record<string, Principal>>;

/** `null` in a statement takes the default away. */
function policy(id: string, statements: readonly Statement[], version = '2012-10-17'): PolicyInput {
  const Statement = statements.map((s) => {
    const bare = { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...s };
    return Object.fromEntries(Object.entries(bare).filter(([, value]) => value !== null));
  });
  return { id, document: { Version: version, Statement } };
}

function levels(name: string, given: Levels): PolicyLevels {
  if ('unreadable' in given) return given;
  return given.map((statements, i) => ({
    level: `${name} level ${i}`,
    policies: [policy(`${name} ${i}`, statements)],
  }));
}

function policiesOf(row: Case): Policies {
  const one = (name: 'identity' | 'boundary' | 'session' | 'endpoint') => {
    const statements = row[name];
    return statements === undefined ? {} : { [name]: [policy(name, statements, row.version)] };
  };
  const kinds = { key: 'key-policy', trust: 'role-trust', other: 'other' } as const;
  const name = (['key', 'trust', 'other'] as const).find((n) => row[n] !== undefined);
  return {
    ...one('identity'),
    ...one('boundary'),
    ...one('session'),
    ...one('endpoint'),
    ...(row.scps ? { scps: levels('scp', row.scps) } : {}),
    ...(row.rcps ? { rcps: levels('rcp', row.rcps) } : {}),
    ...(name === undefined
      ? {}
      : {
          resource: {
            kind: kinds[name],
            policies: [policy('resource', row[name] ?? [])],
            awsManaged: row.awsManaged ?? false,
          },
        }),
    ...(row.grants ? { grants: row.grants.map((g, i) => ({ id: `g${i}`, keyArn: KEY, ...g })) } : {}),
  };
}

function check(row: Case): string {
  const caller: Principal = CALLERS[row.caller];
  const ownKind = row.resource?.startsWith('arn:aws:ec2:') === true;
  const request: Request = {
    principal: caller,
    action: row.action ?? 'kms:Decrypt',
    resource: row.resource ?? KEY,
    resourceAccount: ownKind ? DEST : OWNER,
    context: row.context ?? {},
    ...(row.grantTokens ? { grantTokens: row.grantTokens } : {}),
  };
  const decision: Decision = evaluate(request, policiesOf(row));
  return decision.is === 'denied' && decision.how === 'explicit' ? 'explicitly denied' : decision.is;
}

const FOLDER = new URL('../../test/cases/authz/', import.meta.url);
for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  const rows = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as readonly Case[];
  describe(file, () => {
    test.each(rows)('$rule: $is', (row) => {
      expect(row.page).toMatch(/: /);
      expect(check(row)).toBe(row.is);
    });
  });
}
