/** Between the CLI and a simulated AWS: sees every GetSnapshotBlock go by, and may refuse it. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BlockProxy {
  readonly url: string;
  close(): void;
}

/** @param onBlock told the block's index and how many there were; `refuse`: the answer is an error */
export async function blockProxy(
  to: string,
  onBlock: (index: number, count: number) => 'refuse' | undefined,
): Promise<BlockProxy> {
  let count = 0;
  const { hostname, port } = new URL(to);
  const server = createServer((asked, answer) => {
    const block = /\/snapshots\/[^/]+\/blocks\/(\d+)/.exec(asked.url ?? '');
    if (asked.method === 'GET' && block !== null) {
      count += 1;
      if (onBlock(Number(block[1]), count) === 'refuse') {
        answer.writeHead(400, { 'content-type': 'application/json', 'x-amzn-errortype': 'ValidationException' });
        answer.end('{"Message":"The block cannot be read.","Reason":"INVALID_BLOCK"}');
        return;
      }
    }
    const { method, url: path, headers } = asked;
    const on = request({ hostname, port, method, path, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 500, from.headers);
      from.pipe(answer);
    });
    asked.pipe(on);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
