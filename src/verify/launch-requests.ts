/**
 * What EC2 asks IAM of whoever launches, beside the keys. Source: Service Authorization Reference "Actions, resources, and
 * condition keys for Amazon EC2" (RunInstances, CreateFleet); EC2 User Guide "EC2 Fleet prerequisites"; for Karpenter, which
 * launches by instant fleets in its own name, the policy of its controller in its documentation ("CloudFormation").
 *
 * A launch has parameters that nobody can know beforehand: instance type, tags, network. A policy that asks for some of them
 * is met by who launches as it wants; one that admits none keeps from launching.
 */
import type { Context, Decision, Policies, Request } from '../authz/types.ts';
import type { Launcher } from '../model/delivery.ts';
import type { ImageSeen } from '../model/observed.ts';

type CallerlessRequest = Omit<Request, 'principal'>;

export interface LaunchPlace {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

export const RUN = 'ec2:RunInstances';

export const imageArn = ({ partition, region }: LaunchPlace, imageId: string): string =>
  `arn:${partition}:ec2:${region}::image/${imageId}`;

/** On the image itself, of which all is known. */
export function imageRequest(at: LaunchPlace, ami: ImageSeen): CallerlessRequest {
  const { launchPermissions: p, ownerId, imageId, tags } = ami;
  const own: Context =
    ownerId === at.account
      ? Object.fromEntries(Object.entries(tags).map(([k, v]) => [`aws:resourcetag/${k.toLowerCase()}`, [v]]))
      : {};
  return {
    action: RUN,
    resource: imageArn(at, imageId),
    resourceAccount: at.account,
    context: {
      'aws:requestedregion': [at.region],
      'ec2:imageid': [imageId],
      'ec2:imagetype': ['machine'],
      'ec2:owner': [ownerId],
      'ec2:public': [String(p.is === 'known' && p.value.groups.includes('all'))],
      'ec2:rootdevicetype': ['ebs'],
      ...own,
    },
    unknownContext: ['ec2:islaunchtemplateresource', 'ec2:launchtemplate'],
  };
}

/** What the image request is decided by, where it does not name one. */
const OF_IMAGES = /ec2:(?:imageid|owner|public|resourcetag)|aws:resourcetag/i;

/** Whether policies tell images apart by their conditions. */
export function readsImages(policies: Policies): boolean {
  const sets = [policies.identity, policies.boundary].flatMap((s) => (s === undefined || 'unreadable' in s ? [] : s));
  const levels = policies.scps === undefined || 'unreadable' in policies.scps ? [] : policies.scps;
  const all = [...sets, ...levels.flatMap((l) => l.policies)];
  return all.some(({ document }) => OF_IMAGES.test(typeof document === 'string' ? document : JSON.stringify(document)));
}

const MADE_BY_LAUNCH = ['instance/*', 'volume/*', 'network-interface/*'];
/** What Karpenter makes and tags on its way. */
const KARPENTER = [
  ['ec2:CreateFleet', 'fleet/*'],
  ['ec2:CreateFleet', 'instance/*'],
  ['ec2:CreateLaunchTemplate', 'launch-template/*'],
  ['ec2:CreateTags', 'instance/*'],
] as const;

/** On what a launch makes. A service-linked role's own policy is AWS's, and nobody's to mend. */
export function launchRequests(at: LaunchPlace, kind: Launcher['kind']): readonly CallerlessRequest[] {
  if (kind !== 'role' && kind !== 'karpenter') return [];
  const asked = [...MADE_BY_LAUNCH.map((made) => [RUN, made] as const), ...(kind === 'karpenter' ? KARPENTER : [])];
  return asked.map(([action, made]) => ({
    action,
    resource: `arn:${at.partition}:ec2:${at.region}:${at.account}:${made}`,
    resourceAccount: at.account,
    context: { 'aws:requestedregion': [at.region] },
    unknownContext: ['ec2:*', 'aws:requesttag/*', 'aws:tagkeys'],
  }));
}

const PARAMETER = /^(?:ec2:|aws:requesttag\/|aws:tagkeys)/i;

/** Only parameters of the launch decide. */
export const hangsOnParameters = (decision: Decision): boolean =>
  decision.is === 'unknown' && decision.absent.every((key) => PARAMETER.test(key));
