/** Effects on images, snapshots and the builder's EBS settings, and the looks that a run polls with. */
import { createHash } from 'node:crypto';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud, CopyImage, LaunchPermissionChange } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { imageSeen, piecesOf, snapshotSeen, tagList } from './shapes.ts';

type ImageEffects = Pick<
  Cloud,
  | 'setEncryptionByDefault'
  | 'copyImage'
  | 'describeImages'
  | 'describeSnapshots'
  | 'createTags'
  | 'addLaunchPermissions'
  | 'removeLaunchPermissions'
  | 'openImage'
  | 'closeImage'
  | 'deregisterImage'
>;

/** EC2 API Reference "ModifyImageAttribute": account ids in one request. */
const ACCOUNTS_PER_CALL = 10_000;
/** SNAP-1: modifications in one request. */
const PERMISSIONS_PER_SNAPSHOT_CALL = 500;
const IDS_PER_DESCRIBE = 200;
const IDS_PER_TAG_CALL = 500;

export const imageEffects = (c: Connection): ImageEffects => ({ ...making(c), ...looks(c), ...permissions(c) });

function making(c: Connection): Pick<Cloud, 'setEncryptionByDefault' | 'copyImage' | 'createTags' | 'deregisterImage'> {
  return {
    async setEncryptionByDefault(at, enabled) {
      const { DisableEbsEncryptionByDefaultCommand, EnableEbsEncryptionByDefaultCommand } = await import(
        '@aws-sdk/client-ec2'
      );
      const answer = await c.send('ec2', at, `ec2:${enabled ? 'Enable' : 'Disable'}EbsEncryptionByDefault`, (ec2) =>
        enabled
          ? ec2.send(new EnableEbsEncryptionByDefaultCommand({}))
          : ec2.send(new DisableEbsEncryptionByDefaultCommand({})),
      );
      return answer.ok ? done(undefined) : answer;
    },

    copyImage: (at, want) => copyImage(c, at, want),

    async createTags(at, resourceIds, tags) {
      const { CreateTagsCommand } = await import('@aws-sdk/client-ec2');
      for (const Resources of piecesOf(resourceIds, IDS_PER_TAG_CALL)) {
        const answer = await c.send('ec2', at, 'ec2:CreateTags', (ec2) =>
          ec2.send(new CreateTagsCommand({ Resources, Tags: tagList(tags) })),
        );
        if (!answer.ok) return answer;
      }
      return done(undefined);
    },

    async deregisterImage(at, imageId) {
      const { DeregisterImageCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:DeregisterImage', (ec2) =>
        ec2.send(new DeregisterImageCommand({ ImageId: imageId, DeleteAssociatedSnapshots: true })),
      );
      if (!answer.ok)
        return refusedWith(answer, 'InvalidAMIID.Unavailable', 'InvalidAMIID.NotFound') ? done(undefined) : answer;
      const kept = answer.value.DeleteSnapshotResults?.find((r) => r.ReturnCode === 'missing-permissions');
      return kept === undefined ? done(undefined) : failed(snapshotKept(at, imageId, kept.SnapshotId ?? ''));
    },
  };
}

/** The image is gone, and what it cost is not. */
const snapshotKept = (at: Place, imageId: string, snapshotId: string) =>
  reason(
    'ec2.snapshot.kept',
    snapshotId,
    `${imageId} is deregistered, but nobody let amiport delete its ${snapshotId}`,
    {
      because: [
        reason('aws.missing-permissions', `${at.account}/${at.region}`, 'ec2:DeleteSnapshot: missing-permissions'),
      ],
      remedy: {
        who: `account ${at.account}`,
        does: `allow ec2:DeleteSnapshot to amiport's role there (amiport export iam prints its policies), then delete ${snapshotId}: amiport left shows it`,
      },
    },
  );

/**
 * EC2 answers a client token that it knows with the image made then, though that image may be gone since. So the token
 * follows from the images that are gone, and a run that dies in between comes to the same one. It goes with equal
 * parameters only, and some of them are learnt by the run. Source: EC2 API Reference "Ensuring idempotency".
 */
const tokenOf = (want: CopyImage): string =>
  want.gone.reduce(
    (token, imageId) => digest(token, imageId),
    digest(want.token, want.sourceImageId, want.name, want.kmsKeyId ?? '', ...timeOf(want)),
  );

const timeOf = ({ withinMinutes }: CopyImage): readonly string[] =>
  withinMinutes === undefined ? [] : [String(withinMinutes)];

const digest = (...from: readonly string[]): string => createHash('sha256').update(from.join(' ')).digest('hex');

async function copyImage(c: Connection, at: Place, want: CopyImage): Promise<Outcome<{ imageId: string }>> {
  const { CopyImageCommand } = await import('@aws-sdk/client-ec2');
  const tags = tagList(want.tags);
  const answer = await c.send('ec2', at, 'ec2:CopyImage', (ec2) =>
    ec2.send(
      new CopyImageCommand({
        SourceImageId: want.sourceImageId,
        SourceRegion: want.sourceRegion,
        Name: want.name,
        Description: want.description,
        ClientToken: tokenOf(want),
        ...(want.kmsKeyId === undefined ? {} : { Encrypted: true, KmsKeyId: want.kmsKeyId }),
        ...(want.withinMinutes === undefined ? {} : { SnapshotCopyCompletionDurationMinutes: want.withinMinutes }),
        TagSpecifications: [
          { ResourceType: 'image', Tags: tags },
          { ResourceType: 'snapshot', Tags: tags },
        ],
      }),
    ),
  );
  return answer.ok ? done({ imageId: answer.value.ImageId ?? '' }) : answer;
}

function looks(c: Connection): Pick<Cloud, 'describeImages' | 'describeSnapshots'> {
  return {
    async describeImages(at, imageIds) {
      const { DescribeImagesCommand } = await import('@aws-sdk/client-ec2');
      const seen = [];
      for (const ids of piecesOf(imageIds, IDS_PER_DESCRIBE)) {
        // By filter, so that one image that is gone does not hide the others.
        const answer = await c.send('ec2', at, 'ec2:DescribeImages', (ec2) =>
          ec2.send(
            new DescribeImagesCommand({ Filters: [{ Name: 'image-id', Values: ids }], IncludeDeprecated: true }),
          ),
        );
        if (!answer.ok) return answer;
        seen.push(...(answer.value.Images ?? []).map((i) => imageSeen(i)));
      }
      return done(seen);
    },

    async describeSnapshots(at, snapshotIds) {
      const { DescribeSnapshotsCommand } = await import('@aws-sdk/client-ec2');
      const seen = [];
      for (const ids of piecesOf(snapshotIds, IDS_PER_DESCRIBE)) {
        const answer = await c.send('ec2', at, 'ec2:DescribeSnapshots', (ec2) =>
          ec2.send(
            new DescribeSnapshotsCommand({ Filters: [{ Name: 'snapshot-id', Values: ids }], OwnerIds: ['self'] }),
          ),
        );
        if (!answer.ok) return answer;
        seen.push(...(answer.value.Snapshots ?? []).map(snapshotSeen));
      }
      return done(seen);
    },
  };
}

type Permissions = Pick<Cloud, 'addLaunchPermissions' | 'removeLaunchPermissions' | 'openImage' | 'closeImage'>;

function permissions(c: Connection): Permissions {
  const launch = async (
    at: Place,
    how: 'Add' | 'Remove',
    { imageId, accounts, units = [] }: LaunchPermissionChange,
  ) => {
    const { ModifyImageAttributeCommand } = await import('@aws-sdk/client-ec2');
    const all = [
      ...accounts.map((UserId) => ({ UserId })),
      ...units.map((arn) => (arn.includes(':ou/') ? { OrganizationalUnitArn: arn } : { OrganizationArn: arn })),
    ];
    for (const some of piecesOf(all, ACCOUNTS_PER_CALL)) {
      const LaunchPermission = { [how]: some };
      const answer = await c.send('ec2', at, 'ec2:ModifyImageAttribute', (ec2) =>
        ec2.send(new ModifyImageAttributeCommand({ ImageId: imageId, LaunchPermission })),
      );
      if (!answer.ok) return answer;
    }
    return done(undefined);
  };
  const volumes = async (
    at: Place,
    how: 'add' | 'remove',
    snapshots: readonly string[],
    accounts: readonly string[],
  ) => {
    const { ModifySnapshotAttributeCommand } = await import('@aws-sdk/client-ec2');
    for (const SnapshotId of snapshots) {
      for (const UserIds of piecesOf(accounts, PERMISSIONS_PER_SNAPSHOT_CALL)) {
        const input = { SnapshotId, Attribute: 'createVolumePermission', OperationType: how, UserIds } as const;
        const answer = await c.send('ec2', at, 'ec2:ModifySnapshotAttribute', (ec2) =>
          ec2.send(new ModifySnapshotAttributeCommand(input)),
        );
        if (!answer.ok) return answer;
      }
    }
    return done(undefined);
  };
  return {
    addLaunchPermissions: (at, want) => launch(at, 'Add', want),
    removeLaunchPermissions: (at, want) => launch(at, 'Remove', want),

    async openImage(at, want) {
      const opened = await volumes(at, 'add', want.snapshotIds, want.accounts);
      return opened.ok ? launch(at, 'Add', want) : opened;
    },

    async closeImage(at, want) {
      const closed = await volumes(at, 'remove', want.snapshotIds, want.accounts);
      return closed.ok ? launch(at, 'Remove', want) : closed;
    },
  };
}
