/** Status before and after a delivery, and a parameter whose name holds the version. */
import { expect, test } from 'vitest';
import { makePlan, status } from '../../src/app/api.ts';
import { applied, bakedImage, configOf, HOME, OTHER, silent, testStage } from './stage.ts';

test('status counts copies, keys, permissions and pointers, also those named after a version', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(configOf({ kubernetes: source }).replace('/current', '/{version}'));
  const rows = async () => {
    const { images, missing } = await status(session, silent);
    const shown = images.map(
      (i) => `${i.region} ${i.state} ${i.key} ${i.shared.have}/${i.shared.want} ${i.pointers.have}/${i.pointers.want}`,
    );
    return { shown, done: missing.steps === 0 };
  };
  expect(await rows()).toEqual({ shown: [HOME, OTHER].map((r) => `${r} missing unknown 0/2 0/2`), done: false });
  expect((await applied(session)).result.failed).toEqual([]);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  expect(await rows()).toEqual({ shown: [HOME, OTHER].map((r) => `${r} available ok 2/2 2/2`), done: true });
  expect(await status(session, silent)).toMatchObject({ lastRun: { end: 'complete', failed: 0, notStarted: 0 } });
});
