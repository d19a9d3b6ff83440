/**
 * The simulated AWS on one HTTP port: every service, Region and account, told apart by the signature's scope.
 * Binds to loopback unless told otherwise; there the well-known secret `test` opens nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTROL_PREFIX, type Controlled, control } from './control.ts';
import { readBody } from './http-body.ts';
import { tooLarge } from './refusals.ts';
import { Rounds, write } from './rounds.ts';
import type { WireRequest, WireResponse } from './wire/message.ts';

export interface ServerOptions {
  readonly sim: Controlled;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** What the control API asks for. */
  readonly token: string;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_MAX = 200;

/** What Node's parser gives up on: no request, so no service that could word the refusal. */
const NOT_HTTP: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: 60_000, requestTimeout: 60_000 },
    (message, reply) => serve(message, reply, rounds),
  );
  let connections = 0;
  const rounds = new Rounds(
    (request) => answerTo(request, options),
    () => connections > 1,
  );
  server.on('connection', (socket) => {
    connections++;
    socket.once('close', () => connections--);
  });
  server.maxHeadersCount = HEADERS_MAX;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = NOT_HTTP[error.code ?? ''] ?? '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  await listen(server, options.port ?? 0, host);
  const { port } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return { host, port, url: `http://${shown}:${port}`, token: options.token, close: () => close(server) };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Waits for requests in flight, not for idle connections. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  });
}

function serve(message: IncomingMessage, reply: ServerResponse, rounds: Rounds): void {
  readBody(message, (read) => {
    switch (read.is) {
      case 'broken-off':
        reply.destroy();
        return;
      case 'too-large':
        reply.setHeader('connection', 'close');
        write(reply, tooLarge(wireRequest(message, new Uint8Array())));
        return;
      case 'read':
        rounds.take(wireRequest(message, read.body), reply);
    }
  });
}

function answerTo(request: WireRequest, { sim, token }: ServerOptions): WireResponse | Promise<WireResponse> {
  return request.path.startsWith(CONTROL_PREFIX) ? control(request, sim, token) : sim.kernel().handle(request);
}

function wireRequest(message: IncomingMessage, body: Uint8Array): WireRequest {
  const url = message.url ?? '/';
  const at = url.indexOf('?');
  return {
    method: message.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at + 1),
    headers: headersOf(message),
    body,
    sourceIp: sourceOf(message.socket.remoteAddress ?? ''),
    secure: false,
  };
}

/** An IPv4 address that came to an IPv6 socket is what it is. */
const MAPPED = '::ffff:';
const sourceOf = (address: string): string => (address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address);

/** Node joins what was sent several times, all but cookies. */
function headersOf({ headers }: IncomingMessage): WireRequest['headers'] {
  const cookies = headers['set-cookie'];
  return (cookies ? { ...headers, 'set-cookie': cookies.join(',') } : headers) as Record<string, string>;
}
