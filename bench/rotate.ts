/**
 * Rotations of a leaked key on virtual time with AWS's quotas on: from the leak to the moment from which no user account can
 * use the old key, against the least that AWS's rules allow; and how many calls it takes against the least that would do.
 *
 * `npm run -s bench -- rotate` runs fleets of 3 × 2, 100 × 5 and 1,000 × 4; AMIPORT_BENCH_FLEETS=3x2,100x5 names others.
 */
import { applyPlan, makePlan, type RotateWish, RotationRun, type Session } from '../src/app/api.ts';
import type { Command } from '../src/sim/kernel.ts';
import { added, leastMs, leastProofReads, leastReads } from './delivering/bound.ts';
import { type Fleet, fleetOf } from './delivering/fleet.ts';
import { benchStage } from './delivering/stage.ts';
import { type Tell, tellCalls, teller } from './delivering/tell.ts';
import type { Emit } from './figure.ts';

const TIME_MAX = 1.1;
const CALLS_MAX = 1.5;
/** What has to pass after the last pointer moved, and after the last image was closed (rotate/rotation.ts). */
const SETTLES_MS = 2 * 600_000;
const WISH: RotateWish = { contain: false, force: false, watchDays: 7, deleteKey: false };
const silent = (): void => {};

export async function bench(emit: Emit): Promise<void> {
  for (const fleet of (process.env.AMIPORT_BENCH_FLEETS ?? '3x2,100x5,1000x4').split(',')) {
    const [accounts = 1, regions = 1] = fleet.split('x').map(Number);
    await benchRotation(teller(emit, 'rotate', fleet), fleetOf(accounts, regions));
  }
}

async function benchRotation(tell: Tell, fleet: Fleet): Promise<void> {
  const wallMs = performance.now();
  let takenMs = 0;
  const rights = new Set(['kms.RevokeGrant', 'kms.PutKeyPolicy']);
  const stage = await benchStage(fleet, 'shared-encrypted', (c: Command) => {
    if (rights.has(c.operation)) takenMs = stage.clock.nowMs();
  });
  const { session, clock, counter } = stage;
  await delivered(session);
  // Whoever was taken for new a moment ago is not any more.
  await clock.sleep(3_600_000);
  counter.clear();
  counter.refused = 0;
  const leakMs = clock.nowMs();
  await rotated(session);
  const bound = leastMs(fleet, 'shared-encrypted') + SETTLES_MS;
  const tookMs = takenMs - leakMs;
  const says = `${Math.round(tookMs / 1000)} s, critical path with twice ten minutes of settling ${Math.round(bound / 1000)} s`;
  tell('leak to no use', tookMs / bound, 'x', TIME_MAX, says);
  tellCalls(tell, 'calls', counter.calls, leastCalls(fleet), CALLS_MAX);
  tell('refused as too many', counter.refused, 'calls', undefined, 'AWS quotas on');
  await stage.close();
  const rssMiB = Math.round(process.memoryUsage().rss / 2 ** 20);
  const where = `${rssMiB} MiB with the simulator in the process`;
  tell('wall time', (performance.now() - wallMs) / 1000, 's', undefined, where);
}

async function delivered(session: Session): Promise<void> {
  const applied = await applyPlan(session, await makePlan(session, silent), silent);
  if (!applied.ok) throw new Error(applied.reason.says);
  const [broken] = applied.value.result.failed;
  if (broken !== undefined) throw new Error(`${broken.id}: ${broken.reason.says}`);
}

async function rotated(session: Session): Promise<void> {
  const run = new RotationRun(session, WISH, silent);
  const begun = await run.begin();
  if (!begun.ok) throw new Error(begun.reason.says);
  for (let stage = begun.value; ; stage = await run.next()) {
    if (stage.is === 'watching') return;
    if (stage.is === 'settling') await session.clock.sleep(stage.untilMs - session.clock.nowMs());
    else if (stage.is === 'held') throw new Error(`held in ${stage.phase}: ${stage.reasons[0]?.says}`);
    else if (stage.is === 'over') throw new Error('it was over before it began');
    else {
      const carried = await run.carry(stage);
      if (!carried.ok) throw new Error(carried.reason.says);
      const [broken] = carried.value.result.failed;
      if (broken !== undefined) throw new Error(`${broken.id}: ${broken.reason.says}`);
    }
  }
}

/**
 * The delivery is read once before anything is made, and once before anything is taken; what a proof hangs on once between;
 * everybody is asked who launches from the images and what lies under the key; every effect once.
 */
function leastCalls(fleet: Fleet): Readonly<Record<string, number>> {
  const [a, r] = [fleet.accounts.length, fleet.regions.length];
  const {
    'sts:AssumeRole': _held,
    'sts:GetCallerIdentity': _known,
    ...reads
  } = leastReads(fleet, 'shared-encrypted', true);
  const everywhere = (a + 1) * r;
  return added([
    reads,
    reads,
    leastProofReads(fleet, 'shared-encrypted'),
    { 'ec2:DescribeImageReferences': everywhere, 'ec2:DescribeLaunchTemplateVersions': everywhere },
    // Groups that keep to a template version by its number are in no other answer.
    { 'autoscaling:DescribeAutoScalingGroups': everywhere, 'autoscaling:DescribeLaunchConfigurations': everywhere },
    { 'ec2:DescribeFleets': everywhere },
    { 'ec2:DescribeVolumes': everywhere, 'ec2:DescribeSnapshots': everywhere, 'ec2:DescribeInstances': everywhere },
    // Templates may name the key itself.
    { 'ec2:DescribeLaunchTemplateVersions': everywhere },
    { 'kms:TagResource': r + 3, 'kms:CreateKey': 1, 'kms:ReplicateKey': r - 1, 'kms:UpdateAlias': r },
    { 'kms:CreateGrant': a * r, 'iam:PutRolePolicy': 2 * a, 'ec2:CopyImage': r, 'ec2:ModifyImageAttribute': r },
    { 'ssm:PutParameter': a * r, 'ec2:DisableImage': r, 'ec2:CreateTags': r },
    // Which keys leaked, and how far their rotation is, is in their tags.
    { 'kms:ListResourceTags': 2 * r },
    { 'kms:PutKeyPolicy': r, 'kms:RevokeGrant': a * r, 'kms:DisableKey': r, 'cloudtrail:LookupEvents': r },
  ]);
}
