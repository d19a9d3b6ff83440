/** The answers of authz. What nearly decided is worked out when it is first read: most answers are never asked. */
import type { Compiled, CompiledSet } from './compile.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { grantMiss, grantsNear } from './grants.ts';
import { contextOf } from './layers.ts';
import { type CompiledPolicy, nearMissesOf } from './statements.ts';
import type { Decision, MissingLink, NearMiss, Source } from './types.ts';

type Bare<Is extends Decision['is']> = Extract<Decision, { readonly is: Is }>;

abstract class Answer {
  readonly #near: NearMisses;
  constructor(near: NearMisses) {
    this.#near = near;
  }

  get nearMisses(): readonly NearMiss[] {
    return this.#near.list;
  }

  /** JSON has what the type has. */
  toJSON(): object {
    return { ...this, nearMisses: this.nearMisses };
  }
}

export class Allowed extends Answer implements Bare<'allowed'> {
  readonly is = 'allowed';
  readonly by: readonly Source[];
  constructor(by: readonly Source[], near: NearMisses) {
    super(near);
    this.by = by;
  }
}

export class Denied extends Answer implements Bare<'denied'> {
  readonly is = 'denied';
  readonly how: 'explicit' | 'implicit';
  readonly by: readonly Source[];
  readonly missing: readonly MissingLink[];
  constructor(how: 'explicit' | 'implicit', by: readonly Source[], missing: readonly MissingLink[], near: NearMisses) {
    super(near);
    this.how = how;
    this.by = by;
    this.missing = missing;
  }
}

export class Unknown extends Answer implements Bare<'unknown'> {
  readonly is = 'unknown';
  readonly absent: readonly string[];
  constructor(absent: readonly string[], near: NearMisses) {
    super(near);
    this.absent = absent;
  }
}

export class NearMisses {
  readonly #facts: RequestFacts;
  readonly #compiled: Compiled;
  #list: readonly NearMiss[] | undefined;
  constructor(facts: RequestFacts, compiled: Compiled) {
    this.#facts = facts;
    this.#compiled = compiled;
  }

  get list(): readonly NearMiss[] {
    this.#list ??= this.#find();
    return this.#list;
  }

  #find(): readonly NearMiss[] {
    const { identity, boundary, session, endpoint, resource, scps, rcps, kind, grants } = this.#compiled;
    const policies: CompiledPolicy[] = [];
    for (const set of [identity, boundary, session, endpoint, resource]) policies.push(...policiesIn(set));
    for (const levels of [scps, rcps])
      if (levels !== undefined && 'levels' in levels) policies.push(...levels.levels.flatMap((l) => l.policies));
    const near = nearMissesOf(policies, contextOf(this.#facts, this.#compiled));
    if (kind !== 'key-policy') return near;
    return [...near, ...grantsNear(this.#facts, grants).flatMap((g) => grantMiss(g, this.#facts) ?? [])];
  }
}

const policiesIn = (set: CompiledSet | undefined): readonly CompiledPolicy[] =>
  set === undefined || 'unreadable' in set ? [] : set.policies;
