/**
 * The proof by launching: one instance under a role, or a one-instance group under a service-linked role, in
 * every place; always cleaned up. What a killed run left behind is found by its tags and removed by the next.
 */

import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import { launcherText, namedVolumeKey } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { accountsIn, deliveredRegions } from '../plan/targets.ts';
import { takeLock } from '../run/lock.ts';
import { liveCopy } from '../verify/verify.ts';
import { canaryCost } from './canary-cost.ts';
import {
  type Canary,
  type CanaryResult,
  instanceTypeFor,
  interrupted,
  launchCanary,
  notTried,
} from './canary-launch.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

const AT_ONCE = 8;

export async function launchCanaries(
  session: Session,
  seen: Observed,
  emit: Emit,
  signal?: AbortSignal,
): Promise<readonly CanaryResult[]> {
  // The sweep takes every canary of the delivery for left over: two runs at once would end each other's.
  const lock = takeLock(session.stateDir, `${session.want.name}.canary`);
  if (!lock.ok) return canariesOf(session, seen).map((c) => notTried(c, lock.reason));
  try {
    const maxUsd = session.want.canary.maxCostUsd;
    const ask = (types: readonly string[]) => {
      const asked = canaryCost(types, maxUsd);
      if (asked.against === undefined) emit({ kind: 'canary-cost', launches: types.length, usd: asked.usd, maxUsd });
      return asked.against;
    };
    return await launchAndSweep(session, seen, ask, emit, signal);
  } finally {
    lock.value.release();
  }
}

/**
 * For who sees to it that nobody else launches canaries of this delivery in these places.
 * @param ask whether instances of these types may be paid for; a reason against them, else undefined
 */
export async function launchAndSweep(
  session: Session,
  seen: Observed,
  ask: (types: readonly string[]) => Reason | undefined,
  emit: Emit,
  signal?: AbortSignal,
): Promise<readonly CanaryResult[]> {
  const canaries = canariesOf(session, seen);
  const against = ask(canaries.map((c) => instanceTypeFor(session, c.ami)));
  if (against !== undefined) return canaries.map((c) => notTried(c, against));
  try {
    await sweep(session);
    return await mapPool(canaries, AT_ONCE, (canary) =>
      signal?.aborted ? Promise.resolve(notTried(canary, interrupted)) : launchOne(session, seen, canary, emit, signal),
    );
  } finally {
    await sweep(session);
  }
}

/** What a run that died left running, for `left`. @returns a refusal while canaries of this delivery are being launched */
export async function removeCanaries(session: Session): Promise<Outcome<void>> {
  const lock = takeLock(session.stateDir, `${session.want.name}.canary`);
  if (!lock.ok) return lock;
  try {
    return done(await sweep(session));
  } finally {
    lock.value.release();
  }
}

/** Removes every canary of this delivery, whoever started it. Also called by the next run after a crash. */
async function sweep(session: Session): Promise<void> {
  const places = session.want.accounts.flatMap((a) => a.regions.map((region) => ({ account: a.id, region })));
  await mapPool(places, AT_ONCE, async (at) => {
    const left = await session.cloud.listCanaries(at, session.want.name);
    if (!left.ok) return;
    for (const fleetId of left.value.fleetIds) await session.cloud.deleteCanaryFleet(at, { fleetId, name: '' });
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
  const result = await launchCanary({ session, seen, canary, subnetId: subnet.value, signal });
  say(
    result.result === 'launched'
      ? `launched, root volume under ${result.volumeKey ?? 'no key'}`
      : (result.reason?.says ?? result.result),
  );
  return result;
}

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
