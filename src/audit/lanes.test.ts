/** Which threads scan, and that none is left. */
import { randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { AuditOptions } from './audit.ts';
import type { Audit } from './report.ts';
import { HEX, randomFill } from './rules/fill.testdata.ts';
import { auditImage, ext4Image, testFolder } from './testing.ts';

const MIB = 2 ** 20;
const secret = (seed: number): string => `token: dop_${'v1'}_${randomFill(seed)(HEX, 64)}\n`;

/** @param mib of text, in files of one MiB, a secret in each */
function image(mib: number): string {
  const noise = `${randomBytes(30).toString('hex')}\n`;
  const files = Array.from({ length: mib }, (_, i): [string, string] => [
    `/srv/file-${i}.txt`,
    secret(i) + noise.repeat(MIB / noise.length - 2),
  ]);
  return ext4Image(testFolder(), Object.fromEntries(files), 'disk.raw', 2 * mib + 8);
}

interface Watched {
  readonly audit: Audit;
  /** Of each worker that was started. */
  readonly exitCodes: readonly number[];
}

async function watched(path: string, options: Partial<AuditOptions>): Promise<Watched> {
  const exitCodes: number[] = [];
  const onWorker = (worker: Worker): unknown => worker.once('exit', (code) => exitCodes.push(code));
  process.on('worker', onWorker);
  try {
    return { audit: await auditImage(path, options), exitCodes };
  } finally {
    process.off('worker', onWorker);
  }
}

test.each([
  { what: 'what fits into slabs', mib: 3, options: { threads: 3 }, workers: 0 },
  { what: 'more than that', mib: 48, options: { threads: 3 }, workers: 2 },
  { what: 'more threads than processors', mib: 48, options: { threads: 6 }, workers: 5 },
  { what: 'one thread', mib: 24, options: { threads: 1 }, workers: 0 },
  { what: 'a thread that has other work', mib: 3, options: { threads: 1, beside: true }, workers: 1 },
])('$what: $workers workers beside this thread, which end by themselves', async ({ mib, options, workers }) => {
  const { audit, exitCodes } = await watched(image(mib), options);
  expect(audit.findings.map((f) => f.path).toSorted()).toEqual(
    Array.from({ length: mib }, (_, i) => `/srv/file-${i}.txt`).toSorted(),
  );
  expect(audit.findings.map((f) => f.times)).toEqual(Array.from({ length: mib }, () => 1));
  expect(audit.coverage.bytes.scanned).toBeGreaterThan(0.99 * mib * MIB);
  expect(audit.coverage.bytes.scanned).toBeLessThanOrEqual(mib * MIB);
  expect(audit.coverage.complete).toBe(true);
  expect(exitCodes).toEqual(Array.from({ length: workers }, () => 0));
});

test('an audit that is interrupted leaves no worker', async () => {
  const path = image(48);
  const stop = new AbortController();
  const { audit, exitCodes } = await watched(path, {
    threads: 3,
    signal: stop.signal,
    onProgress: ({ doneBytes }) => doneBytes > 30 * MIB && stop.abort(),
  });
  expect(audit.interrupted).toBe(true);
  expect(exitCodes).toEqual([0, 0]);
});
