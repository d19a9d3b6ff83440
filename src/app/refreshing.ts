/** Watches instance refreshes: what is not well is stopped at once, before more instances are replaced. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Cloud } from '../model/cloud.ts';
import type { StepResult } from '../run/drive.ts';
import type { PlacedStep } from './placed.ts';

type RefreshStep = Extract<PlacedStep, { do: 'refresh-instances' }>;

export async function startRefresh(cloud: Cloud, step: RefreshStep): Promise<StepResult> {
  const at = { account: step.account, region: step.region };
  const started = await cloud.startRefresh(at, step);
  return started.ok
    ? { is: 'waiting', says: `${step.group} replaces its instances`, percent: 0 }
    : { is: 'failed', reason: started.reason };
}

export async function watchRefresh(cloud: Cloud, step: RefreshStep): Promise<StepResult> {
  const at = { account: step.account, region: step.region };
  const seen = await cloud.describeRefresh(at, step.group);
  if (!seen.ok) return { is: 'failed', reason: seen.reason };
  const { status, percent, failedLaunch } = seen.value;
  if (status === 'Successful') return { is: 'done', says: `${step.group} runs the new version` };
  if (!GOING.has(status))
    return { is: 'failed', reason: stopped(step, `it is ${status}: ${seen.value.reason ?? 'no reason given'}`) };
  if (failedLaunch === undefined) return { is: 'waiting', says: `${step.group} replaces its instances`, percent };
  const ended = await cloud.cancelRefresh(at, step.group);
  return { is: 'failed', reason: stopped(step, failedLaunch, ended.ok ? [] : [ended.reason]) };
}

const GOING: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Baking']);

const stopped = (step: RefreshStep, why: string, because: readonly Reason[] = []): Reason =>
  reason('asg.refresh.stopped', `${step.account}/${step.region}`, `the refresh of ${step.group} was stopped: ${why}`, {
    because,
    remedy: { who: 'you', does: 'amiport rollback RUN goes back to the former version; amiport status names the run' },
  });
