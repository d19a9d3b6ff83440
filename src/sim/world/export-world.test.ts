import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { expect, test } from 'vitest';
import { simForTests } from '../testing.ts';
import { defaultWorld } from './default-world.ts';
import { exportWorld } from './export-world.ts';
import type { World } from './world.ts';
import { readWorldFile } from './world-file.ts';

const WORLD = `version: 1
settings: { copyFixedMs: 1000 }
accounts:
  - { id: "111111111111", name: builder, optIn: [af-south-1] }
  - { id: "222222222222", secret: other-secret }
  - { id: "333333333333" }
organization:
  management: "111111111111"
  units: [{ name: prod }, { name: video, parent: prod }]
  members: { "222222222222": video }
  outside: ["333333333333"]
  policies:
    - { name: no-copies, type: scp, content: { Version: "2012-10-17", Statement: [] }, attach: [video, root] }
roles:
  - account: "222222222222"
    name: Launcher
    path: /apps/
    trust: { Version: "2012-10-17", Statement: [] }
    policies: { launch: { Version: "2012-10-17", Statement: [] } }
    tags: { team: video }
baseImages: [eu-west-1]
images:
  - { regions: [eu-west-1], owner: "111111111111", name: golden-1, sharedWith: ["222222222222"], tags: { a: b } }
ebs:
  - { accounts: ["111111111111"], regions: [eu-west-1], encryptionByDefault: true }
`;

function load(text: string): World {
  const read = readWorldFile(text, '.');
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.make();
}

const withoutHead = (yaml: string): string => yaml.replace(/^#.*\n/gm, '');

test.each([
  { world: 'a declared world', make: () => load(WORLD) },
  { world: 'the default world', make: () => defaultWorld() },
])('WORLD-3 $world, taken out and loaded again, is the same', ({ make }) => {
  const world = make();
  const again = load(exportWorld(world));
  expect(withoutHead(exportWorld(again))).toBe(withoutHead(exportWorld(world)));
  expect(again.organization).toEqual(world.organization);
  expect(again.settings).toEqual(world.settings);
  expect([...again.accounts].map(([id, a]) => [id, a.regions, a.secret])).toEqual(
    [...world.accounts].map(([id, a]) => [id, a.regions, a.secret]),
  );
});

test('WORLD-3 what a world file cannot say is counted at its head', async () => {
  const sim = simForTests({ world: load(WORLD) });
  await sim.client(KMSClient, { account: '222222222222' }).send(new CreateKeyCommand({}));
  expect(exportWorld(sim.world)).toMatch(/^# Not in this file.*\n# {3}1 contents of disks.*\n# {3}1 KMS keys/);
});
