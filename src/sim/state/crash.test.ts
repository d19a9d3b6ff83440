import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, expect, test } from 'vitest';
import { startSim } from '../api.ts';

const folder = mkdtempSync(join(tmpdir(), 'amiport-crash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CREDENTIALS = { accessKeyId: '111111111111', secretAccessKey: 'test' };
const PROGRAM = `
  import { startSim } from ${JSON.stringify(new URL('../api.ts', import.meta.url).href)};
  const sim = await startSim({ state: process.argv[1], port: 0 });
  console.log(sim.server.url);
`;

/** The simulator in a process of its own; resolves with its URL. */
function started(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
    child.stdout?.once('data', (line: Buffer) => resolve({ child, url: line.toString().trim() }));
  });
}

test('STATE-1 kill -9 in the middle of many calls loses none that was acknowledged', { timeout: 60_000 }, async () => {
  const acknowledged: string[] = [];
  for (const enough of [3, 17, 40]) {
    const { child, url } = await started();
    const kms = new KMSClient({ region: 'eu-west-1', endpoint: url, credentials: CREDENTIALS, maxAttempts: 1 });
    const before = acknowledged.length;
    const caller = async () => {
      for (;;) {
        const made = await kms.send(new CreateKeyCommand({})).catch(() => undefined);
        if (made === undefined) return;
        acknowledged.push(String(made.KeyMetadata?.KeyId));
        if (acknowledged.length - before >= enough) child.kill('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    if (child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  }
  const sim = await startSim({ state: folder, port: false });
  const kms = new KMSClient({
    region: 'eu-west-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: sim.requestHandler(),
  });
  const lost: string[] = [];
  for (const KeyId of acknowledged) await kms.send(new DescribeKeyCommand({ KeyId })).catch(() => lost.push(KeyId));
  await sim.close();
  expect(acknowledged.length).toBeGreaterThanOrEqual(60);
  expect(lost).toEqual([]);
});
