/** What --json prints, held against the schemas in docs/schema. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const SCHEMAS = join(import.meta.dirname, '../../docs/schema');
export const schemaText = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(SCHEMAS, `${name}.schema.json`), 'utf8')) as Record<string, unknown>;

/** Fields may be added in later versions, so readers must pass them over; here every field must be a documented one. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, closed(v)]));
  const open = Object.hasOwn((inner.properties ?? {}) as object, 'do');
  return inner.type === 'object' && inner.properties && !open ? { ...inner, additionalProperties: false } : inner;
}

export function problemsOf(name: string, document: unknown): readonly string[] {
  const schema = z.fromJSONSchema(closed(schemaText(name)) as Parameters<typeof z.fromJSONSchema>[0]);
  const parsed = schema.safeParse(document);
  return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`);
}
