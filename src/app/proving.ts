/** Proofs as steps of a run: nothing is shared before every launcher can launch, and what it hangs on counts everywhere. */
import { type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Step } from '../plan/step.ts';
import type { Results, StepResult } from '../run/drive.ts';
import type { Proof } from '../verify/question.ts';
import type { PlacedStep } from './placed.ts';

export type ProveStep = Extract<PlacedStep, { do: 'prove' }>;

export interface ProveRequest {
  readonly image: string;
  /** Source AMI of the version. */
  readonly version: string;
  readonly region: string;
  readonly accounts: ReadonlySet<string>;
}

/** The part of a delivery that a question about one image in some places of a Region is about. */
export const narrow = (want: Delivery, { image, region, accounts }: Omit<ProveRequest, 'version'>): Delivery => ({
  ...want,
  regions: [region],
  images: want.images.filter((i) => i.name === image),
  accounts: want.accounts.filter((a) => accounts.has(a.id)).map((a) => ({ ...a, regions: [region] })),
});

/** Looks again and proves. */
export type Prove = (request: ProveRequest) => Promise<Outcome<readonly Proof[]>>;

/**
 * IAM and KMS spread a changed policy within seconds, seldom within a minute or more, and do not say when it was changed.
 * Sources: IAM User Guide "Troubleshoot IAM" (changes are not always immediately visible); KMS Developer Guide "Eventual consistency".
 */
const POLICIES_SETTLE_MS = 60_000;
const POLICY_EFFECTS: ReadonlySet<Step['do']> = new Set([
  'create-key',
  'replicate-key',
  'put-key-policy',
  'put-role-policy',
  'create-service-linked-role',
]);

interface ProvingPorts {
  readonly prove: Prove;
  readonly nowMs: () => number;
}

export class Proving {
  readonly #ports: ProvingPorts;
  /** A run that died just before this one may have written a policy: the start of this one is the latest it can have been. */
  readonly #startMs: number;
  /** By account: when this run changed a policy there. */
  readonly #changedMs = new Map<string, number>();
  /** By step id: when what a passed proof hangs on counts everywhere. */
  readonly #settling = new Map<string, number>();

  constructor(ports: ProvingPorts) {
    this.#ports = ports;
    this.#startMs = ports.nowMs();
  }

  /** A step that was carried out, well or not. */
  changed(step: Step): void {
    if (POLICY_EFFECTS.has(step.do)) this.#changedMs.set(step.account, this.#ports.nowMs());
  }

  /** Proofs of one image in one Region: one look for all accounts. */
  async start(steps: readonly ProveStep[]): Promise<Results> {
    const [first] = steps;
    if (first === undefined) return new Map();
    const accounts = new Set(steps.flatMap(accountsOf));
    const answer = await this.#ports.prove({
      image: first.image ?? '',
      version: first.imageVersion ?? '',
      region: first.region,
      accounts,
    });
    if (!answer.ok) return new Map(steps.map((s) => [s.id, { is: 'failed', reason: answer.reason }]));
    const byPlace = Map.groupBy(answer.value, (p) => `${p.account}/${p.region}`);
    const proofsOf = (s: ProveStep) => s.places.flatMap((p) => byPlace.get(p) ?? []);
    return new Map(steps.map((s) => [s.id, this.#judge(s, proofsOf(s))]));
  }

  /** Of a proof that has passed. */
  poll(step: ProveStep): StepResult {
    const untilMs = this.#settling.get(step.id) ?? 0;
    const leftMs = untilMs - this.#ports.nowMs();
    return leftMs <= 0
      ? { is: 'done', says: 'proven, and grants and policies have settled' }
      : { is: 'waiting', says: `grants and policies settle in ${Math.ceil(leftMs / 1000)} s`, untilMs };
  }

  #judge(step: ProveStep, proofs: readonly Proof[]): StepResult {
    const against = proofs.filter((p) => p.verdict !== 'can-launch');
    if (against.length > 0) return { is: 'failed', reason: notProven(step, against) };
    const nowMs = this.#ports.nowMs();
    const grantsMs = proofs.reduce((latest, p) => Math.max(latest, p.settlesAt ?? 0), 0);
    const policiesMs = POLICIES_SETTLE_MS + this.#latestChangeMs(step);
    const untilMs = Math.max(grantsMs, policiesMs);
    const says = `${proofs.length} launcher${proofs.length === 1 ? '' : 's'} can launch`;
    if (untilMs <= nowMs) return { is: 'done', says };
    this.#settling.set(step.id, untilMs);
    const why =
      grantsMs > nowMs
        ? 'new grants may take up to 5 minutes to count everywhere'
        : 'changed policies may take a minute to count everywhere';
    return { is: 'waiting', says: `${says}; ${why}`, untilMs };
  }

  /** In the account whose keys are shared (the step's own), and in those that launch. */
  #latestChangeMs(step: ProveStep): number {
    return [step.account, ...accountsOf(step)].reduce(
      (latest, account) => Math.max(latest, this.#changedMs.get(account) ?? 0),
      this.#startMs,
    );
  }
}

const accountsOf = (step: ProveStep): readonly string[] => step.places.map((p) => p.split('/')[0] ?? '');

function notProven(step: ProveStep, against: readonly Proof[]): Reason {
  const because = against.flatMap((p) => p.reasons);
  const who = against.map((p) => `${p.launcher} in ${p.account}/${p.region}`).join(', ');
  const unknown = against.every((p) => p.verdict === 'unknown');
  return reason(
    unknown ? 'verify.unknown' : 'verify.cannot-launch',
    `${step.image} ${step.region}`,
    `${who} ${unknown ? 'could not be proven' : 'cannot launch'} it yet, so it is not shared`,
    {
      because,
      remedy: { who: 'you', does: 'mend what is named, then apply again: what is done stays done' },
    },
  );
}
