/** The config's shape as JSON Schema, for editors. */
import { z } from 'zod';
import { configShape } from './config-shape.ts';

export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(configShape, { io: 'input', target: 'draft-2020-12' });
  return { $schema, title: 'amiport config, version 1', ...schema };
}
