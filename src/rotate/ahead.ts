/** What a rotation would wait for, as things are before it has begun: whoever keeps to an old image, whatever lies under the key. Pure. */
import { known, type Reason } from '../base/outcome.ts';
import type { Census, Consumer } from '../model/census.ts';
import { type Delivery, fillTemplate } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { asMarked } from './as-marked.ts';
import { type Owner, rotationOf } from './rotation.ts';
import { planClose } from './steps.ts';
import { heldBy, type Looked } from './under.ts';

export function holdsAhead(
  want: Delivery,
  seen: Observed,
  owner: Owner,
  looked: { readonly consumers: Census; readonly places: readonly Looked[] },
  how: { readonly force: boolean; readonly atMs: number },
): readonly Reason[] {
  const marked = asMarked(want, seen, owner, how.atMs);
  const r = rotationOf(want, marked, owner);
  if (r === undefined) return [];
  const staying = new Map(
    [...looked.consumers].map(([image, found]) => [
      image,
      found.is === 'known' ? known(found.value.filter((c) => !moves(want, c))) : found,
    ]),
  );
  const pinned = planClose(want, marked, r, staying, how.force).blocked;
  return [...pinned, ...[...heldBy(want, r, looked.places).values()].flat()];
}

/** Pointers of the delivery itself name the new images before anything is closed. */
const moves = (want: Delivery, c: Consumer): boolean =>
  want.images.some(({ name: image, publish }) => {
    if (c.kind === 'launch-template') return publish.launchTemplates.some((t) => c.id.startsWith(`${t} version `));
    if (c.kind !== 'parameter' || publish.ssm === undefined) return false;
    const name = fillTemplate(publish.ssm, { image, account: c.account, region: c.region });
    return c.id.endsWith(`:parameter/${name.replace(/^\//, '')}`);
  });
