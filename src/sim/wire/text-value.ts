/** Scalars as text: form fields, headers, queries and labels. */
import type { Shape, TimestampFormat } from './schema.ts';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;
const NAMED_NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/**
 * A scalar written as text (form field, header, query, label).
 * @returns undefined when the text is not of that kind
 */
export function textValue(shape: Shape, text: string, format: TimestampFormat): unknown {
  switch (shape.kind) {
    case 'string':
      return text;
    case 'boolean': {
      const lower = text.toLowerCase();
      return lower === 'true' || lower === 'false' ? lower === 'true' : undefined;
    }
    case 'number':
      return NUMBER.test(text) ? Number(text) : NAMED_NUMBERS[text];
    case 'bigint':
      return /^-?\d{1,400}$/.test(text) ? BigInt(text) : undefined;
    case 'decimal':
      return NUMBER.test(text) ? text : undefined;
    case 'timestamp':
      return timestamp(text, shape.format ?? format);
    case 'blob':
      return bytesOfBase64(text);
    default:
      return undefined;
  }
}

/** Accepts what AWS's parsers accept in any place: RFC 3339, HTTP dates and epoch seconds. */
function timestamp(text: string, format: TimestampFormat): Date | undefined {
  if (NUMBER.test(text) && (format === 'epoch-seconds' || !/^\d{4}$/.test(text))) return dateOf(Number(text) * 1000);
  if (!/^(\d{4}-\d\d-\d\d|\w{3}, )/.test(text)) return undefined;
  return dateOf(Date.parse(/[Z)]$|[+-]\d\d:?\d\d$|GMT$|^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text}Z`));
}

export function dateOf(ms: number): Date | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** @returns undefined when `text` is not base64 */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) return undefined;
  const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
  return new Uint8Array(buffer, byteOffset, length);
}
