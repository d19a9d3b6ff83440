/**
 * What each service says of a denial, side by side. Sources: IAM User Guide "Troubleshoot access denied error messages"
 * (the sides); AWS Security Blog "Enhanced access denied error messages with policy ARNs"; facts/aws-semantics.md section
 * 5.2 (KMS); what a row calls `seen` stands in public issues and logs.
 */
import { expect, test } from 'vitest';
import type { Decision, Layer, MissingLink } from '../authz/types.ts';
import { denialFault } from './denial.ts';
import type { Caller, Demand } from './operation.ts';
import { defaultWorld } from './world/default-world.ts';

const OWNER = '111111111111';
const ACCOUNT = '222222222222';
const STRANGER = '999999999999';
const ann = (account: string): Caller => ({
  account,
  principal: { kind: 'user', arn: `arn:aws:iam::${account}:user/ann` },
  arn: `arn:aws:iam::${account}:user/ann`,
  userId: 'AIDAANN',
  accessKeyId: 'AKIA',
  sessionPolicies: undefined,
  sessionTags: new Map(),
});

type Denied = Exclude<Decision, { readonly is: 'allowed' }>;
const explicit = (layer: Layer, id: string): Denied => ({
  is: 'denied',
  how: 'explicit',
  by: [{ layer, id }],
  missing: [],
  nearMisses: [],
});
const implicit = (layer: Layer, side: MissingLink['side'] = 'caller-account'): Denied => ({
  is: 'denied',
  how: 'implicit',
  by: [],
  missing: [{ code: `${layer}.no-allow`, layer, side, says: '' }],
  nearMisses: [],
});

const ORG = `arn:aws:organizations::${OWNER}:policy/o-amiport001`;
const MANAGED = `arn:aws:iam::${ACCOUNT}:policy/p`;
const NOT_HERE =
  ' on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access';

/** What denies, and how AWS ends its sentence. `ON` is the resource, `ACTION` the action. */
const SIDES: Readonly<Record<string, { readonly decision: Denied; readonly ends: string }>> = {
  'no identity policy': {
    decision: implicit('identity'),
    ends: 'ON because no identity-based policy allows the ACTION action',
  },
  'an inline policy': {
    decision: explicit('identity', 'user/ann policy own'),
    ends: 'ON with an explicit deny in an identity-based policy',
  },
  'a managed policy': {
    decision: explicit('identity', MANAGED),
    ends: `ON with an explicit deny in an identity-based policy: ${MANAGED}`,
  },
  'no SCP': {
    decision: implicit('scp', 'organization'),
    ends: 'ON because no service control policy allows the ACTION action',
  },
  'an SCP': {
    decision: explicit('scp', `${ORG}/service_control_policy/p-1 at r-ab12`),
    ends: `ON with an explicit deny in a service control policy: ${ORG}/service_control_policy/p-1`,
  },
  'an RCP': {
    decision: explicit('rcp', `${ORG}/resource_control_policy/p-2 at r-ab12`),
    ends: `ON with an explicit deny in a resource control policy: ${ORG}/resource_control_policy/p-2`,
  },
  'no boundary': {
    decision: implicit('boundary'),
    ends: 'ON because no permissions boundary allows the ACTION action',
  },
  'a boundary': {
    decision: explicit('boundary', MANAGED),
    ends: `ON with an explicit deny in a permissions boundary: ${MANAGED}`,
  },
  'no session policy': {
    decision: implicit('session'),
    ends: 'ON because no session policy allows the ACTION action',
  },
  'a session policy': {
    decision: explicit('session', 'session policy 1'),
    ends: 'ON with an explicit deny in a session policy',
  },
  'no endpoint policy': {
    decision: implicit('endpoint'),
    ends: 'ON because no VPC endpoint policy allows the ACTION action',
  },
  'an endpoint policy': {
    decision: explicit('endpoint', 'arn:aws:ec2:eu-west-1:222222222222:vpc-endpoint/vpce-1'),
    ends: 'ON with an explicit deny in a VPC endpoint policy',
  },
  'no resource policy': {
    decision: implicit('resource', 'resource-account'),
    ends: 'ON because no resource-based policy allows the ACTION action',
  },
  'a resource policy': {
    decision: explicit('resource', 'policy of the resource'),
    ends: 'ON with an explicit deny in a resource-based policy',
  },
};

interface Service {
  readonly service: string;
  readonly action: string;
  readonly resource: string;
  /** Where the service tells it. */
  readonly resourceAccount?: string;
  /** `code status`, and what stands before the sentence. */
  readonly code: string;
  readonly before?: string;
  readonly on: string;
  /** Where a service ends its sentence in its own way. */
  readonly own?: Readonly<Record<string, string>>;
}

const ARN = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k`;
const FOREIGN = `arn:aws:kms:eu-west-1:${OWNER}:key/k`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/app/App`;
const SERVICES: readonly Service[] = [
  {
    // seen: aws/karpenter-provider-aws#7370
    service: 'ec2',
    action: 'ec2:RunInstances',
    resource: `arn:aws:ec2:eu-west-1:${ACCOUNT}:instance/*`,
    code: 'UnauthorizedOperation 403',
    before: 'You are not authorized to perform this operation. ',
    on: ` on resource: arn:aws:ec2:eu-west-1:${ACCOUNT}:instance/*`,
  },
  {
    // seen: descriptions name no resource
    service: 'ec2',
    action: 'ec2:DescribeInstances',
    resource: '*',
    code: 'UnauthorizedOperation 403',
    before: 'You are not authorized to perform this operation. ',
    on: '',
  },
  {
    // seen: because no resource-based policy allows the kms:Decrypt action, in the account of the key
    service: 'kms',
    action: 'kms:Decrypt',
    resource: ARN,
    resourceAccount: ACCOUNT,
    code: 'AccessDeniedException 400',
    on: ` on resource: ${ARN}`,
  },
  {
    // seen: to callers of another account, KMS does not tell which of three it is
    service: 'kms',
    action: 'kms:Decrypt',
    resource: FOREIGN,
    resourceAccount: OWNER,
    code: 'AccessDeniedException 400',
    on: ` on resource: ${FOREIGN}`,
    own: { 'no resource policy': NOT_HERE, 'a resource policy': NOT_HERE },
  },
  {
    // seen: kms:ListKeys on resource: *
    service: 'kms',
    action: 'kms:ListKeys',
    resource: '*',
    code: 'AccessDeniedException 400',
    on: ' on resource: *',
  },
  {
    // seen: on resource: role NAME
    service: 'iam',
    action: 'iam:GetRole',
    resource: ROLE,
    code: 'AccessDenied 403',
    on: ' on resource: role App',
  },
  {
    // seen: what is made is named by its ARN
    service: 'iam',
    action: 'iam:CreateRole',
    resource: ROLE,
    code: 'AccessDenied 403',
    on: ` on resource: ${ROLE}`,
  },
  {
    // seen: on resource: policy ARN
    service: 'iam',
    action: 'iam:CreatePolicyVersion',
    resource: MANAGED,
    code: 'AccessDenied 403',
    on: ` on resource: policy ${MANAGED}`,
  },
  {
    // seen: a trust policy that does not allow is never named
    service: 'sts',
    action: 'sts:AssumeRole',
    resource: ROLE,
    code: 'AccessDenied 403',
    on: ` on resource: ${ROLE}`,
    own: { 'no resource policy': 'ON', 'a resource policy': 'ON with an explicit deny in the role trust policy' },
  },
  {
    service: 'ssm',
    action: 'ssm:GetParameter',
    resource: `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/golden`,
    code: 'AccessDeniedException 400',
    on: ` on resource: arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/golden`,
  },
  {
    service: 'autoscaling',
    action: 'autoscaling:DescribeAutoScalingGroups',
    resource: '*',
    code: 'AccessDenied 403',
    on: '',
  },
  {
    // seen: organizations:ListAccounts on resource: *
    service: 'organizations',
    action: 'organizations:ListAccounts',
    resource: '*',
    code: 'AccessDeniedException 400',
    on: ' on resource: *',
  },
  {
    // seen: cloudtrail:LookupEvents names no resource
    service: 'cloudtrail',
    action: 'cloudtrail:LookupEvents',
    resource: '*',
    code: 'AccessDeniedException 400',
    on: '',
  },
  {
    service: 'ebs',
    action: 'ebs:GetSnapshotBlock',
    resource: 'arn:aws:ec2:eu-west-1::snapshot/snap-1',
    code: 'AccessDeniedException 403',
    on: ' on resource: arn:aws:ec2:eu-west-1::snapshot/snap-1',
  },
  {
    // seen: SNS writes itself in capitals
    service: 'sns',
    action: 'SNS:CreateTopic',
    resource: `arn:aws:sns:eu-west-1:${ACCOUNT}:builds`,
    code: 'AuthorizationError 403',
    on: ` on resource: arn:aws:sns:eu-west-1:${ACCOUNT}:builds`,
  },
];

const { organization } = defaultWorld();
const faultOf = (service: string, demand: Demand, decision: Denied, caller = ann(ACCOUNT)) =>
  denialFault(service, caller, demand, decision, organization);

test.each(SERVICES.flatMap((s) => Object.entries(SIDES).map(([side, how]) => ({ ...s, side, ...how }))))(
  'ACC-2, ACC-4 $action on $resource, denied by $side',
  ({ service, action, resource, resourceAccount, code, before = '', on, own, side, decision, ends }) => {
    const demand = { action, resource, ...(resourceAccount === undefined ? {} : { resourceAccount }) };
    const fault = faultOf(service, demand, decision);
    expect(`${fault.code} ${fault.status}`).toBe(code);
    const end = (own?.[side] ?? ends).replace(/^ON/, on).replace('ACTION', action);
    expect(fault.message).toBe(
      `${before}User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: ${action}${end}`,
    );
  },
);

test.each([
  { from: 'another account of the organization', caller: ann(ACCOUNT), told: true },
  { from: 'an account outside of it', caller: ann(STRANGER), told: false },
  { from: 'the account itself', caller: ann(OWNER), told: true },
])('ACC-3 the ARN of an RCP is told to $from: $told', ({ caller, told }) => {
  const demand = { action: 'kms:Decrypt', resource: ARN, resourceAccount: OWNER };
  const rcp = explicit('rcp', `${ORG}/resource_control_policy/p-2 at ${OWNER}`);
  expect(faultOf('kms', demand, rcp, caller).message.endsWith('/resource_control_policy/p-2')).toBe(told);
});
