/** What only some configs ask for: organizational units, Regions that need opt-in, notices, the gate of secrets, disks read. */
import {
  auditNew,
  auditTarget,
  awsTarget,
  left,
  makePlan,
  notify,
  rehomePlan,
  type Session,
} from '../../src/app/api.ts';
import type { Reason } from '../../src/base/outcome.ts';
import { applied, type Chapter, proven, silent } from './chapters.ts';
import { BUILDER, FIRST, HOME, type Life, must, OTHER } from './life.ts';
import { baked, configOf, group, launched, openKey, settledIn } from './others.ts';

const OPT_IN = 'af-south-1';
const TOPIC = `arn:aws:sns:${OTHER}:${BUILDER}:told`;
const BUS = `arn:aws:events:${OTHER}:${BUILDER}:event-bus/told`;

const featured = (unit: string): string =>
  `${configOf('shared-encrypted')
    .replace(`regions: [${OTHER}]`, `regions: [${OTHER}, ${OPT_IN}]`)
    .replace(', instanceRefresh: { minHealthyPercentage: 50 }', '')
    .replace('images:', `  - { organizationalUnit: ${unit}, launchers: [autoscaling] }\nimages:`)
    .replace(/key: (.*)\n(.*organizationalUnit.*)\n/, '$2\nkey: $1\n')}policy: { secrets: { block: [high] } }
notify: { topic: "${TOPIC}", bus: "${BUS}", on: [delivered] }
`;

export const FEATURES: readonly Chapter[] = [
  {
    name: 'a unit, a Region that is off by default, a gate and notices',
    before: settledWithFeatures,
    does: async (life) => {
      const session = await life.open();
      const { unreadable, results } = await auditNew(session, new AbortController().signal);
      if (unreadable.length > 0 || results.length !== 1) return [...unreadable, results];
      const untold = await notify(session, {}, { event: 'delivered' });
      const { plan } = await makePlan(session, silent);
      return [...(await applied(session)), ...(await proven(session)), ...(untold ? [untold] : []), ...plan.blocked];
    },
  },
  {
    name: 'the next version grew from it',
    before: (life) => baked(life, 'two'),
    does: async (life) => {
      const session = await life.open();
      const { unreadable } = await auditNew(session, new AbortController().signal);
      return [...unreadable, ...(await readThrough(session, 'vod')), ...(await applied(session))];
    },
  },
  {
    name: 'looking, read-only',
    as: ['read-only'],
    does: async (life) => {
      const session = await life.open();
      return [...(await proven(session, false)), ...(await left(session, silent)).unreadable];
    },
  },
  {
    name: 'a group whose new instances do not come up',
    also: 'amiport-rehome',
    before: async (life) => {
      await groupUnderOpenKey(life);
      await must(life.first.send('ec2', OTHER, 'DeleteKeyPair', { KeyName: 'operators' }));
    },
    does: async (life) => {
      const wrong = await rehomed(life);
      if (wrong.length === 0) return ['it went well'];
      return wrong.filter((w) => (w as Reason).code !== 'asg.refresh.stopped' || (w as Reason).because.length > 0);
    },
  },
  {
    name: 'volumes and groups move',
    also: 'amiport-rehome',
    before: async (life) => {
      await must(life.first.send('ec2', OTHER, 'CreateKeyPair', { KeyName: 'operators' }));
      await launched(life, 'shared-encrypted');
    },
    does: rehomed,
  },
  {
    name: 'disks read by the auditor',
    as: ['auditor'],
    before: async (life) => {
      const tags = [{ Key: 'amiport:image', Value: 'vod' }];
      const Resources = [life.notes.one, life.notes.two];
      await must(life.builder.send('ec2', HOME, 'CreateTags', { Resources, Tags: tags }));
    },
    does: async (life) => {
      const session = await asAuditor(life);
      const { one = '', two = '' } = life.notes;
      return [...(await readThrough(session, one)), ...(await readThrough(session, two))];
    },
  },
  {
    name: 'a disk whose key is disabled is named with its key',
    as: ['auditor'],
    before: async (life) => {
      const own = await must(life.builder.send<{ KmsKeyId: string }>('ec2', HOME, 'GetEbsDefaultKmsKeyId', {}));
      await must(life.builder.send('kms', HOME, 'DisableKey', { KeyId: own.KmsKeyId }));
    },
    does: async (life) => {
      const [told] = (await readThrough(await asAuditor(life), life.notes.one ?? '')) as Reason[];
      return told?.code === 'snapshot.key.unusable' ? told.because.slice(1) : [told ?? 'it was read'];
    },
  },
];

async function rehomed(life: Life): Promise<readonly unknown[]> {
  const session = await life.open();
  const plan = await rehomePlan(session, { stop: true, deleteOld: false }, silent);
  return [...plan.blocked, ...(await applied(session, plan))];
}

async function groupUnderOpenKey(life: Life): Promise<void> {
  const { first } = life;
  const own = await must(first.send<{ KmsKeyId: string }>('ec2', OTHER, 'GetEbsDefaultKmsKeyId', {}));
  await must(first.send('ec2', OTHER, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: await openKey(life, '*') }));
  const current = life.sim.world.accounts.get(FIRST)?.places.get(OTHER)?.ssm.parameters.get('/golden/vod/current');
  const ImageId = current?.versions.at(-1)?.value;
  const LaunchTemplateData = { ImageId, InstanceType: 't3.micro', KeyName: 'operators' };
  await must(first.send('ec2', OTHER, 'CreateLaunchTemplate', { LaunchTemplateName: 'plain', LaunchTemplateData }));
  await group(life, 'plain');
  await must(first.send('ec2', OTHER, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: own.KmsKeyId }));
}

async function settledWithFeatures(life: Life): Promise<void> {
  const { builder, sim } = life;
  for (const account of [BUILDER, FIRST]) sim.world.accounts.get(account)?.regions.add(OPT_IN);
  await settledIn(life, 'shared-encrypted');
  const units = await must(builder.send<{ Roots: { Id: string }[] }>('organizations', HOME, 'ListRoots', {}));
  const ParentId = units.Roots[0]?.Id;
  const made = await must(
    builder.send<{ OrganizationalUnit: { Id: string } }>('organizations', HOME, 'CreateOrganizationalUnit', {
      ParentId,
      Name: 'users',
    }),
  );
  await must(builder.send('sns', OTHER, 'CreateTopic', { Name: 'told' }));
  await must(builder.send('events', OTHER, 'CreateEventBus', { Name: 'told' }));
  await must(life.first.send('ec2', OPT_IN, 'CreateLaunchTemplate', nodes(life)));
  life.write(featured(made.OrganizationalUnit.Id));
}

const nodes = (life: Life) => ({
  LaunchTemplateName: 'nodes',
  LaunchTemplateData: { ImageId: life.notes.one, InstanceType: 't3.micro' },
});

/** As `amiport audit` does. */
const asAuditor = (life: Life): Promise<Session> => life.open((c) => c, { builderOnly: true });

/** @returns why not, or what was not read; notes count, too */
async function readThrough(session: Session, named: string): Promise<readonly unknown[]> {
  const target = await awsTarget(session, named);
  if (!target.ok) return [target.reason];
  const at = { stateDir: session.stateDir, policy: session.want.policy.secrets, nowMs: () => 0, emit: silent };
  const audited = await auditTarget(target.value, { threads: 1, beside: false, freeSpace: false, packages: false }, at);
  if (!audited.ok) return [audited.reason];
  const { gaps, notes } = audited.value.coverage;
  return [...gaps, ...notes];
}
