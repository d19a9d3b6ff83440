/** Reads the disks of versions that no audit under today's rules has seen yet: what the gate of `policy.secrets` waits for. */
import type { Reason } from '../base/outcome.ts';
import { auditTarget } from './audit.ts';
import { newestEvidence, ruleSetOf } from './audit-evidence.ts';
import { awsTarget } from './audit-target.ts';
import type { Session } from './session.ts';

export interface AuditedNew {
  /** `image version: result` of every image of the config that has been built; earlier evidence counts. */
  readonly results: readonly string[];
  readonly withFindings: number;
  readonly unreadable: readonly Reason[];
}

export async function auditNew(session: Session, signal: AbortSignal): Promise<AuditedNew> {
  const { want, stateDir, clock } = session;
  const policy = want.policy.secrets;
  const results: string[] = [];
  const unreadable: Reason[] = [];
  let withFindings = 0;
  if (policy === undefined) return { results, withFindings, unreadable };
  const ruleSet = ruleSetOf(policy.rules);
  const { sources } = await session.look({ ...want, accounts: [] });
  for (const { name } of want.images) {
    const source = sources.get(name);
    if (source?.is === 'unreadable') unreadable.push(source.reason);
    if (source?.is !== 'known' || signal.aborted) continue;
    const before = newestEvidence(stateDir, source.value, ruleSet);
    const audited = before === undefined ? await audit(session, name, signal) : before;
    if ('ok' in audited) {
      unreadable.push(audited.reason);
      continue;
    }
    if (audited.result === 'findings') withFindings += 1;
    results.push(`${name} ${source.value.imageId}: ${audited.result}`);
  }
  return { results, withFindings, unreadable };

  async function audit(of: Session, name: string, stop: AbortSignal) {
    const target = await awsTarget(of, name);
    if (!target.ok) return target;
    const at = { stateDir, policy, nowMs: () => clock.nowMs(), emit: () => {}, signal: stop };
    const asked = { threads: 1, beside: true, freeSpace: false, packages: false };
    const audited = await auditTarget(target.value, asked, at);
    return audited.ok ? audited.value : audited;
  }
}
