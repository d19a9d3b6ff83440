/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_ModifyImageAttribute, API_DescribeImageAttribute,
 * API_ResetImageAttribute, API_CancelImageLaunchPermission; facts 1.4 and IMG-24.
 */
import { imageDemand, recipientContext } from '../../ec2/demands.ts';
import { ownImage, seenImage } from '../../ec2/image-ids.ts';
import { lastLaunched, mappingShape } from '../../ec2/image-shape.ts';
import { forbidLaunch, permitLaunch } from '../../ec2/images.ts';
import { checkShareable, launchPermissionChange, permissionShape } from '../../ec2/launch-permissions.ts';
import { protectionOf } from '../../ec2/protection.ts';
import { required } from '../../ec2/required.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Image } from '../../world/ec2.ts';

type Modify = Ec2.ModifyImageAttributeRequest;

export const modifyImageAttribute = operation<Modify, object>('ec2.ModifyImageAttribute', {
  accepts: [
    'Attribute',
    'Description',
    'ImageId',
    'ImdsSupport',
    'LaunchPermission',
    'OperationType',
    'OrganizationArns',
    'OrganizationalUnitArns',
    'UserGroups',
    'UserIds',
    'Value',
  ],
  demands: (call) => {
    const demand = imageDemand(call, call.place, 'ModifyImageAttribute', call.input.ImageId);
    const attribute = attributesOf(call.input).map((name) => name.charAt(0).toUpperCase() + name.slice(1));
    const { LaunchPermission: nested, OperationType: operation, UserIds: users, UserGroups: groups } = call.input;
    const recipients = recipientContext({ nested, operation, users, groups });
    return [{ ...demand, context: { ...demand.context, 'ec2:attribute': attribute, ...recipients } }];
  },
  apply(call) {
    const { input, place } = call;
    const image = ownImage(call, place, input.ImageId);
    const [attribute, ...more] = attributesOf(input);
    // IMG-50: one attribute per call.
    if (more.length > 0) {
      throw new Fault('InvalidParameterCombination', 'Fields for multiple attribute types specified');
    }
    if (attribute === undefined) throw new Fault('InvalidParameterCombination', 'No attributes specified.');
    switch (attribute) {
      case 'launchPermission':
        share(call, image);
        break;
      case 'description':
        image.description = input.Description?.Value ?? input.Value ?? '';
        break;
      case 'imdsSupport':
        image.imdsSupport = imdsSupport(input.ImdsSupport?.Value ?? input.Value);
        break;
      default:
        throw new Fault('InvalidParameterValue', `Value (${attribute}) for parameter attribute is invalid.`);
    }
    return {};
  },
});

function attributesOf(input: Modify): string[] {
  const named = new Set<string>();
  if (input.Attribute !== undefined) named.add(input.Attribute);
  if (input.Description !== undefined) named.add('description');
  if (input.ImdsSupport !== undefined) named.add('imdsSupport');
  const lists = [input.UserIds, input.UserGroups, input.OrganizationArns, input.OrganizationalUnitArns];
  if (input.LaunchPermission !== undefined || lists.some((list) => list?.length)) named.add('launchPermission');
  return [...named];
}

function share(call: Call<Modify>, image: Image): void {
  const change = launchPermissionChange(call.input);
  checkShareable(call, call.place, image, change);
  permitLaunch(call, image, change.add);
  forbidLaunch(call, image, change.remove);
}

/** IMG-24: it can be set and never unset. */
function imdsSupport(value: string | undefined): string {
  if (value === 'v2.0') return value;
  throw new Fault('InvalidParameterValue', `Value (${value ?? ''}) for parameter imdsSupport is invalid.`);
}

/** Source: EC2 API Reference DescribeImageAttribute; what only the owner may ask for is refused to others. */
export const describeImageAttribute = operation<Ec2.DescribeImageAttributeRequest, Ec2.ImageAttribute>(
  'ec2.DescribeImageAttribute',
  {
    accepts: ['Attribute', 'ImageId'],
    demands: (call) => [imageDemand(call, call.place, 'DescribeImageAttribute', call.input.ImageId)],
    apply(call) {
      const image = ownImage(call, call.place, call.input.ImageId);
      return { ImageId: image.imageId, ...attribute(image, required(call.input.Attribute, 'attribute'), call.nowMs) };
    },
  },
);

function attribute(image: Image, name: string, nowMs: number): Ec2.ImageAttribute {
  const value = (text: string | undefined): Ec2.AttributeValue => (text === undefined ? {} : { Value: text });
  switch (name) {
    case 'launchPermission':
      return { LaunchPermissions: [...image.launchPermissions].map(permissionShape) };
    case 'description':
      return { Description: value(image.description) };
    case 'blockDeviceMapping':
      return { BlockDeviceMappings: image.mappings.map(mappingShape) };
    case 'productCodes':
      return {
        ProductCodes: image.productCodes.map((code) => ({
          ProductCodeId: code.id,
          ProductCodeType: code.type as Ec2.ProductCodeValues,
        })),
      };
    case 'sriovNetSupport':
      return { SriovNetSupport: value(image.sriovNetSupport) };
    case 'bootMode':
      return { BootMode: value(image.bootMode) };
    case 'tpmSupport':
      return { TpmSupport: value(image.tpmSupport) };
    case 'imdsSupport':
      return { ImdsSupport: value(image.imdsSupport) };
    case 'lastLaunchedTime':
      return { LastLaunchedTime: value(lastLaunched(image, nowMs)) };
    case 'deregistrationProtection':
      return { DeregistrationProtection: value(protectionOf(image, nowMs)) };
    case 'kernel':
      return { KernelId: {} };
    case 'ramdisk':
      return { RamdiskId: {} };
    default:
      throw new Fault('UnsupportedOperation', `amiport sim does not model Attribute ${name} of DescribeImageAttribute`);
  }
}

export const resetImageAttribute = operation<Ec2.ResetImageAttributeRequest, object>('ec2.ResetImageAttribute', {
  accepts: ['Attribute', 'ImageId'],
  demands: (call) => [imageDemand(call, call.place, 'ResetImageAttribute', call.input.ImageId)],
  apply(call) {
    const image = ownImage(call, call.place, call.input.ImageId);
    if (call.input.Attribute !== 'launchPermission') {
      throw new Fault('InvalidParameterValue', `Value (${call.input.Attribute}) for parameter attribute is invalid.`);
    }
    forbidLaunch(call, image, image.launchPermissions);
    return {};
  },
});

/** IMG-58: the consumer opts out. Only a share with the account itself can be given up (the model). */
export const cancelImageLaunchPermission = operation<
  Ec2.CancelImageLaunchPermissionRequest,
  Ec2.CancelImageLaunchPermissionResult
>('ec2.CancelImageLaunchPermission', {
  accepts: ['ImageId'],
  demands: (call) => [imageDemand(call, call.place, 'CancelImageLaunchPermission', call.input.ImageId)],
  apply(call) {
    const { place } = call;
    const image = seenImage(call, place, call.input.ImageId);
    if (!image.launchPermissions.has(place.account)) {
      throw new Fault(
        'OperationNotPermitted',
        `The image '${image.imageId}' is not shared explicitly with this account.`,
      );
    }
    forbidLaunch(call, image, [place.account]);
    return { Return: true };
  },
});
