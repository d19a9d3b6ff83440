/** Ends versions that nobody is on any more: looks, takes the census, plans. What it changes is carried out like any plan. */
import type { Delivery } from '../model/delivery.ts';
import { planRetire, type RetireWish, type Retiring, retiring } from '../plan/retire.ts';
import type { Plan } from '../plan/step.ts';
import { type CensusQuestion, takeCensus } from './census.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export async function retirePlan(session: Session, wish: RetireWish, emit: Emit): Promise<Plan> {
  const { want, cloud } = session;
  const seen = await session.look(want, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const questions = wish.force ? [] : retiring(want, seen, wish).map((r) => questionOf(want, r));
  return planRetire(want, seen, await takeCensus(cloud, want.name, questions), wish);
}

/** The builder's images may be launched by every account; a private copy only where it is. */
function questionOf(want: Delivery, r: Retiring): CensusQuestion {
  const { account: owner, region } = r;
  const shared = owner === want.builder.account;
  const others = shared ? want.accounts.filter((a) => a.regions.includes(region)).map((a) => a.id) : [];
  return { imageId: r.ami.imageId, region, owner, accounts: [...new Set([owner, ...others])], shared };
}
