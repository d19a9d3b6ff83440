/** Tags in EC2's shape. Source: EC2 User Guide "Tag your Amazon EC2 resources" (restrictions). */
import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Tags } from '../world/ec2.ts';

const TAGS_MAX = 50;
const KEY_MAX = 128;
const VALUE_MAX = 256;

export const apiTags = (tags: Tags): Ec2.Tag[] => [...tags].map(([Key, Value]) => ({ Key, Value }));

/** Checks given tags and @returns them; the reserved prefix counts in any case of letters. */
export function checkedTags(given: readonly Ec2.Tag[] | undefined): Tags {
  const tags: Tags = new Map();
  for (const { Key = '', Value = '' } of given ?? []) {
    if (Key === '' || Key.length > KEY_MAX) {
      throw new Fault('InvalidParameterValue', `Tag key exceeds the maximum length of ${KEY_MAX} characters`);
    }
    if (Value.length > VALUE_MAX) {
      throw new Fault('InvalidParameterValue', `Tag value exceeds the maximum length of ${VALUE_MAX} characters`);
    }
    if (/^aws:/i.test(Key)) {
      throw new Fault('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
    }
    tags.set(Key, Value);
  }
  return tags;
}

/** AWS counts tags with the reserved prefix apart. */
export function checkTagCount(tags: Iterable<string>): void {
  const own = [...tags].filter((key) => !key.startsWith('aws:'));
  if (own.length > TAGS_MAX) {
    throw new Fault('TagLimitExceeded', `The maximum number of tags for the resource has been reached: ${TAGS_MAX}.`);
  }
}

/** @returns the tags of `type` in TagSpecifications; @throws Fault for a type that the operation does not make */
export function tagsFor(
  specifications: readonly Ec2.TagSpecification[] | undefined,
  type: string,
  allowed: readonly string[],
): Tags {
  const tags: Tags = new Map();
  for (const specification of specifications ?? []) {
    const named = specification.ResourceType ?? '';
    if (!allowed.includes(named)) {
      throw new Fault('InvalidParameterValue', `'${named}' is not a valid taggable resource type for this operation.`);
    }
    if (named !== type) continue;
    for (const [key, value] of checkedTags(specification.Tags)) tags.set(key, value);
  }
  checkTagCount(tags.keys());
  return tags;
}
