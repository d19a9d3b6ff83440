/** Every filter that EC2's own documentation names, as the SDK's types carry it, is one that the describes take. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  DescribeImagesCommand,
  DescribeInstanceImageMetadataCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { plantImage, plantKey, says, USER } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';

const MODELS = join(dirname(fileURLToPath(import.meta.resolve('@aws-sdk/client-ec2'))), '..', 'dist-types', 'models');
const types = readdirSync(MODELS).map((file) => readFileSync(join(MODELS, file), 'utf8'));

/** Values of a filter that stand in a list of their own, as the filters do. */
const VALUES = ['critical', 'high', 'informational', 'low', 'medium'];

function documented(request: string): string[] {
  const text = types.find((t) => t.includes(`export interface ${request} {`)) ?? '';
  const from = text.slice(text.indexOf(`export interface ${request} {`));
  const before = from.slice(0, from.indexOf('Filters?:'));
  const comment = before.slice(before.lastIndexOf('/**'));
  const names = [...comment.matchAll(/<code>([a-z0-9.:<>-]+)<\/code>\s*-/g)].map((match) => match[1] ?? '');
  return names.filter((name) => !VALUES.includes(name)).map((name) => name.replace(/^tag:.*/, 'tag:Team'));
}

const sim = simForTests();
const ec2 = sim.client(EC2Client, USER);
type Filters = { Name: string; Values: string[] }[];

test.each([
  ['DescribeImagesRequest', 50, (Filters: Filters) => ec2.send(new DescribeImagesCommand({ Filters }))],
  ['DescribeSnapshotsRequest', 13, (Filters: Filters) => ec2.send(new DescribeSnapshotsCommand({ Filters }))],
  ['DescribeVolumesRequest', 19, (Filters: Filters) => ec2.send(new DescribeVolumesCommand({ Filters }))],
  ['DescribeInstancesRequest', 130, (Filters: Filters) => ec2.send(new DescribeInstancesCommand({ Filters }))],
  [
    'DescribeInstanceImageMetadataRequest',
    11,
    (Filters: Filters) => ec2.send(new DescribeInstanceImageMetadataCommand({ Filters })),
  ],
  ['DescribeInstanceStatusRequest', 18, (Filters: Filters) => ec2.send(new DescribeInstanceStatusCommand({ Filters }))],
] as const)('FILTER-1 %s takes all it documents, at least %i, and no other', async (request, least, ask) => {
  const names = documented(request);
  expect(names.length).toBeGreaterThanOrEqual(least);
  const refused: string[] = [];
  for (const Name of names) {
    const answer = await says(ask([{ Name, Values: ['nothing has this'] }]));
    if (answer !== 'ok') refused.push(`${Name}: ${answer}`);
  }
  expect(refused).toEqual([]);
  expect(await says(ask([{ Name: 'colour', Values: ['red'] }]))).toContain("The filter 'colour' is invalid");
});

test('FILTER-1 what an instance shows is what its filters find', async () => {
  const { imageId } = plantImage(sim, USER, { kmsKeyId: plantKey(sim, USER) });
  const launch = { ImageId: imageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
  await ec2.send(new RunInstancesCommand(launch));
  sim.advance(60_000);
  const described = async (Filters?: Filters) =>
    (await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations?.[0]?.Instances?.[0];
  const shown = await described();
  const [card] = shown?.NetworkInterfaces ?? [];
  const values: Readonly<Record<string, string | undefined>> = {
    'availability-zone-id': 'euw1-az1',
    'dns-name': shown?.PublicDnsName,
    'private-dns-name': shown?.PrivateDnsName,
    'usage-operation': shown?.UsageOperation,
    'metadata-options.state': shown?.MetadataOptions?.State,
    'network-interface.association.public-ip': card?.Association?.PublicIp,
    'network-interface.addresses.association.public-dns-name': card?.Association?.PublicDnsName,
    'network-interface.attachment.attachment-id': card?.Attachment?.AttachmentId,
    'network-interface.attachment.status': card?.Attachment?.Status,
    'network-interface.mac-address': card?.MacAddress,
    'network-interface.owner-id': card?.OwnerId,
  };
  const found = await Promise.all(
    Object.entries(values).map(async ([Name, value]) => {
      const one = await described([{ Name, Values: [value ?? 'not shown'] }]);
      return [Name, one?.InstanceId];
    }),
  );
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(Object.keys(values).map((name) => [name, shown?.InstanceId])),
  );
  expect(await described([{ Name: 'ipv6-address', Values: ['*'] }])).toBeUndefined();
});
