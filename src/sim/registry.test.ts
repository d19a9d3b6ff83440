import { expect, test } from 'vitest';
import { OPERATIONS, TASKS } from './registry.ts';
import { loadSchema } from './wire/schema.ts';
import { SERVICE_NAMES, serviceNamed } from './wire/services.ts';

test('every operation is one of AWS, and accepts only parameters that it has', async () => {
  const wrong: string[] = [];
  for (const name of SERVICE_NAMES) {
    const service = serviceNamed(name);
    if (!service) continue;
    const schema = await loadSchema(service);
    for (const operation of OPERATIONS.filter((o) => o.name.startsWith(`${name}.`))) {
      const input = schema.operations.get(operation.name.slice(name.length + 1))?.input;
      if (!input) wrong.push(`${operation.name} is no operation`);
      for (const parameter of operation.accepts) {
        if (input && !input.byName().has(parameter)) wrong.push(`${operation.name} has no ${parameter}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('nothing is registered twice, or for a service that is not there', () => {
  const names = OPERATIONS.map((o) => o.name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.filter((name) => !SERVICE_NAMES.includes(name.split('.')[0] ?? ''))).toEqual([]);
  const kinds = TASKS.map((t) => t.kind);
  expect(kinds.filter((kind, i) => kinds.indexOf(kind) !== i)).toEqual([]);
});
