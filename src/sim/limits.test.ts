/** What protects the simulator from what arrives on its port: sent by hand, since no SDK would. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sim, startSim } from './api.ts';
import { Fault } from './operation.ts';
import { decodeRequest } from './wire/protocol.ts';
import { loadSchema } from './wire/schema.ts';
import { serviceNamed } from './wire/services.ts';

let sim: Sim;
const bugs: unknown[] = [];
beforeAll(async () => {
  sim = await startSim({ port: 0, token: 'control-token', onBug: (bug) => bugs.push(bug) });
});
afterAll(async () => {
  await sim.close();
  expect(bugs).toEqual([]);
});

/** Sends bytes; resolves with what came back when the other side ends, or with nothing. */
function send(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(sim.server?.port ?? 0, '127.0.0.1', () => socket.write(bytes));
    let back = '';
    socket.on('data', (data: Buffer) => {
      back += data.toString('latin1');
      if (back.includes('\r\n\r\n')) socket.end();
    });
    socket.on('error', () => resolve(back));
    socket.on('close', () => resolve(back));
  });
}
const status = async (bytes: string): Promise<string> => (await send(bytes)).split('\r\n')[0] ?? '';
const post = (headers: string, body = ''): string => `POST / HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\n${body}`;

describe('LIMIT-1 requests that are too large end early', () => {
  test.each([
    ['a body that says so', post('content-length: 4194305'), 'HTTP/1.1 413 Payload Too Large'],
    [
      'a body in chunks that never end',
      post('transfer-encoding: chunked', `400001\r\n${'a'.repeat(4_194_305)}\r\n`),
      'HTTP/1.1 413 Payload Too Large',
    ],
    ['one long header', post(`x: ${'a'.repeat(70_000)}`), 'HTTP/1.1 431 Request Header Fields Too Large'],
    [
      'a thousand headers',
      post(Array.from({ length: 1000 }, (_, n) => `x-${n}: 1`).join('\r\n')),
      'HTTP/1.1 431 Request Header Fields Too Large',
    ],
    ['what is no HTTP', '\0\0\0\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    ['a length that is none', post('content-length: -1'), 'HTTP/1.1 400 Bad Request'],
  ])('%s', async (_, bytes, says) => expect(await status(bytes)).toBe(says));
});

/** What the decoder says to a body, without a signature around it. */
async function refusal(name: string, headers: Record<string, string>, body: string, path = '/'): Promise<string> {
  const service = serviceNamed(name);
  if (!service) throw new Error(`no service ${name}`);
  const schema = await loadSchema(service);
  const request = { method: 'POST', path, query: '', headers, body: Buffer.from(body), sourceIp: '', secure: false };
  try {
    decodeRequest(schema, request);
    return 'decoded';
  } catch (error) {
    return error instanceof Fault ? error.code : `a bug: ${String(error)}`;
  }
}

describe('LIMIT-2 nesting that no shape has is refused in the words of the service', () => {
  const json = (levels: number): string => `{"Grants":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const target = { 'x-amz-target': 'TrentService.CreateGrant' };

  test.each([
    ['JSON', 'kms', target, json(100_000), '/', 'SerializationException'],
    ['REST with JSON', 'ebs', {}, json(100_000), '/snapshots', 'SerializationException'],
    ['forms of EC2', 'ec2', {}, `Action=DescribeImages&Filter${'.1'.repeat(50_000)}=x`, '/', 'MalformedQueryString'],
    ['forms of IAM', 'iam', {}, `Action=CreateRole&Tags${'.member.1'.repeat(20_000)}=x`, '/', 'MalformedQueryString'],
  ] as const)('%s', async (_, name, headers, body, path, code) =>
    expect(await refusal(name, headers, body, path)).toBe(code),
  );
});

describe('LIMIT-3 who may reach it', () => {
  test('only this machine, unless told', async () => {
    expect(sim.server?.host).toBe('127.0.0.1');
    const wide = await startSim({ port: 0, host: '0.0.0.0', token: 't' });
    expect(wide.server?.host).toBe('0.0.0.0');
    await wide.close();
  });

  test.each([
    ['no token', 'host: localhost', '401'],
    ['another token', 'host: localhost\r\nx-amiport-token: control-tokem', '401'],
    ['a name that was rebound', 'host: evil.example\r\nx-amiport-token: control-token', '403'],
    ['the token', 'host: localhost\r\nx-amiport-token: control-token', '200'],
    ['the token as bearer', 'host: 127.0.0.1:80\r\nauthorization: Bearer control-token', '200'],
  ])('control with %s', async (_, headers, code) => {
    for (const path of ['events', 'faults', 'world']) {
      expect((await status(`GET /_amiport/${path} HTTP/1.1\r\n${headers}\r\n\r\n`)).split(' ')[1]).toBe(code);
    }
  });
});

test('LIMIT-4 whatever bytes arrive, the next request is answered', { timeout: 60_000 }, async () => {
  const words = fc.constantFrom(
    'POST / HTTP/1.1',
    'GET /?Action=x HTTP/1.1',
    'host: localhost',
    '',
    'content-length: 3',
    'abc',
    'transfer-encoding: chunked',
    'authorization: AWS4-HMAC-SHA256 Credential=1/2/3/ec2/aws4_request',
    'x-amz-date: 1',
    'x-amz-target: TrentService.Encrypt',
    'expect: 100-continue',
    'upgrade: h2c',
    'connection: upgrade',
  );
  const lines = fc.array(fc.oneof({ weight: 5, arbitrary: words }, fc.string({ unit: 'binary', maxLength: 20 })), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(lines, async (said) => {
      const bytes = Buffer.from(`${said.join('\r\n')}\r\n\r\n`, 'latin1');
      await sendAndLeave(bytes);
    }),
    { numRuns: 300 },
  );
  expect(await status('GET /_amiport/health HTTP/1.1\r\nhost: localhost\r\n\r\n')).toBe('HTTP/1.1 200 OK');
});

/** Ends its side at once, so that nothing waits for the rest of a request. */
function sendAndLeave(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(sim.server?.port ?? 0, '127.0.0.1', () => socket.end(bytes));
    socket.on('data', () => undefined);
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}
