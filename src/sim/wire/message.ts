/** HTTP as the simulator sees it, whether it came over a socket or from an SDK client in the same process. */
export interface WireRequest {
  readonly method: string;
  /** As sent: percent-encoded, without the query. */
  readonly path: string;
  /** As sent, without `?`. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
  /** Came by TLS: `aws:SecureTransport`. */
  readonly secure: boolean;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Several pieces where they are ready: one after the other they are the body. */
  readonly body: Uint8Array | string | readonly Uint8Array[];
  /** The connection breaks instead: a fault that was asked for. */
  readonly dropped?: boolean;
  /** Real ms before it is sent, over HTTP. */
  readonly delayMs?: number;
}

/** The body in one piece. */
export function bodyBytes({ body }: Pick<WireResponse, 'body'>): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  return body instanceof Uint8Array ? body : Buffer.concat(body);
}
