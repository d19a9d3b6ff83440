/** `export iam`: what others apply. The roles follow from the config alone; what `manage: export` leaves to owners from a plan. */
import type { Reason } from '../base/outcome.ts';
import { iamHcl } from '../export/hcl.ts';
import { exportIam, iamJson } from '../export/iam.ts';
import { stackSetTemplate } from '../export/stackset.ts';
import type { Delivery } from '../model/delivery.ts';
import { makePlan } from './deliver.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';
import { whoAmI } from './session.ts';

export interface IamExported {
  readonly json: object;
  readonly hcl: string;
  /** A CloudFormation template for the user accounts; undefined where no role is assumed. */
  readonly stackSet: object | undefined;
  /** Why the owners' part is missing, where AWS could not be asked. */
  readonly without: readonly Reason[];
}

/** @param session undefined: AWS is not asked */
export async function exportedIam(want: Delivery, session: Session | undefined, emit: Emit): Promise<IamExported> {
  const who = session === undefined ? undefined : await whoAmI(session);
  if (session === undefined || who === undefined || !who.ok) {
    const nothing = exportIam(want, []);
    const stackSet = stackSetTemplate(want);
    return { json: iamJson(nothing), hcl: iamHcl(nothing), stackSet, without: who?.ok === false ? [who.reason] : [] };
  }
  const { plan } = await makePlan(session, emit);
  const all = exportIam(want, plan.exported);
  return {
    json: iamJson(all),
    hcl: iamHcl(all),
    stackSet: stackSetTemplate(want),
    without: plan.blocked.filter((r) => r.code.startsWith('aws.')),
  };
}
