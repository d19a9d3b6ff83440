/** Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_CreateTags, API_DeleteTags, API_DescribeTags */
import { anyOf, requestTags, resourceTags } from '../../ec2/demands.ts';
import { applyFilters, type FilterTable, onePage } from '../../ec2/filters.ts';
import { allTagged, type Taggable, taggable, taggableArn, writableTags } from '../../ec2/taggable.ts';
import { checkedTags, checkTagCount } from '../../ec2/tags.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Tags } from '../../world/ec2.ts';

/** EC2 API Reference CreateTags: resources in one request. */
const RESOURCES_MAX = 1000;

export const createTags = operation<Ec2.CreateTagsRequest, object>('ec2.CreateTags', {
  accepts: ['Resources', 'Tags'],
  demands: (call) => tagDemands(call, 'ec2:CreateTags', call.input.Tags),
  apply(call) {
    const tags = checkedTags(call.input.Tags);
    const items = resources(call);
    for (const item of items) checkTagCount(new Set([...item.tags.keys(), ...tags.keys()]));
    for (const item of items) {
      const own = writableTags(call, call.place, item);
      for (const [key, value] of tags) own.set(key, value);
    }
    return {};
  },
});

/** A key without value goes whatever its value; without keys, all but AWS's own go. */
export const deleteTags = operation<Ec2.DeleteTagsRequest, object>('ec2.DeleteTags', {
  accepts: ['Resources', 'Tags'],
  demands: (call) => tagDemands(call, 'ec2:DeleteTags', call.input.Tags),
  apply(call) {
    const { Tags: named } = call.input;
    for (const { tags } of resources(call)) {
      const keys = named?.length ? named : [...tags.keys()].map((Key) => ({ Key, Value: undefined }));
      for (const { Key = '', Value } of keys) {
        if (Key.startsWith('aws:')) continue;
        if (Value === undefined || tags.get(Key) === Value) tags.delete(Key);
      }
    }
    return {};
  },
});

type Tagging = Call<{ readonly Resources: string[] | undefined }>;

function resources(call: Tagging): Taggable[] {
  const ids = call.input.Resources ?? [];
  if (ids.length > RESOURCES_MAX) {
    throw new Fault('InvalidParameterValue', `More than ${RESOURCES_MAX} resources in one request.`);
  }
  return [...new Set(ids)].map((id) => taggable(call, call.place, id));
}

function tagDemands(call: Tagging, action: string, tags: readonly Ec2.Tag[] | undefined): Demand[] {
  return (call.input.Resources ?? []).map((id) => ({
    action,
    resource: taggableArn(call, call.place, id),
    context: { ...resourceTags(tagsThere(call, id)), ...requestTags(tags) },
  }));
}

function tagsThere(call: Tagging, id: string): Tags | undefined {
  try {
    return taggable(call, call.place, id).tags;
  } catch (fault) {
    // Access is decided first; `apply` then says that it is not there.
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

interface Row {
  readonly item: Taggable;
  readonly key: string;
  readonly value: string;
}

const FILTERS: FilterTable<Row> = {
  key: ({ key }) => key,
  'resource-id': ({ item }) => item.id,
  'resource-type': ({ item }) => item.type,
  value: ({ value }) => value,
};

export const describeTags = operation<Ec2.DescribeTagsRequest, Ec2.DescribeTagsResult>('ec2.DescribeTags', {
  accepts: ['Filters', 'MaxResults', 'NextToken'],
  demands: () => anyOf('DescribeTags'),
  apply(call) {
    const { input, place } = call;
    const rows = allTagged(call, place).flatMap((item) =>
      [...item.tags].map(([key, value]): Row => ({ item, key, value })),
    );
    const left = applyFilters(rows, input.Filters, FILTERS, ({ key, value }) => new Map([[key, value]]));
    const page = onePage(left, input, ({ item, key }) => `${item.id}/${key}`);
    return {
      Tags: page.items.map(({ item, key, value }) => ({
        ResourceId: item.id,
        ResourceType: item.type as Ec2.ResourceType,
        Key: key,
        Value: value,
      })),
      NextToken: page.nextToken,
    };
  },
});
