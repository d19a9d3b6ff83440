import { afterEach, expect, test } from 'vitest';
import { BUILDER, FIRST, HOME, OTHER, SECOND } from '../deliver/stage.ts';
import { amiport, type CrashStage, crashStage, stopWhen } from './killed-apply.ts';

let at: CrashStage | undefined;
afterEach(() => at?.close());

/** What there is once and only once, whatever died on the way. */
function inventory(stage: CrashStage) {
  const { world } = stage.sim;
  const regions = [HOME, OTHER].map((region) => {
    const place = world.accounts.get(BUILDER)?.places.get(region);
    const keys = [...(place?.kms.keys.values() ?? [])].filter((k) => k.tags.get('amiport:delivery') === 'bedrock');
    const images = [...(world.regions.get(region)?.ec2.images.values() ?? [])].filter(
      (i) => i.tags.get('amiport:step') === 'copy',
    );
    return {
      region,
      keys: keys.length,
      grants: keys
        .flatMap((k) =>
          [...k.grants.values()].flatMap((g) =>
            g.name?.startsWith('amiport/') ? `${g.issuingAccount} ${g.name}` : [],
          ),
        )
        .toSorted(),
      copies: images.map((i) => `${i.state} ${[...i.launchPermissions].toSorted().join(' ')}`),
    };
  });
  return {
    regions,
    parameters: [FIRST, SECOND].map((a) => [...(world.accounts.get(a)?.places.get(HOME)?.ssm.parameters.keys() ?? [])]),
  };
}

const grants = [
  `${FIRST} amiport/bedrock/AWSServiceRoleForAutoScaling`,
  `${SECOND} amiport/bedrock/AWSServiceRoleForAutoScaling`,
];
const whole = {
  regions: [HOME, OTHER].map((region) => ({ region, keys: 1, grants, copies: [`available ${FIRST} ${SECOND}`] })),
  parameters: [['/golden/kubernetes/current'], ['/golden/kubernetes/current']],
};

async function finish(stage: CrashStage): Promise<void> {
  const second = await amiport(stage, 'apply', '--yes').ended;
  expect(second.out).toContain('done.');
  expect(second.code).toBe(0);
  expect(inventory(stage)).toEqual(whole);
  const third = await amiport(stage, 'plan', '--json', '--detailed-exitcode').ended;
  expect(third.code).toBe(0);
  const left = await amiport(stage, 'left', '--json').ended;
  const { resources } = JSON.parse(left.out) as { resources: { orphan: boolean }[] };
  expect(resources.filter((r) => r.orphan)).toEqual([]);
  expect(resources.length).toBeGreaterThan(10);
}

test.each([
  { moment: 'the key is being made', shows: /"kind":"started","step":"create-key/ },
  { moment: 'the replica is there', shows: /"kind":"done","step":"replicate-key/ },
  { moment: 'a grant was made', shows: /"kind":"done","step":"create-grant/ },
  { moment: 'a copy was asked for', shows: /"kind":"started","step":"copy-image/ },
  { moment: 'a copy is under way', shows: /"kind":"done","step":"copy-image/ },
  { moment: 'an image is being shared', shows: /"kind":"started","step":"share-image/ },
])(
  'an apply killed when $moment is finished by the next one, with no duplicate and no orphan',
  async ({ shows }) => {
    at = await crashStage();
    const first = await stopWhen(at, shows, 'SIGKILL', 'apply', '--yes');
    expect(first.signal).toBe('SIGKILL');
    await finish(at);
  },
  120_000,
);

test('Ctrl-C starts nothing new, ends with 130, and the next apply goes on', async () => {
  at = await crashStage();
  const first = await stopWhen(at, /"kind":"done","step":"copy-image/, 'SIGINT', 'apply', '--yes');
  expect(first).toMatchObject({ code: 130, signal: null });
  expect(first.out).toContain('interrupted');
  await finish(at);
}, 120_000);

test('of two applies at once one is refused', async () => {
  at = await crashStage();
  const first = amiport(at, 'apply', '--yes');
  const second = await stopWhen(at, /"kind":"started"/, 'SIGCONT', 'plan', '--quiet');
  expect(second.code).toBe(0);
  const refused = await amiport(at, 'apply', '--yes').ended;
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('another amiport is running delivery bedrock');
  expect((await first.ended).code).toBe(0);
  expect(inventory(at)).toEqual(whole);
}, 120_000);
