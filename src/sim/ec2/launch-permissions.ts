/** Who an image is shared with, read from a request and checked. Source: facts 1.4; EC2 API Reference LaunchPermission. */
import type { Place } from '../../base/place.ts';
import { onlyMembers } from '../launch/unmodelled.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Image } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import { underAwsManagedKey } from './aws-managed.ts';
import { imageUnavailable } from './image-ids.ts';
import { snapshotIdsOf } from './images.ts';

/** IMG-51: accounts, organizations and OUs per image. */
const ENTITIES_MAX = 1000;
/** IMG-50: accounts in one request. */
const ACCOUNTS_MAX = 10_000;

const ORGANIZATION = /^arn:[^:]+:organizations::\d{12}:organization\/o-[a-z0-9]{10,32}$/;
const UNIT = /^arn:[^:]+:organizations::\d{12}:ou\/o-[a-z0-9]{10,32}\/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$/;

export interface Change {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export function launchPermissionChange(input: Ec2.ModifyImageAttributeRequest): Change {
  onlyMembers('ModifyImageAttribute', 'LaunchPermission', input.LaunchPermission, ['Add', 'Remove']);
  const flat = [
    ...(input.UserIds ?? []).map((UserId) => ({ UserId })),
    ...(input.UserGroups ?? []).map((Group) => ({ Group: Group as Ec2.PermissionGroup })),
    ...(input.OrganizationArns ?? []).map((OrganizationArn) => ({ OrganizationArn })),
    ...(input.OrganizationalUnitArns ?? []).map((OrganizationalUnitArn) => ({ OrganizationalUnitArn })),
  ];
  // Packer 1.6.6 sends both forms, the flat one without OperationType: LaunchPermission says all there is.
  if (flat.length > 0 && input.OperationType === undefined && !input.LaunchPermission) {
    throw new Fault('MissingParameter', 'The request must contain the parameter operationType');
  }
  const adds = [...(input.LaunchPermission?.Add ?? []), ...(input.OperationType === 'add' ? flat : [])];
  const removes = [...(input.LaunchPermission?.Remove ?? []), ...(input.OperationType === 'remove' ? flat : [])];
  if (adds.length + removes.length > ACCOUNTS_MAX) {
    throw new Fault('InvalidParameterValue', `More than ${ACCOUNTS_MAX} launch permissions in one request.`);
  }
  return { add: adds.map(entityOf), remove: removes.map(entityOf) };
}

/** IMG-52, IMG-53 */
function entityOf(item: Ec2.LaunchPermission): string {
  if (item.UserId !== undefined) return checked(item.UserId, /^\d{12}$/, 'userId');
  if (item.Group !== undefined) return checked(item.Group, /^all$/, 'userGroup');
  if (item.OrganizationArn !== undefined) return checked(item.OrganizationArn, ORGANIZATION, 'organizationArn');
  if (item.OrganizationalUnitArn !== undefined) {
    return checked(item.OrganizationalUnitArn, UNIT, 'organizationalUnitArn');
  }
  throw new Fault('MissingParameter', 'The request must contain the parameter userId');
}

function checked(value: string, form: RegExp, type: string): string {
  if (form.test(value)) return value;
  throw new Fault('InvalidAMIAttributeItemValue', `Invalid attribute item value "${value}" for ${type} item type.`);
}

/** @throws Fault as AWS refuses to share; removing is always allowed */
export function checkShareable(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image, { add }: Change): void {
  if (add.length === 0) return;
  // Facts, open question 7.
  if (image.state !== 'available') throw imageUnavailable(image.imageId);
  const { snapshots } = regionOf(ctx.world, image.region).ec2;
  const backing = snapshotIdsOf(image).flatMap((id) => snapshots.get(id) ?? []);
  if (backing.some((snapshot) => underAwsManagedKey(ctx.world, snapshot.kmsKeyId))) {
    const says = "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.";
    throw new Fault('InvalidParameter', says);
  }
  if (add.includes('all'))
    checkPublic(
      ctx,
      place,
      image,
      backing.some((snapshot) => snapshot.encrypted),
    );
  const after = new Set([...image.launchPermissions, ...add]);
  after.delete('all');
  if (after.size > ENTITIES_MAX) {
    throw new Fault(
      'ResourceLimitExceeded',
      `The limit of ${ENTITIES_MAX} entities that an AMI can be shared with has been reached.`,
    );
  }
}

/** IMG-55 */
function checkPublic(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image, encrypted: boolean): void {
  const { imageBlockPublicAccess: block } = placeOf(ctx.world, place.account, place.region).ec2;
  if (block.state === 'block-new-sharing' && ctx.nowMs >= block.effectiveAtMs) {
    throw new Fault(
      'OperationNotPermitted',
      'You can’t publicly share this image because block public access for AMIs is enabled for this account. ' +
        'To publicly share the image, you must call the DisableImageBlockPublicAccess API.',
    );
  }
  if (encrypted) throw new Fault('OperationNotPermitted', 'Encrypted snapshots cannot be shared publicly');
  if (image.productCodes.some((code) => code.type === 'marketplace')) {
    throw new Fault('OperationNotPermitted', 'Images with AWS Marketplace product codes cannot be made public');
  }
}

/** The shape of one entry of the attribute. IMG-11: the order means nothing. */
export function permissionShape(entity: string): Ec2.LaunchPermission {
  if (entity === 'all') return { Group: 'all' };
  if (ORGANIZATION.test(entity)) return { OrganizationArn: entity };
  return UNIT.test(entity) ? { OrganizationalUnitArn: entity } : { UserId: entity };
}
