/** A command in a process of its own against a simulator over HTTP, stopped at a moment that its journal names. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { simulatedClock } from '../../src/app/api.ts';
import { type Stage, setStage } from '../../src/cli/demo/stage.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { bakedImage, configOf } from '../deliver/stage.ts';

export interface CrashStage {
  readonly sim: Sim;
  readonly stage: Stage;
  readonly dir: string;
  /** PATH of the child; absent: this process's. */
  readonly path?: string;
  close(): Promise<void>;
}

const SPEED = 120;

export async function crashStage(speed = SPEED): Promise<CrashStage> {
  const sim = await startSim({ port: 0, speed });
  const endpoint = sim.server?.url ?? '';
  const stage = await setStage({ endpoint }, await simulatedClock(endpoint));
  const dir = await mkdtemp(join(tmpdir(), 'amiport-crash-'));
  await writeFile(
    join(dir, 'amiport.yaml'),
    configOf({ kubernetes: await bakedImage(stage, stage.builder, 'golden') }),
  );
  return { sim, stage, dir, close: () => sim.close() };
}

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
}

export function amiport(
  at: CrashStage,
  ...args: readonly string[]
): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
  const env = {
    PATH: at.path ?? process.env.PATH,
    HOME: at.dir,
    AMIPORT_ENDPOINT: at.sim.server?.url,
    AWS_ACCESS_KEY_ID: '111111111111',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve('src/cli/main.ts'), ...args],
    { cwd: at.dir, env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const chunks: string[] = [];
  child.stdout.on('data', (c) => chunks.push(String(c)));
  child.stderr.on('data', (c) => chunks.push(String(c)));
  const ended = new Promise<Ran>((done) =>
    child.on('close', (code, signal) => done({ code, signal, out: chunks.join('') })),
  );
  return { child, ended };
}

const runsOf = (at: CrashStage): string => join(at.dir, '.amiport', 'runs');

function journals(at: CrashStage): readonly string[] {
  try {
    return readdirSync(runsOf(at));
  } catch {
    return [];
  }
}

const textOf = (at: CrashStage, names: readonly string[]): string =>
  names.map((name) => readFileSync(join(runsOf(at), name), 'utf8')).join('');

const LOOK_EVERY_MS = 5;
const LONGEST_MS = 60_000;

/** Sends the signal as soon as a journal of this process shows the moment. @returns how the process ended */
export async function stopWhen(
  at: CrashStage,
  moment: RegExp,
  signal: NodeJS.Signals,
  ...args: readonly string[]
): Promise<Ran> {
  const before = new Set(journals(at));
  const hasCome = (): boolean =>
    moment.test(
      textOf(
        at,
        journals(at).filter((name) => !before.has(name)),
      ),
    );
  const { child, ended } = amiport(at, ...args);
  const giveUp = Date.now() + LONGEST_MS;
  while (!hasCome() && child.exitCode === null && Date.now() < giveUp) await pause(LOOK_EVERY_MS);
  child.kill(signal);
  return ended;
}
