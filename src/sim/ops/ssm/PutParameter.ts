/**
 * Writes parameters. Source: SSM API Reference "PutParameter"; ASG-7: an `aws:ec2:image` value is checked after the
 * answer, and a value that fails the check changes nothing.
 * Differs from AWS: whether the caller may describe the image is not asked.
 */
import { runInNewContext } from 'node:vm';
import { mayLaunch } from '../../ec2/images.ts';
import { type Call, type Ctx, Fault, operation, task } from '../../operation.ts';
import type { Ssm } from '../../wire/shapes.ts';
import { placeOf, regionOf } from '../../world/make.ts';
import type { Parameter } from '../../world/ssm.ts';
import { mustBeName, onParameters, parameterArn, parametersOf } from './names.ts';
import { DEFAULT_KEY, sealed } from './secure-string.ts';

const VERSIONS_MAX = 100;
const VALUE_MAX = { Standard: 4096, Advanced: 8192 } as const;
const IMAGE = 'aws:ec2:image';

interface Written {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  /** Of a SecureString the ciphertext. */
  readonly value: string;
  readonly keyId: string | undefined;
  readonly type: Parameter['type'];
  readonly dataType: string;
  readonly tier: keyof typeof VALUE_MAX;
  readonly description: string | undefined;
  readonly allowedPattern: string | undefined;
  readonly overwrite: boolean;
  readonly by: string;
  readonly tags: readonly (readonly [string, string])[];
}

export const putParameter = operation<Ssm.PutParameterRequest, Ssm.PutParameterResult>('ssm.PutParameter', {
  accepts: ['Name', 'Description', 'Value', 'Type', 'KeyId', 'Overwrite', 'AllowedPattern', 'Tags', 'Tier', 'DataType'],
  demands: (call) => {
    const { Name, Overwrite = false, Tags = [] } = call.input;
    const tags = Object.fromEntries(
      Tags.map((t) => [`aws:requesttag/${(t.Key ?? '').toLowerCase()}`, [t.Value ?? '']]),
    );
    return [
      ...onParameters(call, 'PutParameter', [Name], { 'ssm:overwrite': [String(Overwrite)], ...tags }),
      // Source: Systems Manager User Guide "Tagging parameters": the permission to tag is one of its own.
      ...(Tags.length === 0 ? [] : onParameters(call, 'AddTagsToResource', [Name], tags)),
    ];
  },
  apply(call) {
    const { input } = call;
    const there = parametersOf(call).get(input.Name ?? '');
    const written = check(call, there);
    const version = (there?.versions.at(-1)?.version ?? 0) + 1;
    if (written.dataType === IMAGE) call.later(call.world.settings.ssmImageCheckMs, 'ssm.image-check', { ...written });
    else write(call, written);
    return { Version: version, Tier: written.tier };
  },
});

function check(call: Call<Ssm.PutParameterRequest>, there: Parameter | undefined): Written {
  const { input, place } = call;
  const name = input.Name ?? '';
  mustBeName(name);
  if (there !== undefined && input.Overwrite !== true)
    throw new Fault(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  if (input.Overwrite === true && (input.Tags?.length ?? 0) > 0)
    throw new Fault(
      'ValidationException',
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.",
    );
  const type = typeOf(input, there);
  const value = input.Value ?? '';
  const tier = tierOf(input.Tier, value, there);
  if (value === '' || value.length > VALUE_MAX[tier])
    throw new Fault(
      'ValidationException',
      `${tier} tier parameters support a maximum parameter value of ${VALUE_MAX[tier]} characters.`,
    );
  if (/\{\{.*\}\}/s.test(value))
    throw new Fault(
      'ValidationException',
      'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.',
    );
  if (input.AllowedPattern !== undefined && !matches(input.AllowedPattern, value))
    throw new Fault(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${input.AllowedPattern}`,
    );
  const dataType = input.DataType ?? there?.dataType ?? 'text';
  if (dataType !== 'text' && dataType !== IMAGE)
    throw new Fault(
      'ValidationException',
      `The following data type is not supported: ${dataType} (Data type names are all lowercase.)`,
    );
  if (dataType === IMAGE && type !== 'String')
    throw new Fault('ValidationException', `The data type ${IMAGE} is only supported for String parameters.`);
  if (dataType === IMAGE && !/^ami-[0-9a-f]{8,17}$/.test(value))
    throw new Fault('ValidationException', `${value} is not a valid AMI ID.`);
  if ((there?.versions.length ?? 0) >= VERSIONS_MAX && (there?.versions[0]?.labels.size ?? 0) > 0)
    throw new Fault(
      'ParameterMaxVersionLimitExceeded',
      `Parameter ${name} has ${VERSIONS_MAX} versions, and the oldest carries a label.`,
    );
  const arn = parameterArn(call, name);
  // Each write takes the key that it names, or the default one: not the key of the version before.
  const keyId = type === 'SecureString' ? (input.KeyId ?? DEFAULT_KEY) : undefined;
  return {
    account: place.account,
    region: place.region,
    name,
    arn,
    value: keyId === undefined ? value : sealed(call, { keyId, arn, advanced: tier === 'Advanced', value }),
    keyId,
    type,
    dataType,
    tier,
    description: input.Description,
    allowedPattern: input.AllowedPattern,
    overwrite: input.Overwrite === true,
    by: call.caller.arn,
    tags: (input.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? ''] as const),
  };
}

function typeOf(input: Ssm.PutParameterRequest, there: Parameter | undefined): Parameter['type'] {
  const type = there?.type ?? input.Type;
  if (type === undefined)
    throw new Fault('ValidationException', 'A parameter type is required when you create a parameter.');
  if (type !== 'String' && type !== 'StringList' && type !== 'SecureString')
    throw new Fault('UnsupportedParameterType', `The parameter type ${type} is not supported.`);
  if (input.Type !== undefined && there !== undefined && input.Type !== there.type)
    throw new Fault(
      'HierarchyTypeMismatchException',
      "Parameter Store does not support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.",
    );
  if (input.KeyId !== undefined && type !== 'SecureString')
    throw new Fault('ValidationException', 'KeyId is required for SecureString type parameter only.');
  return type;
}

/** An advanced parameter never becomes a standard one again. */
function tierOf(asked: string | undefined, value: string, there: Parameter | undefined): keyof typeof VALUE_MAX {
  if (asked === 'Standard' && there?.tier === 'Advanced')
    throw new Fault(
      'ValidationException',
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
    );
  if (there?.tier === 'Advanced' || asked === 'Advanced') return 'Advanced';
  return asked === 'Intelligent-Tiering' && value.length > VALUE_MAX.Standard ? 'Advanced' : 'Standard';
}

/** A pattern of a caller may be one that takes for ever. */
const PATTERN_MS = 100;

function matches(pattern: string, value: string): boolean {
  try {
    return runInNewContext('new RegExp(pattern).test(value)', { pattern, value }, { timeout: PATTERN_MS }) === true;
  } catch {
    throw new Fault(
      'InvalidAllowedPatternException',
      `The request does not meet the regular expression requirement: ${pattern}`,
    );
  }
}

function write(ctx: Ctx, w: Written): void {
  const { parameters } = placeOf(ctx.world, w.account, w.region).ssm;
  const there = parameters.get(w.name);
  const parameter: Parameter = there ?? {
    name: w.name,
    arn: w.arn,
    type: w.type,
    dataType: w.dataType,
    tier: w.tier,
    versions: [],
    tags: new Map(w.tags),
  };
  const version = (parameter.versions.at(-1)?.version ?? 0) + 1;
  parameter.versions.push({
    version,
    value: w.value,
    description: w.description,
    allowedPattern: w.allowedPattern,
    keyId: w.keyId,
    modifiedMs: ctx.nowMs,
    modifiedBy: w.by,
    labels: new Set(),
  });
  if (parameter.versions.length > VERSIONS_MAX) parameter.versions.shift();
  parameters.set(w.name, there === undefined ? parameter : { ...parameter, dataType: w.dataType, tier: w.tier });
}

export const imageCheck = task('ssm.image-check', (ctx, data) => {
  const w = data as unknown as Written;
  // Another one was quicker: without overwrite the name is taken.
  if (!w.overwrite && placeOf(ctx.world, w.account, w.region).ssm.parameters.has(w.name)) return;
  const image = regionOf(ctx.world, w.region).ec2.images.get(w.value);
  if (image?.state === 'available' && mayLaunch(ctx.world, image, w.account)) write(ctx, w);
});
