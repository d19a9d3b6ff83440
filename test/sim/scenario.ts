/** What happens in one simulation, drawn from its seed: what is wanted one after the other, what fails, who dies when. */
import { type Random, seededRandom } from '../../src/base/ports.ts';
import type { FaultRule } from '../../src/sim/faults/rules.ts';
import { BUILDER } from '../deliver/stage.ts';
import { type Base, REGIONS, TEMPLATE, USERS } from './base.ts';

export type Way = 'shared-unencrypted' | 'shared-encrypted' | 'account-copies';
export const WAYS: readonly Way[] = ['shared-unencrypted', 'shared-encrypted', 'account-copies'];

export interface WantedImage {
  readonly name: string;
  readonly source: string;
  readonly way: Way;
  readonly template: boolean;
  readonly canary: boolean;
}

export interface Wanted {
  readonly regions: readonly string[];
  readonly accounts: readonly string[];
  readonly images: readonly WantedImage[];
}

export interface Phase {
  readonly want: Wanted;
  readonly faults: readonly FaultRule[];
  /** One process after the other; a number: it dies at that effect; undefined: it may finish. */
  readonly processes: readonly { readonly diesAfter: number | undefined; readonly thenWaitMs: number }[];
}

export interface Scenario {
  readonly seed: number;
  readonly adopted: boolean;
  readonly phases: readonly Phase[];
}

const pick = <T>(random: Random, from: readonly T[]): T => {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
};

export function scenarioOf(seed: number, bases: { readonly made: Base; readonly adopted: Base }): Scenario {
  const random = seededRandom(seed);
  const adopted = random() < 0.4;
  const base = adopted ? bases.adopted : bases.made;
  let want = firstWant(random, base);
  const phases = [phaseOf(random, want)];
  const more = Math.floor(random() * 3);
  for (let i = 0; i < more; i++) {
    want = changed(random, want, base);
    phases.push(phaseOf(random, want));
  }
  return { seed, adopted, phases };
}

/** An encrypted image can be delivered in two of the three ways only. */
function imageOf(random: Random, base: Base, name: string, version: 0 | 1): WantedImage {
  const way = pick(random, WAYS);
  const sealed = way !== 'shared-unencrypted' && random() < 0.5;
  const sources = sealed ? base.encrypted : base.plain;
  return {
    name,
    way,
    source: sources[version] ?? '',
    template: random() < 0.5 && name === 'web',
    canary: random() < 0.2,
  };
}

function firstWant(random: Random, base: Base): Wanted {
  const images = [imageOf(random, base, 'web', 0)];
  if (random() < 0.3) images.push(imageOf(random, base, 'batch', 0));
  return {
    regions: random() < 0.4 ? REGIONS : REGIONS.slice(0, 1),
    accounts: random() < 0.5 ? USERS : USERS.slice(0, 1),
    images,
  };
}

/** The way, the version, the accounts or the Regions change. */
function changed(random: Random, want: Wanted, base: Base): Wanted {
  const [first, ...others] = want.images;
  if (first === undefined) return want;
  const dice = random();
  if (dice < 0.4) return { ...want, images: [otherWay(random, first, base), ...others] };
  if (dice < 0.7) return { ...want, images: [newer(first, base), ...others] };
  if (dice < 0.85) return { ...want, accounts: want.accounts.length > 1 ? [pick(random, USERS)] : USERS };
  return { ...want, regions: want.regions.length > 1 ? REGIONS.slice(0, 1) : REGIONS };
}

function otherWay(random: Random, image: WantedImage, base: Base): WantedImage {
  const sealed = base.encrypted.includes(image.source);
  const ways = WAYS.filter((w) => w !== image.way && !(sealed && w === 'shared-unencrypted'));
  return { ...image, way: pick(random, ways) };
}

function newer(image: WantedImage, base: Base): WantedImage {
  const sources = base.encrypted.includes(image.source) ? base.encrypted : base.plain;
  return { ...image, source: sources.at(-1) ?? image.source };
}

function phaseOf(random: Random, want: Wanted): Phase {
  const count = Math.floor(random() * 3);
  const processes = Array.from({ length: count }, () => ({
    diesAfter: random() < 0.7 ? 1 + Math.floor(random() * 30) : undefined,
    thenWaitMs: Math.floor(random() * 20) * 60_000,
  }));
  return { want, faults: random() < 0.6 ? faultsOf(random, want) : [], processes };
}

function faultsOf(random: Random, want: Wanted): readonly FaultRule[] {
  const region = pick(random, want.regions);
  const kinds: readonly (() => FaultRule)[] = [
    () => ({ fault: 'throttle', probability: 0.2 }),
    () => ({ fault: 'throttle', probability: 0.9, everyMs: 120_000, forMs: 20_000 }),
    () => ({ fault: 'internal', probability: 0.1 }),
    () => ({ fault: 'unavailable', probability: 0.1 }),
    () => ({ fault: 'drop-before', probability: 0.1 }),
    () => ({ fault: 'drop-after', probability: 0.15 }),
    () => ({ fault: 'delay', probability: 0.2, delayMs: 3_000 }),
    () => ({ fault: 'stale', probability: 0.1, staleMs: 5_000, service: 'ec2' }),
    () => ({ fault: 'copy-fails', max: 1, afterMs: 60_000 }),
    () => ({ fault: 'region-down', region, fromMs: 30_000, untilMs: 90_000 }),
  ];
  const left = [...kinds];
  const count = 1 + Math.floor(random() * 3);
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0]).flatMap((kind) =>
    kind === undefined ? [] : [kind()],
  );
}

const LAUNCHERS = '[{ role: Launcher }, autoscaling]';

export function configText(want: Wanted): string {
  const images = want.images.map((i) => {
    const accountKey = i.way === 'account-copies' ? ', accountKey: "alias/ebs-{account}"' : '';
    const templates = i.template ? `, launchTemplates: [${TEMPLATE}]` : '';
    const canary = i.canary ? ', canary: true' : '';
    return `  ${i.name}: { source: { ami: ${i.source} }, way: ${i.way}${accountKey}, publish: { ssm: "${parameterOf(i.name)}"${templates}${canary} } }`;
  });
  return `version: 1
delivery: bedrock
builder: { account: "${BUILDER}", region: ${REGIONS[0]} }
access: { role: "arn:aws:iam::{account}:role/amiport", externalId: bedrock-images }
manage: { keyPolicy: amiport, rolePolicy: amiport, grants: amiport, launchTemplates: amiport }
regions: [${want.regions.join(', ')}]
accounts:
${want.accounts.map((id) => `  - { id: "${id}", launchers: ${LAUNCHERS} }`).join('\n')}
key: { alias: amiport-images, multiRegion: true, rotation: { everyDays: 365 } }
canary: { maxCost: 100 }
images:
${images.join('\n')}
`;
}

export const parameterOf = (image: string): string => `/golden/${image}/current`;
