/**
 * What a call to IAM needs, with the condition keys that guard delegation.
 * Source: Service Authorization Reference "AWS Identity and Access Management" (resources and condition keys of each action).
 */
import type { Call, Demand } from '../operation.ts';
import { findIfThere, type Kind } from './identities.ts';

export interface Asked {
  /** Path of one that is made. */
  readonly path?: string | undefined;
  /** The boundary that is set; absent: the one that is there counts. */
  readonly boundary?: string | undefined;
  readonly tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
  readonly tagKeys?: readonly string[] | undefined;
  readonly policyArn?: string | undefined;
}

/** The ARN stands for the identity whether it is there or not, so that a denial tells nothing. */
export function demandOn(
  call: Call<unknown>,
  kind: Kind,
  name: string | undefined,
  action: string,
  asked: Asked = {},
): readonly Demand[] {
  const there = findIfThere(call, kind, name);
  const made = `arn:${call.world.partition}:iam::${call.place.account}:${kind}${asked.path ?? '/'}${name ?? ''}`;
  const context: Record<string, readonly string[]> = {};
  const boundary = asked.boundary ?? there?.permissions.now.boundary;
  if (boundary !== undefined) context['iam:permissionsboundary'] = [boundary];
  if (asked.policyArn !== undefined) context['iam:policyarn'] = [asked.policyArn];
  for (const [key, value] of there?.tags ?? []) {
    context[`aws:resourcetag/${key.toLowerCase()}`] = [value];
    context[`iam:resourcetag/${key.toLowerCase()}`] = [value];
  }
  const keys = asked.tagKeys ?? asked.tags?.map((t) => t.Key ?? '') ?? [];
  if (keys.length > 0) context['aws:tagkeys'] = keys;
  for (const t of asked.tags ?? []) context[`aws:requesttag/${(t.Key ?? '').toLowerCase()}`] = [t.Value ?? ''];
  return [{ action: `iam:${action}`, resource: there?.arn ?? made, context }];
}

export const onEverything = (action: string): readonly Demand[] => [{ action: `iam:${action}`, resource: '*' }];
