/** Reads the images of a delivery in one place: sources, copies with their permissions, and the snapshots behind them. */
import { absent, type Finding, known, unreadable } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { Delivery, Image } from '../model/delivery.ts';
import type { BuilderRegionSeen, ImageSeen, LaunchPermissionsSeen, SnapshotSeen } from '../model/observed.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { imageSeen, piecesOf, snapshotSeen } from './shapes.ts';

const AT_ONCE = 8;
const IDS_PER_DESCRIBE = 200;

/** @param names only these images; default: all that carry the delivery's tag */
export async function observeImages(
  c: Connection,
  at: Place,
  delivery: string,
  names?: readonly string[],
): Promise<Pick<BuilderRegionSeen, 'images' | 'snapshots'>> {
  const { paginateDescribeImages } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:DescribeImages', async (client) => {
    const images: ImageSeen[] = [];
    const input = {
      Owners: ['self'],
      IncludeDeprecated: true,
      IncludeDisabled: true,
      Filters: [
        { Name: 'tag:amiport:delivery', Values: [delivery] },
        ...(names === undefined ? [] : [{ Name: 'tag:amiport:image', Values: [...names] }]),
      ],
    };
    for await (const page of paginateDescribeImages({ client }, input))
      images.push(...(page.Images ?? []).map((i) => imageSeen(i)));
    return images;
  });
  if (!answer.ok) return { images: unreadable(answer.reason), snapshots: new Map() };
  const images = await mapPool(answer.value, AT_ONCE, async (image) => ({
    ...image,
    launchPermissions: await permissionsOf(c, at, image),
  }));
  return { images: known(images), snapshots: await snapshotsOf(c, at, images) };
}

async function permissionsOf(c: Connection, at: Place, image: ImageSeen): Promise<Finding<LaunchPermissionsSeen>> {
  // Sources and private copies are never shared by amiport, and a pending image has no permissions to read.
  if (image.tags['amiport:step'] !== 'copy' || image.state !== 'available') return absent;
  const { DescribeImageAttributeCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:DescribeImageAttribute', (ec2) =>
    ec2.send(new DescribeImageAttributeCommand({ ImageId: image.imageId, Attribute: 'launchPermission' })),
  );
  if (!answer.ok) return unreadable(answer.reason);
  const all = answer.value.LaunchPermissions ?? [];
  return known({
    userIds: all.flatMap((p) => p.UserId ?? []),
    groups: all.flatMap((p) => p.Group ?? []),
    organizationArns: all.flatMap((p) => p.OrganizationArn ?? []),
    organizationalUnitArns: all.flatMap((p) => p.OrganizationalUnitArn ?? []),
  });
}

async function snapshotsOf(
  c: Connection,
  at: Place,
  images: readonly ImageSeen[],
): Promise<ReadonlyMap<string, Finding<SnapshotSeen>>> {
  const ids = [...new Set(images.flatMap((i) => i.mappings.flatMap((m) => m.snapshotId ?? [])))];
  const found = new Map<string, Finding<SnapshotSeen>>(ids.map((id) => [id, absent]));
  const { DescribeSnapshotsCommand } = await import('@aws-sdk/client-ec2');
  for (const Values of piecesOf(ids, IDS_PER_DESCRIBE)) {
    const answer = await c.send('ec2', at, 'ec2:DescribeSnapshots', (ec2) =>
      ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [{ Name: 'snapshot-id', Values }] })),
    );
    if (!answer.ok) for (const id of Values) found.set(id, unreadable(answer.reason));
    else for (const s of answer.value.Snapshots ?? []) found.set(s.SnapshotId ?? '', known(snapshotSeen(s)));
  }
  return found;
}

/** The newest version's source AMI, in the build Region. */
export async function observeSource(
  c: Connection,
  want: Delivery,
  image: Image,
  manifestImage: string | undefined,
): Promise<Finding<ImageSeen>> {
  const { source } = image;
  switch (source.from) {
    case 'ami':
      return imageById(c, want.builder, source.imageId);
    case 'manifest':
      return manifestImage === undefined ? absent : imageById(c, want.builder, manifestImage);
    case 'ssm':
      return imageOfParameter(c, want.builder, source.parameter);
    case 'packer':
      return newestBuild(c, want, image.name);
  }
}

async function imageById(c: Connection, at: Place, imageId: string): Promise<Finding<ImageSeen>> {
  const { DescribeImagesCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:DescribeImages', (ec2) =>
    ec2.send(new DescribeImagesCommand({ ImageIds: [imageId], IncludeDeprecated: true })),
  );
  if (!answer.ok) return refusedWith(answer, 'InvalidAMIID.NotFound') ? absent : unreadable(answer.reason);
  const [image] = answer.value.Images ?? [];
  return image === undefined ? absent : known(imageSeen(image));
}

async function imageOfParameter(c: Connection, at: Place, name: string): Promise<Finding<ImageSeen>> {
  const { GetParameterCommand } = await import('@aws-sdk/client-ssm');
  const answer = await c.send('ssm', at, 'ssm:GetParameter', (ssm) =>
    ssm.send(new GetParameterCommand({ Name: name })),
  );
  if (!answer.ok) return refusedWith(answer, 'ParameterNotFound') ? absent : unreadable(answer.reason);
  return imageById(c, at, answer.value.Parameter?.Value ?? '');
}

async function newestBuild(c: Connection, want: Delivery, name: string): Promise<Finding<ImageSeen>> {
  const { DescribeImagesCommand } = await import('@aws-sdk/client-ec2');
  const Filters = [
    { Name: 'tag:amiport:delivery', Values: [want.name] },
    { Name: 'tag:amiport:image', Values: [name] },
    { Name: 'tag:amiport:step', Values: ['source'] },
    { Name: 'state', Values: ['available'] },
  ];
  const answer = await c.send('ec2', want.builder, 'ec2:DescribeImages', (ec2) =>
    ec2.send(new DescribeImagesCommand({ Owners: ['self'], Filters, IncludeDeprecated: true })),
  );
  if (!answer.ok) return unreadable(answer.reason);
  const [newest] = (answer.value.Images ?? []).map((i) => imageSeen(i)).toSorted((a, b) => b.createdMs - a.createdMs);
  return newest === undefined ? absent : known(newest);
}
