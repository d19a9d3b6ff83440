/**
 * The SDK's schemas of one service, turned into a tree that decoders and encoders walk without
 * asking the SDK again: names on the wire are worked out once per member.
 *
 * `NormalizedSchema` and the tuples of the clients are public exports of the SDK but no documented
 * contract for servers: versions are pinned and `round-trip.test.ts` is the gate for upgrades.
 */
import { NormalizedSchema } from '@smithy/core/schema';
import { invariant } from '../../base/invariant.ts';
import type { Service } from './services.ts';

export type Shape =
  | { readonly kind: 'string' | 'boolean' | 'number' | 'bigint' | 'decimal' | 'blob' | 'document' | 'unit' }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat | undefined }
  | { readonly kind: 'list'; readonly item: Member }
  | { readonly kind: 'map'; readonly key: Member; readonly value: Member }
  | StructShape;

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

export interface StructShape {
  readonly kind: 'struct';
  readonly name: string;
  readonly union: boolean;
  /** Lazy: shapes are recursive. */
  readonly members: () => readonly Member[];
  readonly byName: () => ReadonlyMap<string, Member>;
  /** As they followed each other in what was last written: what comes next is most likely the same. */
  readonly inOrder: Member[];
  /** The first so many members must be given. */
  readonly required: number;
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  /** Element name in XML; for list items `member` unless the schema says otherwise. */
  readonly xmlName: string;
  /** `<xmlName>` and `</xmlName>`, made once: answers hold thousands. */
  readonly open: string;
  readonly close: string;
  /** The element that was last written for it, and of what: items of a list are much alike. */
  readonly last: { value: unknown; text: string; whole: boolean };
  /** Key in an EC2 query. */
  readonly ec2Name: string;
  /** Key in an AWS query. */
  readonly queryName: string;
  readonly jsonName: string;
  readonly flattened: boolean;
  readonly sensitive: boolean;
  readonly label: boolean;
  readonly payload: boolean;
  readonly header: string | undefined;
  readonly query: string | undefined;
}

export interface OperationSchema {
  readonly action: string;
  readonly input: StructShape;
  readonly output: StructShape;
  /** REST only: method, path template, status. */
  readonly http: readonly [string, string, number] | undefined;
}

export interface ErrorSchema {
  readonly name: string;
  /** As on the wire: a query service's code may differ from the shape's name. */
  readonly code: string;
  readonly status: number;
  readonly shape: StructShape;
}

export interface ServiceSchema {
  readonly service: Service;
  readonly operations: ReadonlyMap<string, OperationSchema>;
  /** By code and by shape name. */
  readonly errors: ReadonlyMap<string, ErrorSchema>;
}

const OPERATION = 9;
const ERROR = -3;
const UNION = 4;

const loading = new Map<string, Promise<ServiceSchema>>();

/** Loads the client's schemas once per process: EC2's take about 0.2 s, so nothing is loaded before its first use. */
export function loadSchema(service: Service): Promise<ServiceSchema> {
  let there = loading.get(service.name);
  if (!there) {
    there = service.load().then((module) => readModule(service, module));
    loading.set(service.name, there);
  }
  return there;
}

function readModule(service: Service, module: object): ServiceSchema {
  const operations = new Map<string, OperationSchema>();
  const errors = new Map<string, ErrorSchema>();
  for (const [key, schema] of Object.entries(module)) {
    if (!key.endsWith('$') || !Array.isArray(schema)) continue;
    if (schema[0] === OPERATION) {
      const operation = readOperation(schema);
      operations.set(operation.action, operation);
    } else if (schema[0] === ERROR) {
      const error = readError(schema, service.protocol === 'awsJson1_1');
      errors.set(error.name, error);
      errors.set(error.code, error);
    }
  }
  return { service, operations, errors };
}

function readOperation(schema: readonly unknown[]): OperationSchema {
  const [, , action, traits, input, output] = schema;
  const http = (traits as { readonly http?: [string, string, number] } | 0) || undefined;
  let inputShape: StructShape | undefined;
  let outputShape: StructShape | undefined;
  return {
    action: String(action),
    http: http?.http,
    get input() {
      inputShape ??= structOf(NormalizedSchema.of(input as never));
      return inputShape;
    },
    get output() {
      outputShape ??= structOf(NormalizedSchema.of(output as never));
      return outputShape;
    },
  };
}

function readError(schema: readonly unknown[], rpc: boolean): ErrorSchema {
  const name = String(schema[2]);
  const traits = (schema[3] || {}) as { awsQueryError?: [string, number]; error?: string; httpError?: number };
  const byFault = traits.error === 'server' ? 500 : 400;
  return {
    name,
    code: rpc ? name : (traits.awsQueryError?.[0] ?? name),
    // JSON-RPC services answer 400 or 500, whatever status their model names.
    status: rpc ? byFault : (traits.httpError ?? traits.awsQueryError?.[1] ?? byFault),
    shape: structOf(NormalizedSchema.of(schema as never)),
  };
}

const NO_MEMBERS: StructShape = {
  kind: 'struct',
  name: 'Unit',
  union: false,
  members: () => [],
  byName: () => new Map(),
  inOrder: [],
  required: 0,
};

const structOf = (ns: NormalizedSchema): StructShape => {
  if (ns.isUnitSchema()) return NO_MEMBERS;
  const shape = shapeOf(ns);
  invariant(shape.kind === 'struct', `${ns.getName()} is not a structure`);
  return shape;
};

const structs = new WeakMap<object, StructShape>();

function structShape(ns: NormalizedSchema): StructShape {
  const raw = ns.getSchema() as unknown as readonly unknown[];
  const there = structs.get(raw);
  if (there) return there;
  let members: readonly Member[] | undefined;
  let byName: ReadonlyMap<string, Member> | undefined;
  const made: StructShape = {
    kind: 'struct',
    name: String(raw[2]),
    union: raw[0] === UNION,
    inOrder: [],
    required: typeof raw[6] === 'number' ? raw[6] : 0,
    members: () => {
      members ??= [...ns.structIterator()].map(([name, member]) => memberOf(name, member));
      return members;
    },
    byName: () => {
      byName ??= new Map(made.members().map((m) => [m.name, m]));
      return byName;
    },
  };
  structs.set(raw, made);
  return made;
}

function shapeOf(ns: NormalizedSchema): Shape {
  if (ns.isUnitSchema()) return { kind: 'unit' };
  if (ns.isStructSchema()) return structShape(ns);
  if (ns.isListSchema()) return { kind: 'list', item: memberOf('member', ns.getValueSchema()) };
  if (ns.isMapSchema()) {
    return { kind: 'map', key: memberOf('key', ns.getKeySchema()), value: memberOf('value', ns.getValueSchema()) };
  }
  if (ns.isTimestampSchema()) return { kind: 'timestamp', format: timestampFormat(ns) };
  if (ns.isBlobSchema()) return { kind: 'blob' };
  if (ns.isBooleanSchema()) return { kind: 'boolean' };
  if (ns.isStringSchema()) return { kind: 'string' };
  if (ns.isNumericSchema()) return { kind: 'number' };
  if (ns.isBigIntegerSchema()) return { kind: 'bigint' };
  if (ns.isBigDecimalSchema()) return { kind: 'decimal' };
  invariant(ns.isDocumentSchema(), `schema of ${ns.getName(true)} is of no known kind`);
  return { kind: 'document' };
}

/** The kind number of a timestamp says its format; plain ones follow the protocol. */
function timestampFormat(ns: NormalizedSchema): TimestampFormat | undefined {
  const kind: unknown = ns.getSchema();
  if (kind === 5) return 'date-time';
  if (kind === 6) return 'http-date';
  return kind === 7 ? 'epoch-seconds' : undefined;
}

interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
  readonly jsonName?: string;
  readonly xmlFlattened?: unknown;
  readonly sensitive?: unknown;
  readonly httpLabel?: unknown;
  readonly httpPayload?: unknown;
  readonly httpHeader?: string;
  readonly httpQuery?: string;
}

function memberOf(name: string, ns: NormalizedSchema): Member {
  const own = ns.getMemberTraits() as Traits;
  const merged = ns.getMergedTraits() as Traits;
  const xmlName = own.xmlName ?? name;
  return {
    name,
    shape: shapeOf(ns),
    xmlName,
    open: `<${xmlName}>`,
    close: `</${xmlName}>`,
    last: { value: undefined, text: '', whole: false },
    ec2Name: own.ec2QueryName ?? `${xmlName.charAt(0).toUpperCase()}${xmlName.slice(1)}`,
    queryName: xmlName,
    jsonName: own.jsonName ?? name,
    flattened: merged.xmlFlattened !== undefined,
    sensitive: merged.sensitive !== undefined,
    label: own.httpLabel !== undefined,
    payload: own.httpPayload !== undefined,
    header: own.httpHeader?.toLowerCase(),
    query: own.httpQuery,
  };
}
