import { absent, known, unreadable } from '../base/outcome.ts';
import {
  BUILDER,
  grantTo,
  KEY_POLICY,
  LINKED,
  ROLE_POLICY,
  rcp,
  rootOf,
  scp,
  text,
  USER,
} from './observed.testdata.ts';
import { app, denied, deny, GUARDRAIL, holds, LAUNCHING, MANAGEMENT, OWNER, without } from './proof-rows.testdata.ts';

holds([
  {
    cause: 'the key policy of the Region names nobody of the account',
    change: () => ({ keyPolicy: [KEY_POLICY.owner] }),
    links: [`authz.key-policy.no-allow | resource-account | ${OWNER} | allow+allow`],
  },
  {
    cause: 'the key policy lets EC2 use the key, and not make grants',
    change: () => ({ keyPolicy: without(KEY_POLICY, 'attach', 'grant') }),
    links: [`authz.key-policy.no-allow | resource-account | ${OWNER} | allow`],
  },
  {
    cause: 'the key policy is for another Region',
    change: () => ({
      keyPolicy: [
        ...without(KEY_POLICY, 'use'),
        { ...KEY_POLICY.use, Condition: { StringEquals: { 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' } } },
      ],
    }),
    links: [`authz.key-policy.no-allow | resource-account | ${OWNER} | allow`],
  },
  {
    cause: 'the key policy names a role that is gone, by its id',
    change: () => ({
      keyPolicy: [...without(KEY_POLICY, 'use'), { ...KEY_POLICY.use, Principal: { AWS: 'AROAGONE12345678' } }],
    }),
    links: [`authz.key-policy.no-allow | resource-account | ${OWNER} | allow`],
  },
  {
    cause: 'the key policy denies it',
    change: (p) => ({
      keyPolicy: [
        ...p.keyPolicy,
        deny({
          Principal: rootOf(USER),
          Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${USER}:role/App` } },
        }),
      ],
    }),
    links: [`authz.denied.explicitly | resource-account | ${OWNER} | exempt`],
  },
  {
    cause: 'the key policy has no room for what is missing',
    change: () => ({ keyPolicy: [{ ...KEY_POLICY.owner, Sid: 'x'.repeat(32_500) }] }),
    links: [`authz.key-policy.no-allow | resource-account | ${OWNER} | `],
  },
  {
    cause: 'the role has no word about the key',
    change: () => ({ app: app(ROLE_POLICY.launch) }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | allow+allow`],
  },
  {
    cause: 'neither side knows the other',
    change: () => ({ app: app(ROLE_POLICY.launch), keyPolicy: [KEY_POLICY.owner] }),
    links: [
      `authz.key-policy.no-allow | resource-account | ${OWNER} | allow+allow`,
      `authz.identity.no-allow | caller-account | ${LAUNCHING} | allow+allow`,
    ],
  },
  {
    cause: 'the role may not launch at all',
    change: () => ({ app: app(ROLE_POLICY.use, ROLE_POLICY.attach) }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | allow`],
  },
  {
    cause: 'the role may launch from images, and make no instance',
    change: () => ({ app: app({ ...ROLE_POLICY.launch, Resource: '*:image/*' }, ROLE_POLICY.use, ROLE_POLICY.attach) }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | allow`],
  },
  {
    cause: 'the role may launch with tags of its own only, as the controller of Karpenter may',
    change: () => ({
      app: app(
        { ...ROLE_POLICY.launch, Resource: ['arn:aws:ec2:*::image/*', 'arn:aws:ec2:*::snapshot/*'] },
        { ...ROLE_POLICY.launch, Condition: { StringEquals: { 'aws:RequestTag/team': 'web' } } },
        ROLE_POLICY.use,
        ROLE_POLICY.attach,
      ),
    }),
    verdict: 'can-launch',
    links: [],
  },
  {
    cause: 'a controller of Karpenter may call RunInstances, and make no fleet',
    launcher: 'karpenter:Karpenter',
    change: () => ({ karpenter: { ...ROLE_POLICY.launch, Action: ['ec2:RunInstances', 'ec2:CreateTags'] } }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | allow`],
  },
  {
    cause: 'a guardrail admits images of other owners only',
    change: () => ({
      scps: known([
        scp(
          'Root r-1',
          deny({
            Action: 'ec2:RunInstances',
            Resource: 'arn:aws:ec2:*::image/*',
            Condition: { StringNotEquals: { 'ec2:Owner': 'amazon' } },
          }),
        ),
      ]),
    }),
    links: [`authz.denied.explicitly | organization | ${MANAGEMENT} | exempt`],
  },
  {
    cause: 'a guardrail admits images of the builder',
    change: () => ({
      scps: known([
        scp(
          'Root r-1',
          deny({
            Action: 'ec2:RunInstances',
            Resource: 'arn:aws:ec2:*::image/*',
            Condition: { StringNotEquals: { 'ec2:Owner': BUILDER } },
          }),
        ),
      ]),
    }),
    verdict: 'can-launch',
    links: [],
  },
  {
    cause: 'a guardrail asks for version 2 of the instance metadata service: who launches so may',
    change: () => ({
      scps: known([
        scp(
          'Root r-1',
          deny({
            Action: 'ec2:RunInstances',
            Resource: 'arn:aws:ec2:*:*:instance/*',
            Condition: { StringNotEquals: { 'ec2:MetadataHttpTokens': 'required' } },
          }),
        ),
      ]),
    }),
    verdict: 'can-launch',
    links: [],
  },
  {
    cause: 'the role denies itself',
    change: () => ({ app: app(...Object.values(ROLE_POLICY), deny({ Action: 'kms:CreateGrant' })) }),
    links: [`authz.denied.explicitly | caller-account | ${LAUNCHING} | exempt`],
  },
  {
    cause: 'a boundary leaves keys out',
    change: (p) => ({
      app: {
        ...p.app,
        boundary: { name: 'bounds', id: `arn:aws:iam::${USER}:policy/bounds`, document: text(ROLE_POLICY.launch) },
      },
    }),
    links: [`authz.boundary.no-allow | caller-account | ${LAUNCHING} | allow+allow`],
  },
  {
    cause: 'an SCP denies it',
    change: () => ({ scps: known([scp('Root r-1'), scp('OU ou-1', deny({}))]) }),
    links: [`authz.denied.explicitly | organization | ${MANAGEMENT} | exempt`],
  },
  {
    cause: 'a level of SCPs does not allow it',
    change: () => ({
      scps: known([
        scp('Root r-1'),
        { level: 'OU ou-1', policies: [{ name: 'ec2 only', id: 'p-ec2', document: text(ROLE_POLICY.launch) }] },
      ]),
    }),
    links: [
      `authz.scp.no-allow | organization | ${MANAGEMENT} | allow+allow`,
      // What the instance itself asks for.
      `authz.scp.no-allow | organization | ${MANAGEMENT} | allow`,
    ],
  },
  {
    cause: "an RCP of the key owner's organization denies it",
    change: () => ({ rcps: known([rcp('Root r-1', deny({ Principal: '*' }))]) }),
    links: [`authz.denied.explicitly | organization | ${MANAGEMENT} | exempt`],
  },
  {
    cause: 'the service-linked role is not there',
    launcher: 'autoscaling',
    change: () => ({ linked: absent }),
    links: [`iam.service-linked-role.absent |  | ${LAUNCHING} | create-service-linked-role`],
  },
  {
    cause: 'the grant is missing',
    launcher: 'autoscaling',
    change: () => ({ grants: [] }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | create-grant`],
  },
  {
    cause: "the grant was made in the key's account",
    launcher: 'autoscaling',
    change: () => ({ grants: [grantTo(LINKED, { issuingAccount: BUILDER })] }),
    links: [`authz.key-trust.missing | caller-account | ${LAUNCHING} | create-grant`],
  },
  {
    cause: 'the grant is for a role that was deleted',
    launcher: 'autoscaling',
    change: () => ({ grants: [grantTo('AROAGONE12345678')] }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | create-grant`],
  },
  {
    cause: 'the grant lacks an operation',
    launcher: 'autoscaling',
    change: () => ({
      grants: [
        grantTo(LINKED, { operations: ['Decrypt', 'DescribeKey', 'CreateGrant', 'ReEncryptFrom', 'ReEncryptTo'] }),
      ],
    }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | create-grant`],
  },
  {
    cause: 'the grant is missing, and the key policy lets only AWS services make grants',
    launcher: 'autoscaling',
    change: () => ({ grants: [], keyPolicy: without(KEY_POLICY, 'grant') }),
    links: [
      `authz.identity.no-allow | caller-account | ${LAUNCHING} | create-grant`,
      `authz.key-policy.no-allow | resource-account | ${OWNER} | allow`,
    ],
  },
  {
    cause: 'the grant is missing, and a guardrail as of Control Tower forbids it',
    launcher: 'autoscaling',
    change: () => ({ grants: [], scps: known([scp('Root r-1', GUARDRAIL)]) }),
    links: [
      `authz.identity.no-allow | caller-account | ${LAUNCHING} | create-grant`,
      `authz.denied.explicitly | organization | ${MANAGEMENT} | exempt`,
    ],
  },
  {
    cause: 'SCPs cannot be read',
    change: () => ({ scps: unreadable(denied('organizations:ListPoliciesForTarget')) }),
    verdict: 'unknown',
    links: [`authz.unknown |  | ${LAUNCHING} | `],
  },
  {
    cause: 'the key policy cannot be read',
    change: () => ({ readKey: { policy: unreadable(denied('kms:GetKeyPolicy')) } }),
    verdict: 'unknown',
    links: [`authz.unknown |  | ${LAUNCHING} | `],
  },
  {
    cause: 'grants cannot be read',
    launcher: 'autoscaling',
    change: () => ({ readKey: { grants: unreadable(denied('kms:ListGrants')) } }),
    verdict: 'unknown',
    links: [`authz.unknown |  | ${LAUNCHING} | `],
  },
  {
    cause: 'Allowed AMIs cannot be read',
    change: () => ({ place: { allowedImages: unreadable(denied('ec2:GetAllowedImagesSettings')) } }),
    verdict: 'unknown',
    links: [`aws.AccessDenied |  | ${LAUNCHING} | `],
  },
]);
