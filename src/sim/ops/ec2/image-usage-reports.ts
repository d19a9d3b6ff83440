/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_CreateImageUsageReport,
 * API_DescribeImageUsageReports, API_DescribeImageUsageReportEntries, API_DeleteImageUsageReport; EC2 User Guide
 * "View your AMI usage" (reports live 30 days; newest 20 template versions unless told otherwise).
 */
import type { Place } from '../../../base/place.ts';
import { anyOf, creationTagDemands, imageDemand, placedArn, resourceTags, tagsRequested } from '../../ec2/demands.ts';
import { applyFilters, type FilterTable, onePage } from '../../ec2/filters.ts';
import { ownImage } from '../../ec2/image-ids.ts';
import { instancesUsing, templatesUsing } from '../../ec2/image-usage.ts';
import { iso } from '../../ec2/iso.ts';
import { required } from '../../ec2/required.ts';
import { apiTags, tagsFor } from '../../ec2/tags.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, type Ctx, Fault, operation, task } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { UsageReport } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

const READY = 'ec2.UsageReportIsReady';
const EXPIRED = 'ec2.UsageReportExpires';
const LIVES_MS = 30 * 86_400_000;
const VERSION_DEPTH = 20;
const TYPES = ['ec2:Instance', 'ec2:LaunchTemplate'];

const reportsOf = (ctx: Pick<Ctx, 'world'>, place: Place) =>
  placeOf(ctx.world, place.account, place.region).ec2.usageReports;

export const createImageUsageReport = operation<Ec2.CreateImageUsageReportRequest, Ec2.CreateImageUsageReportResult>(
  'ec2.CreateImageUsageReport',
  {
    accepts: ['AccountIds', 'ClientToken', 'ImageId', 'ResourceTypes', 'TagSpecifications'],
    demands: (call) => [
      imageDemand(call, call.place, 'CreateImageUsageReport', call.input.ImageId),
      {
        action: 'ec2:CreateImageUsageReport',
        resource: placedArn(call, call.place, 'image-usage-report/*'),
        context: tagsRequested(call.input.TagSpecifications, 'image-usage-report'),
      },
      ...creationTagDemands(call, call.place, 'CreateImageUsageReport', call.input.TagSpecifications),
    ],
    apply(call) {
      const { input, place } = call;
      const { ec2 } = placeOf(call.world, place.account, place.region);
      const before = madeBefore(ec2, 'CreateImageUsageReport', input.ClientToken, input);
      if (before !== undefined) return { ReportId: before };
      const { imageId } = ownImage(call, place, input.ImageId);
      const types = typesOf(input.ResourceTypes);
      const report: UsageReport = {
        reportId: call.newId('amiur'),
        imageId,
        createdMs: call.nowMs,
        accountIds: input.AccountIds?.length ? input.AccountIds : undefined,
        ...types,
        state: 'pending',
        entries: [],
        tags: tagsFor(input.TagSpecifications, 'image-usage-report', ['image-usage-report']),
      };
      const { reportId } = report;
      ec2.usageReports.set(reportId, report);
      rememberToken(ec2, 'CreateImageUsageReport', input.ClientToken, input, { result: reportId, atMs: call.nowMs });
      const subject = { account: place.account, region: place.region, reportId };
      call.later(call.world.settings.pendingMs, READY, subject);
      call.later(LIVES_MS, EXPIRED, subject);
      return { ReportId: reportId };
    },
  },
);

function typesOf(asked: readonly Ec2.ImageUsageResourceTypeRequest[] | undefined) {
  const named = required(asked?.[0], 'ResourceTypes') && (asked ?? []).map(({ ResourceType: type }) => type ?? '');
  for (const type of named) {
    if (type !== 'all' && !TYPES.includes(type)) {
      throw new Fault('InvalidParameterValue', `Value (${type}) for parameter resourceType is invalid.`);
    }
  }
  const options = (asked ?? []).flatMap(({ ResourceTypeOptions: given }) => given ?? []);
  const other = options.find(({ OptionName: name }) => name !== 'version-depth');
  if (other) {
    throw new Fault('InvalidParameterValue', `Value (${other.OptionName}) for parameter optionName is invalid.`);
  }
  return {
    resourceTypes: named.includes('all') ? TYPES : [...new Set(named)],
    versionDepth: Number(options[0]?.OptionValues?.[0] ?? VERSION_DEPTH),
  };
}

/** Goes through the accounts once, in the background: the one look that no index serves. */
const ready = task(READY, (ctx, data) => {
  const place: Place = { account: String(data.account), region: String(data.region) };
  const report = reportsOf(ctx, place).get(String(data.reportId));
  if (report?.state !== 'pending') return;
  const entries: { accountId: string; resourceType: string; count: number }[] = [];
  for (const accountId of report.accountIds ?? ctx.world.accounts.keys()) {
    const ec2 = ctx.world.accounts.get(accountId)?.places.get(place.region)?.ec2;
    if (!ec2) continue;
    for (const resourceType of report.resourceTypes) {
      const using =
        resourceType === 'ec2:Instance'
          ? instancesUsing(ec2, report.imageId)
          : templatesUsing(ec2, report.imageId, report.versionDepth);
      if (using.length > 0) entries.push({ accountId, resourceType, count: using.length });
    }
  }
  report.entries = entries;
  report.state = 'available';
});

const expired = task(EXPIRED, (ctx, data) => {
  reportsOf(ctx, { account: String(data.account), region: String(data.region) }).delete(String(data.reportId));
});

export const USAGE_REPORT_TASKS = [ready, expired];

const notFound = (id: string): Fault =>
  new Fault('InvalidImageUsageReportId.NotFound', `The image usage report '${id}' does not exist`);

/** The reports that a describe asks for. */
function asked(call: Call<{ ImageIds?: string[] | undefined; ReportIds?: string[] | undefined }>): UsageReport[] {
  const { ImageIds: images, ReportIds: ids } = call.input;
  if (images?.length && ids?.length) {
    throw new Fault('InvalidParameterCombination', 'ImageIds and ReportIds exclude each other');
  }
  const reports = reportsOf(call, call.place);
  for (const id of ids ?? []) if (!reports.has(id)) throw notFound(id);
  return [...reports.values()].filter(
    (report) => (!images?.length || images.includes(report.imageId)) && (!ids?.length || ids.includes(report.reportId)),
  );
}

const REPORT_FILTERS: FilterTable<UsageReport> = {
  'creation-time': ({ createdMs }) => iso(createdMs),
  state: ({ state }) => state,
};

export const describeImageUsageReports = operation<
  Ec2.DescribeImageUsageReportsRequest,
  Ec2.DescribeImageUsageReportsResult
>('ec2.DescribeImageUsageReports', {
  accepts: ['Filters', 'ImageIds', 'MaxResults', 'NextToken', 'ReportIds'],
  demands: () => anyOf('DescribeImageUsageReports'),
  apply(call) {
    const left = applyFilters(asked(call), call.input.Filters, REPORT_FILTERS, ({ tags }) => tags);
    const page = onePage(left, call.input, ({ reportId }) => reportId);
    return {
      NextToken: page.nextToken,
      ImageUsageReports: page.items.map((report) => ({
        ReportId: report.reportId,
        ImageId: report.imageId,
        AccountIds: report.accountIds && [...report.accountIds],
        ResourceTypes: report.resourceTypes.map((ResourceType) => ({ ResourceType })),
        State: report.state,
        CreationTime: new Date(report.createdMs),
        ExpirationTime: new Date(report.createdMs + LIVES_MS),
        Tags: report.tags.size > 0 ? apiTags(report.tags) : undefined,
      })),
    };
  },
});

interface Entry {
  readonly report: UsageReport;
  readonly entry: UsageReport['entries'][number];
}

const ENTRY_FILTERS: FilterTable<Entry> = {
  'account-id': ({ entry }) => entry.accountId,
  'creation-time': ({ report }) => iso(report.createdMs),
  'resource-type': ({ entry }) => entry.resourceType,
};

export const describeImageUsageReportEntries = operation<
  Ec2.DescribeImageUsageReportEntriesRequest,
  Ec2.DescribeImageUsageReportEntriesResult
>('ec2.DescribeImageUsageReportEntries', {
  accepts: ['Filters', 'ImageIds', 'MaxResults', 'NextToken', 'ReportIds'],
  demands: () => anyOf('DescribeImageUsageReportEntries'),
  apply(call) {
    const entries = asked(call).flatMap((report) => report.entries.map((entry): Entry => ({ report, entry })));
    const left = applyFilters(entries, call.input.Filters, ENTRY_FILTERS);
    const idOf = ({ report, entry }: Entry) => `${report.reportId} ${entry.accountId} ${entry.resourceType}`;
    const page = onePage(left, call.input, idOf);
    return {
      NextToken: page.nextToken,
      ImageUsageReportEntries: page.items.map(({ report, entry }) => ({
        ReportId: report.reportId,
        ImageId: report.imageId,
        AccountId: entry.accountId,
        ResourceType: entry.resourceType,
        UsageCount: entry.count,
        ReportCreationTime: new Date(report.createdMs),
      })),
    };
  },
});

export const deleteImageUsageReport = operation<Ec2.DeleteImageUsageReportRequest, Ec2.DeleteImageUsageReportResult>(
  'ec2.DeleteImageUsageReport',
  {
    accepts: ['ReportId'],
    demands: (call) => {
      const resource = placedArn(call, call.place, `image-usage-report/${call.input.ReportId ?? ''}`);
      const tags = reportsOf(call, call.place).get(call.input.ReportId ?? '')?.tags;
      return [{ action: 'ec2:DeleteImageUsageReport', resource, context: resourceTags(tags) }];
    },
    apply(call) {
      const id = required(call.input.ReportId, 'ReportId');
      if (!reportsOf(call, call.place).delete(id)) throw notFound(id);
      return { Return: true };
    },
  },
);
