/** Plays one scenario through, and says what did not hold. */
import { applyPlan, left, makePlan, type Session } from '../../src/app/api.ts';
import type { Command } from '../../src/sim/kernel.ts';
import type { World } from '../../src/sim/world/world.ts';
import { BUILDER, silent } from '../deliver/stage.ts';
import type { Base } from './base.ts';
import { imageById, imagesOf, pointersOf, RULES } from './invariants.ts';
import { configText, type Phase, parameterOf, type Scenario, type Wanted } from './scenario.ts';
import { type Trial, tryLaunch } from './trial.ts';
import { snapshotOf, Universe } from './universe.ts';

export interface Played {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly effects: number;
  /** Processes that died at work. */
  readonly deaths: number;
  /** `operation account region` of every effect, in its order: equal for equal seeds. */
  readonly trace: readonly string[];
}

const CLEAN_TRIES = 4;
const TRIALS_MAX = 8;

export async function play(scenario: Scenario, base: Base): Promise<Played> {
  const game = new Game(scenario, base);
  for (const [index, phase] of scenario.phases.entries()) await game.phase(phase, index);
  return game.end();
}

class Game {
  readonly #seed: number;
  readonly #before: World;
  readonly #universe: Universe;
  readonly #violations: string[] = [];
  readonly #trials: Trial[] = [];
  readonly #trace: string[] = [];
  readonly #launched = new Set<string>();
  #want: Wanted | undefined;
  #deaths = 0;

  constructor(scenario: Scenario, base: Base) {
    this.#seed = scenario.seed;
    this.#before = new Universe(base.snapshot, 0, () => {}).world;
    this.#universe = new Universe(base.snapshot, scenario.seed, (command) => this.#watch(command));
  }

  async phase(phase: Phase, index: number): Promise<void> {
    this.#want = phase.want;
    const { clock } = this.#universe;
    this.#universe.disturb(phase.faults, this.#seed + index);
    for (const { diesAfter, thenWaitMs } of phase.processes) {
      await this.#process(configText(phase.want), diesAfter);
      await clock.sleep(thenWaitMs);
    }
    this.#universe.disturb([], 0);
    await this.#finish(phase.want);
  }

  async #process(config: string, diesAfter: number | undefined): Promise<void> {
    const ended = await this.#universe.start(diesAfter).run(config, planAndApply);
    if (ended === 'died') this.#deaths += 1;
  }

  /** Without faults and deaths a few more runs come to the end, and the one after has nothing to do. */
  async #finish(want: Wanted): Promise<void> {
    const config = configText(want);
    let told: readonly string[] = [];
    for (let i = 0; i < CLEAN_TRIES; i++) {
      const ended = await this.#universe.start().run(config, planAndApply);
      if (ended === 'died') throw new Error('a process died that should not');
      told = ended.against;
      if (told.length === 0 && ended.steps === 0) break;
      told = told.length > 0 ? told : ['there is always something to do'];
      await this.#universe.clock.sleep(10 * 60_000);
    }
    this.#violations.push(...told.map((says) => `not finished: ${says}`));
    const orphans = await this.#universe.start().run(config, orphansOf);
    if (orphans !== 'died') this.#violations.push(...orphans.map((says) => `orphan: ${says}`));
    this.#violations.push(...exactly(this.#universe.world, want));
    for (const trial of this.#trials.splice(0)) this.#violations.push(...(await tryLaunch(trial)));
  }

  end(): Played {
    this.#violations.push(...this.#universe.bugs.map((bug) => `bug of the simulator: ${String(bug)}`));
    return {
      seed: this.#seed,
      violations: [...new Set(this.#violations)],
      effects: this.#trace.length,
      deaths: this.#deaths,
      trace: this.#trace,
    };
  }

  #watch(command: Command): void {
    this.#trace.push(`${command.operation} ${command.caller.account} ${command.region}`);
    const { world } = this.#universe;
    const accounts = this.#want?.accounts ?? [];
    for (const rule of RULES) {
      const against = rule.against(world, this.#before, accounts);
      this.#violations.push(...against.map((what) => `${rule.name}: ${what} (after ${command.operation})`));
    }
    this.#canariesFirst(command);
    this.#tryWhatIsGiven(command);
  }

  /** Where a canary is asked for, a parameter names nothing that its account has not launched. */
  #canariesFirst({ operation, caller, input, region }: Command): void {
    const { ImageId, Name, Value } = input as Readonly<Record<string, string | undefined>>;
    if (operation === 'ec2.RunInstances') this.#launched.add(`${caller.account} ${region} ${ImageId}`);
    const asked = this.#want?.images.some((i) => i.canary && parameterOf(i.name) === Name) === true;
    if (operation !== 'ssm.PutParameter' || !asked) return;
    if (this.#launched.has(`${caller.account} ${region} ${Value}`)) return;
    this.#violations.push(`${Name} names ${Value} in ${caller.account}/${region} before a canary launched it`);
  }

  #tryWhatIsGiven(command: Command): void {
    if (this.#trials.length >= TRIALS_MAX) return;
    for (const { account, imageId } of given(command, this.#universe.world)) {
      if (this.#want?.accounts.includes(account) !== true) continue;
      const at = snapshotOf(this.#universe.world, this.#universe.clock.nowMs());
      this.#trials.push({ why: command.operation, at, account, region: command.region, imageId });
    }
  }
}

async function planAndApply(session: Session): Promise<{ steps: number; against: readonly string[] }> {
  const planned = await makePlan(session, silent);
  const { plan } = planned;
  const blocked = plan.blocked.map((r) => `blocked: ${r.says}`);
  if (plan.steps.length === 0) return { steps: 0, against: blocked };
  const applied = await applyPlan(session, planned, silent);
  if (!applied.ok) return { steps: plan.steps.length, against: [applied.reason.says] };
  const { failed, notStarted } = applied.value.result;
  const failures = failed.map((f) => `${f.id}: ${f.reason.says}`);
  return {
    steps: plan.steps.length,
    against: [...blocked, ...failures, ...notStarted.map((id) => `${id} not started`)],
  };
}

/**
 * Keys are never deleted by an apply: volumes that were launched stand under them. What is in Regions that left the config
 * stays there by design: `left` names it, for somebody to decide.
 */
async function orphansOf(session: Session): Promise<readonly string[]> {
  const { resources } = await left(session, silent);
  return resources
    .filter((r) => r.orphan && !['key', 'key-replica', 'alias'].includes(r.kind))
    .filter((r) => session.want.regions.includes(r.region))
    .map((r) => `${r.kind} ${r.arn} ${r.why ?? ''}`);
}

/** Whom a command gave which image: by a launch permission to launch it, or by a pointer. */
function given(command: Command, world: World): readonly { readonly account: string; readonly imageId: string }[] {
  if (command.operation === 'ec2.ModifyImageAttribute') {
    const input = command.input as {
      readonly ImageId?: string;
      readonly LaunchPermission?: { readonly Add?: readonly { readonly UserId?: string }[] };
    };
    const imageId = input.ImageId ?? '';
    if (imageById(world, command.region, imageId)?.tags.get('amiport:way') === 'account-copies') return [];
    return (input.LaunchPermission?.Add ?? []).flatMap(({ UserId }) =>
      UserId === undefined ? [] : [{ account: UserId, imageId }],
    );
  }
  if (command.operation === 'ssm.PutParameter') {
    const { Value = '', Name = '' } = command.input as { readonly Value?: string; readonly Name?: string };
    return Name.startsWith('/golden/') ? [{ account: command.caller.account, imageId: Value }] : [];
  }
  return [];
}

/** At the end there is exactly what was asked for: one copy a place, permissions for the accounts and nobody else, pointers on it. */
function exactly(world: World, want: Wanted): readonly string[] {
  const there = imagesOf(world).filter((i) => i.state !== 'deregistered');
  return want.images.flatMap((image) =>
    want.regions.flatMap((region) => {
      const ofVersion = there.filter(
        (i) =>
          i.region === region &&
          // A private copy belongs to its account, and stays when that leaves.
          [BUILDER, ...want.accounts].includes(i.ownerId) &&
          i.tags.get('amiport:image') === image.name &&
          i.tags.get('amiport:version') === image.source &&
          i.tags.get('amiport:step') !== 'source',
      );
      const copies = image.way === 'account-copies';
      const owners = ofVersion.map((i) => `${i.ownerId} ${i.tags.get('amiport:way')}`).toSorted();
      const wanted = [BUILDER, ...(copies ? want.accounts : [])].map((o) => `${o} ${image.way}`).toSorted();
      const shared = ofVersion.flatMap((i) => [...i.launchPermissions]).toSorted();
      const toShare = copies ? [] : want.accounts.toSorted();
      const pointers = pointersOf(world).filter(
        (p) => p.region === region && p.where === parameterOf(image.name) && want.accounts.includes(p.account),
      );
      const pointed = pointers.filter((p) => ofVersion.some((i) => i.imageId === p.imageId)).length;
      return [
        ...differs(`copies of ${image.name} in ${region}`, owners, wanted),
        ...differs(`permissions of ${image.name} in ${region}`, shared, toShare),
        ...doubledVersions(world, region, want.accounts),
        ...differs(`pointers to ${image.name} in ${region}`, [String(pointed)], [String(want.accounts.length)]),
      ];
    }),
  );
}

/** A template has one version for each image that was brought to it in a row. */
const doubledVersions = (world: World, region: string, accounts: readonly string[]): readonly string[] =>
  accounts.flatMap((account) => {
    const templates = [...(world.accounts.get(account)?.places.get(region)?.ec2.launchTemplates.values() ?? [])];
    return templates.flatMap(({ name, versions }) => {
      const images = [...versions.values()].map((v) => String(v.data.ImageId));
      return images
        .filter((imageId, i) => i > 0 && imageId === images[i - 1])
        .map((imageId) => `${name} of ${account}/${region} has two versions in a row for ${imageId}`);
    });
  });

const differs = (what: string, are: readonly string[], wanted: readonly string[]): readonly string[] =>
  are.join(', ') === wanted.join(', ') ? [] : [`${what}: [${are.join(', ')}] instead of [${wanted.join(', ')}]`];
