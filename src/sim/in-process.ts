/**
 * A request handler for SDK clients that hands their signed bytes to the kernel in the same process:
 * no socket, no timer, so that virtual time and seeds replay exactly.
 */
import { Readable } from 'node:stream';
import { systemClock } from '../base/ports.ts';
import type { Kernel } from './kernel.ts';
import { bodyBytes, type WireRequest } from './wire/message.ts';
import { escapeRfc3986 } from './wire/sigv4.ts';

/** As much of the SDK's `HttpRequest` as is read here. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly path: string;
  readonly query?: Record<string, string | string[] | null>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | Readable;
}

export interface InProcessHandler {
  handle(request: SdkRequest): Promise<{ response: SdkResponse }>;
  destroy(): void;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  readonly metadata: { readonly handlerProtocol: string };
}

/**
 * @param signingMs the clock that the client signs with; default: the wall clock, as the SDK does
 * @param sleep how the caller waits for a reply that a fault delays; default: in real time
 */
export function inProcessHandler(
  kernel: Pick<Kernel, 'handle'>,
  signingMs: () => number = Date.now,
  sleep: (ms: number) => Promise<void> = systemClock.sleep,
): InProcessHandler {
  return {
    metadata: { handlerProtocol: 'amiport-sim' },
    async handle(request) {
      const answer = await kernel.handle(await wireRequest(request), signingMs());
      if (answer.delayMs !== undefined) await sleep(answer.delayMs);
      if (answer.dropped)
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
      const bytes = bodyBytes(answer);
      // The SDK hands binary payloads on as streams, and takes all else as it comes.
      const body = answer.headers['content-type'] === 'application/octet-stream' ? Readable.from([bytes]) : bytes;
      return { response: { statusCode: answer.status, headers: { ...answer.headers }, body } };
    },
    destroy() {},
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

async function wireRequest(request: SdkRequest): Promise<WireRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return {
    method: request.method,
    path: request.path,
    query: queryText(request.query ?? {}),
    headers,
    body: await bytesOf(request.body),
    sourceIp: '127.0.0.1',
    secure: request.protocol === 'https:',
  };
}

function queryText(query: Record<string, string | string[] | null>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      parts.push(one === null ? escapeRfc3986(name) : `${escapeRfc3986(name)}=${escapeRfc3986(one)}`);
    }
  }
  return parts.join('&');
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return NO_BYTES;
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk);
  }
  return Buffer.concat(chunks);
}

const NO_BYTES = new Uint8Array();
