/** Carries single steps of a plan out: each `do` is one effect of the `Cloud`, each wait one look per place. */
import { unreachable } from '../base/invariant.ts';
import { done, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Cloud } from '../model/cloud.ts';
import type { ImageSeen, SnapshotSeen } from '../model/observed.ts';
import { resolveReferences, type Step } from '../plan/step.ts';
import type { Doer, RunStep, StepResult } from '../run/drive.ts';
import type { Proof } from '../verify/question.ts';

/** A step as the driver sees it: the plan's step with the place whose limits it shares. */
export type PlacedStep = Step & RunStep;

export const placed = (step: Step): PlacedStep => ({ ...step, place: `${step.account}/${step.region}` });

export interface ProveRequest {
  readonly image: string;
  readonly region: string;
  readonly accounts: ReadonlySet<string>;
}

export interface CarryOutPorts {
  readonly cloud: Cloud;
  /** Looks again and proves. */
  readonly prove: (request: ProveRequest) => Promise<Outcome<readonly Proof[]>>;
  readonly nowMs: () => number;
}

export function carryOut(ports: CarryOutPorts): Doer<PlacedStep> {
  /** By step id: when what a passed proof hangs on is effective everywhere. */
  const settling = new Map<string, number>();
  // A run that died just before this one may have written a policy: the start of this one is the latest it can have been.
  const policies = { changedMs: ports.nowMs() };
  return {
    async start(step, learnt) {
      const { value, unknown } = resolveReferences(step, learnt);
      if (unknown.length > 0)
        return {
          is: 'failed',
          reason: reason('run.reference.unknown', step.id, `${unknown.join(', ')} was not learnt by an earlier step`),
        };
      if (value.do === 'prove') return prove(ports, value, settling, policies.changedMs);
      const result = await begin(ports, value);
      if (POLICY_EFFECTS.has(value.do)) policies.changedMs = ports.nowMs();
      return result;
    },
    async poll(_place, steps, learnt) {
      const resolved = steps.map((s) => resolveReferences(s, learnt).value);
      const results = new Map<string, StepResult>();
      for (const step of resolved) if (step.do === 'prove') results.set(step.id, settled(ports, step, settling));
      const checks = resolved.filter((s) => s.do === 'check-image');
      for (const [id, result] of await pollImages(ports.cloud, checks)) results.set(id, result);
      return results;
    },
  };
}

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

async function begin(ports: CarryOutPorts, step: Exclude<PlacedStep, { do: 'prove' }>): Promise<StepResult> {
  const { cloud } = ports;
  const at = { account: step.account, region: step.region };
  switch (step.do) {
    case 'disable-encryption-by-default':
      return ended(await cloud.setEncryptionByDefault(at, false));
    case 'create-key':
      return ended(await cloud.createKey(at, step), (v) => ({ [step.as]: v.keyArn }));
    case 'replicate-key':
      return ended(
        await cloud.replicateKey(at, { keyArn: step.key, region: step.toRegion, policy: step.policy, tags: step.tags }),
        (v) => ({ [`key:${step.toRegion}`]: v.keyArn }),
      );
    case 'put-alias':
      return ended(await cloud.putAlias(at, { alias: step.alias, keyArn: step.key }));
    case 'enable-key-rotation':
      return ended(await cloud.enableKeyRotation(at, { keyArn: step.key, periodDays: step.periodDays }));
    case 'put-key-policy':
      return ended(await cloud.putKeyPolicy(at, { keyArn: step.key, policy: step.policy }));
    case 'create-service-linked-role':
      return ended(
        await cloud.createServiceLinkedRole(step.account, { awsServiceName: step.awsServiceName, suffix: step.suffix }),
      );
    case 'put-role-policy':
      return ended(await cloud.putRolePolicy(step.account, step));
    case 'delete-role-policy':
      return ended(await cloud.deleteRolePolicy(step.account, step));
    case 'create-grant':
      return ended(
        await cloud.createGrant(at, {
          keyArn: step.key,
          name: step.name,
          granteePrincipal: step.granteePrincipal,
          operations: step.operations,
        }),
      );
    case 'copy-image':
      return ended(
        await cloud.copyImage(at, { ...step, kmsKeyId: step.key }),
        (v) => ({ [step.as]: v.imageId }),
        (v) => v.imageId,
      );
    case 'check-image':
      return { is: 'waiting', says: `${step.imageId} is being copied` };
    case 'share-image':
      return ended(await cloud.addLaunchPermissions(at, { imageId: step.imageId, accounts: step.accounts }));
    case 'open-image':
      return ended(await cloud.openImage(at, opened(step)));
    case 'close-image':
      return ended(await cloud.closeImage(at, opened(step)));
    case 'unshare-image':
      return ended(await cloud.removeLaunchPermissions(at, { imageId: step.imageId, accounts: step.accounts }));
    case 'deregister-image':
      return ended(await cloud.deregisterImage(at, step.imageId));
    case 'enable-image':
      return ended(await cloud.enableImage(at, step.imageId));
    case 'deprecate-image':
      return ended(await cloud.deprecateImage(at, step));
    case 'disable-image':
      return ended(await cloud.disableImage(at, step.imageId));
    case 'set-template-version':
      return ended(await cloud.setTemplateVersion(at, step));
    case 'revoke-grant':
      return ended(await cloud.revokeGrant(at, { keyArn: step.key, grantId: step.grantId }));
    case 'put-parameter':
      return ended(await cloud.putImageParameter(at, step), undefined, (v) => `version ${v.version}`);
    case 'set-launch-template':
      return ended(await cloud.setLaunchTemplateImage(at, step), undefined, (v) => `version ${v.version}`);
    default:
      return unreachable(step);
  }
}

const opened = (step: {
  readonly imageId: string;
  readonly snapshots: string;
  readonly accounts: readonly string[];
}) => ({
  imageId: step.imageId,
  snapshotIds: step.snapshots.split(',').filter((id) => id !== ''),
  accounts: step.accounts,
});

function ended<T>(
  outcome: Outcome<T>,
  learnt?: (value: T) => Readonly<Record<string, string>>,
  says?: (value: T) => string,
): StepResult {
  if (!outcome.ok) return { is: 'failed', reason: outcome.reason };
  return {
    is: 'done',
    ...(learnt === undefined ? {} : { learnt: learnt(outcome.value) }),
    ...(says === undefined ? {} : { says: says(outcome.value) }),
  };
}

type ProveStep = Extract<PlacedStep, { do: 'prove' }>;

async function prove(
  ports: CarryOutPorts,
  step: ProveStep,
  settling: Map<string, number>,
  policiesChangedMs: number,
): Promise<StepResult> {
  const accounts = new Set(step.places.map((p) => p.split('/')[0] ?? ''));
  const answer = await ports.prove({
    image: step.image ?? '',
    region: step.region,
    accounts,
  });
  if (!answer.ok) return { is: 'failed', reason: answer.reason };
  const against = answer.value.filter((p) => p.verdict !== 'can-launch');
  if (against.length > 0) return { is: 'failed', reason: notProven(step, against) };
  const grants = Math.max(0, ...answer.value.map((p) => p.settlesAt ?? 0));
  const settlesAt = Math.max(grants, policiesChangedMs + POLICIES_SETTLE_MS);
  const proofs = `${answer.value.length} launcher${answer.value.length === 1 ? '' : 's'} can launch`;
  if (settlesAt <= ports.nowMs()) return { is: 'done', says: proofs };
  settling.set(step.id, settlesAt);
  return {
    is: 'waiting',
    says:
      grants > ports.nowMs()
        ? `${proofs}; new grants may take up to 5 minutes to count everywhere`
        : `${proofs}; changed policies may take a minute to count everywhere`,
  };
}

function settled(ports: CarryOutPorts, step: ProveStep, settling: ReadonlyMap<string, number>): StepResult {
  const leftMs = (settling.get(step.id) ?? 0) - ports.nowMs();
  return leftMs <= 0
    ? { is: 'done', says: 'proven, and grants and policies have settled' }
    : { is: 'waiting', says: `grants and policies settle in ${Math.ceil(leftMs / 1000)} s` };
}

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

type CheckStep = Extract<PlacedStep, { do: 'check-image' }>;

/** One DescribeImages and, when something is ready, one DescribeSnapshots for all that a place waits for. */
async function pollImages(cloud: Cloud, steps: readonly CheckStep[]): Promise<ReadonlyMap<string, StepResult>> {
  const results = new Map<string, StepResult>();
  const [first] = steps;
  if (first === undefined) return results;
  const at = { account: first.account, region: first.region };
  const images = await cloud.describeImages(at, [...new Set(steps.map((s) => s.imageId))]);
  if (!images.ok) return new Map(steps.map((s) => [s.id, { is: 'failed', reason: images.reason }]));
  const byId = new Map(images.value.map((i) => [i.imageId, i]));
  const snapshotIds = images.value.flatMap((i) => i.mappings.flatMap((m) => m.snapshotId ?? []));
  const snapshots = snapshotIds.length === 0 ? done([]) : await cloud.describeSnapshots(at, [...new Set(snapshotIds)]);
  if (!snapshots.ok) return new Map(steps.map((s) => [s.id, { is: 'failed', reason: snapshots.reason }]));
  const bySnapshot = new Map(snapshots.value.map((s) => [s.snapshotId, s]));
  for (const step of steps) results.set(step.id, checkImage(step, byId.get(step.imageId), bySnapshot));
  return results;
}

/** "Available" is not enough: every snapshot must be complete and under the very key that was asked for. */
function checkImage(
  step: CheckStep,
  image: ImageSeen | undefined,
  snapshots: ReadonlyMap<string, SnapshotSeen>,
): StepResult {
  // EC2 is eventually consistent: what was just made may not be listed yet (IMG-11).
  if (image === undefined) return { is: 'waiting', says: `${step.imageId} is not listed yet` };
  const behind = image.mappings.flatMap((m) => (m.snapshotId === undefined ? [] : [snapshots.get(m.snapshotId)]));
  const broken = behind.find((s) => s?.state === 'error');
  if (['failed', 'error', 'invalid'].includes(image.state) || broken !== undefined)
    return { is: 'failed', reason: copyFailed(step, image, broken) };
  const percent = Math.min(...behind.map((s) => s?.progressPercent ?? 0), 100);
  const complete = behind.every((s) => s?.state === 'completed');
  if (image.state !== 'available' || !complete)
    return { is: 'waiting', says: `${step.imageId} is ${image.state}`, percent };
  const wrong = behind.find((s) => s?.kmsKeyId !== step.key);
  if (wrong === undefined) {
    const learnt = { [step.as]: behind.flatMap((s) => s?.snapshotId ?? []).join(',') };
    return { is: 'done', learnt, says: `${step.imageId} is under ${step.key ?? 'no key'}` };
  }
  return {
    is: 'failed',
    reason: reason(
      'ec2.copy.wrong-key',
      image.imageId,
      `snapshot ${wrong.snapshotId} is under ${wrong.kmsKeyId ?? 'no key'}, not ${step.key ?? 'unencrypted'}`,
      {
        remedy: { who: 'you', does: `deregister ${image.imageId} with its snapshots, then apply again` },
      },
    ),
  };
}

function copyFailed(step: CheckStep, image: ImageSeen, broken: SnapshotSeen | undefined): Reason {
  const because =
    broken === undefined
      ? []
      : [
          reason(
            'ec2.snapshot.error',
            broken.snapshotId,
            `${broken.snapshotId}: ${broken.stateMessage ?? 'no message'}`,
          ),
        ];
  return reason(
    'ec2.copy.failed',
    image.imageId,
    `${image.imageId} in ${step.region} is ${image.state}: ${image.stateReason ?? 'no reason given'}`,
    {
      because,
      remedy: {
        who: 'you',
        does: `see that amiport's role may use ${step.key ?? 'the source snapshot'}, then apply again: a new copy is made`,
      },
    },
  );
}
