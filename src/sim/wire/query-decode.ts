/**
 * Decodes the form bodies of the ec2Query and awsQuery protocols by the SDK's schemas.
 * Source: Smithy 2.0 specification, "AWS query protocol" and "AWS EC2 query protocol".
 */
import { DEPTH_MAX, type InputProblem, inputFault } from './decode-error.ts';
import type { Member, OperationSchema, Shape, StructShape } from './schema.ts';
import { textValue } from './text-value.ts';

interface Node {
  value: string | undefined;
  children: Map<string, Node> | undefined;
}

export interface Form {
  readonly action: string | undefined;
  readonly root: Node;
}

/** @throws Fault when the text is not a form, or nests deeper than any shape */
export function parseForm(text: string, protocol: 'ec2Query' | 'awsQuery'): Form {
  const root: Node = { value: undefined, children: undefined };
  let action: string | undefined;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const key = unescapeForm(at < 0 ? pair : pair.slice(0, at), protocol);
    const value = at < 0 ? '' : unescapeForm(pair.slice(at + 1), protocol);
    if (key === 'Action') action = value;
    else if (key !== 'Version' && !key.startsWith('X-Amz-')) put(root, key, value, protocol);
  }
  return { action, root };
}

function unescapeForm(text: string, protocol: 'ec2Query' | 'awsQuery'): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw inputFault(protocol, { is: 'malformed', says: 'The query string contains a malformed percent escape' });
  }
}

function put(root: Node, key: string, value: string, protocol: 'ec2Query' | 'awsQuery'): void {
  const parts = key.split('.');
  if (parts.length > DEPTH_MAX)
    throw inputFault(protocol, { is: 'malformed', says: 'A parameter is nested too deeply' });
  let node = root;
  for (const part of parts) {
    node.children ??= new Map();
    let next = node.children.get(part);
    if (!next) {
      next = { value: undefined, children: undefined };
      node.children.set(part, next);
    }
    node = next;
  }
  node.value = value;
}

/** @throws Fault naming the parameter that is unknown, missing or of the wrong type */
export function decodeForm(form: Form, operation: OperationSchema, protocol: 'ec2Query' | 'awsQuery'): object {
  const walk = new QueryWalk(protocol, operation.action);
  return walk.struct(operation.input, form.root, '');
}

const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const ec2Places = new WeakMap<StructShape, ReadonlyMap<string, number>>();
const queryPlaces = new WeakMap<StructShape, ReadonlyMap<string, number>>();

/** Where the member of each name stands in the shape. */
function placesOf(shape: StructShape, ec2: boolean): ReadonlyMap<string, number> {
  const all = ec2 ? ec2Places : queryPlaces;
  let there = all.get(shape);
  if (!there) {
    there = new Map(shape.members().map((member, i) => [ec2 ? member.ec2Name : member.queryName, i]));
    all.set(shape, there);
  }
  return there;
}

class QueryWalk {
  readonly #ec2: boolean;
  readonly #protocol: 'ec2Query' | 'awsQuery';
  readonly #action: string;
  constructor(protocol: 'ec2Query' | 'awsQuery', action: string) {
    this.#ec2 = protocol === 'ec2Query';
    this.#protocol = protocol;
    this.#action = action;
  }

  #fail(problem: InputProblem): never {
    throw inputFault(this.#protocol, problem);
  }

  #nameOf(member: Member): string {
    return this.#ec2 ? member.ec2Name : member.queryName;
  }

  struct(shape: StructShape, node: Node, path: string): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    const members = shape.members();
    for (const i of this.#given(shape, node)) {
      const member = members[i] as Member;
      const name = this.#nameOf(member);
      const child = node.children?.get(name);
      if (child) out[member.name] = this.#value(member, child, under(path, name));
      else this.#fail({ is: 'missing', path: under(path, name) });
    }
    if (node.children && Object.keys(out).length < node.children.size) this.#unknown(shape, node, path);
    return out;
  }

  /** Which members to look at, in the order of the shape: those that are given, of often a hundred, and those that must be. */
  #given(shape: StructShape, node: Node): readonly number[] {
    const at: number[] = [];
    for (let i = 0; i < shape.required; i++) at.push(i);
    if (!node.children) return at;
    const places = placesOf(shape, this.#ec2);
    let sorted = true;
    for (const name of node.children.keys()) {
      const place = places.get(name);
      if (place === undefined || place < shape.required) continue;
      sorted &&= place > (at.at(-1) ?? -1);
      at.push(place);
    }
    return sorted ? at : at.sort((a, b) => a - b);
  }

  #unknown(shape: StructShape, node: Node, path: string): never {
    const known = new Set(shape.members().map((m) => this.#nameOf(m)));
    const name = [...(node.children?.keys() ?? [])].find((key) => !known.has(key)) ?? '';
    this.#fail({ is: 'unknown', path: under(path, name), action: this.#action });
  }

  #value(member: Member, node: Node, path: string): unknown {
    const shape = member.shape;
    switch (shape.kind) {
      case 'struct':
        return this.struct(shape, node, path);
      case 'list':
        return this.#list(member, shape.item, node, path);
      case 'map':
        return this.#map(member, shape.key, shape.value, node, path);
      case 'unit':
        return {};
      default:
        return this.#scalar(shape, node, path);
    }
  }

  #scalar(shape: Shape, node: Node, path: string): unknown {
    if (node.children) {
      const name = node.children.keys().next().value ?? '';
      this.#fail({ is: 'unknown', path: `${path}.${name}`, action: this.#action });
    }
    const text = node.value ?? '';
    const value = textValue(shape, text, 'date-time');
    if (value === undefined) this.#fail({ is: 'wrong-type', path, wanted: shape.kind, got: text.slice(0, 100) });
    return value;
  }

  #list(member: Member, item: Member, node: Node, path: string): unknown[] {
    const flat = this.#ec2 || member.flattened;
    const holder = flat ? node : node.children?.get(item.xmlName);
    if (!flat && node.children && (!holder || node.children.size > 1)) {
      const name = [...node.children.keys()].find((key) => key !== item.xmlName) ?? '';
      this.#fail({ is: 'unknown', path: `${path}.${name}`, action: this.#action });
    }
    return this.#numbered(holder, flat ? path : `${path}.${item.xmlName}`).map(([at, child]) =>
      this.#value(item, child, at),
    );
  }

  #map(member: Member, key: Member, value: Member, node: Node, path: string): Record<string, unknown> {
    const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    const holder = member.flattened ? node : node.children?.get('entry');
    for (const [at, entry] of this.#numbered(holder, path)) {
      const name = entry.children?.get(key.xmlName === 'member' ? 'key' : key.xmlName)?.value;
      const held = entry.children?.get(value.xmlName === 'member' ? 'value' : value.xmlName);
      if (name === undefined || !held) this.#fail({ is: 'missing', path: `${at}.${key.xmlName}` });
      out[name] = this.#value(value, held, at);
    }
    return { ...out };
  }

  /** Items in the order of their numbers; gaps are closed, as AWS does. */
  #numbered(node: Node | undefined, path: string): [string, Node][] {
    const found: [number, Node][] = [];
    for (const [key, child] of node?.children ?? []) {
      if (!/^[1-9]\d{0,8}$/.test(key)) this.#fail({ is: 'unknown', path: `${path}.${key}`, action: this.#action });
      found.push([Number(key), child]);
    }
    return found.sort((a, b) => a[0] - b[0]).map(([n, child]) => [`${path}.${n}`, child]);
  }
}
