/**
 * Writes answers of the query protocols by the SDK's schemas. A member that is not in the schema, or of
 * the wrong type, is a bug of the operation that answered: nothing is dropped in silence.
 * Source: Smithy 2.0 specification, "XML binding traits".
 */
import { broken } from '../../base/invariant.ts';
import type { WireResponse } from './message.ts';
import type { Member, Shape, StructShape } from './schema.ts';

/** Lists of so many items go out as bytes: a long text is copied again at every step to the socket. */
const LONG = 64;

/** A whole document: `before`, the members of `value`, `after`. Text, or pieces of UTF-8 bytes where it is long. */
export function xmlDocument(before: string, shape: StructShape, value: object, after: string): WireResponse['body'] {
  const record = value as Readonly<Record<string, unknown>>;
  for (const name in record) {
    const member = shape.byName().get(name);
    if (member?.shape.kind !== 'list' || member.flattened) continue;
    const list = record[name];
    if (!Array.isArray(list) || list.length < LONG) continue;
    const { [name]: _, ...others } = record;
    return [
      Buffer.from(before + xmlMembers(shape, others) + member.open),
      listBytes(member.shape.item, list),
      Buffer.from(member.close + after),
    ];
  }
  return before + xmlMembers(shape, value) + after;
}

/** Elements of frozen structures: those stay as they are, and lists hold the same ones again and again. */
const written = new WeakMap<object, { readonly member: Member; readonly text: string }>();

function itemText(member: Member, value: unknown): string {
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return element(member, value);
  const there = written.get(value);
  if (there?.member === member) return there.text;
  const text = whole(element(member, value));
  written.set(value, { member, text });
  return text;
}

/** The long list that was last written of each member, while nothing in it can change. */
const lists = new WeakMap<Member, { readonly items: readonly unknown[]; readonly bytes: Uint8Array }>();

function listBytes(item: Member, items: readonly unknown[]): Uint8Array {
  const there = lists.get(item);
  if (there?.items.length === items.length && there.items.every((one, i) => one === items[i])) return there.bytes;
  const texts: string[] = [];
  for (const one of items) if (one !== undefined && one !== null) texts.push(itemText(item, one));
  const bytes = Buffer.from(texts.join(''));
  if (items.every((one) => Object.isFrozen(one))) lists.set(item, { items: [...items], bytes });
  return bytes;
}

/** @returns the members of `value` as elements, without an element around them */
export function xmlMembers(shape: StructShape, value: object): string {
  const record = value as Readonly<Record<string, unknown>>;
  const { inOrder } = shape;
  let at = 0;
  let out = '';
  for (const name in record) {
    const held = record[name];
    if (held === undefined || held === null) continue;
    let member = inOrder[at];
    if (member?.name !== name) {
      member = shape.byName().get(name);
      if (member === undefined) broken(`${shape.name} has no member ${name}`);
      inOrder[at] = member;
    }
    at++;
    out += member.last.value === held ? again(member) : elementOrNew(member, held);
  }
  return out;
}

/** The element as it was last written. */
function again({ last }: Member): string {
  if (!last.whole) {
    last.text = whole(last.text);
    last.whole = true;
  }
  return last.text;
}

/** Counting makes one text of the many that it was put together from: from now on it is copied as a whole. */
function whole(text: string): string {
  Buffer.byteLength(text);
  return text;
}

/** Kept as the last: scalars, and what is frozen. Not for items of flattened lists, which share a member and bear another name. */
function elementOrNew(member: Member, value: unknown): string {
  const shared = typeof value === 'object';
  if (shared && !Object.isFrozen(value)) return element(member, value);
  const { last } = member;
  last.text = shared ? itemText(member, value) : element(member, value);
  last.value = value;
  last.whole = false;
  return last.text;
}

function element(member: Member, value: unknown): string {
  const shape = member.shape;
  switch (shape.kind) {
    case 'struct':
      if (typeof value !== 'object' || value === null) broken(`${member.name} is not a structure`);
      return member.open + xmlMembers(shape, value) + member.close;
    case 'list': {
      if (!Array.isArray(value)) broken(`${member.name} is not a list`);
      let items = '';
      for (const one of value as unknown[]) {
        if (one !== undefined && one !== null)
          items += member.flattened ? renamed(shape.item, one, member) : itemText(shape.item, one);
      }
      return member.flattened ? items : member.open + items + member.close;
    }
    case 'map': {
      if (typeof value !== 'object' || value === null) broken(`${member.name} is not a map`);
      const entry = member.flattened ? member.xmlName : 'entry';
      let entries = '';
      for (const [key, held] of Object.entries(value)) {
        if (held === undefined || held === null) continue;
        entries += `<${entry}>${element(shape.key, key)}${element(shape.value, held)}</${entry}>`;
      }
      return member.flattened ? entries : member.open + entries + member.close;
    }
    default:
      return member.open + scalar(shape, value, member.name) + member.close;
  }
}

/** An item of a flattened list: it bears the list's own name. */
const renamed = (of: Member, value: unknown, list: Member): string =>
  element({ ...of, xmlName: list.xmlName, open: list.open, close: list.close }, value);

function stringText(value: unknown, name: string): string {
  if (typeof value !== 'string') broken(`${name} is not a string`);
  return escapeXml(value);
}

function scalar(shape: Shape, value: unknown, name: string): string {
  switch (shape.kind) {
    case 'string':
      return stringText(value, name);
    case 'boolean':
      if (typeof value !== 'boolean') broken(`${name} is not a boolean`);
      return value ? 'true' : 'false';
    case 'number':
      if (typeof value !== 'number') broken(`${name} is not a number`);
      return String(value);
    case 'bigint':
    case 'decimal':
      return escapeXml(String(value));
    case 'timestamp':
      return timestampText(shape.format ?? 'date-time', value, name);
    case 'blob':
      if (!(value instanceof Uint8Array)) broken(`${name} is not bytes`);
      return Buffer.from(value).toString('base64');
    default:
      return '';
  }
}

export function timestampText(format: string, value: unknown, name: string): string {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) broken(`${name} is not a date`);
  if (format === 'epoch-seconds') return String(value.getTime() / 1000);
  if (format === 'http-date') return value.toUTCString();
  return iso(value.getTime());
}

let lastIso = { ms: Number.NaN, text: '' };

/** An answer tells the same moment many times. */
function iso(ms: number): string {
  if (lastIso.ms !== ms) lastIso = { ms, text: new Date(ms).toISOString() };
  return lastIso.text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
const SPECIAL = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(new RegExp(SPECIAL, 'g'), (c) => ENTITIES[c] ?? '\ufffd') : text;
}
