/** Policies made ready: parsed once, so that many requests can be decided against them. */
import { parsePolicy } from './policy.ts';
import type { CompiledPolicy } from './statements.ts';
import type { Grant, Layer, Policies, PolicyInput, PolicyLevels, PolicySet } from './types.ts';

export type CompiledSet = { readonly policies: readonly CompiledPolicy[] } | { readonly unreadable: string };
export type CompiledLevels =
  | { readonly levels: readonly { readonly level: string; readonly policies: readonly CompiledPolicy[] }[] }
  | { readonly unreadable: string };

export interface Compiled {
  readonly identity: CompiledSet;
  readonly boundary: CompiledSet | undefined;
  readonly session: CompiledSet | undefined;
  readonly endpoint: CompiledSet | undefined;
  readonly scps: CompiledLevels | undefined;
  readonly rcps: CompiledLevels | undefined;
  readonly resource:
    | { readonly kind: 'key-policy' | 'role-trust' | 'other'; readonly set: CompiledSet; readonly awsManaged: boolean }
    | undefined;
  readonly grants: readonly Grant[] | { readonly unreadable: string };
}

export function compilePolicies(p: Policies): Compiled {
  return {
    identity: set('identity', p.identity ?? []),
    boundary: p.boundary === undefined ? undefined : set('boundary', p.boundary),
    session: p.session === undefined ? undefined : set('session', p.session),
    endpoint: p.endpoint === undefined ? undefined : set('endpoint', p.endpoint),
    scps: p.scps === undefined ? undefined : levels('scp', p.scps),
    rcps: p.rcps === undefined ? undefined : levels('rcp', p.rcps),
    resource:
      p.resource === undefined
        ? undefined
        : {
            kind: p.resource.kind,
            set: set('resource', p.resource.policies),
            awsManaged: p.resource.awsManaged ?? false,
          },
    grants: p.grants ?? [],
  };
}

const one = (layer: Layer, p: PolicyInput, level?: string): CompiledPolicy => ({
  id: p.id,
  layer,
  statements: parsePolicy(p.document),
  ...(level === undefined ? {} : { level }),
});

const set = (layer: Layer, s: PolicySet): CompiledSet =>
  'unreadable' in s ? s : { policies: s.map((p) => one(layer, p)) };

const levels = (layer: Layer, l: PolicyLevels): CompiledLevels =>
  'unreadable' in l
    ? l
    : { levels: l.map((at) => ({ level: at.level, policies: at.policies.map((p) => one(layer, p, at.level)) })) };
