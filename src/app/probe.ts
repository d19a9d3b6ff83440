/** `verify --probe`: KMS is asked, as every launcher that can be assumed, what the proofs say it will answer. Changes nothing. */
import { reason } from '../base/outcome.ts';
import { mapPool } from '../base/pool.ts';
import type { Observed } from '../model/observed.ts';
import { type KeyProbe, type LauncherProbes, type ProbeResult, probesOf } from '../verify/probes.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

const AT_ONCE = 8;

export async function probeLaunchers(
  session: Session,
  seen: Observed,
  emit: Emit,
  signal?: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const all = probesOf(session.want, seen);
  let finished = 0;
  const results = await mapPool(all, AT_ONCE, async (one) => {
    const told = await probeLauncher(session, one, signal);
    finished += 1;
    emit({ kind: 'probing', done: finished, total: all.length });
    return told;
  });
  return results.flat();
}

/** One after the other: where the role cannot be assumed nothing more is asked. */
async function probeLauncher(
  session: Session,
  { role, probes, ...who }: LauncherProbes,
  signal: AbortSignal | undefined,
): Promise<readonly ProbeResult[]> {
  if (role.is === 'not-tried') return [{ ...who, result: 'not-tried', reason: role.why }];
  const results: ProbeResult[] = [];
  for (const probe of probes) {
    const at = (demand: KeyProbe['demands'][number]) => ({ ...who, key: probe.key.arn, ...demand });
    const { against } = probe;
    if (against !== undefined) {
      results.push(...probe.demands.map((d): ProbeResult => ({ ...at(d), result: 'not-probeable', reason: against })));
      continue;
    }
    if (signal?.aborted) return [...results, { ...who, result: 'not-tried', reason: INTERRUPTED }];
    const place = { account: who.account, region: who.region };
    const want = { keyArn: probe.key.arn, operation: probe.operation, asRole: role.role.arn };
    const answer = await session.cloud.probeKey(place, want);
    if (!answer.ok) {
      // It could not be assumed, or AWS would not say.
      if (answer.reason.says.startsWith('sts:AssumeRole'))
        return [...results, { ...who, result: 'not-tried', reason: answer.reason }];
      results.push(
        ...probe.demands.map((d): ProbeResult => ({ ...at(d), result: 'not-tried', reason: answer.reason })),
      );
      continue;
    }
    const told = answer.value;
    for (const demand of probe.demands) results.push({ ...at(demand), ...answerOn(told, demand.action, probe) });
  }
  return results;
}

type Told = Pick<ProbeResult, 'result' | 'reason'>;
type Answer = { readonly is: 'allowed' } | { readonly is: 'denied'; readonly reason: NonNullable<Told['reason']> };

/** A refusal names one action: of ReEncrypt's two it says nothing of the other. */
function answerOn(told: Answer, action: string, probe: KeyProbe): Told {
  if (told.is === 'allowed') return { result: 'allowed' };
  const others = probe.demands.filter((d) => d.action !== action);
  const names = (name: string) => new RegExp(`${name}\\b`).test(told.reason.says);
  if (others.some((d) => names(d.action)) && !names(action)) return { result: 'not-tried', reason: told.reason };
  return { result: 'denied', reason: told.reason };
}

const INTERRUPTED = reason('probe.interrupted', 'probe', 'the command was interrupted before this was asked');
