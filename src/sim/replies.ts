/**
 * Sends answers over HTTP. With several clients those of one round of the event loop go out together, once all that
 * arrived is done: an answer in between wakes its client, and every next one wakes it again.
 */
import type { ServerResponse } from 'node:http';
import type { WireResponse } from './wire/message.ts';

/** So many wait at most: the first of them would wait longest. */
const HELD_MAX = 64;

interface Held {
  readonly reply: ServerResponse;
  readonly answer: WireResponse;
}

export class Replies {
  #held: Held[] = [];
  readonly #several: () => boolean;
  /** @param several whether there may be others who wait: one client alone gets its answer at once */
  constructor(several: () => boolean) {
    this.#several = several;
  }

  send(reply: ServerResponse, answer: WireResponse): void {
    if (answer.dropped) reply.destroy();
    else if (answer.delayMs !== undefined) setTimeout(() => write(reply, answer), answer.delayMs);
    else if (this.#several()) this.#hold({ reply, answer });
    else write(reply, answer);
  }

  #hold(held: Held): void {
    const count = this.#held.push(held);
    if (count === 1) setImmediate(() => this.#writeHeld());
    else if (count === HELD_MAX) this.#writeHeld();
  }

  #writeHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const { reply, answer } of held) write(reply, answer);
  }
}

/** A bug: the caller sees a closed connection or a plain 500. */
export function fail(reply: ServerResponse, error: unknown): void {
  if (reply.headersSent || reply.destroyed) return void reply.destroy();
  const says = error instanceof Error ? error.message : String(error);
  put(reply, { status: 500, headers: { 'content-type': 'text/plain' }, body: `amiport sim failed: ${says}` });
}

export function write(reply: ServerResponse, answer: WireResponse): void {
  try {
    put(reply, answer);
  } catch (error) {
    fail(reply, error);
  }
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
