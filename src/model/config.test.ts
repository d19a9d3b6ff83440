import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AROUND, VALID } from './config.testdata.ts';
import { parseConfig } from './config.ts';
import { renderFrame } from './config-problem.ts';
import { configJsonSchema } from './config-schema.ts';
import { showConfig } from './config-show.ts';
import { type Delivery, launcherPrincipalArn, launcherText, roleArnFor } from './delivery.ts';

const SCHEMA = 'docs/schema/config.schema.json';

function deliveryFrom(text: string | Uint8Array): Delivery {
  const parsed = parseConfig(text, 'amiport.yaml', AROUND);
  if (!parsed.ok) throw new Error(parsed.problems.map((p) => p.message).join('; '));
  return parsed.delivery;
}

function firstLine(text: string | Uint8Array, env: Readonly<Record<string, string>> = {}): string {
  const parsed = parseConfig(text, 'a.yaml', { ...AROUND, env });
  if (parsed.ok) return 'no mistake';
  const [problem] = parsed.problems;
  return problem ? (renderFrame(problem, '').split('\n')[0] ?? '') : 'no problem';
}

describe('a valid config', () => {
  const delivery = deliveryFrom(VALID);

  test('fills in defaults', () => {
    expect(delivery.manage).toEqual({
      keyPolicy: 'amiport',
      rolePolicy: 'export',
      grants: 'amiport',
      launchTemplates: 'amiport',
    });
    expect(delivery.accounts[1]?.regions).toEqual(delivery.regions);
    expect(delivery.key).toEqual({
      reference: { by: 'alias', alias: 'alias/amiport-images' },
      multiRegion: true,
      rotation: { everyDays: 180 },
    });
    expect(delivery.canary.instanceType).toEqual({ x86_64: 't3.micro', arm64: 't4g.micro' });
  });

  test('names launchers and who they are', () => {
    const said = delivery.accounts.flatMap(({ id, launchers }) =>
      launchers.map((each) => `${launcherText(each)} ${launcherPrincipalArn(each, id, 'aws')}`),
    );
    const slr = 'aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling';
    expect(said).toEqual([
      'role:VodLauncher arn:aws:iam::222222222222:role/VodLauncher',
      `autoscaling arn:aws:iam::222222222222:role/${slr}`,
      `autoscaling:payments arn:aws:iam::222222222222:role/${slr}_payments`,
      `autoscaling arn:aws:iam::333333333333:role/${slr}`,
      'karpenter:Karpenter arn:aws:iam::333333333333:role/team/Karpenter',
    ]);
    expect(roleArnFor(delivery.access, '333333333333')).toBe('arn:aws:iam::333333333333:role/amiport');
  });

  test('is the same after it was shown as JSON', () => {
    expect(deliveryFrom(JSON.stringify(showConfig(delivery)))).toEqual(delivery);
  });

  test('may use anchors and merges, a byte order mark and Windows line ends', () => {
    const anchored = VALID.replace('launchers: [ {', 'launchers: &all [ {').replace(
      'launchers: [spot]',
      'launchers: *all',
    );
    expect(deliveryFrom(anchored).organizationalUnits[0]?.launchers).toEqual(delivery.accounts[0]?.launchers);
    const merged = VALID.replace('manage: {', 'manage: { <<: { grants: export },');
    expect(deliveryFrom(merged).manage.grants).toBe('export');
    expect(deliveryFrom(`\uFEFF${VALID.replaceAll('\n', '\r\n')}`)).toEqual(delivery);
    expect(deliveryFrom(new TextEncoder().encode(VALID))).toEqual(delivery);
  });

  test('takes three values from the environment, and names the variable when one is wrong', () => {
    const env = { AMIPORT_BUILDER_REGION: 'eu-west-3', AMIPORT_EXTERNAL_ID: 'other' };
    const parsed = parseConfig(VALID, 'a.yaml', { ...AROUND, env });
    expect(parsed.ok && [parsed.delivery.builder.region, parsed.delivery.access.externalId]).toEqual([
      'eu-west-3',
      'other',
    ]);
    expect(firstLine(VALID, { AMIPORT_BUILDER_REGION: 'moon-1' })).toBe(
      'AMIPORT_BUILDER_REGION: error: there is no Region "moon-1"',
    );
  });

  test('warns of Regions that must be switched on', () => {
    const parsed = parseConfig(VALID.replace('us-east-1]', 'eu-south-1]'), 'a.yaml', AROUND);
    expect(parsed.ok && parsed.warnings.map((w) => `${w.line}:${w.column} ${w.message}`)).toEqual([
      '8:33 eu-south-1 is switched off in an account until it is enabled there',
    ]);
  });
});

test.each([
  { what: 'nothing', text: '', says: 'a.yaml:1:1: error: the config is empty' },
  { what: 'a comment', text: '# later', says: 'a.yaml:1:1: error: the config has no value' },
  { what: 'a list', text: '- a', says: 'a.yaml:1:1: error: the config must be a mapping, not a list' },
  { what: 'zero bytes', text: 'a\0b', says: 'a.yaml:1:1: error: the config holds zero bytes: it is binary, not text' },
  { what: 'Latin-1', text: Uint8Array.of(0xe9, 0x20), says: 'a.yaml:1:1: error: the config is not UTF-8 text' },
  { what: 'too much', text: 'a'.repeat(2 ** 20 + 1), says: 'a.yaml:1:1: error: the config is larger than 1 MiB' },
  { what: 'depth', text: '['.repeat(100_000), says: 'a.yaml:1:1: error: the config is nested too deeply' },
])('a file of $what', ({ text, says }) => expect(firstLine(text)).toBe(says));

test('a frame shows the line and a caret under the value, and no control characters', () => {
  const text = VALID.replace('eu-west-1 }', 'eu-west-9 }');
  const parsed = parseConfig(text, 'amiport.yaml', AROUND);
  expect(parsed.ok ? '' : parsed.problems.map((p) => renderFrame(p, text)).join('\n')).toBe(
    [
      'amiport.yaml:3:45: error: there is no Region "eu-west-9"',
      '  |',
      '3 | builder: { account: "111111111111", region: eu-west-9 }',
      '  |                                             ^^^^^^^^^',
      '  = did you mean eu-west-1?',
    ].join('\n'),
  );
  const hostile = { file: 'a', line: 1, column: 1, length: 9, path: '', message: '\u001b[31m', instead: undefined };
  expect(renderFrame(hostile, '\u001b]0;title\u0007').replaceAll('\n', '')).not.toMatch(/\p{Cc}/v);
});

test(`${SCHEMA} is current`, () => {
  const want = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  if (process.env.UPDATE_SCHEMA === '1') writeFileSync(SCHEMA, want);
  const have = existsSync(SCHEMA) ? readFileSync(SCHEMA, 'utf8') : '';
  expect(have === want, 'run: UPDATE_SCHEMA=1 npx vitest run src/model/config.test.ts').toBe(true);
});

test('no text makes the parser throw', () => {
  const check = (text: string) => {
    const parsed = parseConfig(text, 'a.yaml', AROUND);
    if (!parsed.ok) for (const problem of parsed.problems) expect(renderFrame(problem, text)).toContain('error: ');
  };
  const token = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ' ',
    '\n',
    '- ',
    '"',
    '&a ',
    '*a',
    '<<: ',
    '!x ',
    'null',
    '1',
    '{account}',
    '__proto__',
  );
  const mutation = fc.record({
    at: fc.nat(VALID.length),
    cut: fc.nat(60),
    put: fc.oneof(token, fc.string({ unit: 'binary', maxLength: 8 })),
  });
  fc.assert(fc.property(fc.string({ unit: 'binary' }), check), { numRuns: 500 });
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), (parts) => check(parts.join(''))),
    { numRuns: 500 },
  );
  const mutate = (text: string, m: { at: number; cut: number; put: string }) =>
    text.slice(0, m.at) + m.put + text.slice(m.at + m.cut);
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (ms) => check(ms.reduce(mutate, VALID))),
    { numRuns: 800 },
  );
});
