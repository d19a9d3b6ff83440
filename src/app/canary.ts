/**
 * The proof by launching: one instance under a role, or a one-instance group under a service-linked role, in
 * every place; always cleaned up. What a killed run left behind is found by its tags and removed by the next.
 */

import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { InstanceSeen } from '../model/cloud.ts';
import {
  type Architecture,
  type Launcher,
  launcherPrincipalArn,
  launcherText,
  namedVolumeKey,
  serviceLinkedRoleOf,
} from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { tokenFor } from '../plan/draft.ts';
import { accountsIn, deliveredRegions, launcherRole } from '../plan/targets.ts';
import { takeLock } from '../run/lock.ts';
import { liveCopy } from '../verify/verify.ts';
import { canaryCost } from './canary-cost.ts';
import type { Emit } from './events.ts';
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
}

interface Canary {
  readonly image: string;
  readonly at: Place;
  readonly launcher: Launcher;
  readonly ami: ImageSeen;
  readonly volumeKeys: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
}

const LOOK_EVERY_MS = 5_000;
const LOOKS_MAX = 120;
const AT_ONCE = 8;

export async function launchCanaries(
  session: Session,
  seen: Observed,
  emit: Emit,
  signal?: AbortSignal,
): Promise<readonly CanaryResult[]> {
  const canaries = canariesOf(session, seen);
  const cost = canaryCost(
    canaries.map((c) => typeFor(session, c.ami)),
    session.want.canary.maxCostUsd,
  );
  if (cost.against !== undefined) return canaries.map((c) => notTried(c, cost.against as Reason));
  // The sweep takes every canary of the delivery for left over: two runs at once would end each other's.
  const lock = takeLock(session.stateDir, `${session.want.name}.canary`);
  if (!lock.ok) return canaries.map((c) => notTried(c, lock.reason));
  try {
    await sweep(session);
    return await mapPool(canaries, AT_ONCE, (canary) =>
      signal?.aborted ? Promise.resolve(notTried(canary, interrupted)) : launchOne(session, seen, canary, emit, signal),
    );
  } finally {
    await sweep(session);
    lock.value.release();
  }
}

const interrupted = reason('canary.interrupted', 'canary', 'the command was interrupted before this launch');

/** Removes every canary of this delivery, whoever started it. Also called by the next run after a crash. */
async function sweep(session: Session): Promise<void> {
  const places = session.want.accounts.flatMap((a) => a.regions.map((region) => ({ account: a.id, region })));
  await mapPool(places, AT_ONCE, async (at) => {
    const left = await session.cloud.listCanaries(at, session.want.name);
    if (!left.ok) return;
    for (const group of left.value.groups) await session.cloud.deleteCanaryGroup(at, group);
    await session.cloud.terminateInstances(at, left.value.instanceIds);
  });
}

function canariesOf(session: Session, seen: Observed): readonly Canary[] {
  const { want } = session;
  return want.images.flatMap((image) =>
    deliveredRegions(want).flatMap((region) => {
      return accountsIn(want, region).flatMap((account) => {
        const { ami } = liveCopy(seen, image, account.id, region);
        if (ami.is !== 'known') return [];
        const named = namedVolumeKey(image, account.id, region);
        const found =
          named === undefined ? undefined : seen.places.get(`${account.id}/${region}`)?.volumeKeys.get(named);
        const key =
          found?.is === 'known' ? found.value.arn : image.volumeKey.by === 'image' ? keyArn(seen, region) : undefined;
        // A private copy brings its key: the canary launches it as its consumers do, without naming one.
        const brings = image.way === 'account-copies' && ['account', 'image'].includes(image.volumeKey.by);
        const volumeKeys =
          key === undefined || brings
            ? []
            : ami.value.mappings.map((m) => ({ deviceName: m.deviceName, kmsKeyId: key }));
        return account.launchers.map((launcher) => ({
          image: image.name,
          at: { account: account.id, region },
          launcher,
          ami: ami.value,
          volumeKeys,
        }));
      });
    }),
  );
}

function keyArn(seen: Observed, region: string): string | undefined {
  const key = seen.builder.get(region)?.key;
  return key?.is === 'known' ? key.value.arn : undefined;
}

const base = (c: Canary) => ({
  image: c.image,
  account: c.at.account,
  region: c.at.region,
  launcher: launcherText(c.launcher),
});
const notTried = (c: Canary, why: Reason): CanaryResult => ({ ...base(c), result: 'not-tried', reason: why });
const fail = (c: Canary, why: Reason): CanaryResult => ({ ...base(c), result: 'failed', reason: why });

async function launchOne(
  session: Session,
  seen: Observed,
  canary: Canary,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<CanaryResult> {
  const say = (says: string) =>
    emit({
      kind: 'canary',
      place: `${canary.at.account}/${canary.at.region}`,
      launcher: launcherText(canary.launcher),
      says,
    });
  say('launching');
  const subnet = await subnetFor(session, canary.at);
  if (!subnet.ok) return notTried(canary, subnet.reason);
  const linked = serviceLinkedRoleOf(canary.launcher);
  const result =
    linked === undefined
      ? await launchAsRole(session, seen, canary, subnet.value, signal)
      : await launchAsGroup(session, canary, subnet.value, signal);
  say(
    result.result === 'launched'
      ? `launched, root volume under ${result.volumeKey ?? 'no key'}`
      : (result.reason?.says ?? result.result),
  );
  return result;
}

const typeFor = (session: Session, ami: ImageSeen): string =>
  session.want.canary.instanceType[ami.architecture === 'arm64' ? 'arm64' : ('x86_64' satisfies Architecture)];

const tagsOf = (session: Session): Readonly<Record<string, string>> => ({
  'amiport:delivery': session.want.name,
  'amiport:step': 'canary',
});

/** One name per try: a canary is never shared between runs. */
const nameOf = (session: Session, c: Canary): string =>
  `amiport-canary-${tokenFor(session.want.name, c.image, c.at.account, c.at.region, launcherText(c.launcher), String(session.clock.nowMs())).slice(0, 16)}`;

/** The subnet that the config names by its tag; undefined: the place's default one. */
async function subnetFor(session: Session, at: Place): Promise<Outcome<string | undefined>> {
  const tags = session.want.canary.subnetTag;
  if (tags === undefined) return done(undefined);
  const found = await session.cloud.findSubnet(at, tags);
  if (!found.ok || found.value !== undefined) return found;
  const shown = Object.entries(tags)
    .map(([k, v]) => `${k}=${v}`)
    .join(', ');
  return failed(
    reason(
      'canary.subnet.absent',
      `${at.account}/${at.region}`,
      `no subnet in ${at.account}/${at.region} carries ${shown}`,
      {
        remedy: { who: `account ${at.account}`, does: 'tag a subnet, or correct canary.subnetTag in amiport.yaml' },
      },
    ),
  );
}

async function launchAsRole(
  session: Session,
  seen: Observed,
  c: Canary,
  subnetId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<CanaryResult> {
  const role = launcherRole(seen, c.at.account, c.launcher);
  if (role.is !== 'known')
    return notTried(
      c,
      role.is === 'unreadable' ? role.reason : reason('iam.role.absent', c.at.account, 'the role is not there'),
    );
  const started = await session.cloud.runInstance(c.at, {
    imageId: c.ami.imageId,
    instanceType: typeFor(session, c.ami),
    asRole: role.value.arn,
    subnetId,
    volumeKeys: c.volumeKeys,
    token: nameOf(session, c),
    tags: tagsOf(session),
  });
  // A role that amiport may not assume is no proof against the launcher.
  if (!started.ok)
    return started.reason.says.startsWith('sts:AssumeRole') ? notTried(c, started.reason) : fail(c, started.reason);
  const { instanceId } = started.value;
  for (let look = 0; look < LOOKS_MAX && !signal?.aborted; look++) {
    await session.clock.sleep(LOOK_EVERY_MS, signal);
    const answer = await session.cloud.describeInstances(c.at, [instanceId]);
    if (!answer.ok) return fail(c, answer.reason);
    const verdict = judge(c, answer.value[0]);
    if (verdict !== undefined) {
      await session.cloud.terminateInstances(c.at, [instanceId]);
      return verdict;
    }
  }
  await session.cloud.terminateInstances(c.at, [instanceId]);
  return notTried(
    c,
    signal?.aborted ? interrupted : reason('canary.timeout', instanceId, `${instanceId} is still pending`),
  );
}

function judge(c: Canary, instance: InstanceSeen | undefined): CanaryResult | undefined {
  if (instance === undefined || instance.state === 'pending') return undefined;
  if (instance.state === 'running')
    return {
      ...base(c),
      result: 'launched',
      ...(instance.rootKmsKeyId === undefined ? {} : { volumeKey: instance.rootKmsKeyId }),
    };
  const why = instance.stateReason;
  return fail(
    c,
    reason(
      `ec2.${why?.code ?? 'terminated'}`,
      instance.instanceId,
      `${instance.instanceId} is ${instance.state}: ${why?.message ?? 'no reason given'}`,
    ),
  );
}

async function launchAsGroup(
  session: Session,
  c: Canary,
  subnetId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<CanaryResult> {
  if (c.launcher.kind !== 'autoscaling') {
    return notTried(
      c,
      reason(
        'canary.unsupported',
        launcherText(c.launcher),
        `a canary of ${launcherText(c.launcher)} is not launched: only roles and Auto Scaling are`,
      ),
    );
  }
  const name = nameOf(session, c);
  const made = await session.cloud.createCanaryGroup(c.at, {
    name,
    imageId: c.ami.imageId,
    instanceType: typeFor(session, c.ami),
    subnetId,
    serviceLinkedRoleArn: launcherPrincipalArn(c.launcher, c.at.account, session.want.partition),
    volumeKeys: c.volumeKeys,
    tags: tagsOf(session),
  });
  // Whoever makes a group needs rights of its own; what they are says nothing of the launcher.
  if (!made.ok) return notTried(c, made.reason);
  const verdict = await watchGroup(session, c, name, signal);
  await session.cloud.deleteCanaryGroup(c.at, name);
  return verdict;
}

async function watchGroup(
  session: Session,
  c: Canary,
  name: string,
  signal: AbortSignal | undefined,
): Promise<CanaryResult> {
  for (let look = 0; look < LOOKS_MAX && !signal?.aborted; look++) {
    await session.clock.sleep(LOOK_EVERY_MS, signal);
    const answer = await session.cloud.describeCanaryGroup(c.at, name);
    if (!answer.ok) return fail(c, answer.reason);
    const running = answer.value.instances.find((i) => i.state === 'running');
    if (running !== undefined)
      return {
        ...base(c),
        result: 'launched',
        ...(running.rootKmsKeyId === undefined ? {} : { volumeKey: running.rootKmsKeyId }),
      };
    const bad = answer.value.activities.find((a) => a.statusCode === 'Failed' || a.statusCode === 'Cancelled');
    if (bad !== undefined)
      return fail(
        c,
        reason(`autoscaling.activity.${bad.statusCode.toLowerCase()}`, name, bad.statusMessage ?? bad.description),
      );
  }
  return notTried(
    c,
    signal?.aborted ? interrupted : reason('canary.timeout', name, `group ${name} has launched nothing yet`),
  );
}
