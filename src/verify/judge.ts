/**
 * Asks authz about launches, each question once however many launches hang on it: what a role may do with a key is the same
 * for all images, and what the instance may do with a key is the same for all roles of the account.
 */
import { compile, type Evaluator } from '../authz/evaluate.ts';
import type { Context, Decision, Policies, Request } from '../authz/types.ts';
import { kept } from '../base/kept.ts';
import type { Launcher } from '../model/delivery.ts';
import type { ImageSeen, KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import { type KmsDemand, launchDemands } from '../plan/demands.ts';
import { type CallerSeen, GRANT_SETTLES_MS, organizationContext, policiesFor } from '../plan/policies.ts';
import { grantLinks } from './grant-links.ts';
import { homesOf } from './homes.ts';
import { hangsOnParameters, imageArn, imageRequest, launchRequests, RUN, readsImages } from './launch-requests.ts';
import { Answers, type Decided, type Link, type Part } from './links.ts';
import type { PlaceQuestion } from './question.ts';
import { infrastructureRequest, keyContext, principalOf, withAttachGrant } from './requests.ts';

/** `read`: the key a snapshot is under; `volume`: the key the root volume will be under. */
export type KeyUse = 'read' | 'volume';

interface KeyDemands {
  readonly byLauncher: readonly AlikeDemands[];
  readonly byInstance: readonly KmsDemand[];
  /** What a launcher asks, by where in the organization it is. */
  readonly asked: Map<Among, readonly AlikeDemands[]>;
  /** By account: what its instances may do. */
  readonly instances: Map<string, readonly Asked[]>;
}

/** Demands that differ in nothing but the action. */
interface AlikeDemands {
  readonly actions: readonly string[];
  readonly context: Context;
  readonly unknownContext: readonly string[];
}

/** What a key policy that opens to a unit of the organization asks for. */
type Among = ReturnType<typeof organizationContext>;

interface Asked {
  readonly request: Request;
  readonly policies: Policies;
  readonly decision: Decision;
}

/** What was found out about keys. */
class OfKeys<V> {
  readonly read = new Map<KeySeen, V>();
  readonly volume = new Map<KeySeen, V>();
}

export class Judge {
  readonly seen: Observed;
  readonly #demands = new OfKeys<KeyDemands>();
  readonly #among = new Map<string, Among>();

  constructor(seen: Observed) {
    this.seen = seen;
  }

  demandsOn(region: string, key: KeySeen, use: KeyUse): KeyDemands {
    return entry(this.#demands[use], key, () => demandsOf(region, key, use));
  }

  /** Most volumes are under a key of their place. What is dropped early costs the garbage collector nothing. */
  leavePlace(): void {
    this.#demands.volume.clear();
  }

  /** The same object for all accounts of a unit. */
  among(account: string): Among {
    const made = organizationContext(this.seen, account);
    return entry(this.#among, JSON.stringify(made), () => made);
  }
}

export interface UsedKey {
  readonly key: KeySeen;
  readonly use: KeyUse;
  /** False: AWS's own key of another account. */
  readonly usable: boolean;
  /** What is wrong with the key, whoever uses it. */
  readonly links: readonly Link[];
}

/** The keys of a launch; one object for all images of a place that are under the same. */
export interface UsedKeys {
  readonly from: PlaceQuestion['readKeys'] | undefined;
  readonly readKeys: readonly string[];
  readonly volumeKey: KeySeen | undefined;
  readonly unseen: readonly Link[];
  readonly keys: readonly UsedKey[];
}

/** What a role's access for a launch comes to. */
export interface Access {
  readonly against: readonly Part[];
  readonly by: readonly string[];
  /** 0: nothing that decides is young. */
  readonly settlesAt: number;
}

/** One launcher's role: everything that was asked about it at a place. */
export class RoleJudge {
  readonly #judge: Judge;
  readonly #caller: CallerSeen;
  readonly #onKeys = new OfKeys<Decided>();
  readonly #principal: Request['principal'];
  readonly #among: Among;
  readonly #policies: Policies;
  readonly #evaluator: Evaluator;
  readonly #anyImage: boolean;
  readonly #kind: Launcher['kind'];
  /** What holds at the place whatever the image is. */
  #launch: Decided | undefined;
  /** What was asked on what a launch makes. */
  #made: readonly Asked[] | undefined;
  /** Images of a place are asked about one after the other. */
  #last: { readonly used: UsedKeys; readonly launch: Decided; readonly access: Access } | undefined;

  constructor(judge: Judge, account: string, role: RoleSeen, kind: Launcher['kind']) {
    this.#judge = judge;
    this.#caller = { account, role };
    this.#principal = principalOf(role);
    this.#among = judge.among(account);
    const { resource: _r, grants: _g, rcps: _c, ...policies } = policiesFor(judge.seen, this.#caller, NO_KEY);
    this.#policies = policies;
    this.#evaluator = compile(policies);
    this.#anyImage = !this.#evaluator.readsResource(RUN) && !readsImages(policies);
    this.#kind = kind;
  }

  /** What was asked is about a place: the next has other keys. */
  leavePlace(): void {
    this.#onKeys.read.clear();
    this.#onKeys.volume.clear();
    this.#launch = undefined;
    this.#made = undefined;
    this.#last = undefined;
  }

  /** Every demand of a launch on one key. */
  onKey(q: PlaceQuestion, key: KeySeen, use: KeyUse): Decided {
    const there = this.#onKeys[use].get(key);
    if (there !== undefined) return there;
    const decided = this.#decideKey(q, key, use);
    this.#onKeys[use].set(key, decided);
    return decided;
  }

  #decideKey(q: PlaceQuestion, key: KeySeen, use: KeyUse): Decided {
    const { seen } = this.#judge;
    const caller = this.#caller;
    const policies = policiesFor(seen, caller, key);
    const evaluator = compile(policies);
    const demands = this.#judge.demandsOn(q.region, key, use);
    const answers = new Answers(
      key.arn,
      () => ({ ...q.mendAs, caller, key, homes: homesOf(seen, caller, key) }),
      (links) => grantLinks(seen, q, key, links),
    );
    for (const { actions, context, unknownContext } of askedBy(this.#among, demands)) {
      let allowed: Request | undefined;
      for (const action of actions) {
        if (allowed !== undefined && evaluator.isAlike(allowed, action)) continue;
        const request: Request = {
          principal: this.#principal,
          action,
          resource: key.arn,
          resourceAccount: key.account,
          context,
          unknownContext,
        };
        const decision = evaluator.evaluate(request);
        answers.take(caller.role.arn, { request, policies, decision }, settlesAt(seen, key, decision));
        if (decision.is === 'allowed') allowed = request;
      }
    }
    const instances = entry(demands.instances, q.account, () =>
      demands.byInstance.map((demand) => askInstance(caller, key, demand, policies)),
    );
    for (const asked of instances)
      if (asked.decision.is !== 'allowed') answers.take('the instance (aws:ec2-infrastructure)', asked, 0);
    return answers;
  }

  /** What EC2 asks IAM: on the image, and on what the launch makes. */
  toLaunch(q: PlaceQuestion, ami: ImageSeen): Decided {
    if (this.#launch !== undefined) return this.#launch;
    const caller = this.#caller;
    const at = { partition: caller.role.arn.split(':')[1] ?? 'aws', account: q.account, region: q.region };
    const homes = () => homesOf(this.#judge.seen, caller, NO_KEY);
    const answers = new Answers(imageArn(at, ami.imageId), () => ({
      ...q.mendAs,
      caller,
      key: undefined,
      homes: homes(),
    }));
    this.#made ??= launchRequests(at, this.#kind).map((r) => this.#ask(r));
    for (const asked of [this.#ask(imageRequest(at, ami)), ...this.#made])
      if (!hangsOnParameters(asked.decision)) answers.take(caller.role.arn, asked, 0);
    // A refusal names the image; an allowance of all images is the same for each.
    if (answers.holds && this.#anyImage) this.#launch = answers;
    return answers;
  }

  #ask(asked: Omit<Request, 'principal'>): Asked {
    const request = { ...asked, principal: this.#principal };
    return { request, policies: this.#policies, decision: this.#evaluator.evaluate(request) };
  }

  /** All that a launch needs of the role; the same for every image that hangs on the same answers. */
  access(q: PlaceQuestion, ami: ImageSeen, used: UsedKeys): Access {
    const launch = this.toLaunch(q, ami);
    const last = this.#last;
    if (last?.used === used && last.launch === launch) return last.access;
    const against: Part[] = launch.holds ? [] : [launch];
    const by = [...launch.by];
    let settlesAt = launch.settlesAt;
    if (used.unseen.length > 0) against.push(used.unseen);
    for (const { key, use, usable, links } of used.keys) {
      if (links.length > 0) against.push(links);
      if (!usable) continue;
      const decided = this.onKey(q, key, use);
      if (!decided.holds) against.push(decided);
      for (const text of decided.by) if (!by.includes(text)) by.push(text);
      settlesAt = Math.max(settlesAt, decided.settlesAt);
    }
    const access = { against, by, settlesAt };
    this.#last = { used, launch, access };
    return access;
  }
}

export function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

/** A grant that decides counts for sure only five minutes after it was made. */
function settlesAt(seen: Observed, key: KeySeen, decision: Decision): number {
  let latest = 0;
  if (decision.is !== 'allowed') return latest;
  for (const { layer, id } of decision.by) {
    const made = layer === 'grant' ? createdMs(key).get(id) : undefined;
    if (made !== undefined) latest = Math.max(latest, made + GRANT_SETTLES_MS);
  }
  return latest > seen.atMs ? latest : 0;
}

const createdMs = kept(
  ({ grants }: KeySeen): ReadonlyMap<string, number> =>
    new Map(grants.is === 'known' ? grants.value.map((g) => [g.grantId, g.createdMs]) : []),
);

function demandsOf(region: string, key: KeySeen, use: KeyUse): KeyDemands {
  const volume = use === 'volume';
  const demands = launchDemands(region, volume ? [] : [key.arn], volume ? key.arn : undefined);
  return {
    byLauncher: alikeDemands(demands.filter((d) => d.by === 'launcher')).map((d) => ({
      ...d,
      context: { ...d.context, ...keyContext(key) },
    })),
    byInstance: demands.filter((d) => d.by !== 'launcher'),
    asked: new Map(),
    instances: new Map(),
  };
}

function alikeDemands(demands: readonly KmsDemand[]): readonly AlikeDemands[] {
  const found = new Map<Context, AlikeDemands & { readonly actions: string[] }>();
  for (const { action, context, unknownContext } of demands)
    entry(found, context, () => ({ actions: [], context, unknownContext })).actions.push(action);
  return [...found.values()];
}

const askedBy = (among: Among, { byLauncher, asked }: KeyDemands): readonly AlikeDemands[] =>
  entry(asked, among, () =>
    byLauncher.map(({ actions, context, unknownContext }) => ({
      actions,
      context: { ...context, ...among.context },
      unknownContext: [...unknownContext, ...among.unknownContext],
    })),
  );

function askInstance(caller: CallerSeen, key: KeySeen, demand: KmsDemand, ofCaller: Policies): Asked {
  const request = infrastructureRequest(caller, key, demand);
  const policies = withAttachGrant(ofCaller, caller.account, key);
  return { request, policies, decision: compile(policies).evaluate(request) };
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = make();
  map.set(key, made);
  return made;
}

/** Stands where no key is asked about. */
const NO_KEY: KeySeen = {
  arn: '',
  keyId: '',
  account: '',
  region: '',
  state: 'Enabled',
  manager: 'AWS',
  multiRegion: undefined,
  policy: { is: 'absent' },
  rotation: { is: 'absent' },
  aliases: [],
  tags: {},
  grants: { is: 'absent' },
};
