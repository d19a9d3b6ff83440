import { DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSim } from './api.ts';
import { createKernel, type Kernel } from './kernel.ts';
import { operation } from './operation.ts';
import { type RunningServer, startServer } from './server.ts';
import { scaledClock } from './time.ts';
import type { Sts } from './wire/shapes.ts';
import { defaultWorld } from './world/default-world.ts';

const whoAmI = operation<Sts.GetCallerIdentityRequest, Sts.GetCallerIdentityResponse>('sts.GetCallerIdentity', {
  accepts: [],
  demands: () => [],
  apply: ({ caller }) => ({ Account: caller.account, Arn: caller.arn, UserId: caller.userId }),
});
const makeKernel = (): Kernel =>
  createKernel({ world: defaultWorld(), clock: scaledClock(), operations: [whoAmI], tasks: [] });

let kernel = makeKernel();
let server: RunningServer;
beforeAll(async () => {
  const reset = async () => {
    kernel = makeKernel();
  };
  server = await startServer({ sim: { kernel: () => kernel, reset }, token: 'control-token' });
});
afterAll(() => server.close());

const CREDENTIALS = { accessKeyId: '222222222222', secretAccessKey: 'test' };
const config = (more: object = {}) => ({
  region: 'eu-west-3',
  endpoint: server.url,
  credentials: CREDENTIALS,
  maxAttempts: 1,
  ...more,
});
const identity = (more: object = {}) => new STSClient(config(more)).send(new GetCallerIdentityCommand({}));

/** Signs `POST /?` of STS with the SDK's own signer and sends it as told. */
async function presigned(
  options: { signedAtMs?: number; expiresIn?: number; tamper?: (url: string) => string } = {},
): Promise<string> {
  const signer = new SignatureV4({ service: 'sts', region: 'us-east-1', credentials: CREDENTIALS, sha256: Sha256 });
  const { hostname, port } = new URL(server.url);
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: '/',
    headers: { host: `${hostname}:${port}` },
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
  };
  const signed = await signer.presign(request, {
    signingDate: new Date(options.signedAtMs ?? Date.now()),
    expiresIn: options.expiresIn ?? 60,
  });
  const url = `${server.url}/?${new URLSearchParams(signed.query as Record<string, string>)}`;
  const answer = await fetch(options.tamper ? options.tamper(url) : url);
  return `${answer.status} ${(/<Code>(.*?)<|<Arn>(.*?)</.exec(await answer.text()) ?? []).slice(1).find(Boolean)}`;
}

describe('many clients at once', () => {
  test('each gets its own answer, also when more ask than are answered together', async () => {
    const accounts = ['111111111111', '222222222222', '333333333333'];
    const asked = Array.from({ length: 150 }, (_, i) => accounts[i % 3] as string);
    const told = asked.map((id) => identity({ credentials: { ...CREDENTIALS, accessKeyId: id } }));
    expect((await Promise.all(told)).map(({ Account }) => Account)).toEqual(asked);
  });

  test('one that goes away before its answer is written takes nobody along', async () => {
    const gone = Array.from({ length: 20 }, () => {
      const leaving = new AbortController();
      const asked = fetch(server.url, { method: 'POST', body: 'Action=GetCallerIdentity', signal: leaving.signal });
      setImmediate(() => leaving.abort());
      return asked.then(
        () => 'answered',
        () => 'gone',
      );
    });
    const stayed = await Promise.all(Array.from({ length: 20 }, () => identity()));
    await Promise.all(gone);
    expect(stayed.map(({ Account }) => Account)).toEqual(Array(20).fill('222222222222'));
    expect(await identity()).toMatchObject({ Account: '222222222222' });
  });
});

describe('ID-1 over HTTP', () => {
  test('a client of any Region and account', async () => {
    expect(await identity()).toMatchObject({ Account: '222222222222' });
    expect(await identity({ region: 'us-west-2' })).toMatchObject({ Account: '222222222222' });
  });

  test.each([
    ['a wrong secret', { credentials: { ...CREDENTIALS, secretAccessKey: 'no' } }, 'SignatureDoesNotMatch'],
    ['a clock ten minutes slow', { systemClockOffset: -600_000 }, 'SignatureDoesNotMatch'],
    ['a clock ten minutes fast', { systemClockOffset: 600_000 }, 'SignatureDoesNotMatch'],
    ['a Region that is none', { region: 'eu-nowhere-1' }, 'SignatureDoesNotMatch'],
  ])('%s', async (_, more, name) => await expect(identity(more)).rejects.toMatchObject({ name }));

  test.each([
    ['as signed', {}, '200 arn:aws:iam::222222222222:root'],
    ['after it expired', { signedAtMs: Date.now() - 61_000 }, '403 SignatureDoesNotMatch'],
    ['long-lived', { signedAtMs: Date.now() - 3_000_000, expiresIn: 3600 }, '200 arn:aws:iam::222222222222:root'],
    ['tampered with', { tamper: (url: string) => `${url}&More=1` }, '403 SignatureDoesNotMatch'],
  ])('presigned URL %s', async (_, options, says) => expect(await presigned(options)).toBe(says));

  test('what has no signature is told so', async () => {
    const answer = await fetch(server.url, { method: 'POST', body: 'Action=GetCallerIdentity' });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
    ]);
  });

  test.each([
    { service: 's3', starts: '<?xml' },
    { service: 'lambda', starts: '{' },
    { service: 'rds', body: 'Action=DescribeDBInstances', starts: '<?xml' },
  ])('a service that is not simulated is named, in its own form: $service', async ({ service, body, starts }) => {
    const authorization = `AWS4-HMAC-SHA256 Credential=222222222222/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(server.url, {
      headers: { authorization, 'x-amz-date': '20260101T000000Z', ...(body ? form : {}) },
      ...(body ? { method: 'POST', body } : {}),
    });
    const text = await answer.text();
    expect(text).toContain(`amiport sim does not simulate the service ${service}`);
    expect(text.startsWith(starts)).toBe(true);
  });

  test('a body beyond the limit is refused, an operation that is not there is named', async () => {
    const answer = await fetch(server.url, { method: 'POST', body: new Uint8Array(5_000_000) }).catch(() => undefined);
    expect(answer?.status ?? 413).toBe(413);
    await expect(new EC2Client(config()).send(new DescribeRegionsCommand({}))).rejects.toThrow(
      'does not implement ec2.DescribeRegions',
    );
  });
});

describe('control', () => {
  const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
    const answer = await fetch(`${server.url}/_amiport/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) };
  };
  const token = { authorization: 'Bearer control-token' };

  test('health needs no token, the rest does', async () => {
    expect(await call('GET', 'health')).toMatchObject({
      status: 'ok',
      accounts: ['111111111111', '222222222222', '333333333333'],
    });
    expect(await call('GET', 'events')).toMatchObject({ status: 401 });
    expect(await call('POST', 'reset', { authorization: 'Bearer wrong' })).toMatchObject({ status: 401 });
  });

  test('the speed of time', async () => {
    expect(await call('POST', 'speed', token, '{"speed":600}')).toMatchObject({ status: 200, speed: 600 });
    expect(await call('GET', 'health')).toMatchObject({ speed: 600 });
    expect(await call('POST', 'speed', token, '{"speed":0}')).toMatchObject({ status: 400 });
    expect(await call('POST', 'speed', token, '{"speed":1}')).toMatchObject({ status: 200, speed: 1 });
  });

  test('events, advance, reset', async () => {
    await identity();
    const { events } = (await call('GET', 'events?limit=5', token)) as unknown as { events: { eventName: string }[] };
    expect(events[0]?.eventName).toBe('GetCallerIdentity');
    const before = kernel.clock.nowMs();
    expect(await call('POST', 'advance', token, '{"ms":3600000}')).toMatchObject({ status: 200 });
    expect(kernel.clock.nowMs() - before).toBeGreaterThanOrEqual(3_600_000);
    expect(await call('POST', 'advance', token, '{"ms":-1}')).toMatchObject({ status: 400 });
    expect(await call('POST', 'advance', token, '{')).toMatchObject({ status: 400 });
    await call('POST', 'reset', token);
    expect(await call('GET', 'events', token)).toMatchObject({ status: 200, events: [] });
  });
});

test('FAULT-1 the control API switches failures on and off', async () => {
  const sim = await startSim({ port: 0, token: 't' });
  const url = sim.server?.url ?? '';
  const say = async (body: string) => {
    const answer = await fetch(`${url}/_amiport/faults`, { method: 'POST', headers: { 'x-amiport-token': 't' }, body });
    return `${answer.status} ${await answer.text()}`;
  };
  const call = () =>
    new STSClient({ region: 'eu-west-1', endpoint: url, credentials: CREDENTIALS, maxAttempts: 1 })
      .send(new GetCallerIdentityCommand({}))
      .then(() => 'done')
      .catch((error: Error & { code?: string }) => error.code ?? error.name);
  expect(await say('{"rules":[{"fault":"throttle","probability":1}]}')).toBe('200 {"rules":1}');
  expect(await call()).toBe('Throttling');
  await say('{"rules":[{"fault":"drop-before","probability":1}]}');
  expect(await call()).toBe('ECONNRESET');
  await say('{"rules":[]}');
  expect(await call()).toBe('done');
  expect(await say('{"rules":[{"fault":"fire","probability":1}]}')).toContain('400 {"error":"rules.0.fault: ');
  expect(await say('nothing')).toContain('400 {"error":"rules: ');
  await sim.close();
});
