/** Tags given at creation. Source: EC2 User Guide "Tag your Amazon EC2 resources" (limits and the reserved prefix). */
import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';

const TAGS_MAX = 50;

/** @returns the tags for `resourceType`; @throws Fault for another type than the allowed ones or a reserved key */
export function tagsOf(
  specifications: readonly Ec2.TagSpecification[] | undefined,
  resourceType: string,
  alsoAllowed: readonly string[] = [],
): Map<string, string> {
  const tags = new Map<string, string>();
  for (const specification of specifications ?? []) {
    const type = specification.ResourceType ?? '';
    if (type !== resourceType && !alsoAllowed.includes(type)) {
      throw new Fault('InvalidParameterValue', `'${type}' is not a valid taggable resource type for this operation.`);
    }
    if (type !== resourceType) continue;
    for (const { Key = '', Value = '' } of specification.Tags ?? []) {
      if (/^aws:/i.test(Key)) {
        throw new Fault('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
      }
      tags.set(Key, Value);
    }
  }
  if (tags.size > TAGS_MAX) throw new Fault('TagLimitExceeded', `More than ${TAGS_MAX} tags.`);
  return tags;
}
