/**
 * Who could launch an image before it was disabled: AWS forgets it (IMG-71), so it is kept in parameters of the builder
 * account, `/amiport/DELIVERY/permissions/REGION/IMAGE/0`, `…/1`, each with as many account ids as fit.
 */
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';

/** A standard parameter holds 4 KB ("Managing parameter tiers"); an id and its comma take 13 characters. */
const IDS_PER_PARAMETER = 315;

const nameOf = (delivery: string, image: { readonly region: string; readonly imageId: string }, i: number): string =>
  `/amiport/${delivery}/permissions/${image.region}/${image.imageId}/${i}`;

export async function keepPermissions(
  cloud: Pick<Cloud, 'createParameter' | 'overwriteParameter'>,
  keep: { readonly delivery: string; readonly at: Place },
  image: { readonly region: string; readonly imageId: string; readonly accounts: readonly string[] },
): Promise<Outcome<void>> {
  const tags = { 'amiport:delivery': keep.delivery, 'amiport:step': 'permissions' };
  for (let i = 0; i * IDS_PER_PARAMETER < image.accounts.length; i++) {
    const name = nameOf(keep.delivery, image, i);
    const value = image.accounts.slice(i * IDS_PER_PARAMETER, (i + 1) * IDS_PER_PARAMETER).join(',');
    const made = await cloud.createParameter(keep.at, { name, value, tags });
    if (!made.ok) return made;
    if (made.value) continue;
    const put = await cloud.overwriteParameter(keep.at, { name, value });
    if (!put.ok) return put;
  }
  return done(undefined);
}

/** More accounts than an image can be shared with would not fit ("AMI quotas": 1,000 unless raised). */
const PARAMETERS_MAX = 10;

/** Of an image that is gone. Parameters that never were do not matter to AWS. */
export const forgetPermissions = (
  cloud: Pick<Cloud, 'deleteParameters'>,
  keep: { readonly delivery: string; readonly at: Place },
  image: { readonly region: string; readonly imageId: string },
): Promise<Outcome<void>> =>
  cloud.deleteParameters(
    keep.at,
    Array.from({ length: PARAMETERS_MAX }, (_, i) => nameOf(keep.delivery, image, i)),
  );
