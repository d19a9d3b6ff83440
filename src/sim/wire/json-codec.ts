/**
 * JSON bodies of awsJson1_1 and restJson1, by the SDK's schemas.
 * Source: Smithy 2.0 specification, "AWS JSON 1.1 protocol", "AWS restJson1 protocol".
 */
import { invariant } from '../../base/invariant.ts';
import { DEPTH_MAX, type InputProblem, inputFault } from './decode-error.ts';
import type { Member, Shape, StructShape } from './schema.ts';
import { bytesOfBase64, dateOf, textValue } from './text-value.ts';
import { timestampText } from './xml-encode.ts';

type JsonProtocol = 'awsJson1_1' | 'restJson1';

/** @throws Fault SerializationException when the text is no JSON object or nests too deeply */
export function parseJson(text: string, protocol: JsonProtocol): object {
  if (text.trim() === '') return {};
  if (opens(text) > DEPTH_MAX && depthOf(text) > DEPTH_MAX)
    throw inputFault(protocol, { is: 'malformed', says: 'The body is nested too deeply' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw inputFault(protocol, { is: 'malformed', says: 'The body is not valid JSON' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw inputFault(protocol, { is: 'malformed', says: 'The body is not a JSON object' });
  }
  return value;
}

/** How many brackets open, up to what matters: most bodies are one long text with a few, and finding those is quick. */
function opens(text: string): number {
  let count = 0;
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket); at >= 0 && count <= DEPTH_MAX; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}

/** Brackets deep, whatever is in strings: an upper bound that needs no parser. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

/** @throws Fault naming the parameter that is unknown, missing or of the wrong type */
export function decodeJson(
  shape: StructShape,
  value: object,
  action: string,
  protocol: JsonProtocol,
): Record<string, unknown> {
  return new JsonWalk(protocol, action).struct(shape, value, '');
}

const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

class JsonWalk {
  readonly #protocol: JsonProtocol;
  readonly #action: string;
  constructor(protocol: JsonProtocol, action: string) {
    this.#protocol = protocol;
    this.#action = action;
  }

  #fail(problem: InputProblem): never {
    throw inputFault(this.#protocol, problem);
  }

  struct(shape: StructShape, value: unknown, path: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.#wrong(path, 'structure', value);
    const given = value as Readonly<Record<string, unknown>>;
    const rest = new Set(Object.keys(given));
    const out: Record<string, unknown> = {};
    const members = shape.members();
    for (let i = 0; i < members.length; i++) {
      const member = members[i] as Member;
      const name = this.#protocol === 'restJson1' ? member.jsonName : member.name;
      const held = rest.delete(name) ? given[name] : undefined;
      if (held !== undefined && held !== null) out[member.name] = this.value(member.shape, held, under(path, name));
      else if (i < shape.required && this.#protocol === 'awsJson1_1')
        this.#fail({ is: 'missing', path: under(path, name) });
    }
    for (const name of rest) {
      // Unions carry the SDK's marker of their type.
      if (name === '__type') continue;
      this.#fail({ is: 'unknown', path: under(path, name), action: this.#action });
    }
    return out;
  }

  value(shape: Shape, value: unknown, path: string): unknown {
    switch (shape.kind) {
      case 'struct':
        return this.struct(shape, value, path);
      case 'list':
        if (!Array.isArray(value)) this.#wrong(path, 'list', value);
        return (value as unknown[])
          .filter((item) => item !== null)
          .map((item, i) => this.value(shape.item.shape, item, `${path}.${i + 1}`));
      case 'map':
        if (typeof value !== 'object' || value === null || Array.isArray(value)) this.#wrong(path, 'map', value);
        return Object.fromEntries(
          Object.entries(value)
            .filter(([, item]) => item !== null)
            .map(([key, item]) => [key, this.value(shape.value.shape, item, `${path}.${key}`)]),
        );
      case 'unit':
        return {};
      case 'document':
        return value;
      default:
        return this.#scalar(shape, value, path);
    }
  }

  #scalar(shape: Shape, value: unknown, path: string): unknown {
    let out: unknown;
    if (shape.kind === 'string') out = typeof value === 'string' ? value : undefined;
    else if (shape.kind === 'boolean') out = typeof value === 'boolean' ? value : undefined;
    else if (shape.kind === 'blob') out = typeof value === 'string' ? bytesOfBase64(value) : undefined;
    else if (shape.kind === 'timestamp' && typeof value === 'number') out = dateOf(value * 1000);
    else if (typeof value === 'number') out = shape.kind === 'bigint' ? wholeNumber(value) : value;
    else if (typeof value === 'string') out = textValue(shape, value, 'epoch-seconds');
    if (out === undefined) this.#wrong(path, shape.kind, value);
    return out;
  }

  #wrong(path: string, wanted: string, value: unknown): never {
    this.#fail({ is: 'wrong-type', path: path || 'body', wanted, got: String(JSON.stringify(value)).slice(0, 100) });
  }
}

const wholeNumber = (value: number): bigint | undefined => (Number.isInteger(value) ? BigInt(value) : undefined);

/** @returns a value for JSON.stringify; a member beyond the schema is a bug of the operation that answered */
export function encodeJson(shape: StructShape, value: object, jsonNames: boolean): Record<string, unknown> {
  const byName = shape.byName();
  const record = value as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = {};
  for (const name in record) {
    const held = record[name];
    if (held === undefined || held === null) continue;
    const member = byName.get(name);
    invariant(member, `${shape.name} has no member ${name}`);
    out[jsonNames ? member.jsonName : name] = encodeValue(member, held, jsonNames);
  }
  return out;
}

function encodeValue(member: Member, value: unknown, jsonNames: boolean): unknown {
  const shape = member.shape;
  switch (shape.kind) {
    case 'struct':
      invariant(typeof value === 'object' && value !== null, `${member.name} is not a structure`);
      return encodeJson(shape, value, jsonNames);
    case 'list':
      invariant(Array.isArray(value), `${member.name} is not a list`);
      return (value as unknown[]).map((item) => encodeValue(shape.item, item, jsonNames));
    case 'map':
      invariant(typeof value === 'object' && value !== null, `${member.name} is not a map`);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, encodeValue(shape.value, item, jsonNames)]),
      );
    case 'blob':
      invariant(value instanceof Uint8Array, `${member.name} is not bytes`);
      return Buffer.from(value).toString('base64');
    case 'timestamp': {
      const text = timestampText(shape.format ?? 'epoch-seconds', value, member.name);
      return shape.format === undefined || shape.format === 'epoch-seconds' ? Number(text) : text;
    }
    case 'bigint':
      return Number(value);
    case 'string':
    case 'boolean':
    case 'number':
      // The kinds are named as `typeof` names them.
      invariant(typeof value === shape.kind, `${member.name} is not a ${shape.kind}`);
      return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    case 'decimal':
      return Number(String(value));
    default:
      return value;
  }
}
