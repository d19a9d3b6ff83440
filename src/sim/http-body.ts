/** Reads request bodies with a limit. Events, not iteration: that costs half. */
import type { IncomingMessage } from 'node:http';

/** The largest request of any simulated service is a 512 KiB block with room to spare. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export type BodyRead = { readonly is: 'read'; readonly body: Uint8Array } | { readonly is: 'too-large' };

/** Rejects when the sender breaks off. */
export function readBody(message: IncomingMessage): Promise<BodyRead> {
  return new Promise((resolve, reject) => {
    if (Number(message.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
      resolve({ is: 'too-large' });
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_BYTES_MAX) resolve({ is: 'too-large' });
      else chunks.push(chunk);
    });
    message.on('end', () =>
      resolve({ is: 'read', body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) }),
    );
    message.on('error', reject);
    message.on('close', () => {
      if (!message.complete) reject(new Error('the request broke off'));
    });
  });
}
