/** A delivery on a simulator over HTTP, and the service for it: in this process, or as the processes that a user starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { simulatedClock } from '../../src/app/api.ts';
import { BUILDER, type Stage, setStage } from '../../src/cli/demo/stage.ts';
import type { CoreOptions } from '../../src/serve/core.ts';
import { makeLog } from '../../src/serve/log.ts';
import { type ServeOptions, type Service, startService } from '../../src/serve/service.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import type { FaultRule } from '../../src/sim/faults/rules.ts';
import { bakedImage, configOf } from '../deliver/stage.ts';

export interface ServiceStage {
  readonly sim: Sim;
  readonly stage: Stage;
  readonly endpoint: string;
  /** The folder of configs: bedrock.yaml. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function serviceStage(speed: number, faults: readonly FaultRule[] = []): Promise<ServiceStage> {
  const sim = await startSim({ port: 0, speed, faults });
  const endpoint = sim.server?.url ?? '';
  const stage = await setStage({ endpoint }, await simulatedClock(endpoint));
  const dir = join(mkdtempSync(join(tmpdir(), 'amiport-service-')), 'deliveries');
  mkdirSync(dir);
  writeFileSync(join(dir, 'bedrock.yaml'), configOf({ kubernetes: await bakedImage(stage, stage.builder, 'golden') }));
  const env = { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test' };
  return { sim, stage, endpoint, dir, env };
}

const HOUR_MS = 3_600_000;

/** In this process. @param logged gets every line of the log */
export async function service(
  at: ServiceStage,
  more: Partial<ServeOptions> & Pick<CoreOptions, 'database'>,
  logged: (line: string) => void = () => {},
): Promise<Service> {
  const started = await startService({
    deliveries: { dir: at.dir, env: at.env, endpoint: at.endpoint },
    slots: 16,
    log: makeLog('info', logged),
    host: '127.0.0.1',
    port: 0,
    auth: { mode: 'token' },
    builds: false,
    schedules: { driftEveryMs: HOUR_MS, keepRunsDays: 1 },
    ...more,
  });
  if (!started.ok) throw new Error(started.reason.says);
  return started.value;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string }>;
  /** What it has printed so far. */
  out(): string;
}

/** The CLI as a process of its own. */
export function amiport(at: ServiceStage, env: Readonly<Record<string, string>>, ...args: readonly string[]): Child {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve('src/cli/main.ts'), ...args],
    { env: { PATH: process.env.PATH, HOME: at.dir, ...at.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (c) => chunks.push(String(c)));
  const out = () => chunks.join('');
  const ended = new Promise<{ code: number | null; out: string }>((done) =>
    child.on('close', (code) => done({ code, out: out() })),
  );
  return { process: child, ended, out };
}

export const worker = (at: ServiceStage, url: string): Child =>
  amiport(at, { AMIPORT_DATABASE_URL: url }, 'worker', '--deliveries', at.dir, '--endpoint', at.endpoint);
