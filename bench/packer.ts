/**
 * One image to 8 Regions, encrypted, for 20 accounts: by Packer alone, and by amiport with the same Packer as its builder; on
 * the same simulator over HTTP, at the same speed, with AWS's quotas. Time is the simulator's. `npm run -s bench -- packer`
 *
 * Packer copies and shares; it makes no keys, policies or grants, so it is given its keys, and what its copies are worth is
 * tried by launches. AMIPORT_PACKER names another binary.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type RawSender, rawSender, simulatedClock } from '../src/app/api.ts';
import type { Clock } from '../src/base/ports.ts';
import { startSim } from '../src/sim/api.ts';
import { BUILDER, configOf, fleetOf, HOME, worldOf } from './delivering/fleet.ts';
import type { Emit } from './figure.ts';

/** A real second is as long as the interval at which a builder looks at AWS. */
const SPEED = 15;
const FLEET = fleetOf(20, 8);

interface Side {
  readonly minutes: number;
  readonly calls: number;
  /** Places in which the account's own role launched it. */
  readonly launched: number;
}

export async function bench(emit: Emit): Promise<void> {
  const packer = await side(byPacker);
  const amiport = await side(byAmiport);
  const places = FLEET.accounts.length * FLEET.regions.length;
  const tell = (figure: string, value: number, unit: string, baseline: string, least?: number): void =>
    emit({
      bench: 'packer',
      figure,
      value,
      unit,
      target: least === undefined ? '' : `>= ${least}`,
      holds: least === undefined || value >= least,
      baseline,
    });
  const says = (s: Side): string => `${s.minutes.toFixed(1)} min, ${s.calls} calls, ${s.launched} of ${places} launch`;
  tell('Packer alone: time', packer.minutes, 'min', says(packer));
  tell('amiport: time', amiport.minutes, 'min', says(amiport));
  tell(
    'time, amiport to Packer',
    amiport.minutes / packer.minutes,
    'x',
    'grants settle in five minutes, which Packer makes none of',
  );
  tell(
    'calls, amiport to Packer',
    amiport.calls / packer.calls,
    'x',
    'keys, policies, grants, proofs and pointers among them',
  );
  tell('places that launch, Packer alone', packer.launched, 'places', `of ${places}`);
  tell('places that launch, amiport', amiport.launched, 'places', `of ${places}`, places);
}

interface Given {
  readonly url: string;
  readonly dir: string;
  readonly clock: Clock;
  readonly builder: RawSender;
}

async function side(work: (given: Given) => Promise<string>): Promise<Side> {
  const sim = await startSim({ port: 0, speed: SPEED, quotas: 'aws', world: () => worldOf(FLEET) });
  const counted = await counting(sim.server?.url ?? '');
  const clock = await simulatedClock(counted.url);
  const dir = await mkdtemp(join(tmpdir(), 'amiport-packer-'));
  const builder = rawSender({ endpoint: sim.server?.url ?? '' }, BUILDER, clock);
  try {
    const beganMs = sim.clock.nowMs();
    const name = await work({ url: counted.url, dir, clock, builder });
    const minutes = (sim.clock.nowMs() - beganMs) / 60_000;
    const { calls } = counted;
    return { minutes, calls, launched: await launches(sim.server?.url ?? '', clock, name) };
  } finally {
    counted.close();
    await sim.close();
    await rm(dir, { recursive: true, force: true });
  }
}

const template = (url: string, more: object): string =>
  JSON.stringify({
    variables: { aws_endpoint: url },
    builders: [
      {
        type: 'amazon-ebs',
        region: HOME,
        custom_endpoint_ec2: '{{user `aws_endpoint`}}',
        communicator: 'none',
        instance_type: 't3.small',
        ena_support: true,
        source_ami_filter: { owners: [BUILDER], most_recent: true, filters: { name: 'golden' } },
        ...more,
      },
    ],
  });

/** @returns the name of its images */
async function byPacker({ url, dir, builder }: Given): Promise<string> {
  const keys: Record<string, string> = {};
  for (const region of FLEET.regions) {
    const made = await must(builder.send<{ KeyMetadata: { Arn: string } }>('kms', region, 'CreateKey', {}));
    keys[region] = made.KeyMetadata.Arn;
  }
  const file = join(dir, 'golden.json');
  const copies = {
    ami_name: 'baked',
    encrypt_boot: true,
    kms_key_id: keys[HOME],
    ami_regions: FLEET.regions,
    region_kms_key_ids: keys,
    ami_users: FLEET.accounts,
  };
  await writeFile(file, template(url, copies));
  await run(process.env.AMIPORT_PACKER ?? 'packer', ['build', '-color=false', file], dir, url);
  return 'baked';
}

async function byAmiport({ url, dir }: Given): Promise<string> {
  await writeFile(join(dir, 'golden.json'), template(url, { ami_name: 'baked' }));
  const config = configOf(FLEET, 'shared-encrypted', '').replace('{ ami:  }', '{ packer: golden.json }');
  await writeFile(join(dir, 'amiport.yaml'), config);
  const words = ['--disable-warning=ExperimentalWarning', resolve('src/cli/main.ts'), 'deliver', '--yes', '--quiet'];
  await run(process.execPath, words, dir, url);
  return 'amiport/bench/golden/*';
}

function run(command: string, words: readonly string[], cwd: string, url: string): Promise<void> {
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    AMIPORT_ENDPOINT: url,
    AMIPORT_PACKER: process.env.AMIPORT_PACKER,
    AWS_ACCESS_KEY_ID: BUILDER,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_POLL_DELAY_SECONDS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CHECKPOINT_DISABLE: '1',
  };
  return new Promise((done, broken) =>
    execFile(command, words, { cwd, env, maxBuffer: 2 ** 26 }, (error, out, err) =>
      error === null ? done() : broken(new Error(`${command}: ${out}${err}`)),
    ),
  );
}

/** In every place, as the account's own role, of the copy that it sees there. @returns in how many it runs */
async function launches(endpoint: string, clock: Clock, name: string): Promise<number> {
  const begun: { readonly of: RawSender; readonly region: string; readonly id: string }[] = [];
  const Filters = [{ Name: 'name', Values: [name] }];
  for (const account of FLEET.accounts) {
    const of = rawSender({ endpoint }, account, clock);
    const role = `arn:aws:iam::${account}:role/Launcher`;
    for (const region of FLEET.regions) {
      const { Images } = await must(
        of.send<{ Images: { ImageId: string }[] }>('ec2', region, 'DescribeImages', { Filters }),
      );
      const input = { ImageId: Images[0]?.ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
      const ran = await of.send<{ Instances: { InstanceId: string }[] }>('ec2', region, 'RunInstances', input, role);
      if (ran.ok) begun.push({ of, region, id: ran.value.Instances[0]?.InstanceId ?? '' });
    }
  }
  await clock.sleep(60_000);
  let running = 0;
  for (const { of, region, id } of begun) {
    const InstanceIds = [id];
    const seen = await must(of.send<Described>('ec2', region, 'DescribeInstances', { InstanceIds }));
    if (seen.Reservations[0]?.Instances[0]?.State.Name === 'running') running += 1;
  }
  return running;
}

interface Described {
  readonly Reservations: readonly { readonly Instances: readonly { readonly State: { readonly Name: string } }[] }[];
}

async function must<T>(asked: Promise<{ ok: true; value: T } | { ok: false; reason: { says: string } }>): Promise<T> {
  const answer = await asked;
  if (!answer.ok) throw new Error(answer.reason.says);
  return answer.value;
}

interface Counting {
  readonly url: string;
  readonly calls: number;
  close(): void;
}

/** Passes everything on as it is, and counts; what a simulator is asked about itself does not count. */
async function counting(target: string): Promise<Counting> {
  let calls = 0;
  const { hostname: host, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith('/_amiport') !== true) calls += 1;
    const onward = request(
      { host, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get calls() {
      return calls;
    },
    close: () => server.close(),
  };
}
