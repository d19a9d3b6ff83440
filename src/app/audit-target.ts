/** Which disks somebody means by the name of an image, an AMI or a snapshot: every snapshot of it. */
import { openSnapshot } from '../aws/snapshot-blocks.ts';
import { changedBlocks } from '../aws/snapshot-list.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { ImageSeen } from '../model/observed.ts';
import type { AuditTarget, DiskToAudit } from './audit.ts';
import type { Earlier } from './audit-carry.ts';
import { earlierDisks, snapshotsOf } from './audit-evidence.ts';
import type { Session } from './session.ts';

export async function awsTarget(session: Session, named: string, region?: string): Promise<Outcome<AuditTarget>> {
  const at = { account: session.want.builder.account, region: region ?? session.want.builder.region };
  if (/^snap-[0-9a-f]+$/.test(named)) {
    const disk = diskOf(session, at, named);
    const open = async () => orNotThere(await disk.open(), named, at);
    return done({ subject: named, image: undefined, disks: [{ ...disk, open }] });
  }
  if (/^ami-[0-9a-f]+$/.test(named)) {
    const images = await session.cloud.describeImages(at, [named]);
    if (!images.ok) return images;
    const [image] = images.value;
    return image === undefined ? notThere(named, at) : imageTarget(session, at, image, nameInConfig(session, image));
  }
  const image = session.want.images.find((i) => i.name === named);
  if (image === undefined) return unknown(named);
  const seen = await session.look({ ...session.want, images: [image], accounts: [] });
  const source = seen.sources.get(named);
  if (source?.is === 'unreadable') return failed(source.reason);
  if (source?.is !== 'known')
    return failed(
      reason('audit.image.absent', named, `image ${named} has not been built yet`, {
        remedy: { who: 'you', does: `amiport build ${named}` },
      }),
    );
  return imageTarget(session, session.want.builder, source.value, named);
}

const nameInConfig = (session: Session, image: ImageSeen): string | undefined =>
  session.want.images.find((i) => i.name === image.tags['amiport:image'])?.name;

function imageTarget(session: Session, at: Place, image: ImageSeen, name: string | undefined): Outcome<AuditTarget> {
  const snapshots = snapshotsOf(image);
  if (snapshots.length === 0)
    return failed(reason('audit.image.no-disk', image.imageId, `${image.imageId} has no snapshot that could be read`));
  return done({ subject: image.imageId, image: name, disks: snapshots.map((id) => diskOf(session, at, id, name)) });
}

/** @param image its name in the config, whose audit before this one is gone on from */
const diskOf = (session: Session, at: Place, snapshotId: string, image?: string): DiskToAudit => ({
  id: snapshotId,
  content: snapshotId,
  open: () => openSnapshot(session.connection, { ...at, snapshotId }),
  ...(image === undefined ? {} : { earlier: () => earlierOf(session, at, snapshotId, image) }),
});

/** AWS compares snapshots of one lineage only, and while both are there; where it does not, all is read. */
const NOT_COMPARED = /^aws\.(?:ValidationException|ResourceNotFoundException)\b/;

async function earlierOf(
  session: Session,
  at: Place,
  snapshotId: string,
  image: string,
): Promise<Outcome<Earlier | undefined>> {
  for (const disk of earlierDisks(session.stateDir, image, [snapshotId])) {
    const changed = await changedBlocks(session.connection, { ...at, snapshotId }, disk);
    if (changed.ok) return done({ disk, changed: new Set(changed.value) });
    if (!NOT_COMPARED.test(changed.reason.code)) return changed;
  }
  return done(undefined);
}

/** AMIs and snapshots are of one Region: the wrong one is what is mostly the matter. */
const notThere = (what: string, { account, region }: Place): Outcome<never> =>
  failed(
    reason('audit.target.unknown', what, `account ${account} sees no ${what} in ${region}`, {
      remedy: { who: 'you', does: 'name its Region with --region; what other accounts own has to be shared first' },
    }),
  );

const orNotThere = <T>(opened: Outcome<T>, what: string, at: Place): Outcome<T> =>
  !opened.ok && opened.reason.code.startsWith('aws.ResourceNotFoundException') ? notThere(what, at) : opened;

const unknown = (what: string): Outcome<never> =>
  failed(
    reason('audit.target.unknown', what, `${what} is no file, AMI, snapshot or image of the config`, {
      remedy: { who: 'you', does: 'give an image of amiport.yaml, ami-…, snap-…, or the path of a raw disk' },
    }),
  );
