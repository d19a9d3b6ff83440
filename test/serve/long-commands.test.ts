/** Audits, reports and rotations through a server: the words of the command line, the work and the journals of the server. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulate } from '../../src/cli/simulate.ts';
import { placesTold } from '../../src/serve/run-reports.ts';
import type { Service } from '../../src/serve/service.ts';
import { makeToken } from '../../src/serve/tokens.ts';
import { runCli } from '../cli/run-cli.ts';
import { problemsOf } from '../cli/shapes.ts';
import { BUILDER, bakedImage, FIRST, HOME, OTHER } from '../deliver/stage.ts';
import { amiport, type ServiceStage, service, serviceStage } from './service-stage.ts';

/** Twice ten minutes of settling pass in a second. */
const SPEED = 1_200;
let at: ServiceStage;
let server: Service;
let token: string;
let mayApply: string;

beforeAll(async () => {
  at = await serviceStage(SPEED);
  const folder = join(mkdtempSync(join(tmpdir(), 'amiport-long-')), 'database');
  server = await service(at, { database: { folder }, simulate });
  token = server.token ?? '';
  mayApply = (await makeToken(server.core.db, { name: 'apply', role: 'apply' }, 'test')).token;
}, 60_000);
afterAll(async () => {
  await server.close();
  await at.sim.close();
});

const local = (...args: string[]) =>
  runCli([...args, '--config', join(at.dir, 'bedrock.yaml'), '--endpoint', at.endpoint], at.env);
const through = (...args: string[]) => runCli([...args, '--server', server.url], { AMIPORT_TOKEN: token });
const bothSay = async (...args: string[]) => {
  const there = await through(...args);
  expect(there).toEqual(await local(...args));
  return there;
};

async function setSpeed(speed: number): Promise<void> {
  const headers = { 'x-amiport-token': at.sim.server?.token ?? '' };
  const said = await fetch(`${at.endpoint}/_amiport/speed`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ speed }),
  });
  expect(said.status).toBe(200);
}

/** Of every key of the delivery, oldest first. */
const keyStates = (region: string): readonly string[] =>
  [...(at.sim.world.accounts.get(BUILDER)?.places.get(region)?.kms.keys.values() ?? [])]
    .filter((k) => k.tags.get('amiport:delivery') === 'bedrock')
    .map((k) => k.state);

test('a part of the delivery, a deadline, and then the rest', async () => {
  await bothSay('plan', '--only', '222222222222', '--json');
  await bothSay('plan', '--only', 'nobody');
  // A copy takes longer than a minute.
  await setSpeed(60);
  const late = await through('apply', '--yes', '--deadline', '1s');
  await setSpeed(SPEED);
  expect([late.code, late.err]).toEqual([
    1,
    expect.stringContaining('the deadline has come: nothing more was started'),
  ]);
  const refused = await through('apply', '--yes', '--max-parallel', '3');
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('a server sets its own limits') });
  expect(await through('apply', '--yes', '--except', '333333333333')).toMatchObject({ code: 0 });
  const rest = await through('plan', '--json');
  const { steps } = JSON.parse(rest.out) as { steps: { account: string }[] };
  expect(steps.some((step) => step.account === '333333333333')).toBe(true);
  expect(steps.every((step) => ['333333333333', BUILDER].includes(step.account))).toBe(true);
  expect(await through('apply', '--yes')).toMatchObject({ code: 0 });
}, 120_000);

test('a report tells what workers did, with the ids of their calls and who asked', async () => {
  const { code, out } = await through('report', '--json');
  expect([code, problemsOf('report', JSON.parse(out))]).toEqual([0, []]);
  const { runs } = JSON.parse(out) as { runs: { command: string; reason: string; end: string; steps: Step[] }[] };
  expect(runs.map((r) => [r.command, r.reason.split(':')[0], r.end])).toEqual([
    ['apply', 'asked of the server by token', 'complete'],
  ]);
  const shared = runs[0]?.steps.find((s) => s.id.startsWith('share-image'));
  expect(shared?.requests).toEqual([
    { action: 'ec2:ModifyImageAttribute', requestId: expect.any(String), at: expect.any(String) },
  ]);
  for (const step of runs[0]?.steps ?? []) expect([step.id, step.result]).toEqual([step.id, 'done']);
  const page = await through('report', '--html', '--verify');
  expect(page.out).toContain('asked of the server by token');
  expect(await through('report', '2020-01-01T00-00-00-000Z-abcdef12')).toMatchObject({ code: 2 });
});

interface Step {
  readonly id: string;
  readonly result: string;
  readonly requests: readonly object[];
}

test('an audit reads the disks at the server, says what it says here, and sends no hash of a secret', async () => {
  // Two at once: one is done, the other is told that the server is at it.
  const both = await Promise.all([through('audit', 'kubernetes'), through('audit', 'kubernetes')]);
  const isRefused = ({ err }: { err: string }) => err.includes('the server is at another audit');
  expect(both.filter(isRefused).map((r) => r.code)).toEqual([1]);
  const said = both.find((r) => !isRefused(r)) ?? both[0];
  const here = await local('audit', 'kubernetes');
  // Here all was read there already.
  const words = ({ out }: { out: string }) => out.split('\n').at(-2);
  expect([said.code, words(said)]).toEqual([here.code, words(here)]);
  const { code, out } = await through('audit', 'kubernetes', '--json');
  expect([code, problemsOf('audit', JSON.parse(out))]).toEqual([said.code, []]);
  expect(out).not.toContain('"sha256"');
  expect(await through('audit', 'nothing')).toMatchObject({ code: 2 });
  const threads = await through('audit', 'kubernetes', '--threads', '2');
  expect(threads).toMatchObject({ code: 2, err: expect.stringContaining('leave --threads out') });
});

test('a rotation of key material, looked at and carried out', async () => {
  await bothSay('rotate', '--scheduled', '--dry-run', '--json');
  await bothSay('rotate', 'nobody', '--scheduled');
  await bothSay('rotate', '222222222222', '--scheduled');
  const renewed = await through('rotate', '--scheduled', '--now', '--yes');
  expect(renewed).toMatchObject({ code: 0, out: expect.stringMatching(/1 step done\.\n$/) });
});

test('a leaked key is rotated through the server to the watch, reported, and taken back', async () => {
  await bothSay('rotate', 'nobody', '--leaked', '--dry-run');
  const shown = await through('rotate', '--leaked', '--dry-run');
  expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('Next phase: mark') });
  const refused = await runCli(['rotate', '--leaked', '--yes', '--server', server.url], { AMIPORT_TOKEN: mayApply });
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('this needs the role admin') });
  expect(keyStates(HOME)).toEqual(['Enabled']);
  const rotated = await through('rotate', '--leaked', '--yes', '--reason', 'the policy was open');
  expect([rotated.code, rotated.out]).toEqual([0, expect.stringContaining('The old key is disabled in every Region')]);
  for (const region of [HOME, OTHER]) expect(keyStates(region)).toEqual(['Disabled', 'Enabled']);
  const { out } = await through('report', '--rotation', '--json');
  const { runs } = JSON.parse(out) as { runs: { command: string; reason?: string }[] };
  expect(runs.map((r) => r.command)).toEqual(
    ['mark', 'deliver', 'moved', 'close', 'closed', 'withdraw', 'disable', 'disable'].map(
      (p) => `rotate --leaked: ${p}`,
    ),
  );
  expect(runs[0]?.reason).toBe('the policy was open');
  const back = await through('rotate', '--leaked', '--back', '--yes', '--json');
  expect([back.code, problemsOf('rotate', JSON.parse(back.out))]).toEqual([0, []]);
  for (const region of [HOME, OTHER]) expect(keyStates(region)).toEqual(['Enabled', 'Disabled']);
  const audit = await through('server', 'audit', '--json');
  const { audit: rows } = JSON.parse(audit.out) as { audit: { did: string; outcome: string }[] };
  expect(rows.some((r) => r.did === 'rotation-carry' && r.outcome === 'refused')).toBe(true);
  expect(rows.filter((r) => r.did === 'rotation-carry' && r.outcome === 'accepted').length).toBeGreaterThan(8);
}, 120_000);

test('a drill at the server says how long a rotation would take', async () => {
  const { code, out } = await through('rotate', '--leaked', '--drill', '--json');
  expect(code).toBe(0);
  const { drill } = JSON.parse(out) as { drill: { phases: { phase: string }[]; notProven: unknown[] } };
  expect([drill.phases.length > 5, drill.notProven]).toEqual([true, []]);
}, 120_000);

const configFile = () => join(at.dir, 'bedrock.yaml');
const lastRun = async (): Promise<string> => {
  const { out } = await through('report', '--json');
  return (JSON.parse(out) as { runs: { run: string }[] }).runs[0]?.run ?? '';
};
const current = (): string | undefined =>
  at.sim.world.accounts.get(FIRST)?.places.get(HOME)?.ssm.parameters.get('/golden/kubernetes/current')?.versions.at(-1)
    ?.value;

test('a version is rolled back, and ended, through the server', async () => {
  const before = current();
  const first = readFileSync(configFile(), 'utf8');
  const source = await bakedImage(at.stage, at.stage.builder, 'golden-2');
  writeFileSync(configFile(), first.replace(/ami-[0-9a-f]+/, source));
  expect(await through('apply', '--yes')).toMatchObject({ code: 0 });
  const moved = current();
  expect(moved).not.toBe(before);
  expect(await through('rollback', await lastRun(), '--yes')).toMatchObject({ code: 0 });
  expect(current()).toBe(before);
  writeFileSync(configFile(), first);
  const ended = await through('retire', '--emergency', 'kubernetes', source, '--yes', '--force');
  expect([ended.code, ended.out]).toEqual([0, expect.stringMatching(/steps? done\.\n$/)]);
  expect(at.sim.world.regions.get(HOME)?.ec2.images.get(moved ?? '')?.state).toBe('disabled');
}, 120_000);

test('what is in an account that was taken out of the config is left, as the runs of workers tell', async () => {
  const whole = readFileSync(configFile(), 'utf8');
  writeFileSync(configFile(), whole.replace(/ {2}- \{ id: "333333333333".*\n/, ''));
  expect((await placesTold(server.core.db, 'bedrock')).map((p) => `${p.account}/${p.region}`)).toEqual(
    expect.arrayContaining([`333333333333/${HOME}`, `333333333333/${OTHER}`]),
  );
  const { out } = await through('left', '--json');
  writeFileSync(configFile(), whole);
  const { resources } = JSON.parse(out) as { resources: { account: string; kind: string; orphan: boolean }[] };
  const theirs = resources.filter((r) => r.account === '333333333333');
  expect([...new Set(theirs.map((r) => `${r.kind} ${r.orphan}`))]).toContain('parameter true');
});

test('a server that is killed in the middle of a phase: the same command goes on at the next one', async () => {
  const other = await serviceStage(SPEED);
  const serve = async () => {
    const child = amiport(
      other,
      {},
      'serve',
      '--deliveries',
      other.dir,
      '--endpoint',
      other.endpoint,
      '--port',
      '0',
      '--auth',
      'none',
      '--json',
    );
    for (let i = 0; i < 600 && !child.out().includes('"url"'); i++) await new Promise((r) => setTimeout(r, 100));
    const { url } = JSON.parse(
      child
        .out()
        .split('\n')
        .find((l) => l.includes('"url":"http')) ?? '{}',
    ) as { url: string };
    return { child, url };
  };
  const first = await serve();
  expect(await runCli(['apply', '--yes', '--server', first.url], {})).toMatchObject({ code: 0 });
  const killing = runCli(['rotate', '--leaked', '--yes', '--server', first.url], {});
  const copies = () =>
    JSON.stringify(
      [...(other.sim.world.regions.get(OTHER)?.ec2.images.values() ?? [])].map((i) => i.tags.get('amiport:step')),
    );
  const before = copies();
  for (let i = 0; i < 3_000 && copies() === before; i++) await new Promise((r) => setTimeout(r, 20));
  first.child.process.kill('SIGKILL');
  expect(await killing).toMatchObject({ code: 1, err: expect.stringContaining('cannot be asked') });
  await first.child.ended;
  const second = await serve();
  const last = await runCli(['rotate', '--leaked', '--yes', '--server', second.url], {});
  expect([last.code, last.out]).toEqual([0, expect.stringContaining('The old key is disabled in every Region')]);
  for (const region of [HOME, OTHER]) {
    const images = [...(other.sim.world.regions.get(region)?.ec2.images.values() ?? [])].filter(
      (i) => i.tags.get('amiport:step') === 'copy',
    );
    expect(images.map((i) => i.state).toSorted()).toEqual(['available', 'disabled']);
  }
  second.child.process.kill('SIGTERM');
  await second.child.ended;
  expect(readFileSync(join(other.dir, 'bedrock.yaml'), 'utf8')).toContain('delivery: bedrock');
  await other.sim.close();
}, 180_000);
