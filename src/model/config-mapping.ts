/** Mappings of the config: only known keys, and their list where another one is met. */
import { z } from 'zod';

/**
 * A mapping that knows all its keys. For keys that are none, the message is the list of those there are; the
 * wording is made where each key has its place.
 */
export function mapping<S extends z.ZodRawShape>(shape: S, description?: string) {
  const known = Object.keys(shape).join(',');
  const schema = z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : undefined) });
  return description ? schema.meta({ description }) : schema;
}
