/** Plans beside the delivery's own, as data in and a plan out: what is retired, rolled back, moved to an own key. */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Plan } from '../plan/step.ts';
import { emergencyPlan } from './emergency.ts';
import type { Emit } from './events.ts';
import { retirePlan } from './retire.ts';
import { rollbackPlan } from './rollback.ts';
import type { Session } from './session.ts';
import { rehomePlan } from './volume-keys.ts';

export type OtherAsked =
  | { readonly do: 'retire'; readonly images?: readonly string[]; readonly force: boolean; readonly now: boolean }
  | {
      readonly do: 'emergency';
      readonly image: string;
      readonly version: string;
      readonly to?: string;
      readonly force: boolean;
    }
  | { readonly do: 'rollback'; readonly run: string }
  | {
      readonly do: 'rehome';
      readonly accounts?: readonly string[];
      readonly stop: boolean;
      readonly deleteOld: boolean;
    };

export interface OtherPlan {
  readonly plan: Plan;
  /** Wants what the proofs of the plan are about. */
  readonly session: Session;
}

export async function otherPlan(session: Session, asked: OtherAsked, emit: Emit): Promise<Outcome<OtherPlan>> {
  const { want } = session;
  switch (asked.do) {
    case 'retire': {
      const { images, force, now } = asked;
      const names = want.images.map((i) => i.name);
      const unknown = images?.find((name) => !names.includes(name));
      if (unknown !== undefined) return failed(noSuch('image', unknown, names));
      const wish = { force, now, ...(images === undefined ? {} : { images: new Set(images) }) };
      return done({ plan: await retirePlan(session, wish, emit), session });
    }
    case 'emergency':
      return emergencyPlan(session, asked, emit);
    case 'rollback':
      return rollbackPlan(session, asked.run, emit);
    case 'rehome': {
      const { accounts, stop, deleteOld } = asked;
      const ids = want.accounts.map((a) => a.id);
      const unknown = accounts?.find((id) => !ids.includes(id));
      if (unknown !== undefined) return failed(noSuch('account', unknown, ids));
      const wish = { stop, deleteOld, ...(accounts === undefined ? {} : { accounts: new Set(accounts) }) };
      return done({ plan: await rehomePlan(session, wish, emit), session });
    }
  }
}

const noSuch = (what: 'image' | 'account', name: string, there: readonly string[]) =>
  reason(`cli.${what}.unknown`, name, `there is no ${what} ${name} in the config, only ${there.join(', ')}`);
