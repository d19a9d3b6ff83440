/** `rotate --scheduled`: looks at a key's rotation, and plans what the config asks for. */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Plan } from '../plan/step.ts';
import { materialsOf, planScheduled, type RotatedKey, rotatingKeys } from '../rotate/scheduled.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export interface Scheduled {
  readonly keys: readonly RotatedKey[];
  readonly plan: Plan;
}

export async function scheduledRotation(session: Session, now: boolean, emit: Emit): Promise<Outcome<Scheduled>> {
  const { want, cloud } = session;
  const seen = await session.look(want, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const keys: RotatedKey[] = [];
  for (const key of rotatingKeys(want, seen)) {
    const rotations = await cloud.listKeyRotations({ account: want.builder.account, region: key.region }, key.arn);
    if (!rotations.ok) return rotations;
    keys.push({
      key: key.arn,
      region: key.region,
      automatic: key.rotation.is === 'known' ? key.rotation.value : undefined,
      materials: materialsOf(seen, key, rotations.value),
    });
  }
  if (keys.length > 0) return done({ keys, plan: planScheduled(want, seen, now) });
  const says = 'there is no key of this delivery to rotate';
  return failed(reason('rotate.key.none', want.name, says, { remedy: { who: 'you', does: 'amiport apply makes it' } }));
}
