/**
 * A delivery under exactly the roles that `export iam` prints, from the first apply to the end of its key: a chapter a
 * feature. A chapter begins from a snapshot of the world, so that it is played again without what came before it.
 */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import {
  checkConfig,
  openSession,
  type RawSender,
  rawSender,
  type Session,
  type SessionOptions,
} from '../../src/app/api.ts';
import { BUILDER, FIRST, HOME, must, OTHER } from '../../src/cli/demo/stage.ts';
import { exportIam, type RoleExport } from '../../src/export/iam.ts';
import type { PolicyDocument } from '../../src/export/statements.ts';
import type { Delivery } from '../../src/model/delivery.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import type { Caller, Operation } from '../../src/sim/operation.ts';
import { OPERATIONS } from '../../src/sim/registry.ts';
import { simForTests, type TestSim } from '../../src/sim/testing.ts';
import type { World } from '../../src/sim/world/world.ts';
import { type Snapshot, snapshotOf } from '../sim/universe.ts';

export type Way = 'shared-unencrypted' | 'shared-encrypted' | 'account-copies';
export type Purpose = RoleExport['purpose'];

/** One action of one statement of one exported policy. */
export interface Removal {
  readonly account: string;
  /** START: of the identity that amiport starts from. */
  readonly policy: string;
  readonly sid: string;
  readonly action: string;
}
const START = 'start';

/** Where a life stands: enough to go on from there. */
export interface Moment {
  readonly world: Snapshot;
  readonly stateDir: string;
  readonly config: string;
  readonly notes: Readonly<Record<string, string>>;
}

const AMIPORT = 'amiport';
const IAM_SETTLES_MS = 60_000;
/** Only for one feature each. */
const OPTIONAL: ReadonlySet<string> = new Set(['amiport-canary', 'amiport-rehome']);

/** One process of amiport after the other on one world, each as the exported roles let it. */
export class Life {
  readonly sim: TestSim;
  readonly builder: RawSender;
  readonly first: RawSender;
  readonly dir = mkdtempSync(join(tmpdir(), 'amiport-life-'));
  /** Ids that later chapters need. */
  readonly notes: Record<string, string> = {};
  /** `account action` of all that amiport's roles, and who starts it, were asked for. */
  readonly demanded = new Set<string>();
  #config = '';
  readonly #handler: object;

  constructor(from?: Moment) {
    this.sim = simForTests({
      operations: OPERATIONS.map((o) => this.#heard(o)),
      ...(from === undefined ? {} : { world: deserialize(from.world.bytes) as World, startMs: from.world.nowMs }),
    });
    this.#handler = inProcessHandler(this.sim.kernel);
    const reach = { requestHandler: this.#handler };
    this.builder = rawSender(reach, BUILDER, this.sim.clock, 'life');
    this.first = rawSender(reach, FIRST, this.sim.clock, 'life');
    if (from === undefined) return;
    Object.assign(this.notes, from.notes);
    this.#config = from.config;
    if (existsSync(from.stateDir)) cpSync(from.stateDir, join(this.dir, '.amiport'), { recursive: true });
  }

  moment(): Moment {
    const stateDir = mkdtempSync(join(tmpdir(), 'amiport-moment-'));
    const own = join(this.dir, '.amiport');
    if (existsSync(own)) cpSync(own, stateDir, { recursive: true });
    // What the trail tells of earlier chapters nobody asks, and it is most of the bytes.
    return {
      world: snapshotOf({ ...this.sim.world, events: this.sim.world.events.slice(-400) }, this.sim.clock.nowMs()),
      stateDir,
      config: this.#config,
      notes: { ...this.notes },
    };
  }

  end(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  write(config: string): void {
    this.#config = config;
  }

  /** As the identity that may do nothing but begin. */
  async open(
    edit: (config: string) => string = (c) => c,
    more: Pick<SessionOptions, 'builderOnly'> = {},
  ): Promise<Session> {
    const configFile = join(this.dir, 'amiport.yaml');
    writeFileSync(configFile, edit(this.#config));
    const credentials = { accessKeyId: this.notes.key ?? BUILDER, secretAccessKey: this.notes.secret ?? 'test' };
    const { clock } = this.sim;
    const reach = { requestHandler: this.#handler, credentials, clock };
    const opened = await openSession({ configFile, env: {}, ...reach, ...more });
    if (!opened.ok) throw new Error(JSON.stringify(opened.bad));
    return opened.value;
  }

  /** Gives amiport's role in each account the policies of a purpose, and no other. */
  async narrow(want: Delivery, purposes: readonly Purpose[], also?: string, removed?: Removal): Promise<void> {
    const { roles, start } = exportIam(want, []);
    for (const role of roles.filter((r) => purposes.includes(r.purpose))) {
      const sender = role.account === BUILDER ? this.builder : this.first;
      const of = { RoleName: AMIPORT };
      const before = await must(sender.send<{ PolicyNames: string[] }>('iam', HOME, 'ListRolePolicies', of));
      for (const PolicyName of before.PolicyNames)
        await must(sender.send('iam', HOME, 'DeleteRolePolicy', { RoleName: AMIPORT, PolicyName }));
      for (const [PolicyName, document] of Object.entries(role.policies)) {
        if (OPTIONAL.has(PolicyName) && PolicyName !== also) continue;
        const is = removed?.account === role.account && removed.policy === PolicyName;
        const PolicyDocument = JSON.stringify(is ? without(document, removed) : document);
        await must(sender.send('iam', HOME, 'PutRolePolicy', { RoleName: AMIPORT, PolicyName, PolicyDocument }));
      }
    }
    const PolicyDocument = JSON.stringify(removed?.policy === START ? without(start, removed) : start);
    await must(
      this.builder.send('iam', HOME, 'PutUserPolicy', { UserName: AMIPORT, PolicyName: START, PolicyDocument }),
    );
    this.sim.advance(IAM_SETTLES_MS);
  }

  #heard(operation: Operation): Operation {
    return {
      ...operation,
      demands: (call) => {
        const demands = operation.demands(call);
        const { caller } = call as { readonly caller: Caller };
        if (isOurs(caller.arn)) for (const d of demands) this.demanded.add(`${caller.account} ${d.action}`);
        return demands;
      },
    };
  }

  /** Also what EC2 asked of KMS for amiport. */
  demands(): ReadonlySet<string> {
    for (const e of this.sim.world.events) {
      if (!isOurs(e.callerArn) || e.invokedBy === undefined) continue;
      for (const name of e.eventName === 'ReEncrypt' ? ['ReEncryptFrom', 'ReEncryptTo'] : [e.eventName])
        this.demanded.add(`${e.callerAccount} ${e.eventSource.split('.')[0]}:${name}`);
    }
    return this.demanded;
  }
}

const isOurs = (arn: string): boolean => /:(?:assumed-role|user)\/amiport(?:\/|$)/.test(arn);

/** @returns the document without one action of one statement; a statement without action is none */
function without(document: PolicyDocument, { sid, action }: Removal): PolicyDocument {
  const Statement = document.Statement.flatMap((s) => {
    if (s.Sid !== sid) return [s];
    const Action = [s.Action].flat().filter((a) => a !== action);
    return Action.length === 0 ? [] : [{ ...s, Action }];
  });
  return { ...document, Statement };
}

/** Every action of every statement of the policies of these purposes. */
export function removals(want: Delivery, purposes: readonly Purpose[]): readonly Removal[] {
  const { roles, start } = exportIam(want, []);
  const of = (account: string, policy: string, document: PolicyDocument): readonly Removal[] =>
    document.Statement.flatMap((s) =>
      [s.Action].flat().map((action) => ({ account, policy, sid: String(s.Sid), action: String(action) })),
    );
  return [
    ...roles
      .filter((r) => purposes.includes(r.purpose))
      .flatMap((r) => Object.entries(r.policies).flatMap(([name, document]) => of(r.account, name, document))),
    ...of(BUILDER, START, start),
  ];
}

export function wantOf(config: string): Delivery {
  const checked = checkConfig(Buffer.from(config), 'amiport.yaml', {});
  if (!checked.ok) throw new Error(JSON.stringify(checked.bad));
  return checked.value.want;
}

export { BUILDER, FIRST, HOME, must, OTHER };
