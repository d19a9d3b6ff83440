/** The SDK's input and output types, so that handlers are checked against the shapes that clients see. Types only. */
export type * as AutoScaling from '@aws-sdk/client-auto-scaling';
export type * as CloudTrail from '@aws-sdk/client-cloudtrail';
export type * as Ebs from '@aws-sdk/client-ebs';
export type * as Ec2 from '@aws-sdk/client-ec2';
export type * as EventBridge from '@aws-sdk/client-eventbridge';
export type * as Iam from '@aws-sdk/client-iam';
export type * as Kms from '@aws-sdk/client-kms';
export type * as Organizations from '@aws-sdk/client-organizations';
export type * as ServiceQuotas from '@aws-sdk/client-service-quotas';
export type * as Sns from '@aws-sdk/client-sns';
export type * as Ssm from '@aws-sdk/client-ssm';
export type * as Sts from '@aws-sdk/client-sts';
