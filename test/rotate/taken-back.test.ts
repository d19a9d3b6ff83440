/** A rotation that is taken back leaves the world as it was before, apart from keys that wait for their deletion and what is logged. */
import { expect, test } from 'vitest';
import type { World } from '../../src/sim/world/world.ts';
import { BUILDER, FIRST, HOME, OTHER, SECOND } from '../deliver/stage.ts';
import { delivered, rotated, takenBack, WISH } from './stage.ts';

const REGIONS = [HOME, OTHER];
const DAY_MS = 86_400_000;

const byKey = <V>(map: ReadonlyMap<string, V> | undefined, of: (value: V) => unknown): object =>
  Object.fromEntries([...(map ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, of(v)]));

/** The order of resources in a policy means nothing. */
const inAnyOrder = (document: string): unknown =>
  JSON.parse(document, (name, value) => (name === 'Resource' && Array.isArray(value) ? value.toSorted() : value));

/** All that a delivery makes or touches, wherever it is. */
function everything(world: World): object {
  return {
    places: [BUILDER, FIRST, SECOND].flatMap((account) =>
      REGIONS.map((region) => {
        const place = world.accounts.get(account)?.places.get(region);
        const live = new Map([...(place?.kms.keys ?? [])].filter(([, k]) => !k.state.startsWith('Pending')));
        const parameters = new Map(
          [...(place?.ssm.parameters ?? [])].filter(([name]) => !name.startsWith('/amiport/')),
        );
        return {
          where: `${account}/${region}`,
          keys: byKey(live, (k) => ({
            state: k.state,
            policy: JSON.parse(k.policy) as object,
            tags: byKey(k.tags, String),
            grants: [...k.grants.values()].map((g) => `${g.name} ${g.issuingAccount} ${g.granteePrincipal}`).toSorted(),
          })),
          aliases: byKey(place?.kms.aliases, (a) => a.targetKeyId),
          parameters: byKey(parameters, (p) => p.versions.at(-1)?.value),
        };
      }),
    ),
    images: REGIONS.map((region) => {
      const ec2 = world.regions.get(region)?.ec2;
      const mine = new Map(
        [...(ec2?.images ?? [])].filter(([, i]) => i.ownerId === BUILDER && i.state !== 'deregistered'),
      );
      return {
        images: byKey(mine, (i) => ({
          state: i.state,
          sharedWith: [...i.launchPermissions].toSorted(),
          // When it was last disabled is a record.
          tags: { ...byKey(i.tags, String), 'amiport:disabled': undefined },
        })),
        snapshots: byKey(ec2?.snapshots, (s) => s.kmsKeyId),
      };
    }),
    roles: [BUILDER, FIRST, SECOND].map((account) =>
      byKey(world.accounts.get(account)?.iam.roles, (r) =>
        byKey(r.permissions.now.inline, (document) => inAnyOrder(document)),
      ),
    ),
  };
}

test.each(['moved', 'close', 'withdraw', 'watch'])(
  'taken back in phase %s, all is as it was before the leak',
  async (phase) => {
    const { stage, session } = await delivered();
    const { world } = stage.sim;
    const before = everything(world);
    await rotated(session, WISH, phase);
    expect(everything(world)).not.toEqual(before);
    expect((await takenBack(session)).end).toMatchObject({ is: 'watching' });
    await stage.clock.sleep(8 * DAY_MS);
    expect((await rotated(session, { ...WISH, deleteKey: true })).end).toEqual({ is: 'over' });
    stage.sim.advance(60_000);
    expect(everything(world)).toEqual(before);
    // What was kept of the permissions of images that are gone is gone.
    const ids = new Set(
      REGIONS.flatMap((r) =>
        [...(world.regions.get(r)?.ec2.images.values() ?? [])].flatMap((i) =>
          i.state === 'available' ? i.imageId : [],
        ),
      ),
    );
    const kept = [...(world.accounts.get(BUILDER)?.places.get(HOME)?.ssm.parameters.keys() ?? [])];
    expect(kept.filter((name) => name.includes('/permissions/') && !ids.has(name.split('/')[5] ?? ''))).toEqual([]);
    expect(stage.sim.bugs).toEqual([]);
  },
);
