/** Deletes, labels and tags of parameters. Source: SSM API Reference "DeleteParameter", "LabelParameterVersion", "AddTagsToResource". */
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ssm } from '../../wire/shapes.ts';
import type { Parameter } from '../../world/ssm.ts';
import { checkCount, mustFindVersion, onParameters, parametersOf } from './names.ts';

export const deleteParameter = operation<Ssm.DeleteParameterRequest, Ssm.DeleteParameterResult>('ssm.DeleteParameter', {
  accepts: ['Name'],
  demands: (call) => onParameters(call, 'DeleteParameter', [call.input.Name]),
  apply(call) {
    if (!parametersOf(call).delete(call.input.Name ?? '')) throw new Fault('ParameterNotFound', '');
    return {};
  },
});

export const deleteParameters = operation<Ssm.DeleteParametersRequest, Ssm.DeleteParametersResult>(
  'ssm.DeleteParameters',
  {
    accepts: ['Names'],
    demands: (call) => onParameters(call, 'DeleteParameters', call.input.Names ?? []),
    apply(call) {
      const names = call.input.Names ?? [];
      checkCount(names);
      const DeletedParameters = names.filter((n) => parametersOf(call).delete(n));
      return { DeletedParameters, InvalidParameters: names.filter((n) => !DeletedParameters.includes(n)) };
    },
  },
);

const LABELS_MAX = 10;

/** A label stands on one version: naming it anew moves it. */
export const labelParameterVersion = operation<Ssm.LabelParameterVersionRequest, Ssm.LabelParameterVersionResult>(
  'ssm.LabelParameterVersion',
  {
    accepts: ['Name', 'ParameterVersion', 'Labels'],
    demands: (call) => onParameters(call, 'LabelParameterVersion', [call.input.Name]),
    apply(call) {
      const { input } = call;
      const written =
        input.ParameterVersion === undefined ? (input.Name ?? '') : `${input.Name ?? ''}:${input.ParameterVersion}`;
      const { parameter, version } = mustFindVersion(call, written);
      const InvalidLabels = (input.Labels ?? []).filter(
        (l) => !/^[A-Za-z._-][\w.-]{0,99}$/.test(l) || /^(aws|ssm)/i.test(l),
      );
      const after = new Set([...version.labels, ...(input.Labels ?? []).filter((l) => !InvalidLabels.includes(l))]);
      if (after.size > LABELS_MAX)
        throw new Fault('ParameterVersionLabelLimitExceeded', 'A parameter version can have a maximum of ten labels.');
      for (const label of input.Labels ?? []) {
        if (InvalidLabels.includes(label)) continue;
        for (const v of parameter.versions) v.labels.delete(label);
        version.labels.add(label);
      }
      return { InvalidLabels, ParameterVersion: version.version };
    },
  },
);

export const unlabelParameterVersion = operation<Ssm.UnlabelParameterVersionRequest, Ssm.UnlabelParameterVersionResult>(
  'ssm.UnlabelParameterVersion',
  {
    accepts: ['Name', 'ParameterVersion', 'Labels'],
    demands: (call) => onParameters(call, 'UnlabelParameterVersion', [call.input.Name]),
    apply(call) {
      const { version } = mustFindVersion(call, `${call.input.Name ?? ''}:${call.input.ParameterVersion ?? ''}`);
      const labels = call.input.Labels ?? [];
      const RemovedLabels = labels.filter((l) => version.labels.delete(l));
      return { RemovedLabels, InvalidLabels: labels.filter((l) => !RemovedLabels.includes(l)) };
    },
  },
);

type Tagged = Call<{ readonly ResourceType?: string | undefined; readonly ResourceId?: string | undefined }>;

function tagged(call: Tagged): Parameter {
  if (call.input.ResourceType !== 'Parameter')
    throw new Fault(
      'InvalidResourceType',
      `amiport sim models tags of parameters only, not of ${call.input.ResourceType ?? ''}`,
    );
  const parameter = parametersOf(call).get(call.input.ResourceId ?? '');
  if (parameter === undefined)
    throw new Fault('InvalidResourceId', `Parameter ${call.input.ResourceId ?? ''} does not exist.`);
  return parameter;
}

export const addTagsToResource = operation<Ssm.AddTagsToResourceRequest, Ssm.AddTagsToResourceResult>(
  'ssm.AddTagsToResource',
  {
    accepts: ['ResourceType', 'ResourceId', 'Tags'],
    demands: (call) => onParameters(call, 'AddTagsToResource', [call.input.ResourceId]),
    apply(call) {
      const parameter = tagged(call);
      for (const t of call.input.Tags ?? []) parameter.tags.set(t.Key ?? '', t.Value ?? '');
      return {};
    },
  },
);

export const removeTagsFromResource = operation<Ssm.RemoveTagsFromResourceRequest, Ssm.RemoveTagsFromResourceResult>(
  'ssm.RemoveTagsFromResource',
  {
    accepts: ['ResourceType', 'ResourceId', 'TagKeys'],
    demands: (call) => onParameters(call, 'RemoveTagsFromResource', [call.input.ResourceId]),
    apply(call) {
      const parameter = tagged(call);
      for (const key of call.input.TagKeys ?? []) parameter.tags.delete(key);
      return {};
    },
  },
);

export const listTagsForResource = operation<Ssm.ListTagsForResourceRequest, Ssm.ListTagsForResourceResult>(
  'ssm.ListTagsForResource',
  {
    accepts: ['ResourceType', 'ResourceId'],
    demands: (call) => onParameters(call, 'ListTagsForResource', [call.input.ResourceId]),
    apply: (call) => ({ TagList: [...tagged(call).tags].map(([Key, Value]) => ({ Key, Value })) }),
  },
);
