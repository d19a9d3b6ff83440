/** Texts as people have them in hand, and what they are recognised as. Those that the simulator makes are in test/explain. */
import { expect, test } from 'vitest';
import { trailRecords } from './event.ts';
import { CAUSES, recognise } from './recognise.ts';

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const USER = 'User: arn:aws:sts::222222222222:assumed-role/Launcher/i-1 is not authorized to perform: kms:Decrypt';
const ON = `${USER} on resource: ${KEY}`;

/** `(observed)` rows are texts from public issues, as facts/aws-semantics.md cites them. */
const TEXTS: readonly { readonly text: string; readonly codes: readonly string[] }[] = [
  {
    text: 'InvalidRequest: Snapshot snap-0aa is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.',
    codes: ['copy.unencrypted-from-encrypted'],
  },
  {
    text: 'Creating unencrypted copy from an encrypted snapshot is not supported.',
    codes: ['copy.unencrypted-from-encrypted'],
  },
  {
    text: "==> amazon-ebs: Error modify AMI attributes: InvalidParameter: Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.",
    codes: ['share.default-key'],
  },
  {
    text: 'OperationNotPermitted: Encrypted snapshots with EBS default key cannot be shared',
    codes: ['share.default-key'],
  },
  {
    text: 'InvalidRequest: You do not have permission to access the storage of this ami',
    codes: ['copy.storage-not-shared'],
  },
  { text: 'State error: Given key ID is not accessible', codes: ['copy.key-not-accessible'] },
  { text: 'Copy image failed with an internal error', codes: ['copy.key-not-accessible'] },
  {
    text: 'Images with EC2 BillingProduct codes cannot be copied to another AWS account',
    codes: ['copy.billing-codes'],
  },
  {
    text: '==> amazon-ebs: Error waiting for AMI: ResourceNotReady: exceeded wait attempts',
    codes: ['wait.too-short'],
  },
  { text: 'Waiter ImageAvailable failed: Max attempts exceeded', codes: ['wait.too-short'] },
  { text: 'ResourceLimitExceeded: Too many snapshot copies in progress.', codes: ['quota.concurrent-copies'] },
  {
    text: 'Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state',
    codes: ['launch.key-state'],
  },
  { text: 'Client.InternalError: Client error on launch', codes: ['launch.client-error'] },
  {
    text: 'Launching a new EC2 instance: i-0abc. Status Reason: Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InternalError: Client error on launch',
    codes: ['launch.client-error'],
  },
  { text: 'AuthFailure: Not authorized for images: [ami-0abc]', codes: ['launch.not-authorized-for-image'] },
  { text: "InvalidAMIID.NotFound: The image id '[ami-0abc]' does not exist", codes: ['launch.image-not-found'] },
  {
    text: "InvalidAMIID.Unavailable: The image id '[ami-0abc]' is no longer available",
    codes: ['launch.image-unavailable'],
  },
  {
    text: 'InvalidParameterValue: Could not resolve the SSM parameter resolve:ssm:/golden/current to an AMI ID',
    codes: ['launch.parameter-not-resolved'],
  },
  {
    text: 'VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit',
    codes: ['quota.instances'],
  },
  {
    text: 'AuthFailure.ServiceLinkedRoleCreationNotPermitted: The provided credentials do not have permission to create the service-linked role',
    codes: ['role.service-linked-absent'],
  },
  {
    text: 'MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals.',
    codes: ['key.policy-invalid-principal'],
  },
  { text: 'LimitExceededException: The policy document is too large', codes: ['key.policy-too-large'] },
  {
    text: 'ThrottlingException: You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
    codes: ['key.throttled'],
  },
  { text: `DisabledException: ${KEY} is disabled.`, codes: ['key.disabled'] },
  { text: `KMSInvalidStateException: ${KEY} is pending deletion.`, codes: ['key.pending-deletion'] },
  { text: `NotFoundException: Key '${KEY}' does not exist`, codes: ['key.other-region'] },
  { text: 'NotFoundException: Invalid arn us-east-1', codes: ['key.other-region'] },
  { text: 'InvalidArnException: arn:aws:iam::222222222222:role/nobody', codes: ['grant.invalid-grantee'] },
  {
    text: `${USER.replace('Decrypt', 'CreateGrant')} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    codes: ['guard.grant-for-aws-resource', 'denied.key-policy'],
  },
  { text: `${ON} with an explicit deny in a service control policy`, codes: ['denied.scp', 'denied.explicitly'] },
  { text: `${ON} with an explicit deny in a resource control policy`, codes: ['denied.rcp', 'denied.explicitly'] },
  { text: `${ON} because no permissions boundary allows the kms:Decrypt action`, codes: ['denied.boundary'] },
  { text: `${ON} because no session policy allows the kms:Decrypt action`, codes: ['denied.session'] },
  { text: `${ON} because no identity-based policy allows the kms:Decrypt action`, codes: ['denied.identity'] },
  {
    text: `${USER} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    codes: ['denied.key-policy'],
  },
  { text: `${ON} with an explicit deny in an identity-based policy`, codes: ['denied.explicitly'] },
  {
    text: `${ON} with an explicit deny in an identity-based policy: arn:aws:iam::222222222222:policy/team/no-keys`,
    codes: ['denied.explicitly'],
  },
  {
    text: `${ON} with an explicit deny in a service control policy: arn:aws:organizations::111111111111:policy/o-abcdefghij/service_control_policy/p-abcdefgh`,
    codes: ['denied.scp', 'denied.explicitly'],
  },
  { text: `${ON} because no VPC endpoint policy allows the kms:Decrypt action`, codes: ['denied.endpoint'] },
  {
    text: 'User: arn:aws:iam::123456789012:user/John is not authorized to perform: sts:AssumeRole because no role trust policy allows the sts:AssumeRole action',
    codes: ['denied.trust'],
  },
  { text: 'AuthFailure: AWS was not able to validate the provided access credentials', codes: ['region.off'] },
];

const codesOf = (text: string): readonly string[] => recognise(text).map((e) => e.reason.code.replace('explain.', ''));

test.each(TEXTS)('$codes.0: $text', ({ text, codes }) => expect(codesOf(text)).toEqual(codes));

test('every cause has a text, a remedy, a check and a source', () => {
  const told = new Set(TEXTS.flatMap((t) => t.codes));
  expect(CAUSES.map((c) => c.code).filter((code) => !told.has(code))).toEqual([]);
  expect(new Set(CAUSES.map((c) => c.code)).size).toBe(CAUSES.length);
  for (const cause of CAUSES) {
    expect(cause.remedies.length, cause.code).toBeGreaterThan(0);
    expect(`${cause.check} ${cause.source}`.length, cause.code).toBeGreaterThan(20);
  }
});

test('the policy that denies is shown, and what IAM names without an ARN', () => {
  const text =
    'UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::222222222222:user/ann is not authorized to perform: iam:GetRole on resource: role App with an explicit deny in a permissions boundary: arn:aws:iam::222222222222:policy/lab-boundary. Encoded authorization failure message: g4oZPBqZ4Bni8dE5';
  expect(recognise(text).map((e) => e.reason.says)).toEqual(
    Array(2).fill(
      'arn:aws:iam::222222222222:user/ann may not iam:GetRole on role App: arn:aws:iam::222222222222:policy/lab-boundary denies it',
    ),
  );
});

test('nothing is recognised in a text that has nothing to do with it', () => {
  expect(codesOf('==> amazon-ebs: Provisioning with shell script: /tmp/x.sh\nall went well')).toEqual([]);
});

test('what is shown of a text are ids, ARNs and names, never its rest', () => {
  const text = `password=hunter2 ${ON} because no identity-based policy allows the kms:Decrypt action token=ghp_secret`;
  const shown = JSON.stringify(recognise(text));
  expect(shown).toContain(KEY);
  expect(shown).not.toMatch(/hunter2|ghp_secret/);
});

const EVENT = {
  eventSource: 'kms.amazonaws.com',
  eventName: 'Decrypt',
  userIdentity: { arn: 'arn:aws:sts::222222222222:assumed-role/Launcher/i-1' },
  errorCode: 'AccessDenied',
  errorMessage: `${ON} because no identity-based policy allows the kms:Decrypt action`,
};

test.each([
  { form: 'one event', text: JSON.stringify(EVENT) },
  { form: 'a log file', text: JSON.stringify({ Records: [{ ...EVENT, errorCode: undefined }, EVENT] }) },
  { form: 'an answer of LookupEvents', text: JSON.stringify({ Events: [{ CloudTrailEvent: JSON.stringify(EVENT) }] }) },
])('CloudTrail: $form is read', ({ text }) => {
  const refused = trailRecords(text)?.filter((r) => r.refused);
  expect(refused).toMatchObject([{ who: EVENT.userIdentity.arn, action: 'kms:Decrypt' }]);
  expect(codesOf(refused?.[0]?.text ?? '')).toEqual(['denied.identity']);
});

test.each(['', '{', '[]', '{"a":1}', 'null', '"text"'])('CloudTrail: %j is none', (text) =>
  expect(trailRecords(text)).toBeUndefined(),
);
