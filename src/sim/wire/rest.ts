/**
 * HTTP bindings of restJson1 (EBS direct APIs): route, labels, query, headers, binary payload.
 * Source: Smithy 2.0 specification, "HTTP binding traits"; EBS direct APIs Reference.
 */
import { invariant } from '../../base/invariant.ts';
import { inputFault } from './decode-error.ts';
import { decodeJson, encodeJson, parseJson } from './json-codec.ts';
import type { WireRequest, WireResponse } from './message.ts';
import type { Member, OperationSchema, ServiceSchema, StructShape } from './schema.ts';
import { textValue } from './text-value.ts';
import { timestampText } from './xml-encode.ts';

export interface Route {
  readonly operation: OperationSchema;
  readonly labels: ReadonlyMap<string, string>;
}

/** The operation whose method and path template match; fixed segments win over labels. */
export function routeOf(schema: ServiceSchema, request: WireRequest): Route | undefined {
  const segments = request.path.split('/').filter((s) => s !== '');
  let best: Route | undefined;
  let bestLabels = Number.POSITIVE_INFINITY;
  for (const operation of schema.operations.values()) {
    if (operation.http?.[0] !== request.method) continue;
    const labels = matchPath(operation.http[1], segments);
    if (labels && labels.size < bestLabels) {
      best = { operation, labels };
      bestLabels = labels.size;
    }
  }
  return best;
}

function matchPath(template: string, segments: readonly string[]): ReadonlyMap<string, string> | undefined {
  const [path = ''] = template.split('?');
  const parts = path.split('/').filter((s) => s !== '');
  if (parts.length !== segments.length) return undefined;
  const labels = new Map<string, string>();
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    const segment = segments[i] ?? '';
    if (!part.startsWith('{')) {
      if (part !== segment) return undefined;
      continue;
    }
    try {
      labels.set(part.replace(/[{}+]/g, ''), decodeURIComponent(segment));
    } catch {
      throw inputFault('restJson1', { is: 'malformed', says: 'The path contains a malformed percent escape' });
    }
  }
  return labels;
}

export function decodeRest(route: Route, request: WireRequest): object {
  const shape = route.operation.input;
  const out: Record<string, unknown> = {};
  const query = new URLSearchParams(request.query);
  const inBody: Member[] = [];
  for (const member of shape.members()) {
    if (member.payload) out[member.name] = request.body;
    else if (member.label) bind(out, member, route.labels.get(member.name));
    else if (member.header) bind(out, member, request.headers[member.header]);
    else if (member.query) bind(out, member, query.get(member.query) ?? undefined);
    else inBody.push(member);
  }
  if (inBody.length > 0) {
    const body: StructShape = { ...shape, members: () => inBody, byName: () => new Map(), required: 0 };
    const json = parseJson(new TextDecoder().decode(request.body), 'restJson1');
    Object.assign(out, decodeJson(body, json, route.operation.action, 'restJson1'));
  }
  for (const member of shape.members().slice(0, shape.required)) {
    if (out[member.name] === undefined) throw inputFault('restJson1', { is: 'missing', path: member.name });
  }
  return out;
}

function bind(out: Record<string, unknown>, member: Member, text: string | undefined): void {
  if (text === undefined) return;
  const value = textValue(member.shape, text, member.header ? 'http-date' : 'date-time');
  if (value === undefined) {
    throw inputFault('restJson1', {
      is: 'wrong-type',
      path: member.name,
      wanted: member.shape.kind,
      got: text.slice(0, 100),
    });
  }
  out[member.name] = value;
}

export function encodeRest(operation: OperationSchema, output: object): WireResponse {
  const headers: Record<string, string> = {};
  const inBody: Record<string, unknown> = {};
  let payload: Uint8Array | undefined;
  const byName = operation.output.byName();
  for (const [name, value] of Object.entries(output)) {
    if (value === undefined || value === null) continue;
    const member = byName.get(name);
    invariant(member, `${operation.output.name} has no member ${name}`);
    if (member.payload) {
      invariant(value instanceof Uint8Array, `${name} is not bytes`);
      payload = value;
    } else if (member.header) {
      headers[member.header] = value instanceof Date ? timestampText('http-date', value, name) : String(value);
    } else inBody[name] = value;
  }
  const binary = operation.output.members().some((m) => m.payload);
  headers['content-type'] = binary ? 'application/octet-stream' : 'application/json';
  return {
    status: operation.http?.[2] ?? 200,
    headers,
    body: binary ? (payload ?? new Uint8Array()) : JSON.stringify(encodeJson(operation.output, inBody, true)),
  };
}
