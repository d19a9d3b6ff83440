/** A bystander with Debian's AWS CLI sees of a rotation what its report says. */
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { simulatedClock } from '../../src/app/api.ts';
import { BUILDER, FIRST, HOME, setStage } from '../../src/cli/demo/stage.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { runCli } from '../cli/run-cli.ts';
import { bakedImage, configOf } from '../deliver/stage.ts';

const AWS_CLI = process.env.AMIPORT_AWS_CLI ?? '/usr/bin/aws';
let sim: Sim | undefined;
afterAll(() => sim?.close());

interface Key {
  readonly KeyMetadata: { readonly Arn: string; readonly KeyState: string };
}
interface Described {
  readonly Images: readonly { readonly ImageId: string; readonly State: string }[];
}
interface Told {
  readonly runs: readonly { readonly steps: readonly { readonly id: string; readonly says?: string }[] }[];
}

test('keys, images and pointers are as the report says, and an old image is refused plainly', async () => {
  sim = await startSim({ port: 0, speed: 2_000 });
  const url = sim.server?.url ?? '';
  const aws = <T>(account: string, ...words: string[]): Promise<T> =>
    new Promise((resolve, reject) => {
      const env = {
        PATH: process.env.PATH,
        HOME: tmpdir(),
        AWS_ACCESS_KEY_ID: account,
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_DEFAULT_REGION: HOME,
        AWS_PAGER: '',
      };
      execFile(AWS_CLI, [...words, '--endpoint-url', url, '--output', 'json'], { env }, (error, out, err) =>
        error
          ? reject(new Error(err.trim() || error.message))
          : resolve((out.trim() === '' ? {} : JSON.parse(out)) as T),
      );
    });
  const stage = await setStage({ endpoint: url }, await simulatedClock(url));
  const config = join(mkdtempSync(join(tmpdir(), 'amiport-bystander-')), 'amiport.yaml');
  const env = { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test', AMIPORT_ENDPOINT: url };
  const cli = (...words: string[]) => runCli([...words, '--config', config, '--quiet'], env);
  writeFileSync(config, configOf({ kubernetes: await bakedImage(stage, stage.builder, 'golden') }));
  expect((await cli('apply', '--yes')).code).toBe(0);
  const old = await aws<Key>(BUILDER, 'kms', 'describe-key', '--key-id', 'alias/amiport-images');
  const shared = await aws<Described>(FIRST, 'ec2', 'describe-images', '--owners', BUILDER);
  expect((await cli('rotate', '--leaked', '--yes')).code).toBe(0);
  const told = JSON.parse((await cli('report', '--rotation', '--json')).out) as Told;
  const steps = told.runs.flatMap((r) => r.steps);
  const is = await aws<Key>(BUILDER, 'kms', 'describe-key', '--key-id', old.KeyMetadata.Arn);
  expect(is.KeyMetadata.KeyState).toBe('Disabled');
  expect(steps.map((s) => s.id)).toContain(`disable-key:${HOME}:${old.KeyMetadata.Arn.split('/')[1]}`);
  const now = await aws<Key>(BUILDER, 'kms', 'describe-key', '--key-id', 'alias/amiport-images');
  expect([now.KeyMetadata.KeyState, now.KeyMetadata.Arn === old.KeyMetadata.Arn]).toEqual(['Enabled', false]);
  const copy = steps.find((s) => s.id.startsWith('copy-image:') && s.id.endsWith(HOME))?.says;
  const visible = await aws<Described>(FIRST, 'ec2', 'describe-images', '--owners', BUILDER);
  expect(visible.Images.map((i) => i.ImageId)).toEqual([copy]);
  const parameter = await aws<{ Parameter: { Value: string } }>(
    FIRST,
    'ssm',
    'get-parameter',
    '--name',
    '/golden/kubernetes/current',
  );
  expect(parameter.Parameter.Value).toBe(copy);
  const former = shared.Images[0]?.ImageId ?? '';
  await expect(aws(FIRST, 'ec2', 'run-instances', '--image-id', former, '--instance-type', 't3.micro')).rejects.toThrow(
    `Not authorized for images: [${former}]`,
  );
}, 120_000);
