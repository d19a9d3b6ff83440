/**
 * Writes answers of the query protocols by the SDK's schemas. A member that is not in the schema, or of
 * the wrong type, is a bug of the operation that answered: nothing is dropped in silence.
 * Source: Smithy 2.0 specification, "XML binding traits".
 */
import { invariant } from '../../base/invariant.ts';
import type { Member, Shape, StructShape } from './schema.ts';

/** @returns the members of `value` as elements, without an element around them */
export function xmlMembers(shape: StructShape, value: object): string {
  const record = value as Readonly<Record<string, unknown>>;
  const byName = shape.byName();
  let out = '';
  for (const name in record) {
    const held = record[name];
    if (held === undefined || held === null) continue;
    const member = byName.get(name);
    invariant(member, `${shape.name} has no member ${name}`);
    out += element(member, held);
  }
  return out;
}

function element(member: Member, value: unknown): string {
  const shape = member.shape;
  const tag = member.xmlName;
  switch (shape.kind) {
    case 'struct':
      invariant(typeof value === 'object' && value !== null, `${member.name} is not a structure`);
      return `<${tag}>${xmlMembers(shape, value)}</${tag}>`;
    case 'list': {
      invariant(Array.isArray(value), `${member.name} is not a list`);
      let items = '';
      for (const item of value as unknown[]) {
        if (item !== undefined && item !== null)
          items += named(shape.item, item, member.flattened ? tag : shape.item.xmlName);
      }
      return member.flattened ? items : `<${tag}>${items}</${tag}>`;
    }
    case 'map': {
      invariant(typeof value === 'object' && value !== null, `${member.name} is not a map`);
      const entry = member.flattened ? tag : 'entry';
      let entries = '';
      for (const [key, held] of Object.entries(value)) {
        if (held === undefined || held === null) continue;
        entries += `<${entry}>${named(shape.key, key, shape.key.xmlName)}${named(shape.value, held, shape.value.xmlName)}</${entry}>`;
      }
      return member.flattened ? entries : `<${tag}>${entries}</${tag}>`;
    }
    default:
      return `<${tag}>${scalar(shape, value, member.name)}</${tag}>`;
  }
}

/** As `element`, under another tag: items of lists and maps. */
const named = (member: Member, value: unknown, tag: string): string =>
  element(tag === member.xmlName ? member : { ...member, xmlName: tag }, value);

function scalar(shape: Shape, value: unknown, name: string): string {
  switch (shape.kind) {
    case 'string':
      invariant(typeof value === 'string', `${name} is not a string`);
      return escapeXml(value);
    case 'boolean':
      invariant(typeof value === 'boolean', `${name} is not a boolean`);
      return value ? 'true' : 'false';
    case 'number':
      invariant(typeof value === 'number', `${name} is not a number`);
      return String(value);
    case 'bigint':
    case 'decimal':
      return escapeXml(String(value));
    case 'timestamp':
      return timestampText(shape.format ?? 'date-time', value, name);
    case 'blob':
      invariant(value instanceof Uint8Array, `${name} is not bytes`);
      return Buffer.from(value).toString('base64');
    default:
      return '';
  }
}

export function timestampText(format: string, value: unknown, name: string): string {
  invariant(value instanceof Date && !Number.isNaN(value.getTime()), `${name} is not a date`);
  if (format === 'epoch-seconds') return String(value.getTime() / 1000);
  if (format === 'http-date') return value.toUTCString();
  return value.toISOString();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
const SPECIAL = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

export function escapeXml(text: string): string {
  SPECIAL.lastIndex = 0;
  return SPECIAL.test(text) ? text.replace(SPECIAL, (c) => ENTITIES[c] ?? '\ufffd') : text;
}
