/** How long planning takes (time of the processor, which others do not lengthen) and what it holds, for fleets that are made up. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { known } from '../../src/base/outcome.ts';
import { parseConfig } from '../../src/model/config.ts';
import type { Delivery } from '../../src/model/delivery.ts';
import type {
  AccountSeen,
  BuilderRegionSeen,
  ImageSeen,
  KeySeen,
  Observed,
  PlaceSeen,
} from '../../src/model/observed.ts';
import { planDelivery } from '../../src/plan/plan.ts';
import type { Emit } from '../figure.ts';
import { peakMiB } from '../peak-memory.ts';
import { BUILDER, type Fleet, fleetOf, HOME } from './fleet.ts';

const SECONDS_MAX = 10;
const MIB_MAX = 1024;
const GROWTH_MAX = 12;
const IMAGES = 10;

export async function benchPlanning(emit: Emit): Promise<void> {
  const small = inChild(100);
  const large = inChild(1_000);
  const told = {
    bench: 'deliver',
    baseline: `${large.steps} steps, shared-unencrypted with a parameter in every place`,
  };
  const holds = (value: number, most: number) => ({ value, target: `<= ${most}`, holds: value <= most });
  emit({ ...told, figure: 'plan 1,000 x 20 x 10', unit: 'CPU s', ...holds(large.seconds, SECONDS_MAX) });
  emit({ ...told, figure: 'plan 1,000 x 20 x 10, memory', unit: 'MiB', ...holds(large.mebibytes, MIB_MAX) });
  const growth = large.seconds / small.seconds;
  emit({
    ...told,
    figure: 'plan 10 times larger',
    unit: 'x',
    ...holds(growth, GROWTH_MAX),
    baseline: `${small.seconds.toFixed(2)} s for 100 x 20 x 10`,
  });
}

interface Measured {
  readonly seconds: number;
  /** The most that the process ever held, the fleet that was seen included. */
  readonly mebibytes: number;
  readonly steps: number;
}

/** In a process of its own, so that its memory is that of planning. */
function inChild(accounts: number): Measured {
  const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'plan-once.ts'), String(accounts)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Measured;
}

export function measured(accounts: number): Measured {
  const fleet = fleetOf(accounts, 20);
  const want = deliveryFor(fleet);
  const seen = seenBy(fleet, want);
  const before = process.cpuUsage();
  const plan = planDelivery(want, seen);
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, mebibytes: peakMiB(), steps: plan.steps.length };
}

function deliveryFor({ accounts, regions }: Fleet): Delivery {
  const images = Array.from(
    { length: IMAGES },
    (_, i) =>
      `  image-${i}: { source: { ami: ami-0${String(i).padStart(16, '0')} }, way: shared-unencrypted, publish: { ssm: "/golden/{image}/current" } }`,
  );
  const text = `version: 1
delivery: bench
builder: { account: "${BUILDER}", region: ${HOME} }
access: { role: "arn:aws:iam::{account}:role/amiport" }
regions: [${regions.join(', ')}]
accounts:
${accounts.map((id) => `  - { id: "${id}", launchers: [ { role: Launcher }, autoscaling ] }`).join('\n')}
images:
${images.join('\n')}
`;
  const parsed = parseConfig(Buffer.from(text), 'amiport.yaml', { fileExists: () => true, env: {} });
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return parsed.delivery;
}

function seenBy({ accounts, regions }: Fleet, want: Delivery): Observed {
  const sources = want.images.map(
    (i) => [i.name, known(sourceImage(i.source.from === 'ami' ? i.source.imageId : ''))] as const,
  );
  return {
    atMs: 0,
    organization: { is: 'absent' },
    accounts: new Map(accounts.map((id) => [id, accountSeen(id)])),
    builder: new Map(regions.map((region) => [region, builderSeen(region)])),
    places: new Map(
      accounts.flatMap((id) => regions.map((region) => [`${id}/${region}`, placeSeen(id, region)] as const)),
    ),
    sources: new Map(sources),
  };
}

const sourceImage = (imageId: string): ImageSeen => ({
  imageId,
  ownerId: BUILDER,
  name: imageId,
  state: 'available',
  stateReason: undefined,
  createdMs: 0,
  architecture: 'x86_64',
  rootDeviceName: '/dev/xvda',
  enaSupport: true,
  platformDetails: 'Linux/UNIX',
  productCodes: [],
  deprecatedAtMs: undefined,
  mappings: [{ deviceName: '/dev/xvda', snapshotId: 'snap-1', encrypted: false, volumeSizeGiB: 8 }],
  tags: {},
  launchPermissions: { is: 'absent' },
});

const role = (account: string, name: string) =>
  known({
    arn: `arn:aws:iam::${account}:role/${name}`,
    roleId: `AROA${account}`,
    name,
    inline: [],
    attached: [],
    boundary: undefined,
    tags: {},
  });

const accountSeen = (account: string): AccountSeen => ({
  account,
  identity: known(`arn:aws:sts::${account}:assumed-role/amiport/x`),
  regionsOff: known([]),
  own: { is: 'absent' },
  roles: new Map([['Launcher', role(account, 'Launcher')]]),
  serviceLinkedRoles: new Map([['AWSServiceRoleForAutoScaling', role(account, 'AWSServiceRoleForAutoScaling')]]),
});

const builderSeen = (region: string): BuilderRegionSeen => ({
  region,
  encryptionByDefault: known(false),
  key: { is: 'absent' },
  otherKeys: new Map(),
  images: known([]),
  snapshots: new Map(),
});

const defaultKey = (account: string, region: string): KeySeen => ({
  arn: `arn:aws:kms:${region}:${account}:key/default`,
  keyId: 'default',
  account,
  region,
  state: 'Enabled',
  manager: 'AWS',
  multiRegion: undefined,
  policy: known('{}'),
  rotation: { is: 'absent' },
  aliases: [],
  tags: {},
  grants: known([]),
});

const placeSeen = (account: string, region: string): PlaceSeen => ({
  account,
  region,
  encryptionByDefault: known(true),
  defaultKey: known(defaultKey(account, region)),
  volumeKeys: new Map(),
  allowedImages: known({ state: 'disabled', criteria: [] }),
  images: known([]),
  snapshots: new Map(),
  parameters: new Map(),
  launchTemplates: new Map(),
});
