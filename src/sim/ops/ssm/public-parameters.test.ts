import { DescribeImagesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { code } from '../../ec2/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const PLACE = { account: '222222222222', region: 'eu-west-1' };
const NAME = '/aws/service/debian/release/12/latest/amd64';
const ARN = `arn:aws:ssm:eu-west-1::parameter${NAME}`;

async function setUp() {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, PLACE);
  const Filters = [{ Name: 'name', Values: ['debian-12-amd64-*'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  return { sim, ec2, ssm: sim.client(SSMClient, PLACE), image: Images?.[0] };
}

test("SSM-13: Debian's public parameters name the base images of the Region, by release and its name, by ARN and by path", async () => {
  const { sim, ssm, image } = await setUp();
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: NAME }));
  expect(Parameter).toMatchObject({ Name: NAME, ARN, Type: 'String', Value: image?.ImageId, Version: 1 });
  const names = [ARN, `${NAME}:1`, NAME.replace('12', 'bookworm'), NAME.replace('12', '1')];
  const several = await ssm.send(new GetParametersCommand({ Names: names }));
  expect(several.Parameters?.map((p) => p.Value)).toEqual([image?.ImageId, image?.ImageId, image?.ImageId]);
  expect(several.InvalidParameters).toEqual([NAME.replace('12', '1')]);
  const paris = sim.client(SSMClient, { ...PLACE, region: 'eu-west-3' });
  const elsewhere = await paris.send(new GetParameterCommand({ Name: NAME }));
  expect(elsewhere.Parameter?.Value).toMatch(/^ami-/);
  expect(elsewhere.Parameter?.Value).not.toBe(image?.ImageId);
  expect(await code(paris.send(new GetParameterCommand({ Name: ARN })))).toBe('ParameterNotFound');
  const below = async (Path: string, Recursive: boolean) =>
    (await ssm.send(new GetParametersByPathCommand({ Path, Recursive }))).Parameters?.map((p) => p.Name);
  expect(await below('/aws/service/debian', true)).toHaveLength(4);
  expect(await below('/aws/service/debian/release/12/latest', false)).toEqual([NAME, NAME.replace('amd64', 'arm64')]);
  expect(await below('/', true)).toEqual([]);
  expect((await ssm.send(new DescribeParametersCommand({}))).Parameters).toEqual([]);
});

test('SSM-13: a launch resolves them, for whom a policy lets read their ARN, which has no account', async () => {
  const { sim, ec2, image } = await setUp();
  const launch = (client: EC2Client, ImageId: string) =>
    client.send(new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }));
  for (const written of [NAME, ARN]) {
    const { Instances } = await launch(ec2, `resolve:ssm:${written}`);
    expect(Instances?.[0]?.ImageId).toBe(image?.ImageId);
  }
  const as = (Resource: string, name: string) => {
    const credentials = givenRole(sim, PLACE.account, name, [
      { Effect: 'Allow', Action: 'ec2:*', Resource: '*' },
      { Effect: 'Allow', Action: 'ssm:GetParameters', Resource },
    ]);
    return code(launch(sim.client(EC2Client, { credentials, region: PLACE.region }), `resolve:ssm:${NAME}`));
  };
  expect(await as('arn:aws:ssm:*::parameter/aws/service/debian/*', 'Public')).toBe('ok');
  expect(await as(`arn:aws:ssm:*:${PLACE.account}:parameter/*`, 'Own')).toBe('UnauthorizedOperation');
  await expect(launch(ec2, 'resolve:ssm:/aws/service/debian/release/13/latest/amd64')).rejects.toThrow(
    'Could not resolve',
  );
});
