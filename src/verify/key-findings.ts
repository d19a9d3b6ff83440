/**
 * What a reader should know of the keys that images are shared under though it keeps nobody from launching: who is let
 * in beyond the config, who is gone, and which limits are near.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { KeySeen, Observed } from '../model/observed.ts';
import { GRANTS_MAX, KEY_POLICY_BYTES_MAX } from '../plan/key-limits.ts';

const NEAR = 0.9;

interface Statement {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function keyFindings(want: Delivery, seen: Observed): readonly Reason[] {
  const expected = new Set([want.builder.account, ...want.accounts.map((a) => a.id)]);
  return [...seen.builder.values()].flatMap(({ key }) =>
    key.is === 'known' ? [...policyFindings(key.value, expected), ...grantFindings(key.value)] : [],
  );
}

function policyFindings(key: KeySeen, expected: ReadonlySet<string>): readonly Reason[] {
  if (key.policy.is !== 'known') return [];
  const who = `account ${key.account}`;
  const bytes = Buffer.byteLength(key.policy.value);
  const full =
    bytes < KEY_POLICY_BYTES_MAX * NEAR
      ? []
      : [
          reason('kms.key-policy.nearly-full', key.arn, `its policy has ${bytes} of ${KEY_POLICY_BYTES_MAX} bytes`, {
            remedy: { who, does: 'open it to the organization, or deliver to more accounts by the way account-copies' },
          }),
        ];
  const document = JSON.parse(key.policy.value) as { readonly Statement?: readonly Statement[] | Statement };
  const statements = [document.Statement ?? []].flat();
  return [...full, ...statements.flatMap((s, i) => statementFindings(key, s, s.Sid ?? `#${i}`, expected))];
}

function statementFindings(key: KeySeen, s: Statement, name: string, expected: ReadonlySet<string>): readonly Reason[] {
  const remedy = { who: `account ${key.account}`, does: `look at statement ${name} of the policy of key ${key.arn}` };
  const principals = principalsOf(s);
  const dead = principals.filter((p) => /^A(?:RO|ID)A[A-Z0-9]{8,}$/.test(p));
  const found = dead.map((id) =>
    reason('kms.key-policy.dead-principal', key.arn, `statement ${name} names ${id}, a principal that is gone`, {
      remedy,
    }),
  );
  if (s.Effect !== 'Allow') return found;
  const strangers = [...new Set(principals.flatMap((p) => accountOf(p) ?? []))].filter((a) => !expected.has(a));
  for (const account of strangers) {
    const says = `statement ${name} lets in account ${account}, which the config does not name`;
    found.push(reason('kms.key-policy.stranger', key.arn, says, { remedy }));
  }
  if (principals.includes('*') && !isNarrowed(s))
    found.push(reason('kms.key-policy.open', key.arn, `statement ${name} lets everybody in`, { remedy }));
  return found;
}

/** Source: IAM User Guide "AWS JSON policy elements: Principal": a lonely `*` and `{"AWS": "*"}` are everybody. */
function principalsOf({ Principal }: Statement): readonly string[] {
  if (typeof Principal === 'string') return [Principal];
  const named = (Object(Principal) as { AWS?: string | readonly string[] }).AWS ?? [];
  return [named].flat();
}

const accountOf = (principal: string): string | undefined =>
  /^\d{12}$/.test(principal) ? principal : /^arn:[\w-]+:(?:iam|sts)::(\d{12}):/.exec(principal)?.[1];

const NARROWING = new Set([
  'kms:calleraccount',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
]);

const isNarrowed = ({ Condition = {} }: Statement): boolean =>
  Object.entries(Condition).some(
    ([operator, keys]) =>
      !/Not|IfExists/.test(operator) && Object.keys(keys).some((k) => NARROWING.has(k.toLowerCase())),
  );

function grantFindings(key: KeySeen): readonly Reason[] {
  if (key.grants.is !== 'known' || key.grants.value.length < GRANTS_MAX * NEAR) return [];
  const says = `it has ${key.grants.value.length} of ${GRANTS_MAX} grants`;
  const does = 'revoke grants of what is gone; each volume in use holds one, so fewer accounts per key help';
  return [reason('kms.grants.nearly-full', key.arn, says, { remedy: { who: `account ${key.account}`, does } })];
}
