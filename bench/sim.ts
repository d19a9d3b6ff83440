/**
 * What the simulated AWS carries: signed calls per second in process, and over HTTP against a bare Node server
 * that parses the body and verifies the same signatures. Every request is signed beforehand by the real SDK.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { DescribeImagesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { readBody } from '../src/sim/http-body.ts';
import { inProcessHandler } from '../src/sim/in-process.ts';
import { createKernel, type Kernel } from '../src/sim/kernel.ts';
import { OPERATIONS, TASKS } from '../src/sim/registry.ts';
import { startServer } from '../src/sim/server.ts';
import { scaledClock } from '../src/sim/time.ts';
import type { WireRequest, WireResponse } from '../src/sim/wire/message.ts';
import { readSignature, SigningKeys, signatureHolds } from '../src/sim/wire/sigv4.ts';
import { declareImage } from '../src/sim/world/declare-image.ts';
import { defaultWorld } from '../src/sim/world/default-world.ts';
import { newAccount, newWorld } from '../src/sim/world/make.ts';
import { DEFAULT_REGIONS, OPT_IN_REGIONS } from '../src/sim/world/regions.ts';
import type { World } from '../src/sim/world/world.ts';
import type { Emit, Figure } from './figure.ts';
import type { LoadOrder, LoadResult } from './load/sockets.ts';

const ACCOUNT = '111111111111';
const CREDENTIALS = { accessKeyId: ACCOUNT, secretAccessKey: 'test' };
const REGION = 'eu-west-1';
const CALLS_MIN = 5000;
const RATIO_MIN = 0.6;
const ROUNDS = 5;
/** Short rounds by turns: what else the machine does falls on both alike. */
const TURNS = 12;
const TURN_MS = 300;

export async function bench(emit: Emit): Promise<void> {
  for (const images of [10, 1000]) {
    const kernel = kernelWith(images);
    const requests = await signedRequests(200);
    const perSecond = await inProcess(kernel, requests, 3000);
    const target = images === 10 ? `>= ${CALLS_MIN}` : '';
    emit({
      bench: 'sim',
      figure: `in-process DescribeImages of ${images}`,
      value: perSecond,
      unit: 'calls/s',
      target,
      holds: images !== 10 || perSecond >= CALLS_MIN,
      baseline: 'signed by the SDK, verified, authorized, encoded; one thread',
    });
  }
  await overHttp(emit);
  await largeWorld(emit);
}

function kernelWith(images: number): Kernel {
  const world = defaultWorld();
  for (let i = 0; i < images; i++) {
    declareImage(world, { region: REGION, owner: ACCOUNT, name: `image-${i}`, createdMs: 0 });
  }
  return createKernel({ world, clock: scaledClock(), operations: OPERATIONS, tasks: TASKS });
}

/** Different requests, so that no cache of whole requests could help. */
async function signedRequests(count: number, host = 'localhost'): Promise<readonly WireRequest[]> {
  const taken: WireRequest[] = [];
  const handle = (request: WireRequest): Promise<WireResponse> => {
    taken.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: '<R/>' });
  };
  const client = new EC2Client({
    region: REGION,
    endpoint: `http://${host}`,
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: inProcessHandler({ handle }),
  });
  for (let i = 0; i < count; i++) {
    await client.send(
      new DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'name', Values: ['image-*', `other-${i}`] }] }),
    );
  }
  return taken;
}

async function inProcess(kernel: Kernel, requests: readonly WireRequest[], ms: number): Promise<number> {
  for (const request of requests) await kernel.handle(request);
  const startMs = performance.now();
  let calls = 0;
  while (performance.now() - startMs < ms) {
    const answer = await kernel.handle(requests[calls % requests.length] as WireRequest);
    if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${String(answer.body).slice(0, 300)}`);
    calls++;
  }
  return (calls * 1000) / (performance.now() - startMs);
}

const ACCOUNTS = 1000;
const REGIONS = 20;
const IMAGES = 20;

/** 1,000 accounts x 20 Regions x 20 images: how long it takes, what it holds, and whether a call gets slower. */
async function largeWorld(emit: Emit): Promise<void> {
  const requests = await signedRequests(200);
  const small = kernelWith(IMAGES);
  const heapBefore = process.memoryUsage().heapUsed;
  const startMs = performance.now();
  const cpu = process.threadCpuUsage();
  const world = newWorld();
  const regions = [REGION, ...DEFAULT_REGIONS, ...OPT_IN_REGIONS]
    .filter((r, i, all) => all.indexOf(r) === i)
    .slice(0, REGIONS);
  for (let a = 0; a < ACCOUNTS; a++) {
    const owner = String(Number(ACCOUNT) + a);
    world.accounts.set(owner, newAccount(owner, `account-${a}`, regions));
    for (const region of regions) {
      for (let i = 0; i < IMAGES; i++) declareImage(world, { region, owner, name: `image-${i}`, createdMs: 0 });
    }
  }
  const loadSeconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  const heapGiB = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 30;
  const large = createKernel({ world, clock: scaledClock(), operations: OPERATIONS, tasks: TASKS });
  const rates: Record<'small' | 'large', number[]> = { small: [], large: [] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.small.push(await inProcess(small, requests, 500));
    rates.large.push(await inProcess(large, requests, 500));
  }
  const slower = median(rates.small) / median(rates.large);
  const baseline = `${ACCOUNTS} accounts x ${REGIONS} Regions x ${IMAGES} images`;
  const figures = [
    {
      figure: 'large world: load',
      value: loadSeconds,
      unit: 's',
      max: 5,
      baseline: `${baseline}; ${((user + system) / 1e6).toFixed(1)} s of CPU time`,
    },
    { figure: 'large world: heap', value: heapGiB, unit: 'GiB', max: 1.4, baseline },
    {
      figure: 'large world: time a call',
      value: slower,
      unit: 'x',
      max: 1.3,
      baseline: `DescribeImages of ${IMAGES} own images in a small world`,
    },
  ];
  for (const { max, ...f } of figures) emit({ bench: 'sim', ...f, target: `<= ${max}`, holds: f.value <= max });
}

interface Load {
  readonly name: string;
  /** Own images in the Region. */
  readonly images: number;
  readonly launches?: boolean;
  /** Sends so many calls of the operation with clients of this configuration. */
  send(config: ClientConfig, count: number, world: World): Promise<void>;
}

interface ClientConfig {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: typeof CREDENTIALS;
  readonly maxAttempts: number;
  readonly requestHandler: ReturnType<typeof inProcessHandler>;
}

const LOADS: readonly Load[] = [
  { name: 'DescribeImages of 10', images: 10, send: describeImages },
  { name: 'DescribeImages of 1000', images: 1000, send: describeImages },
  {
    name: 'RunInstances',
    images: 1,
    launches: true,
    async send(config, count, world) {
      const client = new EC2Client(config);
      const ImageId = [...(world.regions.get(REGION)?.ec2.images.keys() ?? [])][0];
      for (let i = 0; i < count; i++) {
        // Without a token, or every request but the first would be answered with what that one launched.
        const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ClientToken: '' } as const;
        // A subnet holds 4,091 instances: one would be full within a turn.
        const Placement = { AvailabilityZone: `${REGION}${'abc'[i % 3]}` };
        await client.send(new RunInstancesCommand({ ...input, Placement }));
      }
    },
  },
  {
    name: 'KMS Decrypt',
    images: 0,
    async send(config, count, world) {
      const CiphertextBlob = await ciphertext(world);
      const client = new KMSClient(config);
      for (let i = 0; i < count; i++) await client.send(new DecryptCommand({ CiphertextBlob }));
    },
  },
];

async function describeImages(config: ClientConfig, count: number): Promise<void> {
  const client = new EC2Client(config);
  for (let i = 0; i < count; i++) {
    await client.send(
      new DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'name', Values: ['image-*', `other-${i}`] }] }),
    );
  }
}

const ciphertexts = new WeakMap<World, Uint8Array>();

/** What Decrypt gets: 32 bytes under a key of this world, made once. */
async function ciphertext(world: World): Promise<Uint8Array> {
  const there = ciphertexts.get(world);
  if (there) return there;
  const kernel = createKernel({ world, clock: scaledClock(), operations: OPERATIONS, tasks: TASKS });
  const client = new KMSClient({ region: REGION, credentials: CREDENTIALS, requestHandler: inProcessHandler(kernel) });
  const key = await client.send(new CreateKeyCommand({}));
  const made = await client.send(
    new EncryptCommand({ KeyId: key.KeyMetadata?.KeyId, Plaintext: new Uint8Array(32).fill(7) }),
  );
  const bytes = made.CiphertextBlob ?? new Uint8Array();
  ciphertexts.set(world, bytes);
  return bytes;
}

/** Requests as the SDK signs them; what it sends is caught, not answered by the simulator. */
async function signed(load: Load, world: World, count: number, port: number): Promise<readonly WireRequest[]> {
  const taken: WireRequest[] = [];
  const handle = (request: WireRequest): Promise<WireResponse> => {
    taken.push(request);
    const json = request.headers['x-amz-target'] !== undefined;
    const headers = { 'content-type': json ? 'application/x-amz-json-1.1' : 'text/xml' };
    return Promise.resolve({ status: 200, headers, body: json ? '{}' : '<R/>' });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const requestHandler = inProcessHandler({ handle });
  await load.send({ region: REGION, endpoint, credentials: CREDENTIALS, maxAttempts: 1, requestHandler }, count, world);
  return taken;
}

async function overHttp(emit: Emit): Promise<void> {
  for (const one of LOADS) {
    let kernel = kernelWith(one.images);
    const sim = await startServer({ sim: { kernel: () => kernel, reset: () => Promise.resolve() }, token: 'bench' });
    const [first] = await signed(one, kernel.world, 1, sim.port);
    const sample = await kernel.handle(first as WireRequest);
    if (sample.status !== 200) throw new Error(`${one.name}: ${String(sample.body)}`);
    const bare = await bareServer(String(sample.body));
    const ports = { sim: sim.port, bare: (bare.address() as AddressInfo).port };
    // Launches begin every turn in an empty network.
    const before = () => {
      if (one.launches) kernel = kernelWith(one.images);
    };
    try {
      for (const sockets of [1, 32])
        for (const figure of await compare(one, kernel.world, ports, sockets, before)) emit(figure);
    } finally {
      await sim.close();
      bare.close();
      bare.closeAllConnections();
    }
  }
}

/** Warmed up, then interleaved, so that a busy moment of the machine falls on both alike. */
async function compare(
  one: Load,
  world: World,
  ports: { readonly sim: number; readonly bare: number },
  sockets: number,
  before: () => void,
): Promise<readonly Figure[]> {
  const rates: Record<'sim' | 'bare', number[]> = { sim: [], bare: [] };
  const p99: Record<'sim' | 'bare', number[]> = { sim: [], bare: [] };
  const cpuUs: Record<'sim' | 'bare', number[]> = { sim: [], bare: [] };
  const names = ['bare', 'sim'] as const;
  const requests = {
    bare: (await signed(one, world, 100, ports.bare)).map(httpBytes),
    sim: (await signed(one, world, 100, ports.sim)).map(httpBytes),
  };
  const turn = async (name: 'sim' | 'bare', ms: number): Promise<LoadResult> => {
    before();
    const from = process.threadCpuUsage();
    const result = await load({ port: ports[name], sockets, ms, requests: requests[name] });
    if (result.failures > 0)
      throw new Error(`${one.name}: ${name}: ${result.failures} of ${result.answers} answers failed`);
    const { user, system } = process.threadCpuUsage(from);
    cpuUs[name].push((user + system) / result.answers);
    return result;
  };
  // Two turns each: launches of one that is longer might not all have room in the network.
  for (const name of [...names, ...names]) await turn(name, TURN_MS);
  for (let i = 0; i < TURNS; i++) {
    for (const name of names) {
      const result = await turn(name, TURN_MS);
      rates[name].push((result.answers * 1000) / result.tookMs);
      p99[name].push(result.p99Ms);
    }
  }
  const says = (name: 'sim' | 'bare') =>
    `${name} ${Math.round(median(rates[name]))}/s, p99 ${median(p99[name]).toFixed(1)} ms`;
  const figure = `HTTP ${one.name}, ${sockets} client${sockets > 1 ? 's' : ''}`;
  const held = (value: number) => ({ value, target: `>= ${RATIO_MIN}`, holds: value >= RATIO_MIN });
  return [
    {
      bench: 'sim',
      figure,
      unit: 'of bare server',
      ...held(median(rates.sim.map((rate, i) => rate / (rates.bare[i] ?? Number.NaN)))),
      baseline: `${says('sim')}; ${says('bare')}: parses, verifies, same bytes back`,
    },
    {
      // What both threads get of a busy machine differs from turn to turn; what they use of it does not.
      bench: 'sim',
      figure: `${figure}, by CPU time`,
      unit: 'of bare server',
      ...held(median(cpuUs.bare) / median(cpuUs.sim)),
      baseline: `sim ${Math.round(median(cpuUs.sim))} us a call, bare ${Math.round(median(cpuUs.bare))} us`,
    },
  ];
}

/** Node sends a short text fastest in one piece with the head, a long one as bytes that are ready. */
const LONG = 16_384;

/**
 * The least that any simulator must do: read the body, parse it, verify the signature. All of that it does with the
 * simulator's own functions over the same `node:http`, so that it is a floor and not another program. It answers with
 * as many bytes as the simulator, made beforehand: without them the figure for 1,000 images would measure the loopback.
 */
function bareServer(text: string): Promise<Server> {
  const answer = text.length < LONG ? text : Buffer.from(text);
  const keys = new SigningKeys();
  const holds = (message: IncomingMessage, body: Uint8Array): boolean => {
    const headers = message.headers as Record<string, string>;
    const method = message.method ?? '';
    const request = { method, path: '/', query: '', headers, body, sourceIp: '127.0.0.1', secure: false };
    const read = readSignature(request);
    if (read.is !== 'signed' || !signatureHolds(request, read.signed, 'test', keys)) return false;
    const sent = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
    return 'x-amz-target' in headers ? typeof JSON.parse(sent) === 'object' : new URLSearchParams(sent).has('Action');
  };
  const server = createServer((message, reply) =>
    readBody(message, (read) => {
      const status = read.is === 'read' && holds(message, read.body) ? 200 : 403;
      reply.writeHead(status, { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(answer) });
      reply.end(answer);
    }),
  );
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function httpBytes(request: WireRequest): Uint8Array {
  const headers = Object.entries({ ...request.headers, 'content-length': String(request.body.length) });
  const head = `${request.method} ${request.path} HTTP/1.1\r\n${headers.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), request.body]);
}

function load(order: LoadOrder): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./load/sockets.ts', import.meta.url), { workerData: order });
    worker.once('message', (result: LoadResult) => resolve(result));
    worker.once('error', reject);
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
