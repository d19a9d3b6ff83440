/**
 * The way back from a run: the delivery as it was before, planned like any other. So a former version, a former way and
 * the pointers all come back by the same steps, proven first, and what the run brought is withdrawn last.
 */
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Delivery, Image } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import type { Before, ImageBefore, TemplateBefore } from './before.ts';
import { Draft } from './draft.ts';
import { planDelivery } from './plan.ts';
import type { Plan, Step } from './step.ts';

/** @param earlier what runs up to the one to go back from had as their config, newest first */
export function formerDelivery(want: Delivery, before: Before, earlier: readonly Before[]): Outcome<Delivery> {
  const images: Image[] = [];
  let key = want.key;
  for (const image of want.images) {
    const was = before.images.find((b) => b.name === image.name);
    if (was === undefined) {
      images.push(image);
      continue;
    }
    const config = configOf(image, was, earlier);
    if (config === undefined) return failed(keyUnknown(image, was));
    images.push({ ...image, ...config, source: { from: 'ami', imageId: was.imageVersion } });
    if (was.way === 'shared-encrypted') key ??= earlier.find((b) => b.config.key !== undefined)?.config.key;
  }
  return done({ ...want, key, images });
}

/** The present config serves where the way is the same; else that of a run that had this way. */
function configOf(
  image: Image,
  was: ImageBefore,
  earlier: readonly Before[],
): Pick<Image, 'way' | 'volumeKey' | 'accountKey'> | undefined {
  if (image.way === was.way) return image;
  const found = earlier.flatMap((b) => b.config.images).find((i) => i.name === was.name && i.way === was.way);
  if (found !== undefined) return { way: found.way, volumeKey: found.volumeKey, accountKey: found.accountKey };
  return was.way === 'account-copies' ? undefined : { way: was.way, volumeKey: image.volumeKey, accountKey: undefined };
}

const keyUnknown = (image: Image, was: ImageBefore): Reason =>
  reason(
    'rollback.key.unknown',
    image.name,
    `${image.name} was delivered the way ${was.way}, and no run here says under which keys`,
    {
      remedy: { who: 'you', does: `put way: ${was.way} and its accountKey back into amiport.yaml, then amiport apply` },
    },
  );

/** A version whose source AMI is gone is still there in its copies. */
function withSourcesFromCopies(former: Delivery, seen: Observed): Observed {
  const sources = new Map(seen.sources);
  for (const image of former.images) {
    if (image.source.from !== 'ami' || sources.get(image.name)?.is !== 'absent') continue;
    const version = image.source.imageId;
    const copy = copyOf(seen, image, version);
    if (copy !== undefined) sources.set(image.name, { is: 'known', value: { ...copy, imageId: version } });
  }
  return { ...seen, sources };
}

const copyOf = (seen: Observed, image: Image, version: string): ImageSeen | undefined =>
  [...seen.builder.values(), ...seen.places.values()]
    .flatMap((p) => (p.images.is === 'known' ? p.images.value : []))
    .find((i) => i.tags['amiport:image'] === image.name && i.tags['amiport:version'] === version);

/** @param looked with the sources of `former` as they are: absent where the AMI is gone */
export function planRollback(want: Delivery, former: Delivery, before: Before, looked: Observed): Plan {
  const seen = withSourcesFromCopies(former, looked);
  const planned = planDelivery(former, seen);
  const d = new Draft(former, seen);
  d.blocked.push(...planned.blocked, ...goneVersions(former, looked, planned.steps));
  d.notes.push(...planned.notes, ...goesForwardAgain(want, former));
  d.exported.push(...planned.exported);
  if (d.blocked.length > planned.blocked.length) return d.finish();
  const proofs = proofsFor(former, planned.steps);
  for (const step of proofs.values()) d.add(step);
  for (const step of planned.steps)
    d.add(backTo(before, { ...step, needs: [...step.needs, ...proofBefore(proofs, step)] }));
  return d.finish();
}

const isPointer = (s: Step): boolean => s.do === 'put-parameter' || s.do === 'set-launch-template';
const proofId = (s: Step): string => `prove:${s.image}:${s.imageVersion}:${s.account}/${s.region}:back`;

/** An old version is shared still, so nothing else would prove it before its pointers come back. */
function proofsFor(former: Delivery, steps: readonly Step[]): ReadonlyMap<string, Step> {
  const proofs = new Map<string, Step>();
  for (const s of steps.filter(isPointer)) {
    if (steps.some((p) => p.do === 'prove' && p.image === s.image && p.places.includes(`${s.account}/${s.region}`)))
      continue;
    proofs.set(proofId(s), {
      id: proofId(s),
      do: 'prove',
      account: former.builder.account,
      region: s.region,
      why: 'no pointer goes back to a version that cannot be launched',
      needs: [],
      ...(s.image === undefined ? {} : { image: s.image }),
      ...(s.imageVersion === undefined ? {} : { imageVersion: s.imageVersion }),
      places: [`${s.account}/${s.region}`],
    });
  }
  return proofs;
}

const proofBefore = (proofs: ReadonlyMap<string, Step>, s: Step): readonly string[] =>
  isPointer(s) && proofs.has(proofId(s)) ? [proofId(s)] : [];

/** The template's own former version is better than a new one that says the same. */
function backTo(before: Before, step: Step): Step {
  if (step.do !== 'set-launch-template' || step.setDefault === false) return step;
  const was = before.templates.find((t) => isSame(t, step));
  if (was?.imageId !== step.imageId) return step;
  const { mappings: _m, token: _t, imageId: _i, ...base } = step;
  return {
    ...base,
    do: 'set-template-version',
    version: was.defaultVersion,
    why: `version ${was.defaultVersion} was the default before`,
  };
}

const isSame = (t: TemplateBefore, s: Extract<Step, { do: 'set-launch-template' }>): boolean =>
  t.account === s.account && t.region === s.region && t.name === s.name;

/** Copies of a version whose source is gone cannot be made again. */
function goneVersions(former: Delivery, looked: Observed, steps: readonly Step[]): readonly Reason[] {
  return former.images.flatMap((image) => {
    if (image.source.from !== 'ami' || looked.sources.get(image.name)?.is !== 'absent') return [];
    const version = image.source.imageId;
    const needed = steps.some((s) => s.do === 'copy-image' && s.sourceImageId === version);
    const nothing = copyOf(looked, image, version) === undefined;
    if (!needed && !nothing) return [];
    return [
      reason(
        'rollback.version.gone',
        version,
        `version ${version} of ${image.name} is not there any more${nothing ? '' : ' in every Region'}`,
        {
          remedy: { who: 'you', does: 'deliver another version: write it into amiport.yaml as its source' },
        },
      ),
    ];
  });
}

/** The config is not rolled back by a command. */
function goesForwardAgain(want: Delivery, former: Delivery): readonly Reason[] {
  return former.images.flatMap((image) => {
    const now = want.images.find((i) => i.name === image.name);
    if (now === undefined || image.source.from !== 'ami' || now.source === image.source) return [];
    const words = [
      ...(now.way === image.way ? [] : [`way: ${image.way}`]),
      ...(now.source.from === 'ami' && now.source.imageId === image.source.imageId
        ? []
        : [`source: { ami: ${image.source.imageId} }`]),
    ];
    if (words.length === 0) return [];
    return [
      reason(
        'rollback.config',
        image.name,
        `amiport.yaml still asks for what ${image.name} is rolled back from, so the next apply goes forward again`,
        {
          remedy: { who: 'you', does: `write ${words.join(', ')} for ${image.name} until it may` },
        },
      ),
    ];
  });
}
