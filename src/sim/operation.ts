/**
 * What one API operation of the simulator is, and what its handler is given.
 *
 * The kernel authenticates the caller, refuses parameters that are not modelled, asks authz for every
 * demand, answers DryRun, and only then calls `apply`. A handler never decides access itself, and
 * validates everything before it changes anything: a thrown `Fault` must leave the world as it was.
 */
import type { Principal } from '../authz/types.ts';
import type { Place } from '../base/place.ts';
import { PAGE_BOUNDS, type PageBounds } from './page-bounds.ts';
import type { Task, TrailEvent, World } from './world/world.ts';

/** What handlers and tasks work with. `apply` is synchronous: one request, one atomic change. */
export interface Ctx {
  readonly world: World;
  /** Simulated time; for a task the moment it was due, whenever it is carried out. */
  readonly nowMs: number;
  /** Hex id of AWS's length with a prefix: `newId('ami')` → `ami-0f3a…` (17 digits). Deterministic. */
  newId(prefix: string): string;
  /** Random lower-case hex digits, for key ids, request ids and the like. Deterministic. */
  newHex(digits: number): string;
  /** Has task `kind` carried out `delayMs` from now. */
  later(delayMs: number, kind: string, data: Task['data']): void;
  /**
   * Adds an event to the trail of its account and, under one shared id, to those of `alsoIn`: owners of what was used.
   * @param answered what is shown as `responseElements`
   */
  record(event: Recorded, alsoIn?: Iterable<string>, answered?: Answered): void;
}

/** An event as whoever records it makes it, and leaves it to the trail. */
export type Recorded = Omit<TrailEvent, 'eventId' | 'sharedEventId' | 'requestId' | 'atMs'>;

export type Answered = () => NonNullable<TrailEvent['responseElements']>;

export interface Call<I> extends Ctx {
  readonly input: I;
  readonly caller: Caller;
  readonly place: Place;
  readonly requestId: string;
}

/** An authenticated caller. EC2 hands it on to KMS unchanged (forward access session). */
export interface Caller {
  readonly account: string;
  readonly principal: Principal;
  /** As GetCallerIdentity says it. */
  readonly arn: string;
  /** As GetCallerIdentity says it: `AROA…:session`. */
  readonly userId: string;
  readonly accessKeyId: string | undefined;
  readonly sessionPolicies: readonly string[] | undefined;
  /** Session tags; they override the tags of the role. */
  readonly sessionTags: ReadonlyMap<string, string>;
}

/** One permission that the call needs. All demands must be allowed. */
export interface Demand {
  /** As authorized: `kms:ReEncryptFrom`. */
  readonly action: string;
  /** ARN, or `*` for actions without resource. */
  readonly resource: string;
  /** Owner of the resource; absent: the caller's account. */
  readonly resourceAccount?: string;
  /** Lower-case condition keys of this request beyond those the kernel knows. */
  readonly context?: Readonly<Record<string, readonly string[]>>;
  /** For KMS: tokens passed with the call. */
  readonly grantTokens?: readonly string[];
  /** For kms:RetireGrant: the one grant that it is about. */
  readonly grantId?: string;
}

/** Refusal as AWS words it; the wire layer gives it the shape of the protocol. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: string;
  /** HTTP status; absent: what the SDK's schema of the error says, else 400. */
  readonly status: number | undefined;
  /** Further members of a modelled error. */
  readonly more: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, status?: number, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.more = more;
  }
}

export interface Operation<I = never, O = unknown> {
  /** `service.Action`, service as in `wire/services.ts`: `ec2.CopyImage`, `kms.CreateGrant`. */
  readonly name: string;
  /** Top-level parameters that are honoured; any other is refused by name. DryRun is the kernel's. */
  readonly accepts: ReadonlySet<string>;
  /** True for reads: not written to the state log, `readOnly` in the trail. */
  readonly readOnly: boolean;
  /** How large a page may be; absent: it has no pages. */
  readonly page: PageBounds | undefined;
  demands(call: Call<I>): readonly Demand[];
  apply(call: Call<I>): O;
}

/**
 * Declares an operation. `accepts` names the honoured members of the input shape.
 * `readOnly` defaults to what the verb says (Describe, Get, List, Lookup, Search).
 */
export function operation<I extends object, O>(
  name: string,
  parts: {
    readonly accepts: readonly (keyof I & string)[];
    readonly readOnly?: boolean;
    demands(call: Call<I>): readonly Demand[];
    apply(call: Call<I>): O;
  },
): Operation<I, O> {
  const verb = name.slice(name.indexOf('.') + 1);
  return {
    name,
    accepts: new Set(parts.accepts),
    page: PAGE_BOUNDS.get(name),
    readOnly: parts.readOnly ?? /^(Describe|Get|List|Lookup|Search|Simulate)/.test(verb),
    demands: parts.demands,
    apply: parts.apply,
  };
}

/** What is done when a task falls due. Must tolerate that its subject is gone. */
export interface TaskHandler {
  readonly kind: string;
  run(ctx: Ctx, data: Task['data']): void;
}

export const task = (kind: string, run: TaskHandler['run']): TaskHandler => ({ kind, run });
