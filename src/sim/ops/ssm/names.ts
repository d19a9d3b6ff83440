/** Parameters found as callers name them. Source: SSM API Reference "GetParameter" (selectors), "PutParameter" (names). */
import { parseArn } from '../../../base/arn.ts';
import { type Call, type Demand, Fault } from '../../operation.ts';
import { placeOf } from '../../world/make.ts';
import type { Parameter, ParameterVersion } from '../../world/ssm.ts';

export const parametersOf = (call: Call<unknown>): Map<string, Parameter> =>
  placeOf(call.world, call.place.account, call.place.region).ssm.parameters;

/** `/a/b` and `b` both stand behind `parameter` with one slash. */
export const parameterArn = (call: Call<unknown>, name: string): string =>
  `arn:${call.world.partition}:ssm:${call.place.region}:${call.place.account}:parameter${name.startsWith('/') ? '' : '/'}${name}`;

export function onParameters(
  call: Call<unknown>,
  action: string,
  names: readonly (string | undefined)[],
): readonly Demand[] {
  return names.map((n) => ({ action: `ssm:${action}`, resource: parameterArn(call, plainName(n ?? '')) }));
}

const plainName = (name: string): string => splitSelector(name).name;

/** `name`, `name:3`, `name:label`, or an ARN of this place with the same endings. */
function splitSelector(written: string): { readonly name: string; readonly selector: string | undefined } {
  const arn = written.startsWith('arn:') ? parseArn(written) : undefined;
  const text = arn === undefined ? written : arn.resource.slice('parameter'.length);
  const at = text.indexOf(':');
  return at < 0 ? { name: text, selector: undefined } : { name: text.slice(0, at), selector: text.slice(at + 1) };
}

/** @returns undefined when the parameter, its version or its label is not there */
export function findVersion(
  call: Call<unknown>,
  written: string,
):
  | { readonly parameter: Parameter; readonly version: ParameterVersion; readonly selector: string | undefined }
  | undefined {
  const { name, selector } = splitSelector(written);
  const parameter = parametersOf(call).get(name);
  if (parameter === undefined) return undefined;
  const { versions } = parameter;
  const version =
    selector === undefined
      ? versions.at(-1)
      : /^\d+$/.test(selector)
        ? versions.find((v) => v.version === Number(selector))
        : versions.find((v) => v.labels.has(selector));
  return version === undefined ? undefined : { parameter, version, selector };
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
  if (/^\/?(aws|ssm)(\/|$)/i.test(name))
    throw new Fault(
      'ValidationException',
      'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    );
  if (name.includes('/') && !name.startsWith('/'))
    throw new Fault('ValidationException', 'Parameter name must be a fully qualified name: it must begin with "/".');
}
