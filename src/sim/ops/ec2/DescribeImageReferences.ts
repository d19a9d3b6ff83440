/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageReferences.html; ASG-9.
 * Differs from AWS: there is no Image Builder, so no recipe ever refers to an image.
 */
import { anyOf, placedArn } from '../../ec2/demands.ts';
import { onePage } from '../../ec2/filters.ts';
import { checkImageId } from '../../ec2/image-ids.ts';
import { instancesUsing, templatesUsing } from '../../ec2/image-usage.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

type Input = Ec2.DescribeImageReferencesRequest;
type Kind = Ec2.ImageReferenceResourceType;

const KINDS: readonly Kind[] = [
  'ec2:Instance',
  'ec2:LaunchTemplate',
  'ssm:Parameter',
  'imagebuilder:ImageRecipe',
  'imagebuilder:ContainerRecipe',
];
/** The newest versions of a launch template that are looked at unless told otherwise. */
const VERSION_DEPTH = 10;

export const describeImageReferences = operation<Input, Ec2.DescribeImageReferencesResult>(
  'ec2.DescribeImageReferences',
  {
    accepts: ['ImageIds', 'IncludeAllResourceTypes', 'MaxResults', 'NextToken', 'ResourceTypes'],
    demands: () => anyOf('DescribeImageReferences'),
    apply(call) {
      const { input } = call;
      const kinds = kindsOf(input);
      const ids = [...new Set((input.ImageIds ?? []).map(checkImageId))];
      if (ids.length === 0) throw new Fault('MissingParameter', 'The request must contain the parameter ImageIds');
      const all = ids.flatMap((id) => kinds.flatMap((kind) => references(call, id, kind)));
      const page = onePage(all, input, ({ ImageId, Arn }) => `${ImageId} ${Arn}`);
      return { ImageReferences: page.items, NextToken: page.nextToken };
    },
  },
);

function kindsOf({ IncludeAllResourceTypes: all, ResourceTypes: named }: Input): Ec2.ResourceTypeRequest[] {
  if (all === true && named?.length) {
    throw new Fault('InvalidParameterCombination', 'IncludeAllResourceTypes and ResourceTypes exclude each other');
  }
  if (all === true) return KINDS.map((ResourceType) => ({ ResourceType }));
  if (!named?.length) throw new Fault('MissingParameter', 'The request must contain the parameter ResourceTypes');
  for (const { ResourceType: kind } of named) {
    if (kind === undefined || !KINDS.includes(kind)) {
      throw new Fault('InvalidParameterValue', `Value (${kind}) for parameter resourceType is invalid.`);
    }
  }
  return named;
}

function references(call: Call<Input>, imageId: string, asked: Ec2.ResourceTypeRequest): Ec2.ImageReference[] {
  const { place, world } = call;
  const { ec2, ssm } = placeOf(world, place.account, place.region);
  const kind = asked.ResourceType;
  const reference = (Arn: string): Ec2.ImageReference => ({ ImageId: imageId, ResourceType: kind, Arn });
  switch (kind) {
    case 'ec2:Instance':
      return instancesUsing(ec2, imageId, option(asked, 'state-name')).map(({ instanceId }) =>
        reference(placedArn(call, place, `instance/${instanceId}`)),
      );
    case 'ec2:LaunchTemplate': {
      const depth = Number(option(asked, 'version-depth')?.[0] ?? VERSION_DEPTH);
      return templatesUsing(ec2, imageId, depth).map((id) =>
        reference(placedArn(call, place, `launch-template/${id}`)),
      );
    }
    case 'ssm:Parameter':
      return [...ssm.parameters.values()]
        .filter(({ dataType, versions }) => dataType === 'aws:ec2:image' && versions.at(-1)?.value === imageId)
        .map(({ arn }) => reference(arn));
    default:
      return [];
  }
}

function option(asked: Ec2.ResourceTypeRequest, name: string): string[] | undefined {
  for (const { OptionName: given, OptionValues: values } of asked.ResourceTypeOptions ?? []) {
    const fits =
      given === 'state-name' ? asked.ResourceType === 'ec2:Instance' : asked.ResourceType === 'ec2:LaunchTemplate';
    if (!fits) {
      throw new Fault('InvalidParameterCombination', `The option ${given} does not go with ${asked.ResourceType}`);
    }
    if (given === name && values?.length) return values;
  }
  return undefined;
}
