/** drift, retire and rollback as a shell sees them, over one delivery of two versions to a simulator on HTTP. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { simulatedClock } from '../../src/app/api.ts';
import { BUILDER, setStage } from '../../src/cli/demo/stage.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { bakedImage, configOf } from '../deliver/stage.ts';
import { runCli } from './run-cli.ts';
import { problemsOf } from './shapes.ts';

let sim: Sim | undefined;
afterAll(() => sim?.close());

test('two versions: no drift, the older one retires, a run is rolled back', async () => {
  sim = await startSim({ port: 0, speed: 2_000 });
  const url = sim.server?.url ?? '';
  const env = { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test', AMIPORT_ENDPOINT: url };
  const stage = await setStage({ endpoint: url }, await simulatedClock(url));
  const config = join(mkdtempSync(join(tmpdir(), 'amiport-fleet-')), 'amiport.yaml');
  const cli = async (...words: string[]) => runCli([...words, '--config', config, '--quiet'], env);
  const versions: string[] = [];
  for (const name of ['one', 'two']) {
    const image = await bakedImage(stage, stage.builder, name);
    versions.push(image);
    writeFileSync(config, configOf({ kubernetes: image }, { extra: ', keep: { versions: 1 }' }));
    expect((await cli('apply', '--yes')).code).toBe(0);
  }
  expect(await cli('drift')).toMatchObject({
    code: 0,
    out: expect.stringContaining('Everything is as the config wants it'),
  });
  expect(await cli('retire', 'vod')).toMatchObject({ code: 2, err: expect.stringContaining('there is no image vod') });
  const dry = await cli('retire', '--dry-run');
  expect([dry.code, dry.out.match(/disable ami-/g)?.length]).toEqual([0, 2]);
  const run = /Last run (\S+),/.exec((await cli('status')).out)?.[1] ?? '';
  expect((await cli('rollback', 'none', '--yes')).code).toBe(2);
  const back = await cli('rollback', run, '--yes');
  expect([back.code, back.out]).toEqual([0, expect.stringContaining('so the next apply goes forward again')]);
  expect(await cli('drift')).toMatchObject({ code: 3, out: expect.stringContaining('amiport apply mends 4') });
  expect((await cli('apply', '--yes')).code).toBe(0);
  const [old = '', now = ''] = versions;
  expect(await cli('retire', '--emergency', 'kubernetes')).toMatchObject({
    code: 2,
    err: expect.stringContaining('takes an image and the source AMI'),
  });
  expect(await cli('retire', '--emergency', 'kubernetes', 'ami-0')).toMatchObject({
    code: 2,
    err: expect.stringContaining('has no version ami-0'),
  });
  const end = await cli('retire', '--emergency', 'kubernetes', now, '--dry-run');
  expect([end.code, end.out.match(/disable ami-/g)?.length, end.out]).toEqual([0, 2, expect.stringContaining(old)]);
  const shape = await cli('retire', '--emergency', 'kubernetes', now, '--dry-run', '--json');
  expect(problemsOf('plan', JSON.parse(shape.out))).toEqual([]);
  expect((await cli('retire', '--now', '--yes')).out).toContain('4 steps done');
  expect((await cli('drift')).code).toBe(0);
  // The older version is gone for good by now.
  const nothing = await cli('retire', '--emergency', 'kubernetes', now, '--yes');
  expect([nothing.code, nothing.err]).toEqual([1, expect.stringContaining('--force disables this one all the same')]);
  const ended = await cli('retire', '--emergency', 'kubernetes', now, '--force', '--yes');
  expect([ended.code, ended.out]).toEqual([0, expect.stringContaining('2 steps done')]);
  const next = await cli('plan');
  expect(`${next.out}${next.err}`).toContain('was withdrawn at');
  const told = JSON.parse((await cli('report', '--json')).out) as { runs: { command: string }[] };
  expect(told.runs.map((r) => r.command)).toEqual([`retire --emergency kubernetes ${now}`]);
}, 120_000);
