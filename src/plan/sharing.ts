/** Who may launch an image of the builder: by account, or by a unit of the organization above it. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { LaunchPermissionsSeen, Observed } from '../model/observed.ts';
import { type Cover, sharingOf } from './cover.ts';

/** EC2 User Guide "AMI quotas": accounts, organizations and units that an AMI is shared with, in one Region. */
const ENTITIES_MAX = 1_000;
/** Beyond this many units are named: while the one kind replaces the other both count. */
const ENTITIES_OF_ACCOUNTS = 900;

export function wantedSharing(want: Delivery, seen: Observed, region: string): Cover {
  const organization = seen.organization.is === 'known' ? seen.organization.value : undefined;
  return sharingOf(want, organization, region, (n) => n <= ENTITIES_OF_ACCOUNTS);
}

export function tooManyEntities(cover: Cover, region: string): Reason | undefined {
  const entities = cover.accounts.length + cover.units.length;
  if (entities <= ENTITIES_MAX) return undefined;
  return reason(
    'ec2.sharing.too-many',
    region,
    `images in ${region} would be shared with ${entities} accounts and units, AWS takes ${ENTITIES_MAX}`,
    {
      remedy: {
        who: 'you',
        does: 'name organizational units whose accounts all get images in place of single accounts, have the quota "AMI sharing" raised, or choose the way account-copies',
      },
    },
  );
}

/** By its own permission, by everybody's, or by that of its organization or a unit above it. */
export function mayLaunch(seen: Observed, p: LaunchPermissionsSeen, account: string): boolean {
  if (p.userIds.includes(account) || p.groups.includes('all')) return true;
  const path = seen.organization.is === 'known' ? seen.organization.value.paths.get(account) : undefined;
  const above = new Set(path?.split('/') ?? []);
  return unitsOf(p).some((arn) => above.has(arn.split('/').at(-1) ?? ''));
}

/** ARNs of organizations and units. */
export const unitsOf = (p: LaunchPermissionsSeen): readonly string[] => [
  ...p.organizationArns,
  ...p.organizationalUnitArns,
];
