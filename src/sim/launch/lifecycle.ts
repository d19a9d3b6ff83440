/**
 * Instances after their launch. Source: EC2 User Guide "Amazon EC2 instance state changes"; codes of StateReason
 * from EC2 API Reference StateReason.
 */
import type { Place } from '../../base/place.ts';
import { type Caller, type Ctx, Fault, task } from '../operation.ts';
import type { Ec2Place, Instance } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
import { attachAgain, detachKeys, type Failure, releaseVolumes } from './volumes.ts';

/** AWS lists terminated instances for about an hour. */
const REMEMBERED_MS = 3_600_000;

/** Source: EC2 API Reference InstanceState. */
export const STATE_CODE: Readonly<Record<Instance['state'], number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** @throws Fault for ids that are malformed or not the account's */
export function instancesById(ec2: Ec2Place, ids: readonly string[]): Instance[] {
  for (const id of ids) {
    if (!/^i-[0-9a-f]{8,17}$/.test(id)) {
      throw new Fault('InvalidInstanceID.Malformed', `Invalid id: "${id}" (expecting "i-...")`);
    }
  }
  const missing = ids.filter((id) => !ec2.instances.has(id));
  if (missing.length > 0) {
    const names = missing.join(', ');
    throw new Fault(
      'InvalidInstanceID.NotFound',
      missing.length === 1 ? `The instance ID '${names}' does not exist` : `The instance IDs '${names}' do not exist`,
    );
  }
  return ids.flatMap((id) => ec2.instances.get(id) ?? []);
}

/** Source: the message form of `InvalidInstance…State` answers: `IncorrectInstanceState`. */
export function requireState(instance: Instance, states: readonly Instance['state'][], action: string): void {
  if (states.includes(instance.state)) return;
  throw new Fault(
    'IncorrectInstanceState',
    `The instance '${instance.instanceId}' is not in a state from which it can be ${action}.`,
  );
}

const utc = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' GMT');

export function terminate(ctx: Ctx, place: Place, instance: Instance, by: 'user' | 'service' = 'user'): void {
  if (instance.state === 'shutting-down' || instance.state === 'terminated') return;
  instance.state = 'shutting-down';
  const who = by === 'user' ? 'User' : 'Service';
  instance.stateReason = {
    code: `Client.${who}InitiatedShutdown`,
    message: `Client.${who}InitiatedShutdown: ${who} initiated shutdown`,
  };
  instance.stateTransitionReason = `${who} initiated (${utc(ctx.nowMs)})`;
  later(ctx, place, instance, 'ec2.InstanceEnds');
  tellGroup(ctx, place, instance);
}

/** Auto Scaling's health check sees that an instance of a group goes away. */
function tellGroup(ctx: Ctx, place: Place, instance: Instance): void {
  const group = instance.autoScalingGroup;
  if (group === undefined) return;
  const data = { account: place.account, region: place.region, group, from: 'ec2' };
  ctx.later(ctx.world.settings.autoScalingTickMs, 'autoscaling.Look', data);
}

export function stop(ctx: Ctx, place: Place, instance: Instance): void {
  if (instance.state === 'stopped' || instance.state === 'stopping') return;
  instance.state = 'stopping';
  instance.stateReason = {
    code: 'Client.UserInitiatedShutdown',
    message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  };
  instance.stateTransitionReason = `User initiated (${utc(ctx.nowMs)})`;
  later(ctx, place, instance, 'ec2.InstanceStops');
  tellGroup(ctx, place, instance);
}

/** Volumes are attached anew, so the keys are needed again (GR-10). */
export function start(ctx: Ctx, caller: Caller, place: Place, instance: Instance): void {
  if (instance.state === 'running' || instance.state === 'pending') return;
  instance.state = 'pending';
  instance.stateReason = undefined;
  instance.stateTransitionReason = '';
  const failure = attachAgain(ctx, { caller, place, instance });
  later(ctx, place, instance, 'ec2.InstanceStarts', failure);
}

function later(ctx: Ctx, place: Place, instance: Instance, kind: string, failure?: Failure): void {
  const data = { account: place.account, region: place.region, instanceId: instance.instanceId };
  ctx.later(ctx.world.settings.instancePendingMs, kind, failure ? { ...data, failure } : data);
}

function subject(ctx: Ctx, data: Readonly<Record<string, unknown>>) {
  const place: Place = { account: String(data.account), region: String(data.region) };
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  return { place, ec2, instance: ec2.instances.get(String(data.instanceId)) };
}

function end(ctx: Ctx, place: Place, ec2: Ec2Place, instance: Instance): void {
  instance.state = 'terminated';
  instance.terminatedMs = ctx.nowMs;
  releaseVolumes(ctx, ec2, instance);
  const { instanceId } = instance;
  ctx.later(REMEMBERED_MS, 'ec2.InstanceIsForgotten', { account: place.account, region: place.region, instanceId });
}

/** Facts 2.6: a launch whose keys are refused is `pending`, then `terminated`; a failed start goes back to `stopped`. */
const starts = task('ec2.InstanceStarts', (ctx, data) => {
  const { place, ec2, instance } = subject(ctx, data);
  if (instance?.state !== 'pending') return;
  const failure = data.failure as Failure | undefined;
  if (!failure) {
    instance.state = 'running';
    return;
  }
  instance.stateReason = failure;
  // Facts, open question 2: the transition reason carries the code.
  instance.stateTransitionReason = failure.code;
  // A launch that fails never had its volumes; one that is started again keeps them.
  if (instance.volumes.size > 0) instance.state = 'stopped';
  else end(ctx, place, ec2, instance);
});

const stops = task('ec2.InstanceStops', (ctx, data) => {
  const { ec2, instance } = subject(ctx, data);
  if (instance?.state !== 'stopping') return;
  instance.state = 'stopped';
  detachKeys(ctx, ec2, instance);
});

const ends = task('ec2.InstanceEnds', (ctx, data) => {
  const { place, ec2, instance } = subject(ctx, data);
  if (instance?.state === 'shutting-down') end(ctx, place, ec2, instance);
});

const forgotten = task('ec2.InstanceIsForgotten', (ctx, data) => {
  const { ec2, instance } = subject(ctx, data);
  if (instance?.state === 'terminated') ec2.instances.delete(instance.instanceId);
});

export const INSTANCE_TASKS = [starts, stops, ends, forgotten];
