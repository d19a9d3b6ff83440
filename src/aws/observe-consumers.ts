/**
 * Who uses images: looks in a place, and the owner's usage reports for accounts where nobody can look.
 * Sources: EC2 User Guide "Identify your resources referencing specified AMIs", "View your AMI usage".
 */
import type { EC2Client } from '@aws-sdk/client-ec2';
import { done, type Outcome, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Consumer } from '../model/census.ts';
import type { Cloud } from '../model/cloud.ts';
import { isDenied } from './call.ts';
import type { Connection } from './connection.ts';
import { pinnedConsumers } from './observe-pinned.ts';
import { piecesOf, tagList } from './shapes.ts';

type Consumers = Pick<Cloud, 'findConsumers' | 'imageUsage'>;

export const consumerSearches = (c: Connection): Consumers => ({
  findConsumers: (at, imageIds) => findConsumers(c, at, imageIds),
  imageUsage: (at, want) => imageUsage(c, at, want.imageIds, want.delivery),
});

/** EC2 API Reference "DescribeImageReferences": images in one request. */
const IMAGES_PER_CALL = 10;

async function findConsumers(
  c: Connection,
  at: Place,
  imageIds: readonly string[],
): Promise<Outcome<readonly Consumer[]>> {
  const wanted = new Set(imageIds);
  const [references, templates] = await Promise.all([
    c.send('ec2', at, 'ec2:DescribeImageReferences', (client) => referencesTo(client, at, imageIds)),
    c.send('ec2', at, 'ec2:DescribeLaunchTemplateVersions', (client) => templatesNaming(client, at, wanted)),
  ]);
  if (!references.ok) return references;
  if (!templates.ok) return templates;
  const pinned = await pinnedConsumers(c, at, wanted);
  return pinned.ok ? done([...references.value, ...templates.value, ...pinned.value]) : pinned;
}

/**
 * Launch templates are passed over here: the answer counts a template when any of its newest versions names an image,
 * and each delivery leaves such versions behind.
 */
async function referencesTo(client: EC2Client, at: Place, imageIds: readonly string[]): Promise<readonly Consumer[]> {
  const { paginateDescribeImageReferences } = await import('@aws-sdk/client-ec2');
  const found: Consumer[] = [];
  for (const ImageIds of piecesOf(imageIds, IMAGES_PER_CALL)) {
    for await (const page of paginateDescribeImageReferences({ client }, { ImageIds, IncludeAllResourceTypes: true })) {
      for (const r of page.ImageReferences ?? []) {
        const kind = KINDS.get(r.ResourceType?.split(':')[1] ?? '');
        if (kind !== undefined) found.push({ imageId: r.ImageId ?? '', kind, id: r.Arn ?? '', ...at });
      }
    }
  }
  return found;
}

/** By what follows the service in the type of a resource. */
const KINDS: ReadonlyMap<string, Consumer['kind']> = new Map([
  ['Instance', 'instance'],
  ['Parameter', 'parameter'],
  ['ImageRecipe', 'image-builder-recipe'],
  ['ContainerRecipe', 'image-builder-recipe'],
]);

/** What a launch without a version, or of the latest one, would use. */
async function templatesNaming(
  client: EC2Client,
  at: Place,
  wanted: ReadonlySet<string>,
): Promise<readonly Consumer[]> {
  const { paginateDescribeLaunchTemplateVersions } = await import('@aws-sdk/client-ec2');
  const found = new Map<string, Consumer>();
  for await (const page of paginateDescribeLaunchTemplateVersions({ client }, { Versions: ['$Default', '$Latest'] })) {
    for (const v of page.LaunchTemplateVersions ?? []) {
      const imageId = v.LaunchTemplateData?.ImageId ?? '';
      const id = `${v.LaunchTemplateName} version ${v.VersionNumber}`;
      if (wanted.has(imageId)) found.set(id, { imageId, kind: 'launch-template', id, ...at });
    }
  }
  return [...found.values()];
}

const REPORT_LOOKS = 60;
const REPORT_LOOK_EVERY_MS = 10_000;

/** One report an image; all are asked for first, then read, then deleted: they count against a quota. */
async function imageUsage(
  c: Connection,
  at: Place,
  imageIds: readonly string[],
  delivery: string,
): Promise<Outcome<readonly Consumer[]>> {
  const reports: string[] = [];
  const read = await usageOf(c, at, imageIds, delivery, reports);
  const { DeleteImageUsageReportCommand } = await import('@aws-sdk/client-ec2');
  for (const ReportId of reports) {
    const gone = await c.send('ec2', at, 'ec2:DeleteImageUsageReport', (ec2) =>
      ec2.send(new DeleteImageUsageReportCommand({ ReportId })),
    );
    // A report that stays ends by itself after thirty days: nothing hangs on it but that somebody may not delete.
    if (isDenied(gone)) return gone;
  }
  return read;
}

async function usageOf(
  c: Connection,
  at: Place,
  imageIds: readonly string[],
  delivery: string,
  reports: string[],
): Promise<Outcome<readonly Consumer[]>> {
  const { CreateImageUsageReportCommand } = await import('@aws-sdk/client-ec2');
  const Tags = tagList({ 'amiport:delivery': delivery, 'amiport:step': 'census' });
  for (const ImageId of imageIds) {
    const asked = await c.send('ec2', at, 'ec2:CreateImageUsageReport', (ec2) =>
      ec2.send(
        new CreateImageUsageReportCommand({
          ImageId,
          ResourceTypes: [{ ResourceType: 'all' }],
          TagSpecifications: [{ ResourceType: 'image-usage-report', Tags }],
        }),
      ),
    );
    if (!asked.ok) return asked;
    reports.push(asked.value.ReportId ?? '');
  }
  const ready = await untilReady(c, at, reports);
  if (!ready.ok) return ready;
  return c.send('ec2', at, 'ec2:DescribeImageUsageReportEntries', (client) => entriesOf(client, at, reports));
}

async function entriesOf(client: EC2Client, at: Place, reports: readonly string[]): Promise<readonly Consumer[]> {
  const { paginateDescribeImageUsageReportEntries } = await import('@aws-sdk/client-ec2');
  const found: Consumer[] = [];
  for await (const page of paginateDescribeImageUsageReportEntries({ client }, { ReportIds: [...reports] })) {
    for (const e of page.ImageUsageReportEntries ?? []) {
      const id = `${e.UsageCount ?? 0} of ${e.ResourceType}`;
      found.push({ imageId: e.ImageId ?? '', kind: 'usage', id, account: e.AccountId ?? '', region: at.region });
    }
  }
  return found;
}

async function untilReady(c: Connection, at: Place, ReportIds: string[]): Promise<Outcome<void>> {
  const { DescribeImageUsageReportsCommand } = await import('@aws-sdk/client-ec2');
  for (let look = 0; look < REPORT_LOOKS; look++) {
    const answer = await c.send('ec2', at, 'ec2:DescribeImageUsageReports', (ec2) =>
      ec2.send(new DescribeImageUsageReportsCommand({ ReportIds })),
    );
    if (!answer.ok) return answer;
    const reports = answer.value.ImageUsageReports ?? [];
    const broken = reports.find((r) => r.State === 'error');
    if (broken !== undefined) {
      const says = `the usage report on ${broken.ImageId} failed: ${broken.StateReason ?? 'no reason given'}`;
      return { ok: false, reason: reason('ec2.usage-report.failed', broken.ImageId ?? '', says) };
    }
    if (reports.length === ReportIds.length && reports.every((r) => r.State === 'available')) return done(undefined);
    await c.options.clock.sleep(REPORT_LOOK_EVERY_MS);
  }
  const says = `the usage reports of ${at.account}/${at.region} are not ready yet`;
  return {
    ok: false,
    reason: reason('ec2.usage-report.late', `${at.account}/${at.region}`, says, {
      remedy: { who: 'you', does: 'try again later' },
    }),
  };
}
