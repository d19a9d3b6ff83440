/**
 * Random worlds around one delivered image: from a seed some of the links of its launches are broken, bent or mended in
 * ways of their own. What is proven of such a world is then held against what the simulated launches do.
 */
import { deserialize, serialize } from 'node:v8';
import { applyPlan, makePlan, type Proof, rawSender, type Verified, verify } from '../../src/app/api.ts';
import { openSession } from '../../src/app/session.ts';
import { type Random, seededRandom } from '../../src/base/ports.ts';
import { changesOf, mendOf } from '../../src/export/mend.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import { simForTests, type TestOptions } from '../../src/sim/testing.ts';
import type { World } from '../../src/sim/world/world.ts';
import { follow } from '../deliver/follow.ts';
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
import { LAUNCHERS, type Launch, launchAll, type Result, setTemplate } from './launches.ts';
import { takeAway } from './links.ts';
import type { Baseline, Stand } from './stand.ts';

const written = (launcher: string): string => {
  const [kind = '', name = ''] = launcher.split(':');
  if (kind === 'role') return `{ role: ${name} }`;
  if (kind === 'karpenter') return `{ karpenter: { role: ${name} } }`;
  return name === '' ? kind : `{ ${kind}: ${name} }`;
};

/** One encrypted image, delivered to two accounts in one Region, with roles and groups that can launch it. */
export async function deliveredWorld(): Promise<Baseline> {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = [FIRST, SECOND].reduce(
    (text, account) =>
      text.replace(
        `"${account}", launchers: [{ role: Launcher }, autoscaling]`,
        `"${account}", launchers: [${LAUNCHERS[account]?.map(written).join(', ')}]`,
      ),
    configOf({ kubernetes: source }).replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]'),
  );
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
  const image = images.Images[0]?.ImageId ?? '';
  const subnets = {
    [FIRST]: await setTemplate(stage.first, image),
    [SECOND]: await setTemplate(stage.second, image),
  };
  return {
    bytes: serialize(stage.sim.world),
    nowMs: stage.clock.nowMs(),
    configFile: await writeConfig(config),
    key: seen.KeyMetadata.Arn,
    image,
    subnets,
  };
}

export async function standOn(base: Baseline, gates: TestOptions['gates'] = []): Promise<Stand> {
  const sim = simForTests({ world: deserialize(base.bytes) as World, startMs: base.nowMs, gates });
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

export interface Row extends Launch {
  readonly proven: Proof['verdict'];
  /** All that is missing is in the list that AWS documents, and in no call that the simulator traces. */
  readonly listedOnly: boolean;
  readonly result: Result;
  readonly why: string;
}

export interface Verdicts {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly rows: readonly Row[];
  /** Launches that the remedies of their proofs were to make possible, and what came of them. */
  readonly mended: readonly (Launch & { readonly result: Result; readonly remedies: readonly string[] })[];
  /** A launch that was possible until the named link was taken away; undefined: not tried in this world. */
  readonly broken: (Launch & { readonly link: string; readonly result: Result }) | undefined;
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
  // What could not be seen is no verdict: of the rest, nothing may be missing that the simulator asks for.
  return p.reasons.filter(isSeen).every(({ subject, says }) => {
    const actions = /^arn:\S+ ((?:kms:\w+(?:, )?)+):/.exec(says)?.[1]?.split(', ') ?? ['other'];
    const untraced =
      subject === p.readKey ? UNTRACED.read : subject === p.volumeKey ? UNTRACED.volume : new Set<string>();
    return actions.every((action) => untraced.has(action));
  });
}

const isSeen = ({ code }: Proof['reasons'][number]): boolean => !code.startsWith('aws.') && code !== 'authz.unknown';

/** Everything settles: what is proven is the state, not its spreading. */
const SETTLES_MS = 10 * 60_000;

/** Breaks a world by its seed, proves, launches; then mends what is broken as the proofs say, or breaks what holds. */
export async function judge(base: Baseline, seed: number, faults: readonly Fault[]): Promise<Verdicts> {
  const stand = await standOn(base);
  const random = seededRandom(seed);
  const chosen = pick(faults, random);
  await breakAll(stand, chosen, random);
  await stand.sim.clock.sleep(SETTLES_MS);
  const verified = await verify(stand.session, silent);
  const { proofs } = verified;
  const results = await launchAll(stand, proofs, 1);
  const rows = proofs.map((p, i): Row => {
    const result = results[i] ?? 'not-tried';
    const why = `${p.reasons.map((r) => r.says).join('; ')} | ${result}`;
    return { account: p.account, launcher: p.launcher, proven: p.verdict, listedOnly: isListedOnly(p), result, why };
  });
  const mended = await mendAndLaunch(stand, verified);
  const sure = chosen.every((f) => !f.adds) && rows.every((r) => r.result === 'launched');
  const broken = sure ? await breakAndLaunch(stand, proofs, random) : undefined;
  await stand.session.close();
  return { seed, faults: chosen.map((f) => f.name), rows, mended, broken, bugs: stand.sim.bugs };
}

/** The remedies alone: what amiport would do itself is done by hand, too. */
async function mendAndLaunch(stand: Stand, { proofs, seen }: Verified): Promise<Verdicts['mended']> {
  // Where amiport could not look, it says so, and its remedies are of what it saw.
  const against = proofs.filter((p) => p.verdict === 'cannot-launch' && p.reasons.every(isSeen));
  if (against.length === 0) return [];
  const patches = against.flatMap((p) => p.reasons.flatMap((r) => r.remedy?.patches ?? []));
  const mends = changesOf(patches, seen).map((c) => mendOf(c, seen));
  await follow(stand.sim, mends);
  await stand.sim.clock.sleep(SETTLES_MS);
  const results = await launchAll(stand, against, 2);
  return against.map(({ account, launcher, remedies }, i) => ({
    account,
    launcher,
    result: results[i] ?? 'not-tried',
    remedies: remedies.map((r) => r.does),
  }));
}

async function breakAndLaunch(stand: Stand, proofs: readonly Proof[], random: Random): Promise<Verdicts['broken']> {
  const proof = proofs[Math.floor(random() * proofs.length)];
  const link = proof?.by[Math.floor(random() * proof.by.length)];
  if (proof === undefined || link === undefined || !(await takeAway(stand, proof.account, link))) return undefined;
  await stand.sim.clock.sleep(SETTLES_MS);
  const [result = 'not-tried'] = await launchAll(stand, [proof], 3);
  return { account: proof.account, launcher: proof.launcher, link, result };
}

/** Applies the plan to a broken world, then proves again. @returns launchers that still cannot, though nothing blocked */
export async function mend(base: Baseline, seed: number, faults: readonly Fault[]): Promise<readonly string[]> {
  const stand = await standOn(base);
  const random = seededRandom(seed);
  await breakAll(stand, pick(faults, random), random);
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
  /** True when it allows something a second time: then one link less need not be missed. */
  readonly adds?: true;
  how(stand: Stand, random: Random): Promise<unknown>;
}

/** One after the other. What a guardrail that came before forbids was not done: the world is one without it. */
async function breakAll(stand: Stand, faults: readonly Fault[], random: Random): Promise<void> {
  for (const fault of faults) {
    try {
      await fault.how(stand, random);
    } catch (error) {
      if (!/(AccessDenied|UnauthorizedOperation).*control policy/s.test(String(error))) throw error;
    }
  }
}

/** None to four, in any order, each once. */
function pick(faults: readonly Fault[], random: Random): readonly Fault[] {
  const left = [...faults];
  const count = Math.floor(random() * 5);
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
