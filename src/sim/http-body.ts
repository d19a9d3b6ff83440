/** Reads request bodies with a limit. Events and one callback: iteration costs half, a promise a tenth of a small request. */
import type { IncomingMessage } from 'node:http';

/** The largest request of any simulated service is a 512 KiB block with room to spare. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export type BodyRead =
  | { readonly is: 'read'; readonly body: Uint8Array }
  | { readonly is: 'too-large' }
  /** The sender went away: there is nobody to answer. */
  | { readonly is: 'broken-off' };

/** @param then is called once */
export function readBody(message: IncomingMessage, then: (read: BodyRead) => void): void {
  let ended = false;
  const end = (read: BodyRead): void => {
    if (ended) return;
    ended = true;
    then(read);
  };
  if (Number(message.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    end({ is: 'too-large' });
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  message.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) end({ is: 'too-large' });
    else chunks.push(chunk);
  });
  message.on('end', () =>
    end({ is: 'read', body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) }),
  );
  message.on('error', () => end({ is: 'broken-off' }));
  message.on('close', () => end({ is: 'broken-off' }));
}
