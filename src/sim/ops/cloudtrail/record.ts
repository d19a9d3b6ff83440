/**
 * An event of the trail as CloudTrail writes it down. Sources: CloudTrail User Guide "CloudTrail record contents",
 * "CloudTrail userIdentity element"; KMS Developer Guide "Logging AWS KMS API calls" (invokedBy, encryption context).
 * Differs from AWS: no source address and user agent of clients, no session context attributes.
 */
import { parseArn, roleNameOf } from '../../../base/arn.ts';
import type { TrailEvent, World } from '../../world/world.ts';

export interface NamedResource {
  readonly type: string;
  readonly name: string;
}

/** The JSON text of one record. */
export function recordOf(world: World, e: TrailEvent): string {
  const resources = keysOf(e);
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity: userIdentity(world, e),
    eventTime: `${new Date(e.atMs).toISOString().slice(0, 19)}Z`,
    eventSource: e.eventSource,
    eventName: e.eventName,
    awsRegion: e.region,
    ...(e.invokedBy === undefined ? {} : { sourceIPAddress: e.invokedBy, userAgent: e.invokedBy }),
    ...(e.errorCode === undefined ? {} : { errorCode: e.errorCode, errorMessage: e.errorMessage }),
    ...(e.serviceEventDetails === undefined
      ? {
          requestParameters: e.requestParameters ?? null,
          responseElements: e.responseElements ?? null,
          requestID: e.requestId,
        }
      : { serviceEventDetails: e.serviceEventDetails }),
    eventID: e.eventId,
    readOnly: e.readOnly,
    ...(resources.length === 0
      ? {}
      : {
          resources: resources.map((ARN) => ({ accountId: parseArn(ARN)?.account, type: 'AWS::KMS::Key', ARN })),
        }),
    eventType: e.serviceEventDetails === undefined ? 'AwsApiCall' : 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: e.account,
    ...(e.sharedEventId === undefined ? {} : { sharedEventID: e.sharedEventId }),
    eventCategory: 'Management',
  });
}

const keysOf = (e: TrailEvent): readonly string[] =>
  (e.resources ?? []).filter((arn) => parseArn(arn)?.service === 'kms');

function userIdentity(world: World, e: TrailEvent): object {
  if (e.serviceEventDetails !== undefined) {
    return { type: 'AWSAccount', accountId: e.callerAccount, invokedBy: e.invokedBy };
  }
  const rest = {
    arn: e.callerArn,
    accountId: e.callerAccount,
    ...(e.accessKeyId === undefined ? {} : { accessKeyId: e.accessKeyId }),
    ...(e.invokedBy === undefined ? {} : { invokedBy: e.invokedBy }),
  };
  const arn = parseArn(e.callerArn);
  const [kind, name = '', session = ''] = (arn?.resource ?? '').split('/');
  const iam = world.accounts.get(e.callerAccount)?.iam;
  if (kind === 'root') return { type: 'Root', principalId: e.callerAccount, ...rest };
  if (kind === 'user') {
    const userName = userNameOf(e);
    return { type: 'IAMUser', principalId: iam?.users.get(userName)?.userId ?? userName, ...rest, userName };
  }
  if (kind === 'federated-user') return { type: 'FederatedUser', principalId: `${e.callerAccount}:${name}`, ...rest };
  if (kind !== 'assumed-role') return { type: 'AWSService', ...rest };
  const role = iam?.roles.get(name);
  // The infrastructure role of an instance is no role of the account: its id is the account and its name.
  const roleId = role?.roleId ?? `${e.callerAccount}:${name}`;
  const issuer = {
    type: 'Role',
    principalId: roleId,
    arn: role?.arn ?? `arn:${world.partition}:iam::${e.callerAccount}:role/${name}`,
    accountId: e.callerAccount,
    userName: name,
  };
  return {
    type: 'AssumedRole',
    principalId: `${roleId}:${session}`,
    ...rest,
    sessionContext: { sessionIssuer: issuer },
  };
}

/** `Username` of a looked-up event: the user, the session, or `root`. */
export const userNameOf = (e: TrailEvent): string => {
  const resource = parseArn(e.callerArn)?.resource ?? e.callerArn;
  return resource === 'root' ? 'root' : roleNameOf(resource);
};

const TYPES: Readonly<Record<string, string>> = {
  ami: 'AWS::EC2::Ami',
  snap: 'AWS::EC2::Snapshot',
  vol: 'AWS::EC2::Volume',
  i: 'AWS::EC2::Instance',
  lt: 'AWS::EC2::LaunchTemplate',
  subnet: 'AWS::EC2::Subnet',
  vpc: 'AWS::EC2::VPC',
  sg: 'AWS::EC2::SecurityGroup',
  fleet: 'AWS::EC2::EC2Fleet',
};

/** What the call was about: ids and ARNs among its parameters and answer, as the lookup shows and finds them. */
export function resourcesOf(e: TrailEvent): readonly NamedResource[] {
  const found = new Map<string, string>();
  for (const arn of keysOf(e)) found.set(arn, 'AWS::KMS::Key');
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      const type = typeOf(value);
      if (type !== undefined) found.set(value, type);
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(e.requestParameters);
  visit(e.responseElements);
  visit(e.serviceEventDetails);
  return [...found].map(([name, type]) => ({ name, type }));
}

function typeOf(text: string): string | undefined {
  const id = /^([a-z]+)-[0-9a-f]{8,17}$/.exec(text);
  if (id) return TYPES[id[1] ?? ''];
  if (!text.startsWith('arn:')) return undefined;
  const arn = parseArn(text);
  if (arn?.service === 'kms' && arn.resource.startsWith('key/')) return 'AWS::KMS::Key';
  if (arn?.service !== 'iam') return undefined;
  if (arn.resource.startsWith('role/')) return 'AWS::IAM::Role';
  if (arn.resource.startsWith('user/')) return 'AWS::IAM::User';
  return arn.resource.startsWith('policy/') ? 'AWS::IAM::Policy' : undefined;
}
