/**
 * Volumes and snapshots on their way under another key: one look per place for all of them, and each is taken one step on.
 * What was made is found by tags, so that a run that died anywhere is gone on with and nothing is made twice.
 */
import { unreachable } from '../base/invariant.ts';
import { type Outcome, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';
import { type EncryptedSeen, REHOMES_TAG, type VolumeSeen } from '../model/encrypted.ts';
import type { VolumeEffect } from '../plan/volume-effects.ts';
import type { Results, StepResult } from '../run/drive.ts';
import { lookAtKey } from './key-refused.ts';
import type { PlacedStep } from './placed.ts';

type VolumeStep = Extract<PlacedStep, VolumeEffect>;
type Moving = Extract<VolumeStep, { do: 'rehome-volume' | 'rehome-snapshot' }>;
type Switching = Extract<VolumeStep, { do: 'stop-instance' | 'start-instance' }>;

export async function startVolumeStep(cloud: Cloud, step: VolumeStep): Promise<StepResult> {
  const at = { account: step.account, region: step.region };
  const begun = (outcome: Outcome<void>, says: string): StepResult =>
    outcome.ok ? { is: 'waiting', says } : { is: 'failed', reason: outcome.reason };
  const ended = (outcome: Outcome<void>): StepResult =>
    outcome.ok ? { is: 'done' } : { is: 'failed', reason: outcome.reason };
  switch (step.do) {
    case 'stop-instance':
      return begun(await cloud.stopInstance(at, step.instanceId), 'it is stopping');
    case 'start-instance':
      return begun(await cloud.startInstance(at, step.instanceId), 'it is starting');
    case 'rehome-volume':
    case 'rehome-snapshot':
      looks.set(cloud, (looks.get(cloud) ?? new Map()).set(step.id, new Map()));
      return { is: 'waiting', says: 'looking at what there is of it' };
    case 'delete-volume':
      return ended(await cloud.deleteVolume(at, step.volumeId));
    case 'delete-snapshot':
      return ended(await cloud.deleteSnapshot(at, step.snapshotId));
    default:
      return unreachable(step);
  }
}

export async function pollVolumeSteps(cloud: Cloud, steps: readonly VolumeStep[]): Promise<Results> {
  const [first] = steps;
  if (first === undefined) return new Map();
  const at = { account: first.account, region: first.region };
  const switching = steps.filter((s): s is Switching => s.do === 'stop-instance' || s.do === 'start-instance');
  const moving = steps.filter((s): s is Moving => s.do === 'rehome-volume' || s.do === 'rehome-snapshot');
  return new Map([...(await switched(cloud, at, switching)), ...(await movedOn(cloud, at, moving))]);
}

async function switched(cloud: Cloud, at: Place, steps: readonly Switching[]): Promise<Results> {
  if (steps.length === 0) return new Map();
  const seen = await cloud.describeInstances(
    at,
    steps.map((s) => s.instanceId),
  );
  return new Map(
    steps.map((s): [string, StepResult] => {
      if (!seen.ok) return [s.id, { is: 'failed', reason: seen.reason }];
      const instance = seen.value.find((i) => i.instanceId === s.instanceId);
      const wanted = s.do === 'stop-instance' ? 'stopped' : 'running';
      if (instance?.state === wanted) return [s.id, { is: 'done', says: `${s.instanceId} is ${wanted}` }];
      const isGoing = ['pending', 'stopping', 'running'].includes(instance?.state ?? '');
      // A start that fails goes back to stopped, with the reason. Source: EC2 User Guide "Troubleshoot instance launch issues".
      if (isGoing && !(s.do === 'start-instance' && instance?.state === 'stopping'))
        return [s.id, { is: 'waiting', says: `${s.instanceId} is ${instance?.state}` }];
      const why = instance?.stateReason?.message ?? 'no reason given';
      const says = `${s.instanceId} is ${instance?.state ?? 'gone'}, not ${wanted}: ${why}`;
      return [s.id, { is: 'failed', reason: reason('rehome.instance', s.instanceId, says) }];
    }),
  );
}

async function movedOn(cloud: Cloud, at: Place, steps: readonly Moving[]): Promise<Results> {
  if (steps.length === 0) return new Map();
  const idOf = (s: Moving): string => (s.do === 'rehome-volume' ? s.volumeId : s.snapshotId);
  const look = await cloud.describeRehoming(at, steps.map(idOf));
  const results = await Promise.all(
    steps.map(async (s): Promise<[string, StepResult]> => {
      if (!look.ok) return [s.id, { is: 'failed', reason: look.reason }];
      const on = s.do === 'rehome-volume' ? volumeOn(cloud, at, s, look.value) : snapshotOn(cloud, at, s, look.value);
      return [s.id, await on];
    }),
  );
  return new Map(results);
}

type VolumeMove = Extract<Moving, { do: 'rehome-volume' }>;
type SnapshotMove = Extract<Moving, { do: 'rehome-snapshot' }>;

const failedWith = (subject: string, says: string): StepResult => ({
  is: 'failed',
  reason: reason('rehome.failed', subject, says, {
    remedy: { who: 'you', does: 'amiport rehome goes on from here: the old one is untouched' },
  }),
});

async function after(outcome: Promise<Outcome<void>>, says: string): Promise<StepResult> {
  const o = await outcome;
  return o.ok ? { is: 'waiting', says } : { is: 'failed', reason: o.reason };
}

/** By step of the run that goes on: how often it has asked for something to be made, or looked for it since. */
const looks = new WeakMap<Cloud, Map<string, Map<string, number>>>();

/** New things are not seen at once. Source: EC2 API Reference "Eventual consistency". */
const UNSEEN_LOOKS = 3;

/**
 * Makes something once a run: EC2 asks KMS after it answered, and what KMS refuses is gone again. What an earlier run failed
 * to make is made anew.
 * @param broken what is there of it now ended in an error
 */
async function madeOnce(
  cloud: Cloud,
  s: Moving,
  what: string,
  broken: boolean,
  make: () => Promise<StepResult>,
): Promise<StepResult> {
  const counts = looks.get(cloud)?.get(s.id) ?? new Map<string, number>();
  const before = counts.get(what) ?? 0;
  counts.set(what, before + 1);
  if (before === 0) return make();
  if (!broken && before <= UNSEEN_LOOKS) return { is: 'waiting', says: `${what} is not to be seen yet` };
  const subject = s.do === 'rehome-volume' ? s.volumeId : s.snapshotId;
  const says = `${what} for ${subject} was made and ended behind the call`;
  const does = `${lookAtKey(s.account, s.key)}, then amiport rehome goes on from here: the old one is untouched`;
  return { is: 'failed', reason: reason('rehome.failed', subject, says, { remedy: { who: 'you', does } }) };
}

async function snapshotOn(cloud: Cloud, at: Place, s: SnapshotMove, look: EncryptedSeen): Promise<StepResult> {
  const all = look.snapshots.filter((o) => o.tags[REHOMES_TAG] === s.snapshotId);
  const made = all.find((o) => o.state !== 'error');
  if (made === undefined)
    return madeOnce(cloud, s, 'a copy', all.length > 0, () =>
      after(cloud.copySnapshot(at, { snapshotId: s.snapshotId, keyArn: s.key, tags: s.tags }), 'it is being copied'),
    );
  if (made.state !== 'completed')
    return { is: 'waiting', says: `${made.snapshotId} is ${made.state}`, percent: made.percent };
  if (made.kmsKeyId !== s.key)
    return failedWith(s.snapshotId, `${made.snapshotId} is under ${made.kmsKeyId}, not ${s.key}`);
  return { is: 'done', says: `${made.snapshotId} stands for it` };
}

/** The next thing to do for one volume, told by what is there. */
async function volumeOn(cloud: Cloud, at: Place, s: VolumeMove, look: EncryptedSeen): Promise<StepResult> {
  const made = look.volumes.find((v) => v.tags[REHOMES_TAG] === s.volumeId);
  if (made === undefined) return volumeMade(cloud, at, s, look);
  if (made.state === 'creating') return { is: 'waiting', says: `${made.volumeId} is being made` };
  // Checked before anything is taken off: whatever was asked for, this is what there is.
  if (made.kmsKeyId !== s.key)
    return failedWith(s.volumeId, `${made.volumeId} is under ${made.kmsKeyId}, not ${s.key}`);
  if (s.instanceId === undefined) return { is: 'done', says: `${made.volumeId} stands for it` };
  return swapped(cloud, at, s, made, look);
}

async function volumeMade(cloud: Cloud, at: Place, s: VolumeMove, look: EncryptedSeen): Promise<StepResult> {
  const snapshot = look.snapshots.find((o) => o.tags[REHOMES_TAG] === s.volumeId);
  const { volumeId, tags } = s;
  if (snapshot === undefined)
    return madeOnce(cloud, s, 'a snapshot', false, () =>
      after(cloud.createSnapshot(at, { volumeId, tags }), 'a snapshot of it is made'),
    );
  if (snapshot.state === 'error') return failedWith(volumeId, `snapshot ${snapshot.snapshotId} of it failed`);
  if (snapshot.state !== 'completed')
    return { is: 'waiting', says: `${snapshot.snapshotId} is made`, percent: snapshot.percent };
  return madeOnce(cloud, s, 'a volume', false, () =>
    after(
      cloud.createVolume(at, { snapshotId: snapshot.snapshotId, volume: s, tags }),
      'a volume under the own key is made',
    ),
  );
}

async function swapped(
  cloud: Cloud,
  at: Place,
  s: VolumeMove,
  made: VolumeSeen,
  look: EncryptedSeen,
): Promise<StepResult> {
  const { instanceId = '', device = '', deleteOnTermination = false } = s;
  if (made.attachment?.instanceId === instanceId && made.state === 'in-use')
    return { is: 'done', says: `${made.volumeId} stands in its place` };
  const old = look.volumes.find((v) => v.volumeId === s.volumeId);
  if (old?.attachment !== undefined && old.state === 'in-use')
    return after(cloud.detachVolume(at, s.volumeId), 'the old volume is taken off');
  if (old !== undefined && old.state !== 'available') return { is: 'waiting', says: `the old volume is ${old.state}` };
  const attach = { volumeId: made.volumeId, instanceId, device, deleteOnTermination };
  return after(cloud.attachVolume(at, attach), 'the new volume is put in its place');
}
