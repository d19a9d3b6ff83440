import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amiport, type CrashStage, crashStage } from '../crash/killed-apply.ts';
import { HOME, must } from '../deliver/stage.ts';

let at: CrashStage;
beforeAll(async () => {
  at = await crashStage();
});
afterAll(() => at.close());

test('a plan that was approved is carried out only while its steps are still exactly those', async () => {
  const planned = await amiport(at, 'plan', '--out', 'plan.json', '--detailed-exitcode').ended;
  expect(planned.code, planned.out).toBe(3);
  const untouched = await amiport(at, 'apply', 'plan.json').ended;
  expect(untouched).toMatchObject({ code: 1, out: expect.stringContaining('--yes carries it out') });

  // Somebody makes the key in between.
  const made = await must(
    at.stage.builder.send<{ KeyMetadata: { KeyId: string } }>('kms', HOME, 'CreateKey', { MultiRegion: true }),
  );
  await must(
    at.stage.builder.send('kms', HOME, 'CreateAlias', {
      AliasName: 'alias/amiport-images',
      TargetKeyId: made.KeyMetadata.KeyId,
    }),
  );
  const moved = await amiport(at, 'apply', 'plan.json', '--yes').ended;
  expect(moved.code, moved.out).toBe(3);
  expect(moved.out).toContain('the world has moved since this plan was made, so nothing was changed');
  expect(moved.out).toContain('no longer needed: create the multi-Region KMS key');

  const again = await amiport(at, 'plan', '--out', 'plan.json').ended;
  expect(again.code).toBe(0);
  const carried = await amiport(at, 'apply', 'plan.json', '--yes').ended;
  expect(carried.code, carried.out).toBe(0);
  expect((await amiport(at, 'plan', '--detailed-exitcode').ended).code).toBe(0);
}, 120_000);

test.each([
  { when: 'is not there', file: 'none.json', text: undefined, says: 'plan file none.json cannot be read' },
  { when: 'is no plan', file: 'bad.json', text: '{"steps":1}', says: 'bad.json is not a plan' },
])('a plan file that $when is bad input', async ({ file, text, says }) => {
  if (text !== undefined) await writeFile(join(at.dir, file), text);
  expect(await amiport(at, 'apply', file, '--yes').ended).toMatchObject({
    code: 2,
    out: expect.stringContaining(says),
  });
});

test('what cannot be read is exit 4, never taken for absent', async () => {
  await must(
    at.stage.second.send('iam', HOME, 'DetachRolePolicy', {
      RoleName: 'amiport',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    }),
  );
  await at.stage.clock.sleep(30_000);
  const verified = await amiport(at, 'verify').ended;
  expect(verified.code, verified.out).toBe(4);
  expect(verified.out).toContain('unknown');
  expect(await readFile(join(at.dir, 'plan.json'), 'utf8')).toContain('"digest"');
}, 60_000);
