/**
 * Load for an HTTP server, from a thread of its own: ready-made requests over keep-alive sockets, one in
 * flight on each. Parses only as much of the answers as tells where they end.
 */
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

export interface LoadOrder {
  readonly port: number;
  readonly sockets: number;
  readonly ms: number;
  /** Whole HTTP requests, head and body. */
  readonly requests: readonly Uint8Array[];
}

export interface LoadResult {
  readonly answers: number;
  readonly failures: number;
  readonly tookMs: number;
  readonly p99Ms: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');

function run(order: LoadOrder): Promise<LoadResult> {
  return new Promise((resolve) => {
    const times: number[] = [];
    let failures = 0;
    let next = 0;
    let open = order.sockets;
    const startMs = performance.now();
    const one = (socket: Socket) => {
      let held: Buffer = Buffer.alloc(0);
      let sentMs = 0;
      const send = () => {
        if (performance.now() - startMs >= order.ms) {
          socket.destroy();
          return;
        }
        sentMs = performance.now();
        const request = order.requests[next++ % order.requests.length];
        if (request) socket.write(request);
      };
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        const at = held.indexOf(HEAD_END);
        if (at < 0) return;
        const head = held.toString('latin1', 0, at);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (held.length < at + 4 + length) return;
        times.push(performance.now() - sentMs);
        if (!head.startsWith('HTTP/1.1 200')) failures++;
        held = Buffer.alloc(0);
        send();
      });
      socket.on('error', () => failures++);
      socket.on('close', () => {
        if (--open > 0) return;
        const sorted = times.toSorted((a, b) => a - b);
        const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
        resolve({ answers: times.length, failures, tookMs: performance.now() - startMs, p99Ms });
      });
    };
    for (let i = 0; i < order.sockets; i++) one(connect({ port: order.port, host: '127.0.0.1', noDelay: true }));
  });
}

if (parentPort) {
  const port = parentPort;
  run(workerData as LoadOrder).then((result) => port.postMessage(result));
}
