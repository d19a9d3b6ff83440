/** Tags of groups. Sources: Auto Scaling API Reference CreateOrUpdateTags, DeleteTags, DescribeTags. */
import { autoScalingOf, groupByName } from '../../autoscaling/group.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { AutoScalingGroup } from '../../world/autoscaling.ts';
import { onePageOf } from './paging.ts';

type GroupTags = AutoScalingGroup['tags'];

/** As permissions name a group before its ARN's id is known. */
export const groupArnPattern = (call: Call<object>, name: string | undefined): string =>
  `arn:${call.world.partition}:autoscaling:${call.place.region}:${call.place.account}:autoScalingGroup:*:autoScalingGroupName/${name ?? '*'}`;

/** The demand on the group that the call names: on its ARN when it exists, else on the form that any such group has. */
export const onGroup =
  (action: string) =>
  (call: Call<{ AutoScalingGroupName: string | undefined }>): Demand[] => {
    const name = call.input.AutoScalingGroupName;
    const group = autoScalingOf(call, call.place).groups.get(name ?? '');
    return [{ action, resource: group?.arn ?? groupArnPattern(call, name), context: resourceTagContext(group) }];
  };

export function resourceTagContext(group: AutoScalingGroup | undefined): Record<string, readonly string[]> {
  const context: Record<string, readonly string[]> = {};
  for (const [key, { value }] of group?.tags ?? []) {
    context[`aws:resourcetag/${key.toLowerCase()}`] = [value];
    context[`autoscaling:resourcetag/${key.toLowerCase()}`] = [value];
  }
  return context;
}

export function requestTagContext(tags: readonly AutoScaling.Tag[] | undefined): Record<string, readonly string[]> {
  const context: Record<string, readonly string[]> = {};
  for (const tag of tags ?? []) context[`aws:requesttag/${(tag.Key ?? '').toLowerCase()}`] = [tag.Value ?? ''];
  if (tags?.length) context['aws:tagkeys'] = tags.map((tag) => tag.Key ?? '');
  return context;
}

export function readTags(tags: readonly AutoScaling.Tag[] | undefined): GroupTags {
  const read: GroupTags = new Map();
  for (const { Key: key = '', Value: value = '', PropagateAtLaunch: propagate = false } of tags ?? []) {
    if (/^aws:/i.test(key)) throw new Fault('ValidationError', 'Tag keys starting with aws: are reserved.');
    read.set(key, { value, propagate });
  }
  return read;
}

export const shownTags = (group: AutoScalingGroup): AutoScaling.TagDescription[] =>
  [...group.tags].map(([Key, { value, propagate }]) => ({
    ResourceId: group.name,
    ResourceType: 'auto-scaling-group',
    Key,
    Value: value,
    PropagateAtLaunch: propagate,
  }));

type TagCall = Call<{ Tags: AutoScaling.Tag[] | undefined }>;

const demandsOf =
  (action: string) =>
  (call: TagCall): Demand[] => {
    const names = new Set((call.input.Tags ?? []).map((tag) => tag.ResourceId ?? ''));
    return [...names].map((name) => {
      const group = autoScalingOf(call, call.place).groups.get(name);
      const resource = group?.arn ?? groupArnPattern(call, name);
      return { action, resource, context: { ...resourceTagContext(group), ...requestTagContext(call.input.Tags) } };
    });
  };

export const createOrUpdateTags = operation<AutoScaling.CreateOrUpdateTagsType, object>(
  'autoscaling.CreateOrUpdateTags',
  {
    accepts: ['Tags'],
    demands: demandsOf('autoscaling:CreateOrUpdateTags'),
    apply(call) {
      const all = (call.input.Tags ?? []).map((tag) => ({
        group: groupByName(call, call.place, tag.ResourceId),
        read: readTags([tag]),
      }));
      for (const { group, read } of all) for (const [key, tag] of read) group.tags.set(key, tag);
      return {};
    },
  },
);

export const deleteTags = operation<AutoScaling.DeleteTagsType, object>('autoscaling.DeleteTags', {
  accepts: ['Tags'],
  demands: demandsOf('autoscaling:DeleteTags'),
  apply(call) {
    for (const tag of call.input.Tags ?? []) groupByName(call, call.place, tag.ResourceId).tags.delete(tag.Key ?? '');
    return {};
  },
});

const TAG_FILTERS: Readonly<Record<string, (tag: AutoScaling.TagDescription) => string>> = {
  'auto-scaling-group': (tag) => tag.ResourceId ?? '',
  key: (tag) => tag.Key ?? '',
  value: (tag) => tag.Value ?? '',
  'propagate-at-launch': (tag) => String(tag.PropagateAtLaunch),
};

export const describeTags = operation<AutoScaling.DescribeTagsType, AutoScaling.TagsType>('autoscaling.DescribeTags', {
  accepts: ['Filters', 'NextToken', 'MaxRecords'],
  demands: () => [{ action: 'autoscaling:DescribeTags', resource: '*' }],
  apply(call) {
    let tags = [...autoScalingOf(call, call.place).groups.values()].flatMap(shownTags);
    for (const filter of call.input.Filters ?? []) {
      const member = TAG_FILTERS[filter.Name ?? ''];
      if (!member) throw new Fault('ValidationError', `Filter type ${filter.Name ?? ''} is not correct.`);
      tags = tags.filter((tag) => filter.Values?.includes(member(tag)));
    }
    const page = onePageOf(tags, call.input, 50);
    return { Tags: page.items, NextToken: page.nextToken };
  },
});
