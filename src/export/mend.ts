/**
 * Remedies for the hands of their owners: AWS CLI commands and Terraform. What several patches change in one policy is
 * one change of it. Pure.
 */
import { unreachable } from '../base/invariant.ts';
import { isPolicyEdit, type Patch, type PolicyEdit, type PolicyHome } from '../base/patch.ts';
import type { Observed } from '../model/observed.ts';
import { commandsOf, quoted, type SimplePatch } from '../plan/patch-commands.ts';
import { editedPolicy } from '../plan/policy-edit.ts';
import { documentOf } from './mend-documents.ts';

/** One change of one thing, with the whole text of a policy where it is one. */
export type Change =
  | { readonly on: 'policy'; readonly home: PolicyHome; readonly text: string; readonly edits: readonly PolicyEdit[] }
  | {
      readonly on: 'providers';
      readonly account: string;
      readonly region: string;
      readonly providers: readonly string[];
    }
  | { readonly on: 'other'; readonly patch: SimplePatch };

export interface Mend {
  /** In whose account the commands are to be run. */
  readonly account: string;
  /** ARN of the role to run them as, where it must be that one. */
  readonly by?: string;
  readonly commands: readonly string[];
}

/** In the order in which they have to be made: roles before the grants that name them. */
export function changesOf(patches: readonly Patch[], seen: Observed): readonly Change[] {
  const edits = new Map<string, { readonly home: PolicyHome; readonly edits: PolicyEdit[] }>();
  const providers = new Map<string, { readonly account: string; readonly region: string; readonly ids: Set<string> }>();
  const others = new Map<string, Change & { readonly on: 'other' }>();
  for (const patch of patches) {
    if (isPolicyEdit(patch)) {
      const id = JSON.stringify(patch.in);
      const there = edits.get(id) ?? { home: patch.in, edits: [] };
      there.edits.push(patch);
      edits.set(id, there);
    } else if (patch.do === 'allow-image-provider') {
      const id = `${patch.account}/${patch.region}`;
      const there = providers.get(id) ?? { account: patch.account, region: patch.region, ids: new Set() };
      there.ids.add(patch.provider);
      providers.set(id, there);
    } else others.set(JSON.stringify(patch), { on: 'other', patch });
  }
  const policies = [...edits.values()].map(
    (e): Change => ({ on: 'policy', ...e, text: editedPolicy(documentOf(seen, e.home), e.edits) }),
  );
  const allowed = [...providers.values()].map(
    ({ account, region, ids }): Change => ({ on: 'providers', account, region, providers: [...ids] }),
  );
  const rest = [...others.values()].toSorted((a, b) => rank(a.patch) - rank(b.patch));
  return [...policies, ...allowed, ...rest];
}

const rank = (patch: Patch): number =>
  patch.do === 'enable-key' || patch.do === 'create-service-linked-role' ? 0 : patch.do === 'create-grant' ? 2 : 1;

export function mendOf(change: Change, seen: Observed): Mend {
  switch (change.on) {
    case 'policy':
      return { account: change.home.account, commands: [policyCommand(change.home, change.text)] };
    case 'providers':
      return { account: change.account, commands: [providersCommand(change, seen)] };
    case 'other': {
      const { patch } = change;
      const by = patch.do === 'create-grant' && patch.by !== undefined ? { by: patch.by } : {};
      return { account: patch.account, ...by, commands: commandsOf(patch) };
    }
    default:
      return unreachable(change);
  }
}

function policyCommand(home: PolicyHome, text: string): string {
  switch (home.is) {
    case 'key-policy':
      return `aws kms put-key-policy --region ${home.region} --key-id ${home.key} --policy-name default --policy ${quoted(text)}`;
    case 'role-policy':
      return `aws iam put-role-policy --role-name ${home.role} --policy-name ${home.policy} --policy-document ${quoted(text)}`;
    case 'managed-policy':
      return `aws iam create-policy-version --policy-arn ${home.arn} --set-as-default --policy-document ${quoted(text)}`;
    case 'organization-policy':
      return `aws organizations update-policy --policy-id ${home.id} --content ${quoted(text)}`;
    default:
      return unreachable(home);
  }
}

/** The whole list of criteria is replaced; one more criterion admits one more kind of image, and takes nothing away. */
function providersCommand(c: Extract<Change, { readonly on: 'providers' }>, seen: Observed): string {
  const place = seen.places.get(`${c.account}/${c.region}`)?.allowedImages;
  const there = place?.is === 'known' ? place.value.criteria : [];
  const criteria = [
    ...there.map((one) => ({
      ...(one.providers === undefined ? {} : { ImageProviders: one.providers }),
      ...(one.names === undefined ? {} : { ImageNames: one.names }),
    })),
    { ImageProviders: c.providers },
  ];
  return `aws ec2 replace-image-criteria-in-allowed-images-settings --region ${c.region} --image-criteria ${quoted(JSON.stringify(criteria))}`;
}
