/** Who is told by the service: of the end of a run by a worker, of drift by the clock, each once. */
import { appendFileSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readRuns as runJournals } from '../../src/run/journal.ts';
import { Schedules } from '../../src/serve/schedules.ts';
import type { Service } from '../../src/serve/service.ts';
import { makeToken } from '../../src/serve/tokens.ts';
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

test('a version that no audit has seen is audited by the clock, once', async () => {
  const file = join(at.dir, 'bedrock.yaml');
  appendFileSync(file, 'policy: { secrets: { block: [high] } }\n');
  const schedules = new Schedules(server.core, { driftEveryMs: 3_600_000, keepRunsDays: 1 });
  const kept = () => readdirSync(join(at.dir, '.amiport', 'audits')).filter((name) => name.startsWith('ami-'));
  const look = async () => {
    await server.core.db.query(`update amiport.due set at = now() - interval '1 second' where what = 'audit'`);
    await schedules.tick();
    // The server's own schedules may have been quicker, and are still at it.
    return vi.waitFor(async () => {
      const found = await server.core.db.query<{ body: object }>(
        `select body from amiport.finding where what = 'audit'`,
      );
      expect(found).toHaveLength(1);
      return found;
    }, 20_000);
  };
  await schedules.tick();
  const [found] = await look();
  expect(found?.body).toMatchObject({
    withFindings: 0,
    unreadable: 0,
    news: [expect.stringMatching(/^kubernetes ami-.*: clean$/)],
  });
  const first = kept();
  expect(first).toHaveLength(1);
  expect(await look()).toEqual([found]);
  expect(kept()).toEqual(first);
}, 60_000);

test('a version is ended at once through the server, by administrators only, under the lease and with a journal', async () => {
  const images = () => [...(at.sim.world.regions.get(HOME)?.ec2.images.values() ?? [])];
  const copy = images().find((i) => i.tags.get('amiport:step') === 'copy');
  const version = copy?.tags.get('amiport:version') ?? '';
  const { token } = await makeToken(server.core.db, { name: 'a', role: 'apply' }, 'test');
  const end = (as: string) =>
    runCli(['retire', '--emergency', 'kubernetes', version, '--force', '--yes', '--server', server.url], {
      AMIPORT_TOKEN: as,
    });
  expect(await end(token)).toMatchObject({ code: 1, err: expect.stringContaining('needs the role admin') });
  expect(images().find((i) => i.imageId === copy?.imageId)?.state).toBe('available');
  const ended = await end(server.token ?? '');
  expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('steps done') });
  expect(images().find((i) => i.imageId === copy?.imageId)?.state).toBe('disabled');
  expect((await runJournals(join(at.dir, '.amiport'))).at(-1)?.records[0]).toMatchObject({ command: 'emergency' });
}, 60_000);
