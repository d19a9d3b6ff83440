/**
 * Policy documents: JSON text to statements, with AWS's own complaint where the document is malformed.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language".
 */
export interface Statement {
  /** The Sid, or the position as `#0`. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: Principals | undefined;
  readonly actions: readonly string[];
  readonly notActions: boolean;
  /** undefined: the statement has no Resource (in a key policy it is then without effect). */
  readonly resources: readonly string[] | undefined;
  readonly notResources: boolean;
  readonly conditions: readonly Condition[];
  /** Policy variables count from version 2012-10-17 on; before it they are plain text. */
  readonly variables: boolean;
}

export interface Principals {
  readonly not: boolean;
  readonly aws: readonly string[];
  readonly service: readonly string[];
  readonly federated: readonly string[];
}

export interface Condition {
  readonly operator: string;
  readonly ifExists: boolean;
  readonly set: 'all' | 'any' | undefined;
  /** As written, for messages; matched without regard to case. */
  readonly key: string;
  readonly lowerKey: string;
  readonly values: readonly string[];
}

/** What AWS answers with MalformedPolicyDocument. Line and column are from 1, where the text is known. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly line: number | undefined;
  readonly column: number | undefined;
  constructor(message: string, line?: number, column?: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

const parsed = new Map<string, readonly Statement[]>();
const parsedObjects = new WeakMap<object, readonly Statement[]>();
/** Texts kept parsed; a fleet shares far fewer distinct documents than it has roles. */
const CACHE_MAX = 20_000;

/** @throws PolicyError for a document that AWS would refuse */
export function parsePolicy(document: string | object): readonly Statement[] {
  if (typeof document !== 'string') {
    const there = parsedObjects.get(document);
    if (there !== undefined) return there;
    const made = statementsOf(document);
    parsedObjects.set(document, made);
    return made;
  }
  const there = parsed.get(document);
  if (there !== undefined) return there;
  const made = statementsOf(parseJson(document));
  if (parsed.size >= CACHE_MAX) parsed.clear();
  parsed.set(document, made);
  return made;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    if (position === undefined) throw new PolicyError('Syntax errors in policy.');
    const before = text.slice(0, Number(position)).split('\n');
    throw new PolicyError('Syntax errors in policy.', before.length, (before.at(-1)?.length ?? 0) + 1);
  }
}

const VERSIONS = new Set(['2012-10-17', '2008-10-17']);

function statementsOf(value: unknown): readonly Statement[] {
  if (!isObject(value)) throw new PolicyError('Syntax errors in policy.');
  const version = value.Version;
  if (version !== undefined && !VERSIONS.has(String(version)))
    throw new PolicyError('The policy must contain a valid version string.');
  const raw = value.Statement;
  if (raw === undefined) throw new PolicyError('Missing required field Statement');
  const list = Array.isArray(raw) ? raw : [raw];
  return list.map((s, i) => statementOf(s, i, version === '2012-10-17'));
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

function statementOf(s: unknown, index: number, variables: boolean): Statement {
  if (!isObject(s)) throw new PolicyError('Syntax errors in policy.');
  for (const field of Object.keys(s))
    if (!FIELDS.has(field)) throw new PolicyError(`Syntax errors in policy: unknown element ${field}.`);
  const effect = s.Effect;
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyError(`Invalid effect: ${JSON.stringify(effect)}`);
  for (const [one, other] of [
    ['Principal', 'NotPrincipal'],
    ['Action', 'NotAction'],
    ['Resource', 'NotResource'],
  ] as const) {
    if (s[one] !== undefined && s[other] !== undefined) throw new PolicyError(`Statement has both ${one} and ${other}`);
  }
  const resources = s.Resource ?? s.NotResource;
  const principal = s.Principal ?? s.NotPrincipal;
  return {
    name: typeof s.Sid === 'string' && s.Sid !== '' ? s.Sid : `#${index}`,
    effect,
    principals: principal === undefined ? undefined : principalsOf(principal, s.NotPrincipal !== undefined),
    actions: strings(s.Action ?? s.NotAction ?? [], 'Action').map((a) => a.toLowerCase()),
    notActions: s.NotAction !== undefined,
    resources: resources === undefined ? undefined : strings(resources, 'Resource'),
    notResources: s.NotResource !== undefined,
    conditions: conditionsOf(s.Condition ?? {}),
    variables,
  };
}

function principalsOf(value: unknown, not: boolean): Principals {
  if (value === '*') return { not, aws: ['*'], service: [], federated: [] };
  if (!isObject(value)) throw new PolicyError('Invalid principal in policy');
  for (const kind of Object.keys(value)) {
    if (!['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind))
      throw new PolicyError(`Invalid principal in policy: "${kind}"`);
  }
  const of = (kind: string) => strings(value[kind] ?? [], 'Principal');
  return { not, aws: of('AWS'), service: of('Service'), federated: of('Federated') };
}

function conditionsOf(value: unknown): readonly Condition[] {
  if (!isObject(value)) throw new PolicyError('Syntax errors in policy.');
  return Object.entries(value).flatMap(([written, keys]) => {
    if (!isObject(keys)) throw new PolicyError('Syntax errors in policy.');
    const { operator, ifExists, set } = operatorOf(written);
    return Object.entries(keys).map(([key, values]) => ({
      operator,
      ifExists,
      set,
      key,
      lowerKey: key.toLowerCase(),
      values: strings(values, 'Condition'),
    }));
  });
}

const OPERATORS = new Set(
  [
    [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    ['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike', 'Bool', 'BinaryEquals', 'IpAddress', 'NotIpAddress', 'Null'],
    [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
    ['DateEquals', 'DateNotEquals', 'DateLessThan', 'DateLessThanEquals', 'DateGreaterThan', 'DateGreaterThanEquals'],
  ].flatMap((names) => names.map((n) => n.toLowerCase())),
);

function operatorOf(written: string): Pick<Condition, 'operator' | 'ifExists' | 'set'> {
  const found = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i.exec(written);
  const operator = found?.[2]?.toLowerCase() ?? '';
  if (!OPERATORS.has(operator) || (operator === 'null' && found?.[3] !== undefined))
    throw new PolicyError(`Invalid Condition type : ${written}.`);
  const set = found?.[1]?.toLowerCase();
  return {
    operator,
    ifExists: found?.[3] !== undefined,
    set: set === undefined ? undefined : set === 'forallvalues' ? 'all' : 'any',
  };
}

/** One value or a list; booleans and numbers count as their text. */
function strings(value: unknown, where: string): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((v) => {
    if (typeof v === 'string') return v;
    if (typeof v === 'number' || typeof v === 'boolean') return String(v);
    throw new PolicyError(`Syntax errors in policy: ${where} wants text.`);
  });
}
