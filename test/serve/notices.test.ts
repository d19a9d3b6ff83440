/** Who is told by the service: of the end of a run by a worker, of drift by the clock, each once. */
import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Schedules } from '../../src/serve/schedules.ts';
import type { Service } from '../../src/serve/service.ts';
import { runCli } from '../cli/run-cli.ts';
import { BUILDER, FIRST, HOME, must } from '../deliver/stage.ts';
import { type ServiceStage, service, serviceStage } from './service-stage.ts';

const TOPIC = `arn:aws:sns:${HOME}:${BUILDER}:images`;
let at: ServiceStage;
let server: Service;

beforeAll(async () => {
  at = await serviceStage(1_000);
  appendFileSync(join(at.dir, 'bedrock.yaml'), `notify: { topic: "${TOPIC}" }\n`);
  await must(at.stage.builder.send('sns', HOME, 'CreateTopic', { Name: 'images' }));
  server = await service(at, { database: { folder: join(mkdtempSync(join(tmpdir(), 'amiport-told-')), 'database') } });
}, 60_000);
afterAll(async () => {
  await server.close();
  await at.sim.close();
});

const told = async (): Promise<readonly { readonly subject: string; readonly body: string }[]> => {
  const { url, token } = at.sim.server ?? {};
  const answer = await fetch(`${url}/_amiport/received`, { headers: { 'x-amiport-token': token ?? '' } });
  const { received } = (await answer.json()) as { received: Record<string, { subject: string; body: string }[]> };
  return received[TOPIC] ?? [];
};

test('a worker tells how a run ended, the schedule what drifted since, and neither tells twice', async () => {
  const args = ['apply', '--yes', '--server', server.url];
  const run = await runCli(args, { AMIPORT_TOKEN: server.token ?? '' });
  expect(run.out).toMatch(/27 steps done/);
  await vi.waitFor(async () => expect(await told()).toHaveLength(1), 10_000);
  expect(JSON.parse((await told())[0]?.body ?? '')).toMatchObject({ event: 'delivered', done: 27, failed: [] });
  const schedules = new Schedules(server.core, { driftEveryMs: 1, keepRunsDays: 1 });
  const parameter = { Name: '/golden/kubernetes/current' };
  await must(at.stage.first.send('ssm', HOME, 'DeleteParameter', parameter));
  for (let i = 0; i < 3; i++) {
    await server.core.db.query(`update amiport.due set at = now() - interval '1 second' where what = 'drift'`);
    await schedules.tick();
  }
  await vi.waitFor(async () =>
    expect((await told()).map((t) => t.subject).slice(1)).toEqual(['amiport: bedrock drift']),
  );
  expect((await told())[1]?.body).toContain(FIRST);
}, 60_000);
