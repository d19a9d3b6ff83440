/** What amiport does in the life of a delivery, a chapter a feature, each telling what was wrong. */
import {
  applyPlan,
  censusBefore,
  drift,
  explainEvent,
  explainGroup,
  explainInstance,
  launchCanaries,
  left,
  makePlan,
  type Plan,
  type RotateWish,
  RotationRun,
  rehomePlan,
  retirePlan,
  type Session,
  scheduledRotation,
  status,
  verify,
  volumeKeys,
} from '../../src/app/api.ts';
import type { Reason } from '../../src/base/outcome.ts';
import { FIRST, HOME, type Life, must, OTHER, type Purpose, type Way } from './life.ts';
import { baked, configOf, eventSeen, group, launched, named, settledIn } from './others.ts';

export interface Chapter {
  readonly name: string;
  /** What others do before, as administrators. */
  before?(life: Life): Promise<void>;
  /** @returns all that went wrong, with its words */
  does(life: Life): Promise<readonly unknown[]>;
  /** Begins a life of its own. */
  readonly fresh?: true;
  /** Policies for this feature only, beside the role's own. */
  readonly also?: 'amiport-canary' | 'amiport-rehome';
  /** Whose policies amiport's roles have; default: those that deliver. */
  readonly as?: readonly Purpose[];
}

export const silent = (): void => {};

/** Applies until a run leaves nothing; what is blocked, failed or not begun is wrong. */
export async function applied(session: Session, plan?: Plan): Promise<readonly unknown[]> {
  const planned = plan === undefined ? await makePlan(session, silent) : { plan };
  const outcome = await applyPlan(session, planned, silent);
  if (!outcome.ok) return [outcome.reason];
  const { failed, notStarted } = outcome.value.result;
  return [...planned.plan.blocked, ...failed.map((f) => f.reason), ...(failed.length === 0 ? notStarted : [])];
}

export async function proven(session: Session, andOwn = true): Promise<readonly unknown[]> {
  const { proofs, own } = await verify(session, silent);
  return [...proofs, ...(andOwn ? own : [])].flatMap((p) => (p.verdict === 'can-launch' ? [] : p.reasons));
}

const WISH: RotateWish = { contain: false, force: true, watchDays: 1, deleteKey: false };
const DAY_MS = 86_400_000;

async function rotatedTo(session: Session, wish: RotateWish, back = false): Promise<readonly unknown[]> {
  const run = new RotationRun(session, wish, silent);
  const first = await (back ? run.back() : run.begin());
  if (!first.ok) return [first.reason];
  for (let stage = first.value, i = 0; i < 40; i++, stage = await run.next()) {
    if (stage.is === 'settling') {
      await session.clock.sleep(stage.untilMs - session.clock.nowMs());
      continue;
    }
    if (stage.is === 'held') return stage.reasons;
    if (stage.is === 'watching') return stage.denied;
    if (stage.is !== 'to-do') return [];
    const carried = await run.carry(stage);
    if (!carried.ok) return [carried.reason];
    const { failed, notStarted } = carried.value.result;
    const bad = [...stage.plan.blocked, ...failed.map((f) => f.reason), ...(failed.length > 0 ? [] : notStarted)];
    if (bad.length > 0) return bad;
  }
  return ['it never ends'];
}

async function looked(session: Session, life: Life, way: Way): Promise<readonly unknown[]> {
  const { plan } = await makePlan(session, silent);
  const found = await left(session, silent);
  const now = await status(session, silent);
  const drifted = await drift(session, silent);
  const under = await volumeKeys(session, silent);
  const unseen: unknown[] = [...(await rehomePlan(session, { stop: true, deleteOld: true }, silent)).blocked];
  if (way !== 'shared-unencrypted') {
    const seen = await session.look(session.want);
    for (const wish of wishesOf(way)) unseen.push(...(await censusBefore(session, wish, seen)).unreadable);
    const renewed = await scheduledRotation(session, true, silent);
    if (!renewed.ok) unseen.push(renewed.reason);
  }
  const where = { account: FIRST, region: OTHER };
  const told = [
    await explainGroup(session, 'web', where),
    await explainInstance(session, life.notes.instance ?? '', where),
    await explainEvent(session, life.notes.event ?? '', where),
  ];
  return [
    ...unseen,
    ...plan.blocked,
    ...found.unreadable,
    ...now.unreadable,
    ...now.missing.blocked,
    ...drifted.unreadable,
    ...under.unreadable,
    ...told.flatMap((t) => (t.ok ? [] : [t.reason])),
    ...(await proven(session, false)),
  ];
}

/** In the order of a life; each begins where the one before it ended. */
export const chaptersOf = (way: Way): readonly Chapter[] => [...deliveries(way), ...ends(way), ...otherLives(way)];

const deliveries = (way: Way): readonly Chapter[] => [
  {
    name: 'the first version',
    before: (life) => settledIn(life, way),
    does: async (life) => {
      const session = await life.open();
      return [...(await applied(session)), ...(await proven(session)), ...(await makePlan(session, silent)).plan.steps];
    },
  },
  {
    name: 'the next version, and instances replaced',
    before: async (life) => {
      await group(life);
      await baked(life, 'two');
    },
    does: async (life) => applied(await life.open()),
  },
  {
    name: 'a refresh that is stopped',
    before: async (life) => {
      await baked(life, 'three');
      await must(life.first.send('ec2', OTHER, 'DeleteKeyPair', { KeyName: 'operators' }));
    },
    does: async (life) => {
      const wrong = await applied(await life.open());
      return wrong.filter((w) => (w as Reason).code !== 'asg.refresh.stopped' || (w as Reason).because.length > 0);
    },
  },
  {
    name: 'canaries',
    also: 'amiport-canary',
    before: async (life) => {
      await must(life.first.send('ec2', OTHER, 'CreateKeyPair', { KeyName: 'operators' }));
    },
    does: async (life) => {
      const session = await life.open();
      const { seen } = await verify(session, silent);
      const all = await launchCanaries(session, seen, silent);
      const { resources } = await left(session, silent);
      return [
        ...all.filter((c) => c.result !== 'launched' || c.leftBehind !== undefined),
        ...resources.filter((r) => r.kind.startsWith('canary')),
      ];
    },
  },
  {
    name: 'looking',
    before: async (life) => {
      const { sim } = life;
      life.notes.instance =
        [...(sim.world.accounts.get(FIRST)?.places.get(OTHER)?.ec2.instances.values() ?? [])].find(
          (i) => i.state === 'running',
        )?.instanceId ?? '';
      await eventSeen(life);
    },
    does: async (life) => looked(await life.open(), life, way),
  },
  {
    name: 'looking, read-only',
    as: ['read-only'],
    before: async (life) => eventSeen(life),
    does: async (life) => looked(await life.open(), life, way),
  },
];

const ends = (way: Way): readonly Chapter[] => [
  {
    name: 'versions are disabled',
    before: async (life) => {
      life.sim.advance(DAY_MS);
    },
    does: async (life) => {
      const session = await life.open();
      return applied(session, await retirePlan(session, { force: false, now: false }, silent));
    },
  },
  {
    name: 'one of them is wanted again',
    before: (life) => named(life, 'one'),
    does: async (life) => applied(await life.open()),
  },
  {
    name: 'versions are gone',
    before: async (life) => {
      await named(life, 'three');
      life.sim.advance(8 * DAY_MS);
    },
    does: async (life) => {
      const session = await life.open();
      const wrong = [...(await applied(session))];
      for (let i = 0; i < 2 && wrong.length === 0; i++) {
        wrong.push(...(await applied(session, await retirePlan(session, { force: true, now: false }, silent))));
        life.sim.advance(8 * DAY_MS);
      }
      return wrong;
    },
  },
  {
    name: 'volumes move',
    also: 'amiport-rehome',
    before: (life) => launched(life, way),
    does: async (life) => {
      const session = await life.open();
      const wrong: unknown[] = [];
      for (const deleteOld of [false, true]) {
        const plan = await rehomePlan(session, { stop: true, deleteOld }, silent);
        wrong.push(...(await applied(session, plan)));
      }
      return wrong;
    },
  },
  ...wishesOf(way).flatMap((wish, i): readonly Chapter[] => [
    {
      name: `rotation ${i + 1}, taken back`,
      before: async (life) => {
        life.sim.advance(DAY_MS);
      },
      does: async (life) => {
        const session = await life.open();
        const wrong = await rotatedTo(session, wish);
        return wrong.length > 0 ? wrong : rotatedTo(session, wish, true);
      },
    },
    {
      name: `rotation ${i + 1}, to its end`,
      before: async (life) => {
        life.sim.advance(DAY_MS);
      },
      does: async (life) => {
        const session = await life.open();
        const wrong = await rotatedTo(session, wish);
        life.sim.advance(2 * DAY_MS);
        return wrong.length > 0 ? wrong : rotatedTo(session, { ...wish, deleteKey: true });
      },
    },
  ]),
  {
    name: 'key material renewed',
    does: async (life) => {
      if (way === 'shared-unencrypted') return [];
      const session = await life.open();
      const planned = await scheduledRotation(session, true, silent);
      if (!planned.ok) return [planned.reason];
      return applied(session, planned.value.plan);
    },
  },
];

const otherLives = (way: Way): readonly Chapter[] => [
  {
    name: 'a launcher goes',
    does: async (life) => applied(await life.open((c) => c.replace(', autoscaling, ec2fleet', ''))),
  },
  ...FORMER[way].flatMap((former) => formerWay(way, former)),
  ...(way === 'shared-unencrypted' ? [] : [adopted(way, false), adopted(way, true)]),
  ...(way === 'account-copies' ? [ownKey(way)] : []),
];

const FORMER: Readonly<Record<Way, readonly Way[]>> = {
  'shared-encrypted': ['account-copies'],
  'account-copies': ['shared-encrypted'],
  'shared-unencrypted': ['account-copies', 'shared-encrypted'],
};

/** Delivered another way before, which is taken back. */
const formerWay = (way: Way, former: Way): readonly Chapter[] => [
  {
    name: `the former way ${former} is withdrawn`,
    fresh: true,
    before: async (life) => {
      await settledIn(life, way === 'account-copies' ? way : 'shared-unencrypted');
      const wrong = await deliveredBefore(life, former);
      if (wrong.length > 0) throw new Error(JSON.stringify(wrong));
      life.write(configOf(way));
    },
    does: async (life) => {
      const session = await life.open();
      const wrong = [...(await applied(session)), ...(await makePlan(session, silent)).plan.steps];
      return [...wrong, ...(await left(session, silent)).unreadable];
    },
  },
  {
    name: 'looking at what is left of it, read-only',
    as: ['read-only'],
    does: async (life) => (await left(await life.open(), silent)).unreadable,
  },
];

/** A key that was there before under the alias: alone, or with its replica. */
const adopted = (way: Way, replicated: boolean): Chapter => ({
  name: `a key that was there before${replicated ? ', with its replica' : ''}`,
  fresh: true,
  before: async (life) => {
    await settledIn(life, way);
    const { builder, sim } = life;
    const alias = { AliasName: 'alias/amiport-images' };
    const { KeyMetadata } = await must(
      builder.send<{ KeyMetadata: { Arn: string; KeyId: string } }>('kms', HOME, 'CreateKey', { MultiRegion: true }),
    );
    await must(builder.send('kms', HOME, 'CreateAlias', { ...alias, TargetKeyId: KeyMetadata.Arn }));
    if (!replicated) return;
    await must(builder.send('kms', HOME, 'ReplicateKey', { KeyId: KeyMetadata.Arn, ReplicaRegion: OTHER }));
    sim.advance(60_000);
    await must(builder.send('kms', OTHER, 'CreateAlias', { ...alias, TargetKeyId: KeyMetadata.KeyId }));
  },
  does: async (life) => {
    const wrong = await applied(await life.open());
    if (wrong.length > 0 || way === 'account-copies') return wrong;
    return applied(await life.open((c) => c.replace(', autoscaling, ec2fleet', '')));
  },
});

/** Whose keys can leak. */
const wishesOf = (way: Way): readonly RotateWish[] =>
  way === 'shared-unencrypted'
    ? []
    : way === 'shared-encrypted'
      ? [WISH]
      : [WISH, { ...WISH, owner: { of: 'account', account: FIRST } }];

/** By administrators, under another way. */
async function deliveredBefore(life: Life, way: Way): Promise<readonly unknown[]> {
  life.write(configOf(way));
  const admin = { PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' };
  for (const owner of [life.builder, life.first])
    await must(owner.send('iam', HOME, 'AttachRolePolicy', { RoleName: 'amiport', ...admin }));
  await must(life.builder.send('iam', HOME, 'AttachUserPolicy', { UserName: 'amiport', ...admin }));
  life.sim.advance(60_000);
  const wrong = await applied(await life.open());
  for (const owner of [life.builder, life.first])
    await must(owner.send('iam', HOME, 'DetachRolePolicy', { RoleName: 'amiport', ...admin }));
  await must(life.builder.send('iam', HOME, 'DetachUserPolicy', { UserName: 'amiport', ...admin }));
  return wrong;
}

/** The account's key was there before, under its alias: amiport did not write its policy. */
const ownKey = (way: Way): Chapter => ({
  name: 'a key of the account that was there before',
  fresh: true,
  before: async (life) => {
    await settledIn(life, way);
    const made = await must(life.first.send<{ KeyMetadata: { Arn: string } }>('kms', OTHER, 'CreateKey', {}));
    const alias = { AliasName: `alias/ebs-${FIRST}`, TargetKeyId: made.KeyMetadata.Arn };
    await must(life.first.send('kms', OTHER, 'CreateAlias', alias));
  },
  does: async (life) => {
    const session = await life.open();
    return [...(await applied(session)), ...(await proven(session))];
  },
});
