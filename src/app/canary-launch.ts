/** One canary: launched as its launcher launches, watched until it runs or ends, and cleaned up whatever happens. */
import { type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { InstanceSeen } from '../model/cloud.ts';
import { type Architecture, type Launcher, launcherPrincipalArn, launcherText } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { tokenFor } from '../plan/draft.ts';
import { launcherRole } from '../plan/targets.ts';
import type { Session } from './session.ts';

export interface CanaryResult {
  readonly image: string;
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
  readonly result: 'launched' | 'failed' | 'not-tried';
  /** ARN of the key the root volume was really under; absent: unencrypted or not launched. */
  readonly volumeKey?: string;
  readonly reason?: Reason;
  /** Why what was launched could not be removed: it runs on, and costs. */
  readonly leftBehind?: Reason;
}

export interface Canary {
  readonly image: string;
  readonly at: Place;
  readonly launcher: Launcher;
  readonly ami: ImageSeen;
  readonly volumeKeys: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
}

/** What one try works with. */
interface Try {
  readonly session: Session;
  readonly seen: Observed;
  readonly canary: Canary;
  readonly subnetId: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const LOOK_EVERY_MS = 5_000;
const LOOKS_MAX = 120;

const base = (c: Canary) => ({
  image: c.image,
  account: c.at.account,
  region: c.at.region,
  launcher: launcherText(c.launcher),
});
export const notTried = (c: Canary, why: Reason): CanaryResult => ({ ...base(c), result: 'not-tried', reason: why });
const fail = (c: Canary, why: Reason): CanaryResult => ({ ...base(c), result: 'failed', reason: why });

export const interrupted = reason('canary.interrupted', 'canary', 'the command was interrupted before this launch');

export const instanceTypeFor = (session: Session, ami: ImageSeen): string =>
  session.want.canary.instanceType[ami.architecture === 'arm64' ? 'arm64' : ('x86_64' satisfies Architecture)];

export function launchCanary(t: Try): Promise<CanaryResult> {
  const { launcher } = t.canary;
  switch (launcher.kind) {
    case 'role':
    case 'karpenter':
      return launchAsRole(t, launcher);
    case 'spot':
      return launchSpot(t);
    case 'autoscaling':
    case 'eks':
      return launchAsGroup(t);
    case 'ec2fleet':
      return launchAsFleet(t);
    case 'spotfleet':
      return Promise.resolve(notTried(t.canary, SPOT_FLEET));
  }
}

/** AWS calls Spot Fleet a legacy API, and each request needs an own fleet role. Source: EC2 User Guide "Spot Fleet". */
const SPOT_FLEET = reason(
  'canary.unsupported',
  'spotfleet',
  'a canary of spotfleet is not launched: its requests need a fleet role of the account',
  { remedy: { who: 'you', does: 'rely on the proof, or launch one of your own Spot Fleet requests' } },
);

/** What every canary is launched with, and by what it is found again. One name per try: it is never shared between runs. */
function wishOf({ session, canary: c, subnetId }: Try) {
  const { name: delivery } = session.want;
  const at = [c.at.account, c.at.region, launcherText(c.launcher), String(session.clock.nowMs())];
  return {
    name: `amiport-canary-${tokenFor(delivery, c.image, ...at).slice(0, 16)}`,
    imageId: c.ami.imageId,
    instanceType: instanceTypeFor(session, c.ami),
    subnetId,
    volumeKeys: c.volumeKeys,
    tags: { 'amiport:delivery': delivery, 'amiport:step': 'canary' },
  };
}

async function launchAsRole(t: Try, launcher: Launcher): Promise<CanaryResult> {
  const { seen, canary: c } = t;
  const role = launcherRole(seen, c.at.account, launcher);
  if (role.is === 'unreadable') return notTried(c, role.reason);
  if (role.is === 'absent') return notTried(c, reason('iam.role.absent', c.at.account, 'the role is not there'));
  const started = await start(t, role.value.arn, false);
  if (started.ok) return watchInstance(t, started.value.instanceId);
  // A role that amiport may not assume is no proof against the launcher; nor that Karpenter's launches only with its own tags.
  const ownTagsOnly = launcher.kind === 'karpenter' && started.reason.code === 'aws.UnauthorizedOperation';
  return started.reason.says.startsWith('sts:AssumeRole') || ownTagsOnly
    ? notTried(c, started.reason)
    : fail(c, started.reason);
}

/** Whoever asks for a Spot Instance needs rights of its own; the keys are used by the service-linked role. */
async function launchSpot(t: Try): Promise<CanaryResult> {
  const started = await start(t, undefined, true);
  return started.ok ? watchInstance(t, started.value.instanceId) : notTried(t.canary, started.reason);
}

function start(t: Try, asRole: string | undefined, spot: boolean): Promise<Outcome<{ readonly instanceId: string }>> {
  const { name: token, ...wish } = wishOf(t);
  return t.session.cloud.runInstance(t.canary.at, { ...wish, token, asRole, spot });
}

async function watchInstance(t: Try, instanceId: string): Promise<CanaryResult> {
  const { cloud } = t.session;
  const verdict = await watched(t, instanceId, async () => {
    const answer = await cloud.describeInstances(t.canary.at, [instanceId]);
    return answer.ok ? judge(t.canary, answer.value[0]) : fail(t.canary, answer.reason);
  });
  return cleared(verdict, await cloud.terminateInstances(t.canary.at, [instanceId]));
}

const cleared = (verdict: CanaryResult, removed: Outcome<unknown>): CanaryResult =>
  removed.ok ? verdict : { ...verdict, leftBehind: removed.reason };

/** Looks until there is a verdict, for ten minutes at most. */
async function watched(t: Try, subject: string, look: () => Promise<CanaryResult | undefined>): Promise<CanaryResult> {
  for (let n = 0; n < LOOKS_MAX && !t.signal?.aborted; n++) {
    await t.session.clock.sleep(LOOK_EVERY_MS, t.signal);
    const verdict = await look();
    if (verdict !== undefined) return verdict;
  }
  const timeout = reason('canary.timeout', subject, `${subject} has launched nothing yet`);
  return notTried(t.canary, t.signal?.aborted ? interrupted : timeout);
}

const launched = (c: Canary, i: InstanceSeen): CanaryResult => ({
  ...base(c),
  result: 'launched',
  ...(i.rootKmsKeyId === undefined ? {} : { volumeKey: i.rootKmsKeyId }),
});

function judge(c: Canary, instance: InstanceSeen | undefined): CanaryResult | undefined {
  if (instance === undefined || instance.state === 'pending') return undefined;
  if (instance.state === 'running') return launched(c, instance);
  const why = instance.stateReason;
  const says = `${instance.instanceId} is ${instance.state}: ${why?.message ?? 'no reason given'}`;
  return fail(c, reason(`ec2.${why?.code ?? 'terminated'}`, instance.instanceId, says));
}

async function launchAsGroup(t: Try): Promise<CanaryResult> {
  const { session, canary: c } = t;
  const wish = wishOf(t);
  const serviceLinkedRoleArn = launcherPrincipalArn(c.launcher, c.at.account, session.want.partition);
  const made = await session.cloud.createCanaryGroup(c.at, { ...wish, serviceLinkedRoleArn });
  // Whoever makes a group needs rights of its own; what they are says nothing of the launcher.
  if (!made.ok) return notTried(c, made.reason);
  const verdict = await watched(t, wish.name, async () => {
    const answer = await session.cloud.describeCanaryGroup(c.at, wish.name);
    if (!answer.ok) return fail(c, answer.reason);
    const running = answer.value.instances.find((i) => i.state === 'running');
    if (running !== undefined) return launched(c, running);
    const bad = answer.value.activities.find((a) => a.statusCode === 'Failed' || a.statusCode === 'Cancelled');
    if (bad === undefined) return undefined;
    const code = `autoscaling.activity.${bad.statusCode.toLowerCase()}`;
    return fail(c, reason(code, wish.name, bad.statusMessage ?? bad.description));
  });
  return cleared(verdict, await session.cloud.deleteCanaryGroup(c.at, wish.name));
}

async function launchAsFleet(t: Try): Promise<CanaryResult> {
  const { session, canary: c } = t;
  const wish = wishOf(t);
  const made = await session.cloud.createCanaryFleet(c.at, wish);
  if (!made.ok) return notTried(c, made.reason);
  const { fleetId } = made.value;
  const verdict = await watched(t, fleetId, async () => {
    const answer = await session.cloud.describeCanaryFleet(c.at, fleetId);
    if (!answer.ok) return fail(c, answer.reason);
    const [refused] = answer.value.errors;
    if (refused !== undefined) return fail(c, reason('ec2.fleet.refused', fleetId, refused));
    return judge(c, answer.value.instances[0]);
  });
  return cleared(verdict, await session.cloud.deleteCanaryFleet(c.at, { fleetId, name: wish.name }));
}
