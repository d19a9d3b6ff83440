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
  const plain = !text.includes('%') && !text.includes('+');
  const piece = (from: number, to: number): string =>
    plain ? text.slice(from, to) : unescapeForm(text.slice(from, to), protocol);
  let action: string | undefined;
  // The next `=` is looked for once, however many pairs have none.
  let equals = -1;
  for (let from = 0, end = 0; from < text.length; from = end + 1) {
    end = indexFrom(text, '&', from);
    if (end === from) continue;
    if (equals < from) equals = indexFrom(text, '=', from);
    const at = Math.min(equals, end);
    const key = piece(from, at);
    const value = piece(at + 1, end);
    if (key === 'Action') action = value;
    else if (key !== 'Version' && !key.startsWith('X-Amz-')) put(root, key, value, protocol);
  }
  return { action, root };
}

/** The end of the text where there is none. */
function indexFrom(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
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
  if (!key.includes('.')) {
    childOf(root, key).value = value;
    return;
  }
  const parts = key.split('.');
  if (parts.length > DEPTH_MAX)
    throw inputFault(protocol, { is: 'malformed', says: 'A parameter is nested too deeply' });
  let node = root;
  for (const part of parts) node = childOf(node, part);
  node.value = value;
}

function childOf(node: Node, name: string): Node {
  node.children ??= new Map();
  let child = node.children.get(name);
  if (!child) {
    child = { value: undefined, children: undefined };
    node.children.set(name, child);
  }
  return child;
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
    const { children } = node;
    if (!children && shape.required === 0) return out;
    const members = shape.members();
    for (const i of this.#given(shape, children)) {
      const member = members[i] as Member;
      const name = this.#nameOf(member);
      const child = children?.get(name);
      if (child) out[member.name] = this.#value(member, child, under(path, name));
      else this.#fail({ is: 'missing', path: under(path, name) });
    }
    if (children && Object.keys(out).length < children.size) this.#unknown(shape, node, path);
    return out;
  }

  /** Which members to look at, in the order of the shape: those that are given, of often a hundred, and those that must be. */
  #given(shape: StructShape, children: Node['children']): readonly number[] {
    const at: number[] = [];
    for (let i = 0; i < shape.required; i++) at.push(i);
    if (!children) return at;
    const places = placesOf(shape, this.#ec2);
    let sorted = true;
    let last = -1;
    for (const name of children.keys()) {
      const place = places.get(name);
      if (place === undefined || place < shape.required) continue;
      sorted &&= place > last;
      last = place;
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
