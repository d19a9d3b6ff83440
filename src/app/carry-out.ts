/** Carries single steps of a plan out: each `do` is one effect of the `Cloud`, each wait one look per place. */
import { isOutage } from '../aws/call.ts';
import { unreachable } from '../base/invariant.ts';
import { type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';
import { isKeyEffect, type KeyEffect } from '../plan/key-effects.ts';
import { resolveReferences } from '../plan/step.ts';
import { isVolumeEffect } from '../plan/volume-effects.ts';
import type { Doer, Results, StepResult } from '../run/drive.ts';
import type { CanaryStep } from './canary-gate.ts';
import { Copies } from './copies.ts';
import { forgetPermissions, keepPermissions } from './kept-permissions.ts';
import { Patience } from './patience.ts';
import type { PlacedStep } from './placed.ts';
import { Pointing } from './pointing.ts';
import { type Prove, type ProveStep, Proving } from './proving.ts';
import { startRefresh, watchRefresh } from './refreshing.ts';
import { pollVolumeSteps, startVolumeStep } from './rehoming.ts';

export interface CarryOutPorts {
  readonly cloud: Cloud;
  readonly prove: Prove;
  /** Whose permissions are kept where, before AWS forgets them. */
  readonly keep: { readonly delivery: string; readonly at: Place };
  /** Launches an image in a place. */
  readonly canary: (step: CanaryStep) => Promise<Outcome<string>>;
  readonly nowMs: () => number;
}

export function carryOut(ports: CarryOutPorts): Doer<PlacedStep> {
  const run: Run = {
    ports,
    copies: new Copies(ports.cloud, ports.nowMs),
    proofs: new Proving(ports),
    pointing: new Pointing(ports.cloud, ports.nowMs),
  };
  const patience = new Patience(ports.nowMs, isOutage);
  return {
    async start(steps, learnt) {
      const results = new Map<string, StepResult>();
      const ready: PlacedStep[] = [];
      for (const step of steps) {
        const { value, unknown } = resolveReferences(step, learnt);
        if (unknown.length === 0) ready.push(value);
        else results.set(step.id, { is: 'failed', reason: notLearnt(step, unknown) });
      }
      for (const [id, result] of await beginAll(run, ready)) results.set(id, result);
      return results;
    },
    async poll(steps, learnt) {
      return patience.over(
        await look(
          run,
          steps.map((s) => resolveReferences(s, learnt).value),
        ),
      );
    },
  };
}

/** One look for everything that waits in a place. */
async function look(run: Run, resolved: readonly PlacedStep[]): Promise<Results> {
  const { ports } = run;
  const results = new Map(await run.copies.poll(resolved.filter((s) => s.do === 'check-image')));
  const pointed = await ports.cloud.traced(() => run.pointing.poll(resolved.filter((s) => s.do === 'put-parameter')));
  for (const [id, result] of pointed.value) results.set(id, { ...result, requests: pointed.requests });
  for (const step of resolved) if (step.do === 'prove') results.set(step.id, run.proofs.poll(step));
  const moving = resolved.filter(isVolumeEffect);
  const { value: moved, requests } = await ports.cloud.traced(() => pollVolumeSteps(ports.cloud, moving));
  for (const [id, result] of moved) results.set(id, { ...result, requests });
  for (const step of resolved)
    if (step.do === 'refresh-instances') results.set(step.id, await watchRefresh(ports.cloud, step));
  return results;
}

const notLearnt = (step: PlacedStep, unknown: readonly string[]): Reason =>
  reason('run.reference.unknown', step.id, `${unknown.join(', ')} was not learnt by an earlier step`);

type OpenStep = Extract<PlacedStep, { do: 'open-image' | 'close-image' }>;
type SinglyBegun = Exclude<PlacedStep, ProveStep | OpenStep>;

interface Run {
  readonly ports: CarryOutPorts;
  readonly copies: Copies;
  readonly proofs: Proving;
  readonly pointing: Pointing;
}

/** Steps that come together are of one kind (`placed.ts`). */
async function beginAll(run: Run, steps: readonly PlacedStep[]): Promise<Results> {
  const proofs: ProveStep[] = [];
  const openings: OpenStep[] = [];
  const others: SinglyBegun[] = [];
  for (const step of steps) {
    if (step.do === 'prove') proofs.push(step);
    else if (step.do === 'open-image' || step.do === 'close-image') openings.push(step);
    else others.push(step);
  }
  const singly = await Promise.all(
    others.map(async (s) => {
      const { value, requests } = await run.ports.cloud.traced(() => begin(run, s));
      run.proofs.changed(s);
      return [s.id, { ...value, requests }] as const;
    }),
  );
  const { value: opened, requests } = await run.ports.cloud.traced(() => openAll(run.ports.cloud, openings));
  const openedWith = [...opened].map(([id, result]) => [id, { ...result, requests }] as const);
  return new Map([...singly, ...(await run.proofs.start(proofs)), ...openedWith]);
}

async function begin({ ports, copies, pointing }: Run, step: SinglyBegun): Promise<StepResult> {
  const { cloud } = ports;
  const at = { account: step.account, region: step.region };
  if (isVolumeEffect(step)) return startVolumeStep(cloud, step);
  if (isKeyEffect(step)) return ended(await onKey(cloud, at, step));
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
      return copies.start(step);
    case 'check-image':
      return { is: 'waiting', says: `${step.imageId} is being copied` };
    case 'canary': {
      const launched = await ports.canary(step);
      return launched.ok ? { is: 'done', says: launched.value } : { is: 'failed', reason: launched.reason };
    }
    case 'share-image':
    case 'unshare-image':
      return ended(
        await cloud[step.do === 'share-image' ? 'addLaunchPermissions' : 'removeLaunchPermissions'](at, step),
      );
    case 'deregister-image':
      return deregister(ports, at, step);
    case 'enable-image':
      return ended(await cloud.enableImage(at, step.imageId));
    case 'deprecate-image':
      return ended(await cloud.deprecateImage(at, step));
    case 'disable-image':
      return disable(ports, at, step);
    case 'refresh-instances':
      return startRefresh(cloud, step);
    case 'set-template-version':
      return ended(await cloud.setTemplateVersion(at, step));
    case 'revoke-grant':
      return ended(await cloud.revokeGrant(at, { keyArn: step.key, grantId: step.grantId }));
    case 'put-parameter':
      return pointing.start(step);
    case 'set-launch-template':
      return ended(await cloud.setLaunchTemplateImage(at, step), undefined, (v) => `version ${v.version}`);
    default:
      return unreachable(step);
  }
}

function onKey(cloud: Cloud, at: Place, step: KeyEffect): Promise<Outcome<void>> {
  const keyArn = step.key;
  switch (step.do) {
    case 'tag-key':
      return cloud.tagKey(at, { keyArn, tags: step.tags });
    case 'untag-key':
      return cloud.untagKey(at, { keyArn, tagKeys: step.tagKeys });
    case 'rotate-key-on-demand':
      return cloud.rotateKeyOnDemand(at, keyArn);
    case 'disable-key':
    case 'enable-key':
      return cloud.setKeyEnabled(at, { keyArn, enabled: step.do === 'enable-key' });
    case 'schedule-key-deletion':
      return cloud.scheduleKeyDeletion(at, { keyArn, days: step.pendingWindowInDays });
    default:
      return unreachable(step);
  }
}

/** IMG-71: DisableImage takes all launch permissions, and enabling the image does not bring them back. */
async function disable(
  { cloud, keep }: CarryOutPorts,
  at: Place,
  step: Extract<PlacedStep, { do: 'disable-image' }>,
): Promise<StepResult> {
  const { imageId, accounts, withdrawn = false } = step;
  const kept = await keepPermissions(cloud, keep, { region: at.region, imageId, accounts });
  if (!kept.ok) return { is: 'failed', reason: kept.reason };
  return ended(await cloud.disableImage(at, { imageId, withdrawn }), () => ({
    [`permissions:${imageId}`]: accounts.join(','),
  }));
}

async function deregister(
  { cloud, keep }: CarryOutPorts,
  at: Place,
  { imageId, wasDisabled }: Extract<PlacedStep, { do: 'deregister-image' }>,
): Promise<StepResult> {
  const gone = await cloud.deregisterImage(at, imageId);
  if (!gone.ok || wasDisabled !== true) return ended(gone);
  return ended(await forgetPermissions(cloud, keep, { region: at.region, imageId }));
}

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

/** One call for all accounts; where AWS refuses one of them, halves tell which. */
async function openAll(cloud: Cloud, steps: readonly OpenStep[]): Promise<Results> {
  const [first] = steps;
  if (first === undefined) return new Map();
  const at = { account: first.account, region: first.region };
  const want = {
    imageId: first.imageId,
    snapshotIds: first.snapshots.split(',').filter((id) => id !== ''),
    accounts: [...new Set(steps.flatMap((s) => s.accounts))],
  };
  const outcome = await (first.do === 'open-image' ? cloud.openImage(at, want) : cloud.closeImage(at, want));
  if (outcome.ok) return new Map(steps.map((s) => [s.id, { is: 'done' }]));
  // IMG-51: permissions that an image takes at once. Those that have their copies are taken back, so there will be room.
  if (outcome.reason.code === 'aws.ResourceLimitExceeded') {
    const says = `${first.imageId} is open to as many accounts as EC2 takes`;
    return new Map(steps.map((s) => [s.id, { is: 'queued', says }]));
  }
  if (steps.length === 1) return new Map([[first.id, { is: 'failed', reason: outcome.reason }]]);
  const half = Math.ceil(steps.length / 2);
  const [left, right] = [await openAll(cloud, steps.slice(0, half)), await openAll(cloud, steps.slice(half))];
  return new Map([...left, ...right]);
}
