/**
 * Policy documents: JSON text to statements, ready to be held against requests, with AWS's own complaint and its position
 * where the document is malformed. Source: IAM User Guide, "Grammar of the IAM JSON policy language".
 */
import { isAccountId } from '../base/arn.ts';
import { accountIn } from './facts-of-request.ts';
import { type ArnTest, arnTest, globTest, plain, type Test } from './glob.ts';
import { OPERATORS, type Operator } from './operators.ts';
import { PolicyError, positionOf, type Step, syntaxErrorAt } from './positions.ts';

export interface Statement {
  /** The Sid, or the position as `#0`. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: Principals | undefined;
  /** One for each action, asked with the action in lower case. */
  readonly actionTests: readonly Test[];
  readonly notActions: boolean;
  /** undefined: the statement has no Resource (in a key policy it is then without effect). */
  readonly resources: readonly string[] | undefined;
  /** As `resources`; undefined for one with variables, which the request fills. */
  readonly resourceTests: readonly (ArnTest | undefined)[];
  readonly notResources: boolean;
  readonly conditions: readonly Condition[];
}

export interface Principals {
  readonly not: boolean;
  /** As written, for those who check that they exist. */
  readonly aws: readonly string[];
  readonly everyone: boolean;
  /** Ids of accounts, whether written as id or as root ARN. */
  readonly accounts: ReadonlySet<string>;
  /** ARNs of users, roles and sessions, and unique ids. */
  readonly principals: ReadonlySet<string>;
  readonly service: readonly string[];
  readonly federated: readonly string[];
  /** Canonical ids of accounts, which name nobody that a request knows itself by. */
  readonly canonical: readonly string[];
}

export interface Condition {
  /** As written, for messages. */
  readonly name: string;
  /** undefined: Null, which compares nothing. */
  readonly operator: Operator | undefined;
  readonly ifExists: boolean;
  readonly set: 'all' | 'any' | undefined;
  /** As written, for messages; matched without regard to case. */
  readonly key: string;
  readonly lowerKey: string;
  readonly values: readonly string[];
  /** One for each value, or fewer that ask the same; undefined while a value has variables, which the request fills. */
  readonly tests: readonly Test[] | undefined;
}

/**
 * Texts kept parsed, in two generations: what is not asked for again goes when the younger is full. A text met for the
 * first time is only remembered: most never come again, and what they parse to need not outlive the decision.
 */
let parsed = new Map<string, readonly Statement[] | typeof ONCE>();
let parsedBefore = parsed;
const GENERATION_MAX = 1000;
const ONCE = 'met once';
const parsedObjects = new WeakMap<object, readonly Statement[]>();

/** @throws PolicyError for a document that AWS would refuse */
export function parsePolicy(document: string | object): readonly Statement[] {
  if (typeof document !== 'string') {
    const there = parsedObjects.get(document);
    if (there !== undefined) return there;
    const made = statementsOf(document);
    parsedObjects.set(document, made);
    return made;
  }
  const young = parsed.get(document);
  if (young !== undefined && young !== ONCE) return young;
  const there = young ?? parsedBefore.get(document);
  const made = there === undefined || there === ONCE ? parseText(document) : there;
  keep(document, there === undefined ? ONCE : made);
  return made;
}

function keep(document: string, made: readonly Statement[] | typeof ONCE): void {
  if (parsed.size >= GENERATION_MAX) {
    parsedBefore = parsed;
    parsed = new Map();
  }
  parsed.set(document, made);
}

function parseText(text: string): readonly Statement[] {
  const value = parseJson(text);
  try {
    return statementsOf(value);
  } catch (error) {
    if (!(error instanceof PolicyError) || error.path === undefined) throw error;
    throw new PolicyError(error.message, error.path, positionOf(text, error.path));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PolicyError(SYNTAX, [], syntaxErrorAt(text));
  }
}

const SYNTAX = 'Syntax errors in policy.';
const VERSIONS = new Set(['2012-10-17', '2008-10-17']);

/** The way down to what is being read: grown and shrunk on the way, so that a sound policy costs no paths. */
type Trail = Step[];

const refuse = (message: string, trail: Trail, ...further: readonly Step[]): PolicyError =>
  new PolicyError(message, [...trail, ...further]);

function statementsOf(value: unknown): readonly Statement[] {
  const trail: Trail = [];
  if (!isObject(value)) throw refuse(SYNTAX, trail);
  for (const field in value)
    if (field !== 'Version' && field !== 'Id' && field !== 'Statement') throw refuse(SYNTAX, trail, field);
  const version = value.Version;
  if (version !== undefined && !VERSIONS.has(String(version)))
    throw refuse('The policy must contain a valid version string', trail, 'Version');
  const raw = value.Statement;
  if (raw === undefined) throw refuse('Missing required field Statement', trail);
  // Policy variables count from version 2012-10-17 on; before it they are plain text.
  const variables = version === '2012-10-17';
  trail.push('Statement');
  if (!Array.isArray(raw)) return [statementOf(raw, 0, variables, trail)];
  return raw.map((s, i) => {
    trail.push(i);
    const statement = statementOf(s, i, variables, trail);
    trail.pop();
    return statement;
  });
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

const FIELDS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

function statementOf(s: unknown, index: number, variables: boolean, trail: Trail): Statement {
  if (!isObject(s)) throw refuse(SYNTAX, trail);
  for (const field in s) if (!FIELDS.has(field)) throw refuse(SYNTAX, trail, field);
  const effect = s.Effect;
  if (effect === undefined) throw refuse('Missing required field Effect', trail);
  if (effect !== 'Allow' && effect !== 'Deny') throw refuse(`Invalid effect: ${String(effect)}`, trail, 'Effect');
  const action = writtenAs(s, 'Action', 'NotAction', trail);
  const resource = writtenAs(s, 'Resource', 'NotResource', trail);
  const principal = writtenAs(s, 'Principal', 'NotPrincipal', trail);
  const resources = resource === undefined ? undefined : strings(s[resource], trail, resource);
  return {
    name: typeof s.Sid === 'string' && s.Sid !== '' ? s.Sid : `#${index}`,
    effect,
    principals:
      principal === undefined ? undefined : principalsOf(s[principal], principal === 'NotPrincipal', trail, principal),
    actionTests: action === undefined ? NONE : strings(s[action], trail, action).map(actionTest),
    notActions: action === 'NotAction',
    resources,
    resourceTests: (resources ?? NONE).map((r) => (variables && r.includes('${') ? undefined : arnTest(r))),
    notResources: resource === 'NotResource',
    conditions: s.Condition === undefined ? NONE : conditionsOf(s.Condition, variables, trail),
  };
}

const NONE: readonly never[] = [];

/** The same actions stand in most policies: kept as they are met, and forgotten together when they are too many. */
const actionTests = new Map<string, Test>();
const ACTIONS_MAX = 5000;

function actionTest(written: string): Test {
  const there = actionTests.get(written);
  if (there !== undefined) return there;
  if (actionTests.size >= ACTIONS_MAX) actionTests.clear();
  const made = globTest(written.toLowerCase());
  actionTests.set(written, made);
  return made;
}

/** An element that may be written as its opposite, but not as both. */
function writtenAs<Name extends string, Opposite extends string>(
  s: Record<string, unknown>,
  name: Name,
  opposite: Opposite,
  trail: Trail,
): Name | Opposite | undefined {
  if (s[opposite] === undefined) return s[name] === undefined ? undefined : name;
  if (s[name] !== undefined) throw refuse(SYNTAX, trail, opposite);
  return opposite;
}

const KINDS = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);

function principalsOf(value: unknown, not: boolean, trail: Trail, field: string): Principals {
  if (value !== '*' && !isObject(value)) throw refuse('Invalid principal in policy', trail, field);
  const named = value === '*' ? EVERYONE : value;
  for (const kind in named)
    if (!KINDS.has(kind)) throw refuse(`Invalid principal in policy: "${kind}"`, trail, field, kind);
  trail.push(field);
  const of = (kind: string): readonly string[] =>
    named[kind] === undefined ? NONE : strings(named[kind], trail, kind);
  const aws = of('AWS');
  let accounts = NOBODY;
  let principals = NOBODY;
  for (const name of aws) {
    const account = accountNamed(name);
    if (account !== undefined) accounts = withAlso(accounts, account);
    else if (name !== '*') principals = withAlso(principals, name);
  }
  const everyone = aws.includes('*');
  const others = { service: of('Service'), federated: of('Federated'), canonical: of('CanonicalUser') };
  trail.pop();
  return { not, aws, everyone, accounts, principals, ...others };
}

/** Most statements name accounts or principals, not both: what is empty is shared. */
const NOBODY: Set<string> = new Set();
const withAlso = (names: Set<string>, name: string): Set<string> =>
  names === NOBODY ? new Set([name]) : names.add(name);

const EVERYONE: Readonly<Record<string, unknown>> = { AWS: '*' };

/** `111122223333` and `arn:aws:iam::111122223333:root` are the same. */
export function accountNamed(name: string): string | undefined {
  if (name.endsWith(':root')) return accountIn(name);
  return isAccountId(name) ? name : undefined;
}

function conditionsOf(value: unknown, variables: boolean, trail: Trail): readonly Condition[] {
  if (!isObject(value)) throw refuse(SYNTAX, trail, 'Condition');
  const conditions: Condition[] = [];
  trail.push('Condition');
  for (const [name, keys] of Object.entries(value)) {
    const { operator, ifExists, set } = operatorOf(name, trail);
    if (!isObject(keys)) throw refuse(SYNTAX, trail, name);
    trail.push(name);
    for (const [key, wanted] of Object.entries(keys)) {
      const values = strings(wanted, trail, key);
      const filled = variables && operator?.variables === true && values.some((v) => v.includes('${'));
      const tests = filled || operator === undefined ? undefined : testsOf(operator, values);
      conditions.push({ name, operator, ifExists, set, key, lowerKey: key.toLowerCase(), values, tests });
    }
    trail.pop();
  }
  trail.pop();
  return conditions;
}

/** Values beyond which one look-up beats asking each. */
const FEW = 8;

function testsOf(operator: Operator, values: readonly string[]): readonly Test[] {
  if (values.length <= FEW || !operator.exact) return values.map(operator.test);
  const set = new Set(values.map(plain));
  return [(asked) => set.has(asked)];
}

interface WrittenOperator {
  readonly operator: Operator | undefined;
  readonly ifExists: boolean;
  readonly set: 'all' | 'any' | undefined;
}

/** The few hundred ways to write an operator, kept as they are met. */
const operators = new Map<string, WrittenOperator>();

function operatorOf(written: string, trail: Trail): WrittenOperator {
  const there = operators.get(written);
  if (there !== undefined) return there;
  const found = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i.exec(written);
  const name = found?.[2]?.toLowerCase() ?? '';
  const ifExists = found?.[3] !== undefined;
  const operator = OPERATORS.get(name);
  if (operator === undefined && (name !== 'null' || ifExists))
    throw refuse(`Invalid Condition type : ${written}.`, trail, written);
  const prefix = found?.[1]?.toLowerCase();
  const set = prefix === undefined ? undefined : prefix === 'forallvalues' ? 'all' : 'any';
  const made = { operator, ifExists, set } as const;
  operators.set(written, made);
  return made;
}

/** One value or a list; booleans and numbers count as their text. */
function strings(value: unknown, trail: Trail, field: string): readonly string[] {
  if (typeof value === 'string') return [value];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.every(isText)) return list;
  return list.map((v, i) => {
    if (typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean') return String(v);
    throw Array.isArray(value) ? refuse(SYNTAX, trail, field, i) : refuse(SYNTAX, trail, field);
  });
}

const isText = (v: unknown): v is string => typeof v === 'string';
