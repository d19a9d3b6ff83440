/** Reads request bodies with a limit, also those in AWS's own chunked encoding. */
import type { IncomingMessage } from 'node:http';

/** The largest request of any simulated service is a 512 KiB block with room to spare. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024;

export type BodyRead = { readonly is: 'read'; readonly body: Uint8Array } | { readonly is: 'too-large' };

export async function readBody(message: IncomingMessage): Promise<BodyRead> {
  if (Number(message.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return { is: 'too-large' };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return { is: 'too-large' };
    chunks.push(chunk);
  }
  return { is: 'read', body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) };
}
