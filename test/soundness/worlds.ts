/**
 * Random worlds around one delivered image: from a seed some of the links of its launches are broken, bent or mended in
 * ways of their own. What is proven of such a world is then held against what the simulated launches do.
 */
import { deserialize, serialize } from 'node:v8';
import {
  applyPlan,
  type CanaryResult,
  launchCanaries,
  makePlan,
  type Proof,
  type RawSender,
  rawSender,
  type Session,
  verify,
} from '../../src/app/api.ts';
import { openSession } from '../../src/app/session.ts';
import { type Random, seededRandom } from '../../src/base/ports.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import { simForTests, type TestSim } from '../../src/sim/testing.ts';
import type { World } from '../../src/sim/world/world.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  SECOND,
  silent,
  testStage,
} from '../deliver/stage.ts';
import { writeConfig } from './config-file.ts';

export interface Baseline {
  readonly bytes: Buffer;
  readonly nowMs: number;
  readonly configFile: string;
  readonly key: string;
  readonly image: string;
}

/** One encrypted image, delivered to two accounts in one Region, with roles and groups that can launch it. */
export async function deliveredWorld(): Promise<Baseline> {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source }).replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');
  const session = await stage.open(config);
  const { result } = await applied(session);
  if (result.failed.length > 0) throw new Error(JSON.stringify(result.failed));
  await stage.clock.sleep(10 * 60_000);
  const seen = await must(
    stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'DescribeKey', { KeyId: 'alias/amiport-images' }),
  );
  const Filters = [{ Name: 'tag:amiport:step', Values: ['copy'] }];
  const images = await must(
    stage.builder.send<{ Images: { ImageId: string }[] }>('ec2', HOME, 'DescribeImages', { Filters }),
  );
  return {
    bytes: serialize(stage.sim.world),
    nowMs: stage.clock.nowMs(),
    configFile: await writeConfig(config),
    key: seen.KeyMetadata.Arn,
    image: images.Images[0]?.ImageId ?? '',
  };
}

export interface Stand {
  readonly sim: TestSim;
  readonly session: Session;
  readonly builder: RawSender;
  readonly first: RawSender;
  readonly second: RawSender;
  readonly base: Baseline;
}

async function standOn(base: Baseline): Promise<Stand> {
  const sim = simForTests({ world: deserialize(base.bytes) as World, startMs: base.nowMs });
  const requestHandler = inProcessHandler(sim.kernel);
  const sender = (account: string) => rawSender({ requestHandler }, account, sim.clock);
  const credentials = { accessKeyId: BUILDER, secretAccessKey: 'test' };
  const opened = await openSession({
    configFile: base.configFile,
    env: {},
    requestHandler,
    credentials,
    clock: sim.clock,
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.bad));
  return { sim, session: opened.value, builder: sender(BUILDER), first: sender(FIRST), second: sender(SECOND), base };
}

export interface Row {
  /** `ACCOUNT LAUNCHER`. */
  readonly who: string;
  readonly proven: Proof['verdict'];
  /** All that is missing is in the list that AWS documents, and in no call that the simulator traces. */
  readonly listedOnly: boolean;
  readonly result: CanaryResult['result'];
  readonly why: string;
}

export interface Verdicts {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly rows: readonly Row[];
  readonly bugs: readonly unknown[];
}

/**
 * AWS documents which permissions a user of an encrypted image needs, not which call falls on which of the two keys. A
 * proof asks for the whole list on both; the simulator makes the calls that must be made. So a proof may be stricter
 * than a launch in these, and in nothing else.
 */
const UNTRACED = {
  read: new Set(['kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptTo']),
  volume: new Set(['kms:ReEncryptFrom']),
};

function isListedOnly(p: Proof): boolean {
  return p.reasons.every(({ subject, says }) => {
    const actions = /^arn:\S+ ((?:kms:\w+(?:, )?)+):/.exec(says)?.[1]?.split(', ') ?? ['other'];
    const untraced =
      subject === p.readKey ? UNTRACED.read : subject === p.volumeKey ? UNTRACED.volume : new Set<string>();
    return actions.every((action) => untraced.has(action));
  });
}

/** Breaks a world by its seed, proves, launches. */
export async function judge(base: Baseline, seed: number, faults: readonly Fault[]): Promise<Verdicts> {
  const stand = await standOn(base);
  const random = seededRandom(seed);
  const chosen = pick(faults, random);
  for (const fault of chosen) await fault.how(stand, random);
  // Everything settles: what is proven is the state, not its spreading.
  await stand.sim.clock.sleep(10 * 60_000);
  const { proofs, seen } = await verify(stand.session, silent);
  const canaries = await launchCanaries(stand.session, seen, silent);
  const result = new Map(canaries.map((c) => [`${c.account} ${c.launcher}`, c]));
  const rows = proofs.map((p) => {
    const who = `${p.account} ${p.launcher}`;
    const canary = result.get(who);
    return {
      who,
      proven: p.verdict,
      listedOnly: isListedOnly(p),
      result: canary?.result ?? 'not-tried',
      why: `${p.reasons.map((r) => r.says).join('; ')} | ${canary?.reason?.says ?? canary?.result ?? 'no canary'}`,
    };
  });
  await stand.session.close();
  return { seed, faults: chosen.map((f) => f.name), rows, bugs: stand.sim.bugs };
}

/** Applies the plan to a broken world, then proves again. @returns launchers that still cannot, though nothing blocked */
export async function mend(base: Baseline, seed: number, faults: readonly Fault[]): Promise<readonly string[]> {
  const stand = await standOn(base);
  const random = seededRandom(seed);
  for (const fault of pick(faults, random)) await fault.how(stand, random);
  await stand.sim.clock.sleep(10 * 60_000);
  const run = await applyPlan(stand.session, await makePlan(stand.session, silent), silent);
  if (!run.ok) throw new Error(run.reason.says);
  await stand.sim.clock.sleep(10 * 60_000);
  const { proofs } = await verify(stand.session, silent);
  const second = await makePlan(stand.session, silent);
  await stand.session.close();
  const left = second.plan.steps.map((s) => `step ${s.id}`);
  return [
    ...left,
    ...proofs.filter((p) => p.verdict !== 'can-launch').map((p) => `${p.account} ${p.launcher}: ${p.reasons[0]?.says}`),
  ];
}

export interface Fault {
  readonly name: string;
  /** True when the next apply puts it right. */
  readonly mended: boolean;
  how(stand: Stand, random: Random): Promise<unknown>;
}

/** None to four, in any order, each once. */
function pick(faults: readonly Fault[], random: Random): readonly Fault[] {
  const left = [...faults];
  const count = Math.floor(random() * 5);
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
