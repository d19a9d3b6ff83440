import { CopySnapshotCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { type Sim, startSim } from './api.ts';
import { yamlProblemText } from './checked-yaml.ts';
import { readQuotaFile } from './quota-file.ts';
import { OPERATIONS } from './registry.ts';
import { VirtualTime } from './time.ts';

/** The quotas named, or what is wrong. */
function check(text: string, ...names: readonly string[]): readonly string[] {
  const read = readQuotaFile(text, OPERATIONS);
  if (!read.ok) return read.problems.map((p) => `${p.line}:${p.column} ${yamlProblemText(p)}`.slice(0, 75));
  const { rates, limits } = read.value;
  return names.map((name) =>
    JSON.stringify(rates[name] ?? (limits as unknown as Record<string, number>)[name] ?? 'none'),
  );
}

test.each([
  ["nothing said: AWS's", 'version: 1', ['ec2.CopyImage', 'imageCopies'], ['{"capacity":100,"perSecond":1}', '300']],
  ['nothing at all', '{ version: 1, base: off }', ['ec2.CopyImage', 'imageCopies'], ['"none"', 'null']],
  [
    'some changed, as JSON',
    '{"version":1,"rates":{"ec2.CopyImage":{"capacity":2,"perSecond":0.5},"kms.CreateKey":"off"},"limits":{"snapshotCopies":5,"imageCopies":"off"}}',
    ['ec2.CopyImage', 'kms.CreateKey', 'kms.CreateGrant', 'snapshotCopies', 'imageCopies'],
    ['{"capacity":2,"perSecond":0.5}', '"none"', '{"capacity":50,"perSecond":50}', '5', 'null'],
  ],
  [
    'rates that AWS does not tell',
    'version: 1\nrates: { iam:requests: { capacity: 20, perSecond: 5 } }',
    ['iam:requests'],
    ['{"capacity":20,"perSecond":5}'],
  ],
  [
    'an operation that is none',
    'version: 1\nrates: { ec2.CopyImages: off }',
    [],
    ['2:26 rates.ec2.CopyImages is neither an operation as ec2.CopyImage nor one '],
  ],
  [
    'a bucket that never fills',
    'version: 1\nrates: { ec2:reads: { capacity: 1, perSecond: 0 } }',
    [],
    ['2:47 rates.ec2:reads.perSecond must be above 0'],
  ],
  ['no version', 'base: off', [], ['1:1 version must be 1']],
  ['a limit that is none', 'version: 1\nlimits: { images: 3 }', [], ['2:9 limits has no "images"']],
])('QUOTA-2 %s', (_, text, names, says) => expect(check(text, ...names)).toEqual(says));

/** How many copies of a snapshot begin before one is refused. */
async function copies(sim: Sim): Promise<number> {
  const credentials = { accessKeyId: '111111111111', secretAccessKey: 'test' };
  const ec2 = new EC2Client({ region: 'eu-west-1', credentials, maxAttempts: 1, requestHandler: sim.requestHandler() });
  const image = (await ec2.send(new DescribeImagesCommand({}))).Images?.[0];
  const source = { SourceRegion: 'eu-west-1', SourceSnapshotId: image?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId };
  for (let n = 0; n < 30; n++) {
    const refused = await ec2.send(new CopySnapshotCommand(source)).then(
      () => '',
      (error: Error) => error.name,
    );
    if (refused !== '') return n;
  }
  return 30;
}

describe('QUOTA-3 copies in progress are limited by the quotas', () => {
  test.each([
    ['aws', 'aws', 20],
    ['off', 'off', 30],
    ['of a file', { rates: {}, limits: { snapshotCopies: 3, imageCopies: 3 } }, 3],
  ] as const)('%s', async (_, quotas, most) => {
    const sim = await startSim({ port: false, clock: new VirtualTime(Date.UTC(2026, 0, 1)), quotas });
    expect(await copies(sim)).toBe(most);
    await sim.reset();
    expect(await copies(sim)).toBe(most);
  });
});
