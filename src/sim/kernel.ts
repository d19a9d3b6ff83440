/**
 * The heart of the simulated AWS: one request in, one answer out.
 *
 * Order of work: due tasks → signature → decoding → parameters that are not modelled → access →
 * EC2's DryRun → effect → trail → encoding. All but loading a service's schemas (once) is synchronous:
 * one request is one atomic change, and equal calls at equal moments give equal worlds.
 */

import { authorizer } from './access.ts';
import { type Authenticator, newAuthenticator, unknownId } from './authenticate.ts';
import { callAt, callSeeing, contextAt } from './context.ts';
import { denialFault } from './denial.ts';
import {
  type Disturbance,
  DROPPED,
  Dropped,
  disturbedAnswer,
  isTwice,
  type Later,
  laterOf,
  pastOf,
} from './disturbance.ts';
import { type Call, type Caller, type Demand, Fault, type Operation, type TaskHandler } from './operation.ts';
import { guessProtocol, noService, refuseUnmodelled, unimplemented } from './refusals.ts';
import { lookAt, Repeated, type Seen } from './seen.ts';
import { runDue } from './tasks.ts';
import type { SimClock } from './time.ts';
import { EventIds, shownAnswer, shownMembers } from './trail.ts';
import type { WireRequest, WireResponse } from './wire/message.ts';
import { type Asked, decodeRequest, encodeAnswer, encodeFault } from './wire/protocol.ts';
import { loadSchema, type ServiceSchema } from './wire/schema.ts';
import { type Service, serviceNamed, serviceOfTarget } from './wire/services.ts';
import { readSignature, type SignatureRead, SigningKeys } from './wire/sigv4.ts';
import { OPT_IN_REGIONS, REGION_ZONES } from './world/regions.ts';
import type { TrailEvent, World } from './world/world.ts';

export interface KernelOptions {
  readonly world: World;
  readonly clock: SimClock;
  readonly operations: readonly Operation[];
  readonly tasks: readonly TaskHandler[];
  /** Asked once the caller and the operation are known, before the effect: quotas and faults refuse here. */
  readonly gates?: readonly Gate[];
  /** Told of every request that changed the world, before it is answered. */
  readonly committed?: (command: Command) => void;
  /** Resolves when all that was committed is safe; answers to changes wait for it. */
  readonly durable?: () => Promise<void>;
  /** Told of what must never happen; the caller sees an internal error. */
  readonly onBug?: (bug: unknown, operation: string) => void;
}

export type Gate = (attempt: Attempt) => Fault | Disturbance | undefined;

/** One authenticated, decoded request. */
export interface Attempt {
  readonly service: Service;
  readonly action: string;
  readonly input: object;
  readonly caller: Caller;
  readonly region: string;
  readonly nowMs: number;
  readonly readOnly: boolean;
}

/** What has to be done again, in this order, to get from one state of the world to the next. */
export interface Command {
  readonly operation: string;
  readonly input: object;
  readonly caller: Caller;
  readonly region: string;
  readonly requestId: string;
  readonly nowMs: number;
  /** State of the id generator before it: reads and refusals in between leave no other trace. */
  readonly idState: number;
  /** `denied`: its demands were looked at; `refused`: it was begun. Both are here only if they left a trace. */
  readonly ended: 'done' | 'refused' | 'denied';
  /** For its event: what allowed it. */
  readonly decidedBy?: readonly string[];
  /** What a fault had follow it. */
  readonly later?: Later;
}

export interface Kernel {
  readonly world: World;
  readonly clock: SimClock;
  /**
   * The answer at once, unless a service's schemas have to be loaded first or a change has to be safe on disk.
   * @param signingMs the clock that the caller signs with; default: the wall clock
   */
  handle(request: WireRequest, signingMs?: number): WireResponse | Promise<WireResponse>;
  /** Carries out what fell due. Done before every request; for those who look at the world directly. */
  settle(): void;
  /** Loads what the events of these commands are told with: without it, doing them again tells none. */
  loadFor(commands: readonly Command[]): Promise<void>;
  /** Does a command of the log again; its access was decided when it first came. */
  replay(command: Command): void;
}

export function createKernel(options: KernelOptions): Kernel {
  return new SimKernel(options);
}

class SimKernel implements Kernel {
  readonly world: World;
  readonly clock: SimClock;
  readonly #options: KernelOptions;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #tasks: ReadonlyMap<string, TaskHandler>;
  readonly #ids: EventIds;
  readonly #authenticator: Authenticator;
  readonly #keys = new Repeated();
  readonly #decided = new Repeated();
  #commits = 0;
  readonly #schemas = new Map<string, ServiceSchema>();

  constructor(options: KernelOptions) {
    this.world = options.world;
    this.clock = options.clock;
    this.#options = options;
    this.#operations = new Map(options.operations.map((op) => [op.name, op]));
    this.#tasks = new Map(options.tasks.map((t) => [t.kind, t]));
    this.#ids = new EventIds(options.world.idState);
    this.#authenticator = newAuthenticator(options.world, new SigningKeys());
  }

  handle(request: WireRequest, signingMs = Date.now()): WireResponse | Promise<WireResponse> {
    const read = readSignature(request);
    const service = serviceOf(request, read);
    if (!service) {
      const named = read.is === 'signed' ? read.signed.service : undefined;
      return encodeFault(guessProtocol(request, named), noService(read), this.#ids.next());
    }
    const schema = this.#schemas.get(service.name);
    if (schema) return this.#reply(schema, request, read, signingMs);
    return loadSchema(service).then((loaded) => {
      this.#schemas.set(service.name, loaded);
      return this.#reply(loaded, request, read, signingMs);
    });
  }

  #reply(
    schema: ServiceSchema,
    request: WireRequest,
    read: SignatureRead,
    signingMs: number,
  ): WireResponse | Promise<WireResponse> {
    const commits = this.#commits;
    const disturbed: Disturbance[] = [];
    let answer = this.#answer(schema, request, read, signingMs, disturbed);
    if (isTwice(disturbed)) answer = this.#answer(schema, request, read, signingMs);
    const safe = commits === this.#commits ? undefined : this.#options.durable?.();
    return safe === undefined ? answer : safe.then(() => answer);
  }

  settle(): void {
    this.#runDue(this.clock.nowMs());
  }

  async loadFor(commands: readonly Command[]): Promise<void> {
    for (const name of new Set(commands.map((command) => serviceAndAction(command)[0]))) {
      const service = serviceNamed(name);
      if (service) this.#schemas.set(name, await loadSchema(service));
    }
  }

  replay(command: Command): void {
    this.#runDue(command.nowMs);
    const operation = this.#operations.get(command.operation);
    if (!operation) throw new Error(`the log holds ${command.operation}, which this version does not implement`);
    this.world.idState = command.idState;
    const call = callAt(this.world, command, command.requestId, this.#ids);
    const seen: Seen = { decidedBy: [...(command.decidedBy ?? [])], keys: [], owners: [] };
    try {
      for (const demand of operation.demands(call as Call<never>)) this.#lookAgain(seen, command, demand);
      if (command.ended === 'denied') return;
      const output = (operation.apply(call as Call<never>) ?? {}) as object;
      follow(call, command.later, output);
      this.#tellAgain(command, call, operation.readOnly, { seen, output });
    } catch (error) {
      if (!(error instanceof Fault) || command.ended === 'done') throw error;
      if (command.ended === 'refused') this.#tellAgain(command, call, operation.readOnly, { seen, fault: error });
    }
  }

  #lookAgain(seen: Seen, command: Command, demand: Demand): void {
    const service = this.#schemas.get(serviceAndAction(command)[0])?.service;
    if (service) lookAt(seen, { service, caller: command.caller }, demand);
  }

  #tellAgain(command: Command, call: Call<object>, readOnly: boolean, result: Told): void {
    const [name, action] = serviceAndAction(command);
    const schema = this.#schemas.get(name);
    const operation = schema?.operations.get(action);
    if (schema === undefined || operation === undefined) return;
    const { input, caller, region, nowMs } = command;
    const attempt = { service: schema.service, action, input, caller, region, nowMs, readOnly };
    this.#record(attempt, { operation, input }, call, readOnly, result);
  }

  #commit(
    operation: Operation,
    attempt: Attempt,
    how: Pick<Command, 'requestId' | 'idState' | 'ended' | 'later' | 'decidedBy'>,
  ): void {
    this.#commits++;
    const { input, caller, region, nowMs } = attempt;
    this.#options.committed?.({ operation: operation.name, input, caller, region, nowMs, ...how });
  }

  #runDue(nowMs: number): void {
    runDue(this.world, nowMs, this.#tasks, (atMs) => contextAt(this.world, atMs, this.#ids.next(), this.#ids));
  }

  /** @param disturbed takes what the gates say; absent: they are not asked */
  #answer(
    schema: ServiceSchema,
    request: WireRequest,
    read: SignatureRead,
    signingMs: number,
    disturbed?: Disturbance[],
  ): WireResponse {
    const { service } = schema;
    const requestId = this.#ids.next();
    const nowMs = this.clock.nowMs();
    let asked: Asked | undefined;
    try {
      this.#runDue(nowMs);
      const at = { nowMs, signingMs, speed: this.clock.speed };
      const { caller, signed } = this.#authenticator.verify(request, read, service.protocol, at);
      const region = this.#regionOf(service, signed.region, caller);
      asked = decodeRequest(schema, request);
      const { action } = asked.operation;
      const operation = this.#operations.get(`${service.name}.${action}`);
      if (!operation) throw unimplemented(service, action);
      const { readOnly } = operation;
      const attempt: Attempt = { service, action, input: asked.input, caller, region, nowMs, readOnly };
      const output = this.#carryOut(operation, attempt, asked, request, requestId, disturbed);
      return disturbedAnswer(encodeAnswer(schema, asked.operation, output, requestId), disturbed ?? []);
    } catch (error) {
      if (error instanceof Dropped) return DROPPED;
      if (error instanceof Fault) {
        return disturbedAnswer(encodeFault(service.protocol, error, requestId, schema), disturbed ?? []);
      }
      const name = `${service.name}.${asked?.operation.action ?? 'unknown'}`;
      this.#options.onBug?.(error, name);
      const says = `amiport sim failed in ${name}: ${error instanceof Error ? error.message : String(error)}`;
      const code = service.protocol === 'ec2Query' ? 'InternalError' : 'InternalFailure';
      return encodeFault(service.protocol, new Fault(code, says, 500), requestId, schema);
    }
  }

  /** Access, DryRun, effect; whatever comes of it is in the trail. */
  #carryOut(
    operation: Operation,
    attempt: Attempt,
    asked: Asked,
    request: WireRequest,
    requestId: string,
    disturbed: Disturbance[] | undefined,
  ): object {
    const { service } = attempt;
    const call = callAt(this.world, attempt, requestId, this.#ids);
    const idState = this.world.idState;
    const { taskSeq } = this.world;
    const untouched = () => idState === this.world.idState && taskSeq === this.world.taskSeq;
    const seen: Seen = { decidedBy: [], keys: [], owners: [] };
    let ended: Command['ended'] = 'denied';
    try {
      if (disturbed) this.#askGates(attempt, disturbed);
      const dryRun = service.name === 'ec2' && (asked.input as { readonly DryRun?: boolean }).DryRun === true;
      refuseUnmodelled(operation, service, attempt.input);
      this.#authorize(operation, call as Call<never>, attempt, request, seen);
      if (dryRun) throw new Fault('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
      ended = 'refused';
      const past = operation.readOnly && disturbed ? pastOf(disturbed) : undefined;
      const output = (operation.apply((past ? callSeeing(call, past) : call) as Call<never>) ?? {}) as object;
      const later = disturbed && laterOf(disturbed);
      follow(call, later, output);
      if (!operation.readOnly || !untouched())
        this.#commit(operation, attempt, {
          requestId,
          idState,
          ended: 'done',
          decidedBy: seen.decidedBy,
          ...(later ? { later } : {}),
        });
      this.#record(attempt, asked, call, operation.readOnly, { seen, output });
      return output;
    } catch (error) {
      // A refusal may have left a trace: an AWS managed key that was made when first looked for.
      if (!untouched()) this.#commit(operation, attempt, { requestId, idState, ended });
      if (error instanceof Fault) this.#record(attempt, asked, call, operation.readOnly, { seen, fault: error });
      throw error;
    }
  }

  #askGates(attempt: Attempt, disturbed: Disturbance[]): void {
    for (const gate of this.#options.gates ?? []) {
      const met = gate(attempt);
      if (met instanceof Fault) throw met;
      if (met && 'drop' in met && met.drop === 'before') throw new Dropped();
      if (met) disturbed.push(met);
    }
  }

  #authorize(operation: Operation, call: Call<never>, attempt: Attempt, request: WireRequest, seen: Seen): void {
    const demands = operation.demands(call);
    const decide = authorizer(call, call.caller, { region: attempt.region, request });
    for (const demand of demands) {
      lookAt(seen, attempt, demand);
      const decision = decide(demand);
      if (decision.is !== 'allowed')
        throw denialFault(attempt.service.name, call.caller, demand, decision, call.world.organization);
      for (const source of decision.by) seen.decidedBy.push(source.id);
    }
  }

  #record(attempt: Attempt, asked: Asked, call: Call<object>, readOnly: boolean, result: Told): void {
    const { caller, service } = attempt;
    const { fault, output, seen } = result;
    // Filled in, not put together of pieces: those cost more than all the rest of it. The first three are the trail's.
    const event: { -readonly [K in keyof TrailEvent]: TrailEvent[K] } = {
      eventId: '',
      requestId: '',
      atMs: 0,
      region: attempt.region,
      account: caller.account,
      eventSource: service.eventSource,
      eventName: asked.operation.action,
      readOnly,
      callerArn: caller.arn,
      callerAccount: caller.account,
      requestParameters: shownMembers(asked.operation.input, asked.input),
    };
    if (caller.accessKeyId !== undefined) event.accessKeyId = caller.accessKeyId;
    if (fault) {
      event.errorCode = trailCode(service, fault);
      event.errorMessage = fault.message;
    }
    if (seen.keys.length > 0) event.resources = this.#keys.of(seen.keys);
    if (seen.decidedBy.length > 0) event.decidedBy = this.#decided.of(seen.decidedBy);
    const answered = output && !readOnly ? shownAnswer(asked.operation.output, output, service.protocol) : undefined;
    call.record(event, service.name === 'sts' && fault ? [] : seen.owners, answered);
  }

  /** @throws Fault when the Region does not exist or is switched off in the caller's account */
  #regionOf(service: Service, name: string, caller: Caller): string {
    if (service.global) return 'us-east-1';
    if (!(name in REGION_ZONES)) {
      const says = `Credential should be scoped to a valid Region, not '${name}'.`;
      throw new Fault(
        service.protocol === 'ec2Query' ? 'AuthFailure' : 'SignatureDoesNotMatch',
        says,
        service.protocol === 'ec2Query' ? 401 : 403,
      );
    }
    if (OPT_IN_REGIONS.has(name) && !this.world.accounts.get(caller.account)?.regions.has(name)) {
      throw unknownId(service.protocol);
    }
    return name;
  }
}

interface Told {
  readonly seen: Seen;
  readonly output?: object;
  readonly fault?: Fault;
}

/** Of an operation's name: `ec2.CopyImage`. */
function serviceAndAction({ operation }: Command): readonly [service: string, action: string] {
  const dot = operation.indexOf('.');
  return [operation.slice(0, dot), operation.slice(dot + 1)];
}

/** Also done when a command is done again, so that states have it. */
function follow(call: Call<object>, later: Later | undefined, output: unknown): void {
  if (later) call.later(0, later.kind, { ...later.data, region: call.place.region, output });
}

/** By the signature's scope; without one by the target header. */
function serviceOf(request: WireRequest, read: SignatureRead): Service | undefined {
  if (read.is === 'signed') return serviceNamed(read.signed.service);
  const target = request.headers['x-amz-target'];
  return target === undefined ? undefined : serviceOfTarget(target);
}

/** CloudTrail writes EC2's codes with their prefix. */
const trailCode = (service: Service, fault: Fault): string =>
  service.name === 'ec2'
    ? `Client.${fault.code}`
    : fault.code === 'AccessDeniedException'
      ? 'AccessDenied'
      : fault.code;
