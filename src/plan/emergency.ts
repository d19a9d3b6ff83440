/**
 * A version that must not be launched again (a secret was found in it): pointers go back to the last clean version, proven
 * first, and the version is disabled wherever it is, which also ends who may launch it. Pure.
 */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Census } from '../model/census.ts';
import type { Delivery, Image } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import type { Before } from './before.ts';
import { Draft } from './draft.ts';
import { amisOf, permitted, type Retiring } from './retire.ts';
import { planRollback } from './rollback.ts';
import type { Plan, Step } from './step.ts';
import { versionsOf, withdrawnOf } from './versions.ts';

export interface EmergencyWish {
  readonly image: Image;
  /** The source AMI of the version to end. */
  readonly version: string;
  /** The version to go back to; undefined: nothing is there, or wanted, to go back to. */
  readonly to: string | undefined;
}

/**
 * The version for the pointers: what the config names, unless that is the one to end or is no good itself; else the newest
 * good one before the one to end. Ending an old version moves nobody off a newer one.
 *
 * @param unclean source AMIs of which an audit says that they hold secrets
 */
export function cleanVersion(
  seen: Observed,
  image: Image,
  version: string,
  unclean: ReadonlySet<string>,
): Outcome<string | undefined> {
  const versions = versionsOf(seen, image);
  if (!versions.includes(version)) {
    const says = `image ${image.name} has no version ${version}${versions.length === 0 ? '' : `, only ${versions.join(', ')}`}`;
    return failed(reason('retire.version.unknown', image.name, says));
  }
  const withdrawn = new Set(withdrawnOf(seen, image).flatMap((i) => i.tags['amiport:version'] ?? []));
  const source = seen.sources.get(image.name);
  const wanted = source?.is === 'known' ? [source.value.imageId] : [];
  const before = versions.slice(versions.indexOf(version) + 1);
  return done([...wanted, ...before].find((v) => v !== version && !unclean.has(v) && !withdrawn.has(v)));
}

/** The delivery with the clean version as the image's source. */
export const emergencyDelivery = (want: Delivery, { image, to }: EmergencyWish): Delivery =>
  to === undefined
    ? want
    : {
        ...want,
        images: want.images.map((i) => (i.name === image.name ? { ...i, source: { from: 'ami', imageId: to } } : i)),
      };

/** Everything of the version that somebody could launch. */
export const endangered = (want: Delivery, seen: Observed, { image, version }: EmergencyWish): readonly Retiring[] =>
  amisOf(want, seen, image, 'any-way').filter((r) => r.version === version && r.ami.state === 'available');

const POINTERS: ReadonlySet<Step['do']> = new Set(['put-parameter', 'set-launch-template', 'set-template-version']);

/** @param former the delivery as it is to be, observed as `seen` */
export function planEmergency(
  want: Delivery,
  former: Delivery,
  seen: Observed,
  wish: EmergencyWish,
  census: Census,
): Plan {
  const { image, to, version } = wish;
  const d = new Draft(former, seen);
  if (to !== undefined) {
    const before: Before = {
      version: 1,
      images: [{ name: image.name, way: image.way, imageVersion: to }],
      templates: [],
      config: { images: [] },
    };
    const back = planRollback(want, former, before, seen);
    for (const step of back.steps) if (step.image === image.name || step.image === undefined) d.add(step);
    d.blocked.push(...back.blocked);
    d.notes.push(...back.notes);
    d.exported.push(...back.exported);
  }
  for (const r of endangered(want, seen, wish)) {
    d.add({
      id: `disable-image:${r.ami.imageId}:${r.region}`,
      do: 'disable-image',
      account: r.account,
      region: r.region,
      image: image.name,
      imageVersion: version,
      why: 'this version must not be launched again',
      needs: d
        .stepsOf(image.name, r.region)
        .filter((s) => POINTERS.has(s.do))
        .map((s) => s.id),
      imageId: r.ami.imageId,
      accounts: permitted(r.ami),
      withdrawn: true,
    });
  }
  d.notes.push(...runningFrom(census));
  return d.finish();
}

/** An instance goes on whatever becomes of its image: whoever owns it has to replace it. */
const runningFrom = (census: Census) =>
  [...census.values()].flatMap((found) => {
    if (found.is === 'unreadable') return [found.reason];
    if (found.is !== 'known') return [];
    return found.value
      .filter((c) => c.kind === 'instance' || c.kind === 'usage')
      .map((c) =>
        reason(
          'retire.runs-on',
          `${c.account}/${c.region}`,
          `${c.kind === 'instance' ? 'instance' : 'usage report:'} ${c.id} in ${c.account}/${c.region} came from ${c.imageId}, and runs on`,
          { remedy: { who: `account ${c.account}`, does: 'replace it, and revoke what it may have given away' } },
        ),
      );
  });
