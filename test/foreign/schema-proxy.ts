/**
 * A proxy between foreign clients and the simulator that holds every answer against the SDK's schemas, with a reader of
 * its own: no element or member that the operation's output does not have, none missing that it requires, and scalars of
 * the right form. (The SDK's schemas do not hold the values of enums.)
 */
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NormalizedSchema } from '@smithy/core/schema';

const CLIENTS: Readonly<Record<string, () => Promise<object>>> = {
  ec2: () => import('@aws-sdk/client-ec2'),
  ebs: () => import('@aws-sdk/client-ebs'),
  kms: () => import('@aws-sdk/client-kms'),
  iam: () => import('@aws-sdk/client-iam'),
  sts: () => import('@aws-sdk/client-sts'),
  ssm: () => import('@aws-sdk/client-ssm'),
  organizations: () => import('@aws-sdk/client-organizations'),
  autoscaling: () => import('@aws-sdk/client-auto-scaling'),
  cloudtrail: () => import('@aws-sdk/client-cloudtrail'),
  sns: () => import('@aws-sdk/client-sns'),
  events: () => import('@aws-sdk/client-eventbridge'),
  servicequotas: () => import('@aws-sdk/client-service-quotas'),
};
const OPERATION = 9;

export interface SchemaProxy {
  readonly url: string;
  /** `ec2.DescribeImages: Images.0.Foo is no member`. */
  readonly violations: readonly string[];
  /** Answers checked, by `service.Action`. */
  readonly checked: ReadonlyMap<string, number>;
  close(): void;
}

export async function schemaProxy(target: string): Promise<SchemaProxy> {
  const violations: string[] = [];
  const checked = new Map<string, number>();
  const server: Server = createServer((incoming, outgoing) => {
    const asked: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => asked.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(asked);
      // The Host header stays: the client signed it.
      const forward = { method: incoming.method, path: incoming.url, headers: incoming.headers, ...addressOf(target) };
      const onward = request(forward, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const what = {
            authorization: incoming.headers.authorization ?? '',
            target: incoming.headers['x-amz-target'],
            method: incoming.method ?? '',
            body,
            url: incoming.url ?? '',
          };
          const { statusCode = 0, headers } = answer;
          const good = statusCode >= 200 && statusCode < 300;
          const held = good ? check(what, { bytes, headers }, violations, checked) : Promise.resolve();
          held
            .catch((error: unknown) => violations.push(`the check itself failed: ${String(error)}`))
            .finally(() => {
              outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
              outgoing.end(bytes);
            });
        });
      });
      onward.on('error', () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, violations, checked, close: () => server.close() };
}

const addressOf = (url: string): { host: string; port: string } => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port };
};

interface Asked {
  readonly authorization: string;
  readonly target: string | string[] | undefined;
  readonly method: string;
  readonly body: Buffer;
  readonly url: string;
}

interface Answered {
  readonly bytes: Buffer;
  readonly headers: IncomingHttpHeaders;
}

type Operation = readonly unknown[];

async function check(
  asked: Asked,
  { bytes, headers }: Answered,
  violations: string[],
  checked: Map<string, number>,
): Promise<void> {
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(asked.authorization)?.[1] ?? '';
  const client = await CLIENTS[service]?.();
  if (client === undefined) return;
  const operations = Object.values(client).filter((schema): schema is Operation => {
    return Array.isArray(schema) && schema[0] === OPERATION;
  });
  const rest = service === 'ebs';
  const action = rest ? restActionOf(asked, operations) : actionOf(asked);
  const operation = operations.find((schema) => schema[2] === action);
  const name = `${service}.${action}`;
  if (operation === undefined) {
    violations.push(`${name} is no operation of the SDK`);
    return;
  }
  checked.set(name, (checked.get(name) ?? 0) + 1);
  const output = NormalizedSchema.of(operation[5] as never);
  const found: string[] = [];
  const text = bytes.toString('utf8');
  if (rest) restAnswer(output, bytes, headers, found);
  else if (asked.target === undefined) {
    const root = readXml(text);
    const result = service === 'ec2' ? root : root.children.find((c) => c.name === `${action}Result`);
    if (root.name !== `${action}Response`) found.push(`the root is ${root.name}`);
    if (result !== undefined) xmlStruct(output, result, '', found, service === 'ec2');
  } else if (text !== '') jsonValue(output, JSON.parse(text), '', found);
  violations.push(...found.map((says) => `${name}: ${says}`));
}

/** The operation whose method and path are these: `{SnapshotId}` stands for one segment. */
function restActionOf({ method, url }: Asked, operations: readonly Operation[]): string {
  const path = url.split('?')[0] ?? '';
  const fits = (operation: Operation): boolean => {
    const [verb, template] = (operation[3] as { readonly http: readonly [string, string, number] }).http;
    return verb === method && new RegExp(`^${template.replace(/\{[^}]*\}/g, '[^/]+')}$`).test(path);
  };
  const found = operations.filter(fits).toSorted((a, b) => labels(a) - labels(b));
  return String(found[0]?.[2] ?? `${method} ${path}`);
}

/** A path that says more itself wins over one with more labels. */
const labels = (operation: Operation): number =>
  (operation[3] as { readonly http: readonly [string, string, number] }).http[1].split('{').length;

/** Members in headers, and either one of bytes or the others as JSON. */
function restAnswer(ns: NormalizedSchema, bytes: Buffer, headers: IncomingHttpHeaders, found: string[]): void {
  const inBody = new Map<string, NormalizedSchema>();
  let payload = false;
  for (const [name, member] of ns.structIterator()) {
    const header = trait(member, 'httpHeader');
    if (trait(member, 'httpPayload') !== undefined) payload = true;
    else if (typeof header !== 'string') inBody.set(name, member);
    else if (headers[header.toLowerCase()] === undefined) found.push(`the header ${header} is missing`);
  }
  if (payload) return;
  for (const [name, held] of Object.entries(JSON.parse(bytes.toString('utf8')) as object)) {
    const member = inBody.get(name);
    if (member === undefined) found.push(`.${name} is no member`);
    else jsonValue(member, held, `.${name}`, found);
  }
}

function actionOf(asked: Asked): string | undefined {
  if (typeof asked.target === 'string') return asked.target.slice(asked.target.lastIndexOf('.') + 1);
  return new URLSearchParams(asked.body.toString('utf8') || asked.url.split('?')[1]).get('Action') ?? undefined;
}

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** Enough XML for what services answer: no attributes but namespaces, no comments, no CDATA. */
function readXml(text: string): Element {
  const stack: Element[] = [{ name: '', children: [], text: '' }];
  for (const [, close, name, empty, held] of text
    .replace(/^<\?xml[^>]*\?>/, '')
    .matchAll(/<(\/?)([\w:.-]+)[^>]*?(\/?)>([^<]*)/g)) {
    const top = stack.at(-1);
    if (top === undefined) throw new Error('more elements end than begin');
    if (close) {
      if (top.name !== name) throw new Error(`${name} ends where ${top.name} is open`);
      stack.pop();
      continue;
    }
    const made: Element = { name: name ?? '', children: [], text: held ?? '' };
    top.children.push(made);
    if (!empty) stack.push(made);
  }
  const [root] = stack[0]?.children ?? [];
  if (root === undefined || stack.length !== 1) throw new Error('the document does not end');
  return root;
}

const trait = (ns: NormalizedSchema, name: string): unknown => (ns.getMemberTraits() as Record<string, unknown>)[name];

function xmlStruct(ns: NormalizedSchema, element: Element, path: string, found: string[], isRoot = false): void {
  if (ns.isUnitSchema()) return;
  const members = new Map<string, NormalizedSchema>();
  for (const [name, member] of ns.structIterator()) members.set(String(trait(member, 'xmlName') ?? name), member);
  for (const child of element.children) {
    const member = members.get(child.name);
    if (member !== undefined) xmlValue(member, child, `${path}.${child.name}`, found);
    else if (!(isRoot && child.name === 'requestId')) found.push(`${path}.${child.name} is no member`);
  }
  required(ns, [...members.keys()], new Set(element.children.map((c) => c.name)), path, found);
}

/** The first so many members of a structure are required: the SDK's tuples say how many. */
function required(
  ns: NormalizedSchema,
  names: readonly string[],
  there: ReadonlySet<string>,
  path: string,
  found: string[],
): void {
  const count: unknown = (ns.getSchema() as unknown as readonly unknown[])[6];
  for (const name of names.slice(0, typeof count === 'number' ? count : 0))
    if (!there.has(name)) found.push(`${path}.${name} is required and missing`);
}

function xmlValue(ns: NormalizedSchema, element: Element, path: string, found: string[]): void {
  if (ns.isStructSchema()) xmlStruct(ns, element, path, found);
  else if (ns.isListSchema()) {
    const item = ns.getValueSchema();
    const name = String(trait(item, 'xmlName') ?? 'member');
    if ((ns.getMergedTraits() as Record<string, unknown>).xmlFlattened !== undefined)
      xmlValue(item, element, path, found);
    else
      element.children.forEach((child, i) => {
        if (child.name !== name) found.push(`${path}.${i} is called ${child.name}, not ${name}`);
        xmlValue(item, child, `${path}.${i}`, found);
      });
  } else if (ns.isMapSchema()) {
    for (const entry of element.children) {
      const [key, value] = entry.children;
      if (key?.name !== 'key' || value?.name !== 'value') found.push(`${path} is no map`);
      else xmlValue(ns.getValueSchema(), value, `${path}.${key.text}`, found);
    }
  } else scalarText(ns, element, path, found);
}

function scalarText(ns: NormalizedSchema, { text, children }: Element, path: string, found: string[]): void {
  if (children.length > 0) found.push(`${path} is a scalar and has elements`);
  if (ns.isBooleanSchema() && !/^(true|false)$/.test(text)) found.push(`${path} is no boolean: ${text}`);
  if (ns.isNumericSchema() && !/^-?\d+(\.\d+)?$/.test(text)) found.push(`${path} is no number: ${text}`);
  if (ns.isTimestampSchema() && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text))
    found.push(`${path} is no date: ${text}`);
}

function jsonValue(ns: NormalizedSchema, value: unknown, path: string, found: string[]): void {
  if (ns.isUnitSchema() || value === null) return;
  if (ns.isStructSchema()) jsonStruct(ns, value, path, found);
  else if (ns.isListSchema()) {
    if (!Array.isArray(value)) found.push(`${path} is no list`);
    else for (const [i, item] of value.entries()) jsonValue(ns.getValueSchema(), item, `${path}.${i}`, found);
  } else if (ns.isMapSchema()) {
    for (const [key, held] of Object.entries(value ?? {}))
      jsonValue(ns.getValueSchema(), held, `${path}.${key}`, found);
  } else {
    const wanted = ns.isBooleanSchema()
      ? 'boolean'
      : ns.isNumericSchema() || ns.isTimestampSchema()
        ? 'number'
        : 'string';
    if (typeof value !== wanted) found.push(`${path} is a ${typeof value}, not a ${wanted}`);
  }
}

function jsonStruct(ns: NormalizedSchema, value: unknown, path: string, found: string[]): void {
  if (typeof value !== 'object' || value === null) {
    found.push(`${path} is no structure`);
    return;
  }
  const members = new Map<string, NormalizedSchema>();
  for (const [name, member] of ns.structIterator()) members.set(String(trait(member, 'jsonName') ?? name), member);
  for (const [name, held] of Object.entries(value)) {
    const member = members.get(name);
    if (member === undefined) found.push(`${path}.${name} is no member`);
    else jsonValue(member, held, `${path}.${name}`, found);
  }
  required(ns, [...members.keys()], new Set(Object.keys(value)), path, found);
}
