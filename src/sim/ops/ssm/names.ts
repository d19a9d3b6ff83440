/** Parameters found as callers name them. Source: SSM API Reference "GetParameter" (selectors), "PutParameter" (names). */
import { parseArn } from '../../../base/arn.ts';
import { type Call, type Demand, Fault } from '../../operation.ts';
import { placeOf } from '../../world/make.ts';
import { isPublicName, publicParameter, publicParameterArn } from '../../world/public-parameters.ts';
import type { Parameter, ParameterVersion } from '../../world/ssm.ts';

const LEVELS_MAX = 15;

export const parametersOf = (call: Call<unknown>): Map<string, Parameter> =>
  placeOf(call.world, call.place.account, call.place.region).ssm.parameters;

/** `/a/b` and `b` both stand behind `parameter` with one slash. */
export const parameterArn = (call: Call<unknown>, name: string): string =>
  isPublicName(name) ? publicParameterArn(call.world, call.place.region, name) : ownArn(call, name);

const ownArn = (call: Call<unknown>, name: string): string =>
  `arn:${call.world.partition}:ssm:${call.place.region}:${call.place.account}:parameter${name.startsWith('/') ? '' : '/'}${name}`;

export function onParameters(
  call: Call<unknown>,
  action: string,
  names: readonly (string | undefined)[],
  asked: Readonly<Record<string, readonly string[]>> = {},
): readonly Demand[] {
  return names.map((n) => {
    const name = plainName(n ?? '');
    const context: Record<string, readonly string[]> = { ...asked };
    for (const [key, value] of parametersOf(call).get(name)?.tags ?? [])
      context[`aws:resourcetag/${key.toLowerCase()}`] = [value];
    return { action: `ssm:${action}`, resource: parameterArn(call, name), context };
  });
}

/** Calls take at most ten names. @throws Fault */
export function checkCount(names: readonly string[]): void {
  if (names.length >= 1 && names.length <= 10) return;
  throw new Fault(
    'ValidationException',
    `1 validation error detected: Value '[${names.join(', ')}]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`,
  );
}

const plainName = (name: string): string => splitSelector(name).name;

/** `name`, `name:3`, `name:label`, or an ARN with the same endings. */
function splitSelector(written: string): { readonly name: string; readonly selector: string | undefined } {
  const arn = written.startsWith('arn:') ? parseArn(written) : undefined;
  const text = arn === undefined ? written : arn.resource.slice('parameter'.length);
  const at = text.indexOf(':');
  const name = at < 0 ? text : text.slice(0, at);
  const selector = at < 0 ? undefined : text.slice(at + 1);
  // The ARN of `a` is `parameter/a`: a single level is taken for a plain name.
  return { name: arn !== undefined && name.lastIndexOf('/') === 0 ? name.slice(1) : name, selector };
}

/** @returns undefined when the parameter, its version or its label is not there */
export function findVersion(
  call: Call<unknown>,
  written: string,
):
  | { readonly parameter: Parameter; readonly version: ParameterVersion; readonly selector: string | undefined }
  | undefined {
  const { name, selector } = splitSelector(written);
  const all = parametersOf(call);
  // `/a` and `a` have the same ARN.
  const parameter =
    publicParameter(call.world, call.place.region, name) ??
    all.get(name) ??
    (written.startsWith('arn:') ? all.get(`/${name}`) : undefined);
  if (parameter === undefined || isForeign(call, written, isPublicName(name))) return undefined;
  const { versions } = parameter;
  const version =
    selector === undefined
      ? versions.at(-1)
      : /^\d+$/.test(selector)
        ? versions.find((v) => v.version === Number(selector))
        : versions.find((v) => v.labels.has(selector));
  return version === undefined ? undefined : { parameter, version, selector };
}

/** Parameters that other accounts share are not modelled: an ARN of another place finds nothing. */
function isForeign(call: Call<unknown>, written: string, isPublic: boolean): boolean {
  const arn = written.startsWith('arn:') ? parseArn(written) : undefined;
  const account = isPublic ? '' : call.place.account;
  return arn !== undefined && (arn.region !== call.place.region || arn.account !== account);
}

export function mustFindVersion(call: Call<unknown>, written: string): NonNullable<ReturnType<typeof findVersion>> {
  const found = findVersion(call, written);
  if (found !== undefined) return found;
  const { name, selector } = splitSelector(written);
  if (selector !== undefined && parametersOf(call).has(name)) {
    throw new Fault(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
    );
  }
  throw new Fault('ParameterNotFound', '');
}

export function mustBeName(name: string): void {
  if (!/^[\w./-]{1,1011}$/.test(name))
    throw new Fault(
      'ValidationException',
      'Parameter name must be a fully qualified name with letters, digits, ".", "-", "_" and "/".',
    );
  if (/^\/?(aws|ssm)/i.test(name))
    throw new Fault(
      'ValidationException',
      'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  if (name.split('/').filter((part) => part !== '').length > LEVELS_MAX)
    throw new Fault('HierarchyLevelLimitExceededException', `A hierarchy can have a maximum of ${LEVELS_MAX} levels.`);
  if (name.includes('/') && !name.startsWith('/'))
    throw new Fault('ValidationException', 'Parameter name must be a fully qualified name: it must begin with "/".');
}
