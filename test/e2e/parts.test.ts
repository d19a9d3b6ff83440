/** A part of a delivery at a time, through the CLI: what is named is done with all it needs, the rest is left for later. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amiport, type CrashStage, crashStage } from '../crash/killed-apply.ts';
import { BUILDER, FIRST, HOME, OTHER, SECOND } from '../deliver/stage.ts';

let at: CrashStage;
beforeAll(async () => {
  at = await crashStage();
}, 120_000);
afterAll(() => at.close());

/** By Region: who may launch the copy; undefined where there is none. */
function shared(): Readonly<Record<string, readonly string[] | undefined>> {
  const inRegion = (region: string) =>
    [...(at.sim.world.regions.get(region)?.ec2.images.values() ?? [])].find(
      (i) => i.ownerId === BUILDER && i.tags.get('amiport:step') === 'copy',
    );
  return Object.fromEntries(
    [HOME, OTHER].map((r) => [r, inRegion(r) === undefined ? undefined : [...(inRegion(r)?.launchPermissions ?? [])]]),
  );
}

test('a name that nobody knows is bad input, and nothing is changed', async () => {
  const { code, out } = await amiport(at, 'apply', '--yes', '--only', 'kubernets').ended;
  expect(code).toBe(2);
  expect(out).toContain('kubernets is no image, account, Region or place');
  expect((await amiport(at, 'apply', '--deadline', 'soon').ended).code).toBe(2);
  expect((await amiport(at, 'apply', '--max-parallel', '0').ended).code).toBe(2);
  expect(shared()).toEqual({ [HOME]: undefined, [OTHER]: undefined });
}, 60_000);

test('after the deadline nothing starts, and the run says so', async () => {
  const { code, out } = await amiport(at, 'apply', '--yes', '--deadline', '1s').ended;
  expect(code).toBe(1);
  expect(out).toContain('the deadline has come');
  expect(shared()).toEqual({ [HOME]: undefined, [OTHER]: undefined });
}, 60_000);

test('only one Region without one account, then only a place, then the rest', async () => {
  const flags = ['--only', OTHER, '--except', SECOND];
  const shown = await amiport(at, 'plan', '--json', ...flags).ended;
  const plan = JSON.parse(shown.out) as { steps: { do: string; account: string; places?: string[] }[] };
  expect(plan.steps.filter((s) => s.account === SECOND)).toEqual([]);
  expect(plan.steps.find((s) => s.do === 'prove')?.places).toEqual([`${FIRST}/${OTHER}`]);

  const first = await amiport(at, 'apply', '--yes', '--max-parallel', '2', ...flags).ended;
  expect(first).toMatchObject({ code: 0 });
  expect(shared()).toEqual({ [HOME]: undefined, [OTHER]: [FIRST] });

  expect(await amiport(at, 'apply', '--yes', '--only', `${SECOND}/${HOME}`).ended).toMatchObject({ code: 0 });
  expect(shared()).toEqual({ [HOME]: [SECOND], [OTHER]: [FIRST] });

  expect(await amiport(at, 'apply', '--yes').ended).toMatchObject({ code: 0 });
  expect(Object.values(shared()).map((who) => who?.toSorted())).toEqual([
    [FIRST, SECOND],
    [FIRST, SECOND],
  ]);
  expect((await amiport(at, 'plan', '--detailed-exitcode').ended).code).toBe(0);
}, 120_000);
