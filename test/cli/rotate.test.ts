/** `rotate --leaked` as a shell sees it, over a delivery of two versions to a simulator on HTTP. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { simulatedClock } from '../../src/app/api.ts';
import { BUILDER, FIRST, HOME, must, type Stage, setStage } from '../../src/cli/demo/stage.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { bakedImage, configOf } from '../deliver/stage.ts';
import { runCli } from './run-cli.ts';
import { problemsOf } from './shapes.ts';

interface Reported {
  readonly runs: readonly {
    readonly command: string;
    readonly reason?: string;
    readonly as?: string;
    readonly steps: readonly { readonly requests: readonly object[] }[];
    readonly proofsBefore: { readonly canLaunch: number };
  }[];
  readonly proofsNow: object;
}

type Cli = (...words: string[]) => ReturnType<typeof runCli>;

/** An instance whose disk somebody put under the shared key: listed, moved by consent, reported. */
async function rehomes({ first, clock }: Stage, cli: Cli): Promise<void> {
  const name = { Name: '/golden/kubernetes/current' };
  const found = await must(first.send<{ Parameter: { Value: string } }>('ssm', HOME, 'GetParameter', name));
  const keys = JSON.parse((await cli('rotate', '--scheduled', '--json')).out) as { keys: { key: string }[] };
  const key = keys.keys[0]?.key ?? '';
  const Ebs = { Encrypted: true, KmsKeyId: key };
  const launch = { ImageId: found.Parameter.Value, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const BlockDeviceMappings = [{ DeviceName: '/dev/xvda', Ebs }];
  const role = `arn:aws:iam::${FIRST}:role/Launcher`;
  const input = { ...launch, BlockDeviceMappings };
  const run = await must(first.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', input, role));
  const id = run.Instances[0]?.InstanceId ?? '';
  await clock.sleep(300_000);
  const listed = await cli('status', '--volume-keys');
  expect([listed.code, listed.out]).toEqual([3, expect.stringContaining(`(${id}, running)`)]);
  expect(listed.out).toContain(key);
  const shape = JSON.parse((await cli('status', '--volume-keys', '--json')).out) as object;
  expect([problemsOf('volume-keys', shape), shape]).toMatchObject([[], { shared: [{ toldBy: 'account' }] }]);
  const runs = await cli('rehome', '--yes');
  expect([runs.code, `${runs.out}${runs.err}`]).toEqual([1, expect.stringContaining('say --stop')]);
  const ahead = await cli('rehome', '--stop', '--dry-run', '--json');
  expect([ahead.code, problemsOf('plan', JSON.parse(ahead.out))]).toEqual([0, []]);
  const moved = await cli('rehome', FIRST, '--stop', '--yes');
  expect([moved.code, moved.err]).toEqual([0, '']);
  expect((await cli('status', '--volume-keys')).code).toBe(3);
  expect((await cli('rehome', '--delete-old', '--yes')).code).toBe(0);
  expect((await cli('status', '--volume-keys')).code).toBe(0);
  const told = JSON.parse((await cli('report', '--json')).out) as Reported;
  expect(problemsOf('report', told)).toEqual([]);
  expect(told.runs[0]?.command).toBe('rehome');
  expect(told.runs[0]?.steps.every((s) => s.requests.length > 0)).toBe(true);
  await must(first.send('ec2', HOME, 'TerminateInstances', { InstanceIds: [id] }));
}

let sim: Sim | undefined;
afterAll(() => sim?.close());

test('a leaked key: shown, held by who is pinned, gone on with, taken back', async () => {
  sim = await startSim({ port: 0, speed: 2_000 });
  const url = sim.server?.url ?? '';
  const env = { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test', AMIPORT_ENDPOINT: url };
  const stage = await setStage({ endpoint: url }, await simulatedClock(url));
  const config = join(mkdtempSync(join(tmpdir(), 'amiport-rotate-')), 'amiport.yaml');
  const cli = async (...words: string[]) => runCli([...words, '--config', config, '--quiet'], env);
  const image = await bakedImage(stage, stage.builder, 'one');
  writeFileSync(config, configOf({ kubernetes: image }));
  expect((await cli('apply', '--yes')).code).toBe(0);

  expect(await cli('rotate')).toMatchObject({
    code: 2,
    err: expect.stringContaining('say what for: --leaked or --scheduled'),
  });
  for (const [chief, other] of [
    ['--scheduled', '--drill'],
    ['--back', '--drill'],
    ['--back', '--contain'],
    ['--leaked', '--now'],
  ] as const) {
    const words = chief === '--back' ? ['--leaked', chief] : [chief];
    expect(await cli('rotate', ...words, other, '--yes')).toMatchObject({
      code: 2,
      err: expect.stringContaining(`${other} does not go together with ${chief}`),
    });
  }
  expect(await cli('rotate', 'vod', '--leaked')).toMatchObject({
    code: 2,
    err: expect.stringContaining('vod is no key'),
  });
  expect(await cli('rotate', FIRST, '--scheduled', '--now', '--yes')).toMatchObject({
    code: 2,
    err: expect.stringContaining('aws kms enable-key-rotation'),
  });
  const volumes = await cli('status', '--volume-keys', '--json');
  expect([volumes.code, problemsOf('volume-keys', JSON.parse(volumes.out))]).toEqual([0, []]);
  expect((await cli('status', '--volume-keys')).out).toContain('none is under a key that other accounts can use');
  expect(await cli('rehome', '999999999999')).toMatchObject({ code: 2, err: expect.stringContaining('no account') });
  expect((await cli('rehome', '--yes')).code).toBe(0);
  await rehomes(stage, cli);
  const scheduled = await cli('rotate', '--scheduled');
  expect([scheduled.code, scheduled.out]).toEqual([0, expect.stringContaining('rotates every 365 days')]);
  expect((await cli('rotate', '--scheduled', '--now', '--yes')).out).toContain('1 step done');
  const materials = await cli('rotate', '--scheduled', '--json');
  expect(problemsOf('rotate', JSON.parse(materials.out))).toEqual([]);
  expect(JSON.parse(materials.out)).toMatchObject({
    keys: [
      {
        materials: [
          { by: 'creation', snapshots: [{}, {}] },
          { by: 'ON_DEMAND', snapshots: [] },
        ],
      },
    ],
  });
  const dry = await cli('rotate', 'alias/amiport-images', '--leaked', '--dry-run');
  expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('2 images in 2 Regions for 2 accounts')]);
  expect(dry.out).toContain('amiport:leaked=');
  const contain = await cli('rotate', '--leaked', '--contain', '--dry-run');
  expect(contain.out).toContain('4 statements and 2 grants of this delivery');
  expect(contain.out).toContain('parameter /golden/kubernetes/current');
  expect(contain.out).toContain('every launch from 2 images under it');
  const drill = await cli('rotate', '--leaked', '--drill');
  expect([drill.code, drill.out]).toEqual([
    0,
    expect.stringMatching(/It came to its end in 2\d\.\d min with \d+ calls/),
  ]);
  const mine = { LaunchTemplateName: 'keyed' };
  const keys = JSON.parse((await cli('rotate', '--scheduled', '--json')).out) as { keys: { key: string }[] };
  const BlockDeviceMappings = [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId: keys.keys[0]?.key } }];
  await must(
    stage.first.send('ec2', HOME, 'CreateLaunchTemplate', { ...mine, LaunchTemplateData: { BlockDeviceMappings } }),
  );
  const drilled = await cli('rotate', '--leaked', '--drill', '--json');
  expect([drilled.code, problemsOf('rotate', JSON.parse(drilled.out))]).toEqual([3, []]);
  const { census } = JSON.parse(drilled.out) as { census: { holds: { says: string }[] } };
  expect(census.holds.map((h) => h.says)).toEqual([
    `launch template keyed version 1 in ${FIRST}/${HOME} names the key that leaked for its volumes`,
  ]);
  await must(stage.first.send('ec2', HOME, 'DeleteLaunchTemplate', mine));
  const ahead = await cli('rotate', '--leaked', '--dry-run', '--json');
  expect(problemsOf('rotate', JSON.parse(ahead.out))).toEqual([]);
  expect(await cli('rotate', '--leaked')).toMatchObject({ code: 1, err: expect.stringContaining('no terminal') });

  const found = await must(
    stage.first.send<{ Parameter: { Value: string } }>('ssm', HOME, 'GetParameter', {
      Name: '/golden/kubernetes/current',
    }),
  );
  const theirs = { LaunchTemplateName: 'theirs' };
  const LaunchTemplateData = { ImageId: found.Parameter.Value, InstanceType: 't3.micro' };
  await must(stage.first.send('ec2', HOME, 'CreateLaunchTemplate', { ...theirs, LaunchTemplateData }));
  const held = await cli('rotate', '--leaked', '--yes', '--reason', 'it was open <for> a day');
  expect(held).toMatchObject({
    code: 3,
    err: expect.stringContaining(`launch-template theirs version 1 in ${FIRST}/${HOME}`),
  });
  await must(stage.first.send('ec2', HOME, 'DeleteLaunchTemplate', theirs));
  const on = await cli('rotate', '--leaked', '--yes');
  expect([on.code, on.out]).toEqual([0, expect.stringContaining('The old key is disabled in every Region')]);
  expect((await cli('verify')).code).toBe(0);
  expect((await cli('drift')).code).toBe(0);
  const told = await cli('report', '--rotation', '--verify', '--json');
  expect(problemsOf('report', JSON.parse(told.out))).toEqual([]);
  const { runs, proofsNow } = JSON.parse(told.out) as Reported;
  expect(runs.map((r) => r.command.replace('rotate --leaked: ', ''))).toEqual([
    'mark',
    'deliver',
    'moved',
    'close',
    'close',
    'closed',
    'withdraw',
    'disable',
    'disable',
  ]);
  expect([runs[0]?.reason, runs[0]?.as]).toEqual([
    'it was open <for> a day',
    expect.stringMatching(/assumed-role\/amiport/),
  ]);
  expect(runs[0]?.steps[0]?.requests[0]).toMatchObject({
    action: 'kms:TagResource',
    requestId: expect.stringMatching(/./),
  });
  expect([runs[0]?.proofsBefore.canLaunch, proofsNow]).toMatchObject([8, { canLaunch: 8, cannotLaunch: 0 }]);
  const page = await cli('report', '--rotation', '--html');
  expect(page.out).toContain('<h2 id="');
  // One file that says the same whenever it is asked for, and runs and loads nothing.
  expect(page.out).not.toMatch(/<for>|<script|<link|<img|\bsrc=|@import|url\(/);
  expect((await cli('report', '--rotation', '--html')).out).toBe(page.out);
  expect((await cli('report', '--rotation')).out).toContain('## rotate --leaked: deliver');
  expect((await cli('report', 'none')).code).toBe(2);
  const shown = await cli('rotate', '--leaked', '--dry-run', '--json');
  expect(problemsOf('rotate', JSON.parse(shown.out))).toEqual([]);
  const again = await cli('rotate', '--leaked', '--json', '--yes');
  expect(problemsOf('rotate', JSON.parse(again.out))).toEqual([]);
  expect(JSON.parse(again.out)).toMatchObject({ version: 1, phases: [], end: { is: 'watching', denied: [] } });
  const back = await cli('rotate', '--leaked', '--back', '--yes');
  expect([back.code, back.out]).toEqual([0, expect.stringContaining('The old key is disabled in every Region')]);
  expect((await cli('verify')).code).toBe(0);
  expect((await cli('drift')).code).toBe(0);
}, 120_000);
