/**
 * Watches instance refreshes: what is not well is stopped at once, before more instances are replaced, and the group goes
 * back to the template version that it came from. How far that is, is read off AWS, so that any process can go on with it.
 */
import { type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud, RefreshSeen } from '../model/cloud.ts';
import type { StepResult } from '../run/drive.ts';
import type { PlacedStep } from './placed.ts';

type RefreshStep = Extract<PlacedStep, { do: 'refresh-instances' }>;
type Back = NonNullable<RefreshStep['back']>;

export async function startRefresh(cloud: Cloud, step: RefreshStep): Promise<StepResult> {
  const started = await cloud.startRefresh(placeOf(step), step);
  return started.ok ? replacing(step, 0) : { is: 'failed', reason: started.reason };
}

export async function watchRefresh(cloud: Cloud, step: RefreshStep): Promise<StepResult> {
  const seen = await cloud.describeRefresh(placeOf(step), step.group);
  if (!seen.ok) return { is: 'failed', reason: seen.reason };
  const { status, percent, failedLaunch } = seen.value;
  if (status === 'Cancelling') return replacing(step, percent);
  if (GOING.has(status)) return failedLaunch === undefined ? replacing(step, percent) : stop(cloud, step, failedLaunch);
  return step.back === undefined ? ended(step, seen.value) : endedOrBack(cloud, step, step.back, seen.value);
}

const GOING: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Baking']);
const placeOf = ({ account, region }: RefreshStep): Place => ({ account, region });
const replacing = (step: RefreshStep, percent: number): StepResult => ({
  is: 'waiting',
  says: `${step.group} replaces its instances`,
  percent,
});

async function stop(cloud: Cloud, step: RefreshStep, failedLaunch: string): Promise<StepResult> {
  const stopping = await cloud.cancelRefresh(placeOf(step), step.group);
  if (stopping.ok && step.back !== undefined)
    return { is: 'waiting', says: `a launch of ${step.group} failed, so its refresh is stopped` };
  return { is: 'failed', reason: stopped(step, failedLaunch, stopping.ok ? [] : [stopping.reason]) };
}

const ended = (step: RefreshStep, { status, reason: why }: RefreshSeen): StepResult =>
  status === 'Successful'
    ? { is: 'done', says: `${step.group} runs the new version` }
    : { is: 'failed', reason: stopped(step, `it is ${status}: ${why ?? 'no reason given'}`) };

/** The default version says which way the refresh that ended went. */
async function endedOrBack(cloud: Cloud, step: RefreshStep, back: Back, seen: RefreshSeen): Promise<StepResult> {
  const now = await cloud.defaultTemplateVersion(placeOf(step), back.template);
  if (!now.ok) return { is: 'failed', reason: now.reason };
  const isBack = now.value === back.version;
  if (seen.status === 'Successful')
    return isBack ? { is: 'failed', reason: rolledBack(step, back, seen.failedBefore) } : ended(step, seen);
  if (isBack)
    return { is: 'failed', reason: stopped(step, seen.failedLaunch ?? `it is ${seen.status} on its way back`) };
  const going = await goBack(cloud, step, back);
  return going.ok
    ? { is: 'waiting', says: `${step.group} goes back to version ${back.version} of ${back.template}` }
    : { is: 'failed', reason: going.reason };
}

async function goBack(cloud: Cloud, step: RefreshStep, { template: name, version }: Back): Promise<Outcome<void>> {
  const moved = await cloud.setTemplateVersion(placeOf(step), { name, version });
  return moved.ok ? cloud.startRefresh(placeOf(step), step) : moved;
}

const rolledBack = (step: RefreshStep, { template, version }: Back, why: string | undefined): Reason =>
  reason(
    'asg.refresh.rolled-back',
    `${step.account}/${step.region}`,
    `a launch of ${step.group} failed, so the group and the default of ${template} are at version ${version} again: ${why ?? 'no reason given'}`,
    {
      remedy: {
        who: `account ${step.account}`,
        does: 'mend what the launch failed of, then amiport apply tries again',
      },
    },
  );

const stopped = (step: RefreshStep, why: string, because: readonly Reason[] = []): Reason =>
  reason('asg.refresh.stopped', `${step.account}/${step.region}`, `the refresh of ${step.group} was stopped: ${why}`, {
    because,
    remedy: { who: 'you', does: 'amiport rollback RUN goes back to the former version; amiport status names the run' },
  });
