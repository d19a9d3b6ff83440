/**
 * Writes answers of the query protocols by the SDK's schemas. A member that is not in the schema, or of
 * the wrong type, is a bug of the operation that answered: nothing is dropped in silence.
 * Source: Smithy 2.0 specification, "XML binding traits".
 */
import { broken } from '../../base/invariant.ts';
import type { Member, Shape, StructShape } from './schema.ts';

/** Lists of so many items are put together from bytes: a long text is copied again at every step to the socket. */
const LONG = 64;

/** A whole document: `before`, the members of `value`, `after`. Text, or UTF-8 bytes where it is long. */
export function xmlDocument(before: string, shape: StructShape, value: object, after: string): string | Uint8Array {
  const record = value as Readonly<Record<string, unknown>>;
  for (const name in record) {
    const member = shape.byName().get(name);
    if (member?.shape.kind !== 'list' || member.flattened) continue;
    const list = record[name];
    if (!Array.isArray(list) || list.length < LONG) continue;
    const { [name]: _, ...others } = record;
    const pieces: Uint8Array[] = [Buffer.from(before + xmlMembers(shape, others) + member.open)];
    for (const item of list as unknown[])
      if (item !== undefined && item !== null) pieces.push(itemBytes(member.shape.item, item));
    pieces.push(Buffer.from(member.close + after));
    return Buffer.concat(pieces);
  }
  return before + xmlMembers(shape, value) + after;
}

/** Elements of frozen structures: those stay as they are, and lists hold the same ones again and again. */
const written = new WeakMap<object, { readonly member: Member; readonly bytes: Uint8Array }>();

function itemBytes(member: Member, value: unknown): Uint8Array {
  const there = typeof value === 'object' && value !== null ? written.get(value) : undefined;
  if (there?.member === member) return there.bytes;
  const bytes = Buffer.from(element(member, value));
  if (typeof value === 'object' && value !== null && Object.isFrozen(value)) written.set(value, { member, bytes });
  return bytes;
}

/** @returns the members of `value` as elements, without an element around them */
export function xmlMembers(shape: StructShape, value: object): string {
  const record = value as Readonly<Record<string, unknown>>;
  const byName = shape.byName();
  let out = '';
  for (const name in record) {
    const held = record[name];
    if (held === undefined || held === null) continue;
    const member = byName.get(name);
    if (member === undefined) broken(`${shape.name} has no member ${name}`);
    out += typeof held === 'object' ? element(member, held) : lastOrNew(member, held);
  }
  return out;
}

/** Not for items of flattened lists, which share a member and bear another name. */
function lastOrNew(member: Member, value: unknown): string {
  const { last } = member;
  if (last.value === value) return last.text;
  last.text = element(member, value);
  last.value = value;
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
      for (const item of value as unknown[]) {
        if (item !== undefined && item !== null)
          items += member.flattened ? renamed(shape.item, item, member) : element(shape.item, item);
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
const renamed = (item: Member, value: unknown, list: Member): string =>
  element({ ...item, xmlName: list.xmlName, open: list.open, close: list.close }, value);

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
  return value.toISOString();
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
