import {
  EC2Client,
  type EC2ServiceException,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { simForTests } from '../testing.ts';
import { givenImage, givenRole } from './testing.ts';

const ACCOUNT = '222222222222';
const RUN = { Effect: 'Allow', Action: 'ec2:RunInstances', Resource: '*' };
const IMAGES = 'arn:aws:ec2:*::image/*';
const INSTANCES = 'arn:aws:ec2:*:*:instance/*';
const NAMED = { TagSpecifications: [{ ResourceType: 'instance' as const, Tags: [{ Key: 'team', Value: 'vod' }] }] };
/** A Deny on one kind of resource: the keys of the others are absent, which a negated condition takes as a match. */
const unless = (key: string, value: string, resource: string) => ({
  Effect: 'Deny',
  Action: 'ec2:RunInstances',
  Resource: resource,
  Condition: { StringNotEquals: { [key]: value } },
});
const TAG_AT_LAUNCH = {
  Effect: 'Allow',
  Action: 'ec2:CreateTags',
  Resource: '*',
  Condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances', 'aws:RequestTag/team': 'vod' } },
};

interface Case {
  readonly when: string;
  readonly policy: readonly object[];
  readonly input?: Partial<RunInstancesCommandInput>;
  readonly says: 'pending' | 'UnauthorizedOperation';
}

const CASES: readonly Case[] = [
  { when: 'nothing is allowed', policy: [{ ...RUN, Action: 'ec2:Describe*' }], says: 'UnauthorizedOperation' },
  { when: 'running is allowed', policy: [RUN], says: 'pending' },
  {
    when: 'only images of another owner may be run',
    policy: [RUN, unless('ec2:Owner', '999999999999', IMAGES)],
    says: 'UnauthorizedOperation',
  },
  { when: 'images of this owner may be run', policy: [RUN, unless('ec2:Owner', ACCOUNT, IMAGES)], says: 'pending' },
  {
    when: 'the type is not allowed',
    policy: [RUN, unless('ec2:InstanceType', 't3.nano', INSTANCES)],
    says: 'UnauthorizedOperation',
  },
  { when: 'tags are asked for and not allowed', policy: [RUN], input: NAMED, says: 'UnauthorizedOperation' },
  { when: 'tags are allowed at launch', policy: [RUN, TAG_AT_LAUNCH], input: NAMED, says: 'pending' },
  {
    when: 'only one subnet is allowed and another chosen',
    policy: [{ ...RUN, Resource: ['arn:aws:ec2:*:*:subnet/subnet-1', 'arn:aws:ec2:*::image/*'] }],
    says: 'UnauthorizedOperation',
  },
];

test.each(CASES.map((one) => [one.when, one] as const))('RunInstances when %s', async (_, { policy, input, says }) => {
  const sim = simForTests();
  const ImageId = givenImage(sim, { owner: ACCOUNT });
  const ec2 = sim.client(EC2Client, { credentials: givenRole(sim, ACCOUNT, 'Launcher', policy) });
  const answer = await ec2
    .send(new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...input }))
    .then((made) => made.Instances?.[0]?.State?.Name)
    .catch((refused: EC2ServiceException) => refused.name);
  expect(answer).toBe(says);
});
