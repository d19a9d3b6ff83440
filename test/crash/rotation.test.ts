/** One rotation, whose process is killed in every phase: whoever comes next goes on, and nobody's launch fails meanwhile. */
import { afterEach, expect, test } from 'vitest';
import { BUILDER, HOME, must, OTHER } from '../deliver/stage.ts';
import { amiport, type CrashStage, crashStage, stopWhen } from './killed-apply.ts';

/** Twice ten minutes of settling pass in a second. */
const SPEED = 1_200;
const REGIONS = [HOME, OTHER];

let at: CrashStage | undefined;
afterEach(() => at?.close());

/** In the order in which a rotation comes by them. */
const MOMENTS = [
  { phase: 'the key is being marked', shows: /"kind":"started","step":"tag-key/ },
  { phase: 'its successor is there', shows: /"kind":"done","step":"create-key/ },
  { phase: 'a copy was asked for', shows: /"kind":"started","step":"copy-image/ },
  { phase: 'a pointer is being moved', shows: /"kind":"started","step":"put-parameter/ },
  { phase: 'an old image is being closed', shows: /"kind":"started","step":"disable-image/ },
  { phase: 'a grant is being revoked', shows: /"kind":"started","step":"revoke-grant/ },
  { phase: 'one of the keys is disabled', shows: /"kind":"done","step":"disable-key/ },
];

async function launchesThatFail({ stage }: CrashStage): Promise<readonly string[]> {
  const against: string[] = [];
  for (const of of [stage.first, stage.second])
    for (const region of REGIONS) {
      const name = { Name: '/golden/kubernetes/current' };
      const found = await must(of.send<{ Parameter: { Value: string } }>('ssm', region, 'GetParameter', name));
      const input = { ImageId: found.Parameter.Value, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
      const role = `arn:aws:iam::${of.account}:role/Launcher`;
      const run = await must(
        of.send<{ Instances: { InstanceId: string }[] }>('ec2', region, 'RunInstances', input, role),
      );
      const state = await settled(stage, of, region, run.Instances[0]?.InstanceId ?? '');
      if (state !== 'running') against.push(`${of.account}/${region} ${state}`);
    }
  return against;
}

interface Described {
  readonly Reservations: readonly { readonly Instances: readonly { readonly State: { readonly Name: string } }[] }[];
}

async function settled(
  { clock }: CrashStage['stage'],
  of: CrashStage['stage']['first'],
  region: string,
  id: string,
): Promise<string | undefined> {
  for (let looks = 0; looks < 100; looks++) {
    await clock.sleep(10_000);
    const seen = await must(of.send<Described>('ec2', region, 'DescribeInstances', { InstanceIds: [id] }));
    const state = seen.Reservations[0]?.Instances[0]?.State.Name;
    if (state !== 'pending') return state;
  }
  return 'pending';
}

/** Of every key of the delivery: its state; and of every copy its state and whether it is under the key that the alias names. */
const endOf = ({ sim: { world } }: CrashStage): readonly string[] =>
  REGIONS.flatMap((region) => {
    const kms = world.accounts.get(BUILDER)?.places.get(region)?.kms;
    const now = kms?.keys.get(kms.aliases.get('alias/amiport-images')?.targetKeyId ?? '');
    const ec2 = world.regions.get(region)?.ec2;
    const keys = [...(kms?.keys.values() ?? [])].filter((k) => k.tags.get('amiport:delivery') === 'bedrock');
    const copies = [...(ec2?.images.values() ?? [])].filter((i) => i.tags.get('amiport:step') === 'copy');
    return [
      ...keys.map((k) => `${k.arn === now?.arn ? 'new' : 'old'} key ${k.state}`),
      ...copies.map((i) => {
        const key = ec2?.snapshots.get(i.mappings[0]?.ebs?.snapshotId ?? '')?.kmsKeyId;
        return `copy under the ${key === now?.arn ? 'new' : 'old'} key ${i.state}`;
      }),
    ].toSorted();
  });

test('a rotation killed in every phase is gone on with, no launch fails, and nothing is made twice', async () => {
  at = await crashStage(SPEED);
  expect(await amiport(at, 'apply', '--yes').ended).toMatchObject({ code: 0 });
  for (const { phase, shows } of MOMENTS) {
    const killed = await stopWhen(at, shows, 'SIGKILL', 'rotate', '--leaked', '--yes');
    expect({ phase, signal: killed.signal, out: killed.signal === 'SIGKILL' ? '' : killed.out }).toEqual({
      phase,
      signal: 'SIGKILL',
      out: '',
    });
    expect({ phase, failed: await launchesThatFail(at) }).toEqual({ phase, failed: [] });
  }
  const last = await amiport(at, 'rotate', '--leaked', '--yes').ended;
  expect([last.code, last.out]).toEqual([0, expect.stringContaining('watch')]);
  expect(endOf(at)).toEqual(
    REGIONS.flatMap(() => [
      'copy under the new key available',
      'copy under the old key disabled',
      'new key Enabled',
      'old key Disabled',
    ]),
  );
  expect(await launchesThatFail(at)).toEqual([]);
  expect(await amiport(at, 'plan', '--detailed-exitcode').ended).toMatchObject({ code: 0 });
}, 180_000);
