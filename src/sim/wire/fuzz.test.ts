/**
 * Whatever arrives, the decoders answer with a value or with AWS's own refusal: 15,000 inputs for each of the
 * four protocols. A failure prints the seed that replays it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../operation.ts';
import type { WireRequest } from './message.ts';
import { decodeRequest, encodeFault } from './protocol.ts';
import { loadSchema, type ServiceSchema } from './schema.ts';
import { serviceNamed } from './services.ts';

const RUNS = 15_000;

const words = fc.constantFrom(
  'Filter',
  'Value',
  'member',
  'entry',
  'key',
  '1',
  '2',
  '0',
  '-1',
  '99999999999',
  '',
  '__proto__',
  'constructor',
  'DryRun',
  'ImageId',
  'RoleName',
  'KeyId',
  'Grants',
  'toString',
);
const texts = fc.oneof(
  words,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('%', '%zz', '%ff', '+', '\u0000', 'true', '1e999', '2026-01-01T00:00:00Z', '-'),
);
const path = fc.array(texts, { minLength: 1, maxLength: 60 }).map((parts) => parts.join('.'));
const form = (actions: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...actions, 'Nothing'), fc.array(fc.tuple(path, texts, fc.boolean()), { maxLength: 12 }))
    .map(([action, pairs]) => {
      const rest = pairs.map(([key, value, quoted]) =>
        quoted
          ? `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`
          : `${key}=${value}`,
      );
      return [`Action=${action}`, ...rest].join('&');
    });

/** A value of roughly the shape's members, with the wrong things in the wrong places. */
const json = (schema: ServiceSchema, actions: readonly string[]) => {
  const names = actions.flatMap(
    (a) =>
      schema.operations
        .get(a)
        ?.input.members()
        .map((m) => m.name) ?? [],
  );
  const key = fc.constantFrom(...names, '__proto__', 'constructor', 'x');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.string({ maxLength: 10 }),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
    ),
  }));
  const deep = fc.integer({ min: 1, max: 5000 }).map((n) => '{"a":['.repeat(n));
  return fc.oneof(
    fc.dictionary(key, tree, { maxKeys: 6 }).map((value) => JSON.stringify(value)),
    deep,
    fc.string({ unit: 'binary', maxLength: 50 }),
  );
};

const request = (more: Partial<WireRequest>): WireRequest => ({
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  body: new Uint8Array(),
  sourceIp: '127.0.0.1',
  secure: false,
  ...more,
});
const bytes = (text: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 9, arbitrary: text.map((t) => new Uint8Array(Buffer.from(t, 'utf8'))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  );

/** Decodes; a refusal must be a Fault that the protocol can write. */
function check(schema: ServiceSchema, asked: WireRequest): void {
  try {
    decodeRequest(schema, asked);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const answer = encodeFault(schema.service.protocol, error, 'r', schema);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(String(answer.body)).toContain(schema.service.protocol === 'restJson1' ? '{' : error.code);
  }
}

const schemaOf = async (name: string): Promise<ServiceSchema> => {
  const service = serviceNamed(name);
  if (!service) throw new Error(`no service ${name}`);
  return loadSchema(service);
};

describe('WIRE-2 only AWS-shaped refusals come out of', () => {
  test.each([
    ['ec2', ['DescribeImages', 'RunInstances', 'ModifyImageAttribute', 'RegisterImage', 'CreateFleet']],
    ['iam', ['CreateRole', 'GetRole', 'SimulatePrincipalPolicy', 'TagRole', 'ListRoles']],
  ])('the form decoder of %s', { timeout: 120_000 }, async (name, actions) => {
    const schema = await schemaOf(name);
    const property = fc.property(bytes(form(actions)), (body) => check(schema, request({ body })));
    fc.assert(property, { numRuns: RUNS });
  });

  test('the JSON decoder of kms', { timeout: 120_000 }, async () => {
    const schema = await schemaOf('kms');
    const actions = ['CreateGrant', 'Encrypt', 'CreateKey', 'ReplicateKey', 'ListGrants'];
    const property = fc.property(fc.constantFrom(...actions, 'No'), bytes(json(schema, actions)), (action, body) =>
      check(schema, request({ headers: { 'x-amz-target': `TrentService.${action}` }, body })),
    );
    fc.assert(property, { numRuns: RUNS });
  });

  test('the REST decoder of ebs', { timeout: 120_000 }, async () => {
    const schema = await schemaOf('ebs');
    const segment = fc.oneof(
      fc.constantFrom('snapshots', 'blocks', 'changedblocks', 'completion', 'snap-1', '0', '%zz', '%2F', '..', ''),
      fc.string({ maxLength: 10 }),
    );
    const query = fc.array(
      fc.tuple(fc.constantFrom('blockToken', 'pageToken', 'maxResults', 'startingBlockIndex', 'x'), texts),
      { maxLength: 5 },
    );
    const property = fc.property(
      fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
      fc.array(segment, { maxLength: 6 }),
      query,
      bytes(json(schema, ['StartSnapshot', 'CompleteSnapshot'])),
      fc.dictionary(
        fc.constantFrom(
          'x-amz-data-length',
          'x-amz-checksum',
          'x-amz-progress',
          'x-amz-checksum-algorithm',
          'x-amz-changedblockscount',
        ),
        fc.string({ maxLength: 8 }),
      ),
      (method, parts, pairs, body, headers) =>
        check(
          schema,
          request({
            method,
            path: `/${parts.join('/')}`,
            query: pairs.map((p) => p.join('=')).join('&'),
            headers,
            body,
          }),
        ),
    );
    fc.assert(property, { numRuns: RUNS });
  });
});
