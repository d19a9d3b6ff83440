/**
 * Sources: EC2 API Reference CreateLaunchTemplate, DescribeLaunchTemplates, ModifyLaunchTemplate, DeleteLaunchTemplate.
 * Versions are in `launch-template-versions.ts`.
 */

import { existingTags, tagContext } from '../../launch/demands.ts';
import { describedTags } from '../../launch/describe-instance.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { tagsOf } from '../../launch/tag-specifications.ts';
import { findTemplate, type TemplateReference, templateVersion } from '../../launch/templates.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Ec2Place, LaunchTemplate } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';
import { checkTemplateData } from './template-data.ts';

const NAME = /^[a-zA-Z0-9().\-/_]{3,128}$/;

export const ec2Of = (call: Call<object>): Ec2Place => placeOf(call.world, call.place.account, call.place.region).ec2;

const arnOf = (call: Call<object>, id: string): string =>
  `arn:${call.world.partition}:ec2:${call.place.region}:${call.place.account}:launch-template/${id}`;

/** The demand on the template that the call names. */
export const templateDemand =
  (action: string) =>
  (call: Call<TemplateReference>): Demand[] => {
    const template = findTemplate(ec2Of(call), call.input);
    return [{ action, resource: arnOf(call, template.launchTemplateId), context: existingTags(template.tags) }];
  };

function shownTemplate(template: LaunchTemplate): Ec2.LaunchTemplate {
  return {
    CreatedBy: template.createdBy,
    CreateTime: wholeSecond(template.createdMs),
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: template.latestVersion,
    LaunchTemplateId: template.launchTemplateId,
    LaunchTemplateName: template.name,
    Tags: describedTags(template.tags),
  };
}

export const createLaunchTemplate = operation<Ec2.CreateLaunchTemplateRequest, Ec2.CreateLaunchTemplateResult>(
  'ec2.CreateLaunchTemplate',
  {
    accepts: ['ClientToken', 'LaunchTemplateName', 'VersionDescription', 'LaunchTemplateData', 'TagSpecifications'],
    demands: (call) => {
      const tags = tagsOf(call.input.TagSpecifications, 'launch-template');
      const resource = arnOf(call, '*');
      const context = { ...tagContext(tags), 'ec2:createaction': ['CreateLaunchTemplate'] };
      const tagging = tags.size > 0 ? [{ action: 'ec2:CreateTags', resource, context }] : [];
      return [{ action: 'ec2:CreateLaunchTemplate', resource, context: tagContext(tags) }, ...tagging];
    },
    apply(call) {
      const { input } = call;
      const ec2 = ec2Of(call);
      const before = madeBefore(ec2, 'CreateLaunchTemplate', input.ClientToken, input);
      const made = before ? ec2.launchTemplates.get(before) : undefined;
      if (made) return { LaunchTemplate: shownTemplate(made) };
      const template = newTemplate(call, ec2);
      const result = template.launchTemplateId;
      rememberToken(ec2, 'CreateLaunchTemplate', input.ClientToken, input, { result, atMs: call.nowMs });
      return { LaunchTemplate: shownTemplate(template) };
    },
  },
);

function newTemplate(call: Call<Ec2.CreateLaunchTemplateRequest>, ec2: Ec2Place): LaunchTemplate {
  const { input } = call;
  const name = input.LaunchTemplateName ?? '';
  if (!NAME.test(name)) {
    throw new Fault(
      'InvalidLaunchTemplateName.MalformedException',
      'A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _.',
    );
  }
  for (const other of ec2.launchTemplates.values()) {
    if (other.name !== name) continue;
    throw new Fault('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.');
  }
  const data = input.LaunchTemplateData ?? {};
  checkTemplateData(data);
  const launchTemplateId = call.newId('lt');
  const by = { createdMs: call.nowMs, createdBy: call.caller.arn };
  const template: LaunchTemplate = {
    launchTemplateId,
    name,
    ...by,
    defaultVersion: 1,
    latestVersion: 1,
    versions: new Map([[1, { version: 1, ...by, description: input.VersionDescription, data: { ...data } }]]),
    tags: tagsOf(input.TagSpecifications, 'launch-template'),
  };
  ec2.launchTemplates.set(launchTemplateId, template);
  return template;
}

const FIELDS: Fields<LaunchTemplate> = {
  'create-time': (t) => wholeSecond(t.createdMs).toISOString(),
  'launch-template-name': (t) => t.name,
  tag: (t) => t.tags,
};

/** DescribeLaunchTemplates does not say which one it did not find. @throws Fault */
function listedTemplate(ec2: Ec2Place, by: TemplateReference): LaunchTemplate {
  try {
    return findTemplate(ec2, by);
  } catch (refused) {
    if (!(refused instanceof Fault && /NotFound/.test(refused.code))) throw refused;
    const says = 'At least one of the launch templates specified in the request does not exist.';
    throw new Fault(refused.code, says);
  }
}

export const describeLaunchTemplates = operation<Ec2.DescribeLaunchTemplatesRequest, Ec2.DescribeLaunchTemplatesResult>(
  'ec2.DescribeLaunchTemplates',
  {
    accepts: ['LaunchTemplateIds', 'LaunchTemplateNames', 'Filters', 'NextToken', 'MaxResults'],
    demands: () => [{ action: 'ec2:DescribeLaunchTemplates', resource: '*' }],
    apply(call) {
      const { input } = call;
      const ec2 = ec2Of(call);
      const named = [
        ...(input.LaunchTemplateIds ?? []).map((id) => listedTemplate(ec2, { LaunchTemplateId: id })),
        ...(input.LaunchTemplateNames ?? []).map((name) => listedTemplate(ec2, { LaunchTemplateName: name })),
      ];
      const page = listed(named.length > 0 ? named : [...ec2.launchTemplates.values()], FIELDS, input);
      return { LaunchTemplates: page.items.map(shownTemplate), NextToken: page.nextToken };
    },
  },
);

export const modifyLaunchTemplate = operation<Ec2.ModifyLaunchTemplateRequest, Ec2.ModifyLaunchTemplateResult>(
  'ec2.ModifyLaunchTemplate',
  {
    accepts: ['ClientToken', 'LaunchTemplateId', 'LaunchTemplateName', 'DefaultVersion'],
    demands: templateDemand('ec2:ModifyLaunchTemplate'),
    apply(call) {
      const template = findTemplate(ec2Of(call), call.input);
      const wanted = call.input.DefaultVersion;
      if (wanted === undefined)
        throw new Fault('MissingParameter', 'The request must contain the parameter DefaultVersion');
      template.defaultVersion = templateVersion(template, wanted).version;
      return { LaunchTemplate: shownTemplate(template) };
    },
  },
);

export const deleteLaunchTemplate = operation<Ec2.DeleteLaunchTemplateRequest, Ec2.DeleteLaunchTemplateResult>(
  'ec2.DeleteLaunchTemplate',
  {
    accepts: ['LaunchTemplateId', 'LaunchTemplateName'],
    demands: templateDemand('ec2:DeleteLaunchTemplate'),
    apply(call) {
      const ec2 = ec2Of(call);
      const template = findTemplate(ec2, call.input);
      ec2.launchTemplates.delete(template.launchTemplateId);
      return { LaunchTemplate: shownTemplate(template) };
    },
  },
);
