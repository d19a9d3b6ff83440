/**
 * Sources: EC2 API Reference CreateLaunchTemplateVersion, DescribeLaunchTemplateVersions, DeleteLaunchTemplateVersions.
 * A version made with SourceVersion takes every top-level parameter of the source that it does not give itself.
 */

import { resolveImageId } from '../../launch/image-name.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { findTemplate, templateData, templateVersion } from '../../launch/templates.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { LaunchTemplate, LaunchTemplateVersion } from '../../world/ec2.ts';
import { ec2Of, templateDemand } from './launch-templates.ts';
import { checkTemplateData, shownData } from './template-data.ts';

interface Item {
  readonly template: LaunchTemplate;
  readonly version: LaunchTemplateVersion;
}

function shown(call: Call<object>, { template, version }: Item, resolve = false): Ec2.LaunchTemplateVersion {
  const data = shownData(templateData(version));
  if (resolve && data.ImageId) data.ImageId = resolveImageId(call, call.place, data.ImageId);
  return {
    CreatedBy: version.createdBy,
    CreateTime: wholeSecond(version.createdMs),
    DefaultVersion: version.version === template.defaultVersion,
    LaunchTemplateData: data,
    LaunchTemplateId: template.launchTemplateId,
    LaunchTemplateName: template.name,
    VersionDescription: version.description,
    VersionNumber: version.version,
  };
}

const ACTION = 'CreateLaunchTemplateVersion';

export const createLaunchTemplateVersion = operation<
  Ec2.CreateLaunchTemplateVersionRequest,
  Ec2.CreateLaunchTemplateVersionResult
>('ec2.CreateLaunchTemplateVersion', {
  accepts: [
    ...(['ClientToken', 'LaunchTemplateId', 'LaunchTemplateName', 'SourceVersion'] as const),
    ...(['VersionDescription', 'LaunchTemplateData', 'ResolveAlias'] as const),
  ],
  demands: templateDemand('ec2:CreateLaunchTemplateVersion'),
  apply(call) {
    const { input } = call;
    const ec2 = ec2Of(call);
    const template = findTemplate(ec2, input);
    const before = madeBefore(ec2, ACTION, input.ClientToken, input);
    const made = before ? template.versions.get(Number(before)) : undefined;
    if (made) return { LaunchTemplateVersion: shown(call, { template, version: made }, input.ResolveAlias) };
    const source = input.SourceVersion ? templateData(templateVersion(template, input.SourceVersion)) : {};
    const given = Object.fromEntries(Object.entries(input.LaunchTemplateData ?? {}).filter(([, v]) => v !== undefined));
    const data = { ...source, ...given };
    checkTemplateData(data);
    const version: LaunchTemplateVersion = {
      version: template.latestVersion + 1,
      createdMs: call.nowMs,
      createdBy: call.caller.arn,
      description: input.VersionDescription,
      data,
    };
    template.versions.set(version.version, version);
    template.latestVersion = version.version;
    rememberToken(ec2, ACTION, input.ClientToken, input, { result: String(version.version), atMs: call.nowMs });
    return { LaunchTemplateVersion: shown(call, { template, version }, input.ResolveAlias) };
  },
});

const data = (item: Item) => templateData(item.version);

const FIELDS: Fields<Item> = {
  'create-time': (i) => wholeSecond(i.version.createdMs).toISOString(),
  'ebs-optimized': (i) => String(data(i).EbsOptimized ?? false),
  'iam-instance-profile': (i) => data(i).IamInstanceProfile?.Arn ?? data(i).IamInstanceProfile?.Name,
  'image-id': (i) => data(i).ImageId,
  'instance-type': (i) => data(i).InstanceType,
  'is-default-version': (i) => String(i.version.version === i.template.defaultVersion),
  'kernel-id': (i) => data(i).KernelId,
  'ram-disk-id': (i) => data(i).RamDiskId,
};

/** Without a template `$Latest` and `$Default` are those of all templates of the account. */
function items(call: Call<Ec2.DescribeLaunchTemplateVersionsRequest>): Item[] {
  const { input } = call;
  const ec2 = ec2Of(call);
  if (!input.LaunchTemplateId && !input.LaunchTemplateName) {
    if (!input.Versions?.length || input.Versions.some((v) => v !== '$Latest' && v !== '$Default')) {
      throw new Fault('MissingParameter', 'Either a launch template ID or a launch template name must be specified.');
    }
    const versions = input.Versions;
    return [...ec2.launchTemplates.values()].flatMap((template) =>
      versions.map((v) => ({ template, version: templateVersion(template, v) })),
    );
  }
  const template = findTemplate(ec2, input);
  if (input.Versions?.length) {
    return input.Versions.map((v) => ({ template, version: templateVersion(template, v) }));
  }
  const from = Number(input.MinVersion ?? 0);
  const to = Number(input.MaxVersion ?? Number.POSITIVE_INFINITY);
  return [...template.versions.values()]
    .filter((version) => version.version >= from && version.version <= to)
    .map((version) => ({ template, version }))
    .reverse();
}

export const describeLaunchTemplateVersions = operation<
  Ec2.DescribeLaunchTemplateVersionsRequest,
  Ec2.DescribeLaunchTemplateVersionsResult
>('ec2.DescribeLaunchTemplateVersions', {
  accepts: [
    ...(['LaunchTemplateId', 'LaunchTemplateName', 'Versions', 'MinVersion', 'MaxVersion'] as const),
    ...(['NextToken', 'MaxResults', 'Filters', 'ResolveAlias'] as const),
  ],
  demands: () => [{ action: 'ec2:DescribeLaunchTemplateVersions', resource: '*' }],
  apply(call) {
    const page = listed(items(call), FIELDS, call.input);
    const resolve = call.input.ResolveAlias === true;
    return {
      LaunchTemplateVersions: page.items.map((item) => shown(call, item, resolve)),
      NextToken: page.nextToken,
    };
  },
});

export const deleteLaunchTemplateVersions = operation<
  Ec2.DeleteLaunchTemplateVersionsRequest,
  Ec2.DeleteLaunchTemplateVersionsResult
>('ec2.DeleteLaunchTemplateVersions', {
  accepts: ['LaunchTemplateId', 'LaunchTemplateName', 'Versions'],
  demands: templateDemand('ec2:DeleteLaunchTemplateVersions'),
  apply(call) {
    const template = findTemplate(ec2Of(call), call.input);
    const name = { LaunchTemplateId: template.launchTemplateId, LaunchTemplateName: template.name };
    const gone: Ec2.DeleteLaunchTemplateVersionsResponseSuccessItem[] = [];
    const kept: Ec2.DeleteLaunchTemplateVersionsResponseErrorItem[] = [];
    for (const asked of call.input.Versions ?? []) {
      const number = Number(asked);
      const item = { ...name, VersionNumber: number };
      if (number === template.defaultVersion) {
        const says = 'Cannot delete the default version of a launch template.';
        kept.push({ ...item, ResponseError: { Code: 'unexpectedError', Message: says } });
      } else if (template.versions.delete(number)) {
        gone.push(item);
      } else {
        const says = `Could not find launch template version ${asked}`;
        kept.push({ ...item, ResponseError: { Code: 'launchTemplateVersionDoesNotExist', Message: says } });
      }
    }
    return { SuccessfullyDeletedLaunchTemplateVersions: gone, UnsuccessfullyDeletedLaunchTemplateVersions: kept };
  },
});
