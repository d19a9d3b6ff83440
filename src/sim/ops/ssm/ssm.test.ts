import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import * as ssm from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simForTests, type TestSim } from '../../testing.ts';

const ACCOUNT = '111111111111';
const client = (sim: TestSim) => sim.client(ssm.SSMClient, { account: ACCOUNT });
const put = (sim: TestSim, Name: string, Value: string, more: Partial<ssm.PutParameterCommandInput> = {}) =>
  client(sim).send(new ssm.PutParameterCommand({ Name, Value, Type: 'String', ...more }));
const value = (sim: TestSim, Name: string) =>
  client(sim)
    .send(new ssm.GetParameterCommand({ Name }))
    .then(
      ({ Parameter }) => Parameter?.Value,
      (error: Error) => error.name,
    );
const refusal = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function publicImage(sim: TestSim): Promise<string> {
  const ec2 = sim.client(EC2Client, { account: ACCOUNT });
  const { Images } = await ec2.send(new DescribeImagesCommand({ ExecutableUsers: ['all'] }));
  return Images?.[0]?.ImageId ?? '';
}

test('ASG-7 an image is looked at after the answer: until then, and when it fails, nothing changes', async () => {
  const sim = simForTests();
  const image = await publicImage(sim);
  const lag = sim.world.settings.ssmImageCheckMs;
  const DataType = 'aws:ec2:image';
  expect((await put(sim, '/golden/k8s', image, { DataType })).Version).toBe(1);
  expect(await value(sim, '/golden/k8s')).toBe('ParameterNotFound');
  sim.advance(lag);
  expect(await value(sim, '/golden/k8s')).toBe(image);
  expect((await put(sim, '/golden/k8s', 'ami-0123456789abcdef0', { DataType, Overwrite: true })).Version).toBe(2);
  sim.advance(lag);
  expect(await value(sim, '/golden/k8s')).toBe(image);
  const { Parameter } = await client(sim).send(new ssm.GetParameterCommand({ Name: '/golden/k8s' }));
  expect([Parameter?.Version, Parameter?.DataType]).toEqual([1, DataType]);
});

test.each([
  {
    why: 'a type that is not modelled',
    more: { Type: 'Secret' as 'String' },
    code: 'UnsupportedParameterType',
  },
  { why: 'no image id', more: { DataType: 'aws:ec2:image', Value: 'x' }, code: 'ValidationException' },
  { why: 'an unknown data type', more: { DataType: 'AWS:EC2' }, code: 'ValidationException' },
  { why: 'too long for standard', more: { Value: 'x'.repeat(4097) }, code: 'ValidationException' },
  { why: 'nests another', more: { Value: '{{ssm:/a}}' }, code: 'ValidationException' },
  { why: 'a reserved name', more: { Name: '/aws/x' }, code: 'ValidationException' },
  { why: 'a path without its slash', more: { Name: 'a/b' }, code: 'ValidationException' },
  { why: 'too deep', more: { Name: '/a'.repeat(16) }, code: 'HierarchyLevelLimitExceededException' },
  { why: 'no match', more: { AllowedPattern: '^\\d+$' }, code: 'ParameterPatternMismatchException' },
  { why: 'no pattern', more: { AllowedPattern: '(' }, code: 'InvalidAllowedPatternException' },
  {
    why: 'a pattern for ever',
    more: { AllowedPattern: '^(a+)+$', Value: `${'a'.repeat(40)}!` },
    code: 'InvalidAllowedPatternException',
  },
  { why: 'there already', more: { Name: '/there' }, code: 'ParameterAlreadyExists' },
  {
    why: 'another type',
    more: { Name: '/there', Type: 'StringList' as const, Overwrite: true },
    code: 'HierarchyTypeMismatchException',
  },
  {
    why: 'tags on overwrite',
    more: { Name: '/there', Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] },
    code: 'ValidationException',
  },
])('SSM-1 refused: $why', async ({ more, code }) => {
  const sim = simForTests();
  await put(sim, '/there', 'x');
  expect(await refusal(put(sim, '/new', 'abc', more))).toContain(`${code}: `);
  expect(sim.bugs).toEqual([]);
});

test('SSM-2 versions, labels and selectors; a label stands on one version', async () => {
  const sim = simForTests();
  await put(sim, '/p', 'one');
  await put(sim, '/p', 'two', { Overwrite: true });
  const label = (ParameterVersion: number, Labels: string[]) =>
    client(sim).send(new ssm.LabelParameterVersionCommand({ Name: '/p', ParameterVersion, Labels }));
  await label(1, ['current']);
  expect(await value(sim, '/p:current')).toBe('one');
  await label(2, ['current', 'next']);
  expect((await label(2, ['aws-x', '1st'])).InvalidLabels).toEqual(['aws-x', '1st']);
  expect(await Promise.all(['/p', '/p:1', '/p:2', '/p:current', '/p:3'].map((n) => value(sim, n)))).toEqual([
    'two',
    'one',
    'two',
    'two',
    'ParameterVersionNotFound',
  ]);
  expect(await value(sim, `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/p:1`)).toBe('one');
  await put(sim, 'plain', 'three');
  expect(await value(sim, `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/plain`)).toBe('three');
  const { RemovedLabels } = await client(sim).send(
    new ssm.UnlabelParameterVersionCommand({ Name: '/p', ParameterVersion: 2, Labels: ['next', 'no'] }),
  );
  expect(RemovedLabels).toEqual(['next']);
  const { Parameters } = await client(sim).send(new ssm.GetParameterHistoryCommand({ Name: '/p' }));
  expect(Parameters?.map((p) => [p.Version, p.Value, p.Labels])).toEqual([
    [1, 'one', []],
    [2, 'two', ['current']],
  ]);
  expect(
    await refusal(
      label(
        1,
        Array.from({ length: 11 }, (_, i) => `l${i}`),
      ),
    ),
  ).toContain('LabelLimitExceeded');
});

test('SSM-3 a hundred versions are kept, but never a labelled oldest one thrown away', async () => {
  const sim = simForTests();
  await put(sim, '/p', '1');
  for (let i = 2; i <= 100; i++) await put(sim, '/p', String(i), { Overwrite: true });
  await client(sim).send(new ssm.LabelParameterVersionCommand({ Name: '/p', ParameterVersion: 1, Labels: ['first'] }));
  expect(await refusal(put(sim, '/p', '101', { Overwrite: true }))).toContain('ParameterMaxVersionLimitExceeded');
  await client(sim).send(
    new ssm.UnlabelParameterVersionCommand({ Name: '/p', ParameterVersion: 1, Labels: ['first'] }),
  );
  expect((await put(sim, '/p', '101', { Overwrite: true })).Version).toBe(101);
  expect(await value(sim, '/p:1')).toBe('ParameterVersionNotFound');
});

test('SSM-4 many at once: what is not there is named, not refused', async () => {
  const sim = simForTests();
  await put(sim, '/a', '1');
  const got = await client(sim).send(new ssm.GetParametersCommand({ Names: ['/a', '/b'] }));
  expect([got.Parameters?.map((p) => p.Name), got.InvalidParameters]).toEqual([['/a'], ['/b']]);
  const Names = Array.from({ length: 11 }, (_, i) => `/n${i}`);
  expect(await refusal(client(sim).send(new ssm.GetParametersCommand({ Names })))).toContain('ValidationException');
  const gone = await client(sim).send(new ssm.DeleteParametersCommand({ Names: ['/a', '/b'] }));
  expect([gone.DeletedParameters, gone.InvalidParameters]).toEqual([['/a'], ['/b']]);
  expect(await refusal(client(sim).send(new ssm.DeleteParameterCommand({ Name: '/a' })))).toContain(
    'ParameterNotFound',
  );
});

test('SSM-5 by path: one level or all below, in pages, each once', async () => {
  const sim = simForTests();
  const names = ['/g/a', '/g/b', '/g/sub/c', '/g/sub/deep/d', '/gg/e'];
  for (const name of names) await put(sim, name, 'x');
  const below = async (Path: string, Recursive: boolean, pageSize: number) => {
    const seen: (string | undefined)[] = [];
    const pages = ssm.paginateGetParametersByPath({ client: client(sim), pageSize }, { Path, Recursive });
    for await (const page of pages) seen.push(...(page.Parameters ?? []).map((p) => p.Name));
    return seen;
  };
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 10 }), async (pageSize) => {
      expect(await below('/g', false, pageSize)).toEqual(['/g/a', '/g/b']);
      expect(await below('/g/', true, pageSize)).toEqual(names.slice(0, 4));
      expect(await below('/', true, pageSize)).toEqual(names);
    }),
    { numRuns: 10 },
  );
  const described = await client(sim).send(
    new ssm.DescribeParametersCommand({ ParameterFilters: [{ Key: 'Name', Option: 'BeginsWith', Values: ['/g/s'] }] }),
  );
  expect(described.Parameters?.map((p) => p.Name)).toEqual(['/g/sub/c', '/g/sub/deep/d']);
});

test('SSM-6 advanced parameters take 8 KB and stay advanced', async () => {
  const sim = simForTests();
  expect((await put(sim, '/p', 'x'.repeat(5000), { Tier: 'Intelligent-Tiering' })).Tier).toBe('Advanced');
  expect((await put(sim, '/p', 'small', { Overwrite: true })).Tier).toBe('Advanced');
  expect(await refusal(put(sim, '/p', 'small', { Overwrite: true, Tier: 'Standard' }))).toContain("can't downgrade");
});

test('SSM-7 tags open and close', async () => {
  const sim = simForTests();
  const iam = sim.client(IAMClient, { account: ACCOUNT });
  const document = (Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'Reader',
      AssumeRolePolicyDocument: document([{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }]),
    }),
  );
  await iam.send(
    new AttachRolePolicyCommand({ RoleName: 'Reader', PolicyArn: 'arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess' }),
  );
  const tagged = { StringEquals: { 'aws:ResourceTag/team': 'other' } };
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'Reader',
      PolicyName: 'not-theirs',
      PolicyDocument: document([{ Effect: 'Deny', Action: 'ssm:Get*', Resource: '*', Condition: tagged }]),
    }),
  );
  sim.advance(sim.world.settings.iamLagMs);
  const { Credentials: c } = await sim
    .client(STSClient, { account: ACCOUNT })
    .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/Reader`, RoleSessionName: 'test' }));
  const reader = sim.client(ssm.SSMClient, {
    credentials: {
      accessKeyId: c?.AccessKeyId ?? '',
      secretAccessKey: c?.SecretAccessKey ?? '',
      sessionToken: c?.SessionToken ?? '',
    },
  });
  await put(sim, '/ours', 'x', { Tags: [{ Key: 'team', Value: 'ours' }] });
  await put(sim, '/theirs', 'x', { Tags: [{ Key: 'team', Value: 'other' }] });
  const read = (Name: string) => refusal(reader.send(new ssm.GetParameterCommand({ Name })));
  expect(await read('/ours')).toBe('done');
  expect(await read('/theirs')).toContain('explicit deny');
  const tag = { ResourceType: 'Parameter' as const, ResourceId: '/theirs' };
  await client(sim).send(new ssm.RemoveTagsFromResourceCommand({ ...tag, TagKeys: ['team'] }));
  expect(await read('/theirs')).toBe('done');
  expect((await client(sim).send(new ssm.ListTagsForResourceCommand(tag))).TagList).toEqual([]);
});
