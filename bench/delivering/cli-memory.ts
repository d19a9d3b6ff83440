/** The most memory that the program itself holds, as a process of its own that asks the simulator over HTTP. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startSim } from '../../src/sim/api.ts';
import type { Emit } from '../figure.ts';
import { BUILDER, configOf, fleetOf, HOME, worldOf } from './fleet.ts';

const ACCOUNTS = 100;
const REGIONS = 5;
/** What takes AWS minutes takes seconds. */
const SPEED = 600;
/** Told by the process itself when it ends. */
const PEAK = new URL('../peak-memory.ts', import.meta.url).href;
const TELL = `data:text/javascript,import{peakMiB}from'${PEAK}';process.on('exit',()=>process.stderr.write('\\npeakMiB='+peakMiB()))`;

export async function benchCliMemory(emit: Emit): Promise<void> {
  const fleet = fleetOf(ACCOUNTS, REGIONS);
  const world = worldOf(fleet);
  const [image = ''] = world.regions.get(HOME)?.ec2.images.keys() ?? [];
  const sim = await startSim({ port: 0, speed: SPEED, world: () => world });
  const dir = await mkdtemp(join(tmpdir(), 'amiport-bench-'));
  const config = join(dir, 'amiport.yaml');
  await writeFile(config, configOf(fleet, 'shared-encrypted', image));
  const env = { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test', AMIPORT_ENDPOINT: sim.server?.url ?? '' };
  const bareMiB = await peakMiB({}, '--version');
  for (const args of [['plan'], ['apply', '--yes'], ['verify'], ['status']]) {
    const value = await peakMiB(env, ...args, '--config', config, '--json');
    emit({
      bench: 'deliver',
      figure: `CLI ${args[0]} of ${ACCOUNTS} x ${REGIONS}, peak memory`,
      value,
      unit: 'MiB',
      target: '',
      holds: true,
      baseline: `shared-encrypted, over HTTP; amiport --version: ${Math.round(bareMiB)} MiB`,
    });
  }
  await sim.close();
  await rm(dir, { recursive: true });
}

function peakMiB(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<number> {
  const own = ['--disable-warning=ExperimentalWarning', '--import', TELL, resolve('src/cli/main.ts')];
  const child = spawn(process.execPath, [...own, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const chunks: string[] = [];
  child.stderr.on('data', (c) => chunks.push(String(c)));
  return new Promise((done, fail) =>
    child.on('close', (code) => {
      const [, mib] = /peakMiB=([\d.]+)$/.exec(chunks.join('')) ?? [];
      if (code === 0 && mib !== undefined) done(Number(mib));
      else fail(new Error(`amiport ${args[0]} ended with ${code}: ${chunks.join('').slice(-500)}`));
    }),
  );
}
