/** The table of actions against the code: what `src/aws` sends, read from the commands it imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ACTIONS } from './actions.ts';

const AWS = join(import.meta.dirname, '../aws');
const PREFIX: Readonly<Record<string, string>> = { 'auto-scaling': 'autoscaling', eventbridge: 'events' };

/** `raw.ts` sends whatever the demo asks by name, under identities of its own. */
const sources = readdirSync(AWS)
  .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && f !== 'raw.ts')
  .map((f) => readFileSync(join(AWS, f), 'utf8'));

/** `const { CopyImageCommand, paginateListKeys } = await import(a client of the SDK)` names IAM actions one to one. */
function sent(): Set<string> {
  const actions = new Set<string>();
  for (const source of sources) {
    for (const [, names = '', client = ''] of source.matchAll(
      /const \{([^}]+)\} = await import\(\s*'@aws-sdk\/client-([a-z0-9-]+)',?\s*\)/g,
    )) {
      for (const name of names
        .split(',')
        .map((n) => n.trim())
        .filter((n) => n !== '')) {
        const operation = name.replace(/^paginate|Command$/g, '');
        expect(operation).not.toBe(name);
        actions.add(`${PREFIX[client] ?? client}:${operation}`);
      }
    }
  }
  return actions;
}

/** The names in `send(…, 'ec2:CopyImage', …)`, which end up in messages. */
const said = (): string[] =>
  sources.flatMap((s) => [...s.matchAll(/'([a-z0-9]+:[A-Z][A-Za-z]+)'/g)].map((m) => m[1] ?? ''));

test('every action that is sent is in the table, and every one in the table is sent or implied', () => {
  const called = [...sent()].toSorted();
  expect(called.length).toBeGreaterThan(50);
  const table = Object.entries(ACTIONS);
  expect(table.flatMap(([action, fact]) => (fact.implied ? [] : [action])).toSorted()).toEqual(called);
  expect(table.filter(([action, fact]) => fact.implied && called.includes(action))).toEqual([]);
  expect(said().filter((action) => !(action in ACTIONS))).toEqual([]);
});

test('every action says why', () => {
  for (const [action, { why }] of Object.entries(ACTIONS)) expect(`${action}: ${why}`).toMatch(/: [^ ].{5,}[^.]$/);
});
