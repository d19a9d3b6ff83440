/** Finding launch templates and their versions. Source: EC2 API Reference LaunchTemplateSpecification; error codes of ERR. */

import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Ec2Place, LaunchTemplate, LaunchTemplateVersion } from '../world/ec2.ts';

export interface TemplateReference {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
}

export function findTemplate(ec2: Ec2Place, by: TemplateReference): LaunchTemplate {
  if (by.LaunchTemplateId && by.LaunchTemplateName) {
    throw new Fault(
      'InvalidParameterCombination',
      'You may specify only one of launchTemplateId and launchTemplateName.',
    );
  }
  if (by.LaunchTemplateId) return templateById(ec2, by.LaunchTemplateId);
  if (by.LaunchTemplateName) return templateByName(ec2, by.LaunchTemplateName);
  throw new Fault('MissingParameter', 'Either a launch template ID or a launch template name must be specified.');
}

function templateById(ec2: Ec2Place, id: string): LaunchTemplate {
  if (!/^lt-[0-9a-f]{8,17}$/.test(id)) {
    throw new Fault('InvalidLaunchTemplateId.Malformed', `Invalid id: "${id}" (expecting "lt-...")`);
  }
  const template = ec2.launchTemplates.get(id);
  if (template) return template;
  throw new Fault(
    'InvalidLaunchTemplateId.NotFound',
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

function templateByName(ec2: Ec2Place, name: string): LaunchTemplate {
  for (const template of ec2.launchTemplates.values()) if (template.name === name) return template;
  throw new Fault(
    'InvalidLaunchTemplateName.NotFoundException',
    `The specified launch template, with template name ${name}, does not exist.`,
  );
}

/** ASG-5: a number, `$Latest` or `$Default`; none means the default version. */
export function templateVersion(template: LaunchTemplate, version: string | undefined): LaunchTemplateVersion {
  const wanted =
    version === undefined || version === '' || version === '$Default'
      ? template.defaultVersion
      : version === '$Latest'
        ? template.latestVersion
        : /^\d+$/.test(version)
          ? Number(version)
          : undefined;
  if (wanted === undefined) {
    throw new Fault('InvalidParameterValue', `Invalid launch template version: ${version ?? ''}`);
  }
  const found = template.versions.get(wanted);
  if (found) return found;
  throw new Fault(
    'InvalidLaunchTemplateId.VersionNotFound',
    `Could not find the specified version ${version ?? ''} for the launch template with ID ${template.launchTemplateId}.`,
  );
}

/** The stored data in the request's shape: only `CreateLaunchTemplate…` writes it. */
export const templateData = (version: LaunchTemplateVersion): Ec2.RequestLaunchTemplateData => version.data;
