/**
 * Table of the services that the simulator speaks: protocol, names on the wire, and where the SDK keeps the schemas.
 * Sources: the `protocolSettings` of each client of the AWS SDK for JavaScript v3; IAM User Guide
 * "Signature Version 4" (signing names); CloudTrail User Guide (event sources).
 */
export type Protocol = 'ec2Query' | 'awsQuery' | 'awsJson1_1' | 'restJson1';

export interface Service {
  /** As in operation names (`ec2.CopyImage`) and in the SigV4 scope. */
  readonly name: string;
  readonly protocol: Protocol;
  /** Prefix of `x-amz-target` (awsJson1_1). */
  readonly target?: string;
  /** Namespace of XML answers (ec2Query, awsQuery). */
  readonly xmlns?: string;
  readonly eventSource: string;
  /** Has one endpoint for all Regions: its calls count as made in us-east-1. */
  readonly global: boolean;
  /** The client package's namespace: schemas only, loaded at first use. */
  readonly load: () => Promise<object>;
}

const SERVICES: readonly Service[] = [
  {
    name: 'ec2',
    protocol: 'ec2Query',
    xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    eventSource: 'ec2.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-ec2'),
  },
  {
    name: 'ebs',
    protocol: 'restJson1',
    eventSource: 'ebs.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-ebs'),
  },
  {
    name: 'kms',
    protocol: 'awsJson1_1',
    target: 'TrentService',
    eventSource: 'kms.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-kms'),
  },
  {
    name: 'iam',
    protocol: 'awsQuery',
    xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/',
    eventSource: 'iam.amazonaws.com',
    global: true,
    load: () => import('@aws-sdk/client-iam'),
  },
  {
    name: 'sts',
    protocol: 'awsQuery',
    xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/',
    eventSource: 'sts.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-sts'),
  },
  {
    name: 'organizations',
    protocol: 'awsJson1_1',
    target: 'AWSOrganizationsV20161128',
    eventSource: 'organizations.amazonaws.com',
    global: true,
    load: () => import('@aws-sdk/client-organizations'),
  },
  {
    name: 'ssm',
    protocol: 'awsJson1_1',
    target: 'AmazonSSM',
    eventSource: 'ssm.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-ssm'),
  },
  {
    name: 'autoscaling',
    protocol: 'awsQuery',
    xmlns: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
    eventSource: 'autoscaling.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-auto-scaling'),
  },
  {
    name: 'cloudtrail',
    protocol: 'awsJson1_1',
    target: 'CloudTrail_20131101',
    eventSource: 'cloudtrail.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-cloudtrail'),
  },
  {
    name: 'servicequotas',
    protocol: 'awsJson1_1',
    target: 'ServiceQuotasV20190624',
    eventSource: 'servicequotas.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-service-quotas'),
  },
  {
    name: 'sns',
    protocol: 'awsQuery',
    xmlns: 'http://sns.amazonaws.com/doc/2010-03-31/',
    eventSource: 'sns.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-sns'),
  },
  {
    name: 'events',
    protocol: 'awsJson1_1',
    target: 'AWSEvents',
    eventSource: 'events.amazonaws.com',
    global: false,
    load: () => import('@aws-sdk/client-eventbridge'),
  },
];

const BY_NAME: ReadonlyMap<string, Service> = new Map(SERVICES.map((s) => [s.name, s]));
const BY_TARGET: ReadonlyMap<string, Service> = new Map(SERVICES.flatMap((s) => (s.target ? [[s.target, s]] : [])));

export const SERVICE_NAMES: readonly string[] = SERVICES.map((s) => s.name);

export const serviceNamed = (name: string): Service | undefined => BY_NAME.get(name);

/** The JSON service that `x-amz-target: PREFIX.Action` means, whatever the signature's scope says. */
export const serviceOfTarget = (target: string): Service | undefined =>
  BY_TARGET.get(target.slice(0, target.lastIndexOf('.')));
