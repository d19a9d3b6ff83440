/**
 * ASG-6: an ImageId may be `resolve:ssm:NAME[:VERSION|:LABEL]` or `resolve:ssm:PARAMETER-ARN[:…]`, resolved at launch.
 * Source: EC2 API Reference RequestLaunchTemplateData; EC2 User Guide "Use a Systems Manager parameter instead
 * of an AMI ID". Differs from AWS: nothing can be shared (AWS RAM), so a parameter of another account is never resolved;
 * parameters of other Regions are not modelled and refused by name. AWS's public parameters are those of `world/public-parameters.ts`.
 */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import { placeOf } from '../world/make.ts';
import { isPublicName, publicParameter } from '../world/public-parameters.ts';
import type { Parameter, ParameterVersion } from '../world/ssm.ts';
import { notModelled } from './unmodelled.ts';

const PREFIX = 'resolve:ssm:';

export const isResolved = (imageId: string): boolean => imageId.startsWith(PREFIX);

interface Named {
  readonly name: string;
  readonly selector: string | undefined;
  /** Of another account. */
  readonly foreign?: true;
}

function parse(imageId: string, place: Place): Named {
  const text = imageId.slice(PREFIX.length);
  const arn = /^arn:[^:]+:ssm:([^:]*):([^:]*):parameter(\/?[^:]+)(?::(.+))?$/.exec(text);
  if (arn) {
    const [, region, account, path = '', selector] = arn;
    if (region === place.region && account === '' && isPublicName(path)) return { name: path, selector };
    if (region !== place.region || account === '')
      throw notModelled('RunInstances', `the SSM parameter of another place ${text} in ImageId`);
    if (account !== place.account) return { name: path, selector, foreign: true };
    // The ARN of `/a/b` is `parameter/a/b`, that of `a` is `parameter/a`.
    return { name: path.indexOf('/', 1) > 0 ? path : path.slice(1), selector };
  }
  const [name = '', selector] = text.split(':');
  return { name, selector };
}

/** ARN of the parameter that has to be readable by the caller, or undefined when `imageId` names none. */
export function parameterArn(imageId: string, place: Place, partition: string): string | undefined {
  if (!isResolved(imageId)) return undefined;
  const { name, foreign } = parse(imageId, place);
  if (foreign) return undefined;
  if (isPublicName(name)) return `arn:${partition}:ssm:${place.region}::parameter${name}`;
  return `arn:${partition}:ssm:${place.region}:${place.account}:parameter/${name.replace(/^\//, '')}`;
}

/** @returns the AMI id that `imageId` stands for; `imageId` itself when it is no parameter */
export function resolveImageId(ctx: Pick<Ctx, 'world'>, place: Place, imageId: string): string {
  if (!isResolved(imageId)) return imageId;
  const { name, selector, foreign } = parse(imageId, place);
  const parameter = foreign
    ? undefined
    : (publicParameter(ctx.world, place.region, name) ??
      placeOf(ctx.world, place.account, place.region).ssm.parameters.get(name));
  const version = parameter && versionOf(parameter, selector);
  if (version && /^ami-[0-9a-f]+$/.test(version.value)) return version.value;
  throw new Fault('InvalidParameterValue', `Could not resolve the SSM parameter ${imageId} to an AMI ID`);
}

function versionOf(parameter: Parameter, selector: string | undefined): ParameterVersion | undefined {
  if (selector === undefined) return parameter.versions.at(-1);
  return parameter.versions.find((v) => String(v.version) === selector || v.labels.has(selector));
}
