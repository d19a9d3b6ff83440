/** Reads of parameters. Source: SSM API Reference "GetParameter", "GetParameters", "GetParametersByPath", "GetParameterHistory", "DescribeParameters". */
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ssm } from '../../wire/shapes.ts';
import { isPublicName, publicParameters } from '../../world/public-parameters.ts';
import type { Parameter, ParameterVersion } from '../../world/ssm.ts';
import { checkCount, findVersion, mustFindVersion, onParameters, parametersOf } from './names.ts';
import { shownValue } from './secure-string.ts';

type Reading = Call<{ readonly WithDecryption?: boolean | undefined }>;

function shape(call: Reading, p: Parameter, v: ParameterVersion, selector?: string): Ssm.Parameter {
  return {
    Name: p.name,
    Type: p.type,
    Value: shownValue(call, p, v),
    Version: v.version,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    LastModifiedDate: new Date(v.modifiedMs),
    ARN: p.arn,
    DataType: p.dataType,
  };
}

function pageOf<T>(
  all: readonly T[],
  asked: number | undefined,
  usual: number,
  token: string | undefined,
): { readonly items: T[]; readonly next: { NextToken?: string } } {
  const start = token === undefined || token === '' ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw new Fault('InvalidNextToken', 'The specified token is not valid.');
  const end = start + (asked ?? usual);
  return {
    items: all.slice(start, end),
    next: end < all.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {},
  };
}

export const getParameter = operation<Ssm.GetParameterRequest, Ssm.GetParameterResult>('ssm.GetParameter', {
  accepts: ['Name', 'WithDecryption'],
  demands: (call) => onParameters(call, 'GetParameter', [call.input.Name]),
  apply(call) {
    const { parameter, version, selector } = mustFindVersion(call, call.input.Name ?? '');
    return { Parameter: shape(call, parameter, version, selector) };
  },
});

export const getParameters = operation<Ssm.GetParametersRequest, Ssm.GetParametersResult>('ssm.GetParameters', {
  accepts: ['Names', 'WithDecryption'],
  demands: (call) => onParameters(call, 'GetParameters', call.input.Names ?? []),
  apply(call) {
    checkCount(call.input.Names ?? []);
    const Parameters: Ssm.Parameter[] = [];
    const InvalidParameters: string[] = [];
    for (const name of call.input.Names ?? []) {
      const found = findVersion(call, name);
      if (found === undefined) InvalidParameters.push(name);
      else Parameters.push(shape(call, found.parameter, found.version, found.selector));
    }
    return { Parameters, InvalidParameters };
  },
});

export const getParametersByPath = operation<Ssm.GetParametersByPathRequest, Ssm.GetParametersByPathResult>(
  'ssm.GetParametersByPath',
  {
    accepts: ['Path', 'Recursive', 'WithDecryption', 'MaxResults', 'NextToken'],
    demands: (call) => onParameters(call, 'GetParametersByPath', [call.input.Path]),
    apply(call) {
      const path = call.input.Path ?? '/';
      const prefix = path.endsWith('/') ? path : `${path}/`;
      const there = isPublicName(prefix)
        ? publicParameters(call.world, call.place.region)
        : parametersOf(call).values();
      const all = [...there].filter(
        (p) =>
          p.name.startsWith(prefix) && (call.input.Recursive === true || !p.name.slice(prefix.length).includes('/')),
      );
      const { items, next } = pageOf(all, call.input.MaxResults, 10, call.input.NextToken);
      return { Parameters: items.flatMap((p) => newest(call, p) ?? []), ...next };
    },
  },
);

const newest = (call: Reading, p: Parameter): Ssm.Parameter | undefined => {
  const v = p.versions.at(-1);
  return v === undefined ? undefined : shape(call, p, v);
};

export const getParameterHistory = operation<Ssm.GetParameterHistoryRequest, Ssm.GetParameterHistoryResult>(
  'ssm.GetParameterHistory',
  {
    accepts: ['Name', 'WithDecryption', 'MaxResults', 'NextToken'],
    demands: (call) => onParameters(call, 'GetParameterHistory', [call.input.Name]),
    apply(call) {
      const { parameter } = mustFindVersion(call, call.input.Name ?? '');
      const { items, next } = pageOf(parameter.versions, call.input.MaxResults, 50, call.input.NextToken);
      return {
        Parameters: items.map((v) => ({
          Name: parameter.name,
          Type: parameter.type,
          LastModifiedDate: new Date(v.modifiedMs),
          LastModifiedUser: v.modifiedBy,
          ...(v.description === undefined ? {} : { Description: v.description }),
          ...(v.keyId === undefined ? {} : { KeyId: v.keyId }),
          Value: shownValue(call, parameter, v),
          Version: v.version,
          ...(v.allowedPattern === undefined ? {} : { AllowedPattern: v.allowedPattern }),
          Labels: [...v.labels],
          Tier: tierOf(parameter),
          DataType: parameter.dataType,
        })),
        ...next,
      };
    },
  },
);

export const describeParameters = operation<Ssm.DescribeParametersRequest, Ssm.DescribeParametersResult>(
  'ssm.DescribeParameters',
  {
    accepts: ['ParameterFilters', 'MaxResults', 'NextToken'],
    demands: () => [{ action: 'ssm:DescribeParameters', resource: '*' }],
    apply(call) {
      const all = [...parametersOf(call).values()].filter((p) =>
        (call.input.ParameterFilters ?? []).every((f) => passes(p, f)),
      );
      const { items, next } = pageOf(all, call.input.MaxResults, 50, call.input.NextToken);
      return { Parameters: items.map(metadata), ...next };
    },
  },
);

function passes(p: Parameter, f: Ssm.ParameterStringFilter): boolean {
  const values = f.Values ?? [];
  const begins = f.Option === 'BeginsWith';
  const hit = (text: string | undefined): boolean =>
    text !== undefined && values.some((v) => (begins ? text.startsWith(v) : text === v));
  if (f.Key === 'Name') return f.Option === 'Contains' ? values.some((v) => p.name.includes(v)) : hit(p.name);
  if (f.Key === 'Type') return hit(p.type);
  if (f.Key === 'KeyId') return hit(p.versions.at(-1)?.keyId);
  if (f.Key === 'DataType') return hit(p.dataType);
  if (f.Key === 'Path') return values.some((v) => p.name.startsWith(v.endsWith('/') ? v : `${v}/`));
  if (f.Key?.startsWith('tag:')) {
    const value = p.tags.get(f.Key.slice(4));
    return values.length === 0 ? value !== undefined : hit(value);
  }
  throw new Fault('InvalidFilterKey', `amiport sim does not model the filter ${f.Key ?? ''} of DescribeParameters`);
}

const tierOf = (p: Parameter): Ssm.ParameterTier => (p.tier === 'Advanced' ? 'Advanced' : 'Standard');

function metadata(p: Parameter): Ssm.ParameterMetadata {
  const v = p.versions.at(-1);
  return {
    Name: p.name,
    ARN: p.arn,
    Type: p.type,
    ...(v?.keyId === undefined ? {} : { KeyId: v.keyId }),
    LastModifiedDate: new Date(v?.modifiedMs ?? 0),
    LastModifiedUser: v?.modifiedBy,
    ...(v?.description === undefined ? {} : { Description: v.description }),
    Version: v?.version,
    ...(v?.allowedPattern === undefined ? {} : { AllowedPattern: v.allowedPattern }),
    Tier: tierOf(p),
    DataType: p.dataType,
  };
}
