/**
 * Answers what comes over HTTP. With several clients all that arrived in one round of the event loop is carried out
 * first and then written: an answer in between would wake its client, every next one wake it again, and the
 * processor would go back and forth between much code and much more.
 */
import type { ServerResponse } from 'node:http';
import type { WireRequest, WireResponse } from './wire/message.ts';

/** So many are carried out before the first of them is answered. */
const TOGETHER_MAX = 64;

interface Asked {
  readonly request: WireRequest;
  readonly reply: ServerResponse;
}

interface Ready {
  readonly reply: ServerResponse;
  readonly answer: WireResponse;
}

type Answerer = (request: WireRequest) => WireResponse | Promise<WireResponse>;

export class Rounds {
  #asked: Asked[] = [];
  readonly #answer: Answerer;
  readonly #several: () => boolean;

  /** @param several whether others may ask meanwhile: a client that is alone is answered at once */
  constructor(answer: Answerer, several: () => boolean) {
    this.#answer = answer;
    this.#several = several;
  }

  /** Requests are carried out in the order in which they come here. */
  take(request: WireRequest, reply: ServerResponse): void {
    if (this.#asked.length === 0 && !this.#several()) this.#carryOut([{ request, reply }]);
    else if (this.#asked.push({ request, reply }) === 1) setImmediate(() => this.#round());
  }

  #round(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let at = 0; at < asked.length; at += TOGETHER_MAX) this.#carryOut(asked.slice(at, at + TOGETHER_MAX));
  }

  /** Most answers are there at once: only those that are not wait for a promise. */
  #carryOut(asked: readonly Asked[]): void {
    const ready: Ready[] = [];
    for (const { request, reply } of asked) {
      try {
        const answer = this.#answer(request);
        if (answer instanceof Promise)
          answer.then(
            (later) => send(reply, later),
            (error: unknown) => fail(reply, error),
          );
        else ready.push({ reply, answer });
      } catch (error) {
        fail(reply, error);
      }
    }
    for (const { reply, answer } of ready) send(reply, answer);
  }
}

function send(reply: ServerResponse, answer: WireResponse): void {
  if (answer.dropped) reply.destroy();
  else if (answer.delayMs === undefined) write(reply, answer);
  else setTimeout(() => write(reply, answer), answer.delayMs);
}

export function write(reply: ServerResponse, answer: WireResponse): void {
  try {
    put(reply, answer);
  } catch (error) {
    fail(reply, error);
  }
}

/** A bug: the caller sees a closed connection or a plain 500. */
function fail(reply: ServerResponse, error: unknown): void {
  if (reply.headersSent || reply.destroyed) return void reply.destroy();
  const says = error instanceof Error ? error.message : String(error);
  put(reply, { status: 500, headers: { 'content-type': 'text/plain' }, body: `amiport sim failed: ${says}` });
}

function put(reply: ServerResponse, answer: WireResponse): void {
  const { body } = answer;
  const length = typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : bytesOf(body);
  reply.writeHead(answer.status, { ...answer.headers, 'content-length': length });
  // Node writes a text together with the head, bytes by a second call; ASCII goes out fastest as Latin-1.
  if (typeof body === 'string' && body.length === length) reply.end(body, 'latin1');
  else if (typeof body === 'string' || body instanceof Uint8Array) reply.end(body);
  else {
    reply.cork();
    for (const piece of body) reply.write(piece);
    reply.end();
  }
}

const bytesOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
