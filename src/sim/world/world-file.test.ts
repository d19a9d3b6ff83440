import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { yamlProblemText } from '../checked-yaml.ts';
import { pathOf } from '../policies-of.ts';
import { readWorldFile } from './world-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'amiport-world-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** `line:column path says`, one for each problem; or what is in the world. */
function check(text: string): string[] {
  const read = readWorldFile(text, folder);
  if (!read.ok) return read.problems.map((p) => `${p.line}:${p.column}: ${yamlProblemText(p)}`);
  return [...read.make().accounts.keys()];
}

const ACCOUNTS = 'version: 1\naccounts:\n  - { id: "111111111111" }\n';

test.each([
  ['the least that is a world', ACCOUNTS, ['111111111111']],
  ['nothing', '', ['1:1: the file must be object, not null']],
  [
    'a number for an id',
    'version: 1\naccounts:\n  - { id: 111111111111 }',
    ['3:11: accounts[0].id must be an account id in quotes, as "111111111111"'],
  ],
  ['a short id', 'version: 1\naccounts:\n  - id: "12"', ['3:9: accounts[0].id must be 12 digits']],
  ['a key that is none', `${ACCOUNTS}colour: red`, ['1:1: the file has no "colour"']],
  [
    'an account twice',
    `${ACCOUNTS}  - { id: "111111111111" }`,
    ['4:11: accounts[1].id account 111111111111 is there twice'],
  ],
  [
    'a Region that is none',
    'version: 1\naccounts:\n  - id: "111111111111"\n    optIn: [mars-1]',
    ['4:13: accounts[0].optIn[0] is no Region that the simulator knows'],
  ],
  [
    'a role in no account',
    `${ACCOUNTS}roles:\n  - { account: "222222222222", name: R, trust: "{}" }`,
    ['5:16: roles[0].account account 222222222222 is not among the accounts'],
  ],
  [
    'a unit that is not there',
    `${ACCOUNTS}organization:\n  management: "111111111111"\n  members: { "111111111111": prod }`,
    ['6:30: organization.members.111111111111 there is no unit prod'],
  ],
  [
    'a target that is none',
    `${ACCOUNTS}organization:\n  management: "111111111111"\n  policies: [{ name: p, type: scp, content: "{}", attach: [x] }]`,
    ['6:60: organization.policies[0].attach[0] x is neither root, a unit nor an account'],
  ],
  [
    'a disk that is not there',
    `${ACCOUNTS}images:\n  - { regions: [eu-west-1], owner: "111111111111", name: img, disk: no.raw }`,
    ['5:69: images[0].disk there is no file no.raw'],
  ],
  [
    'a fault without its Region',
    `${ACCOUNTS}faults:\n  - { fault: region-down }`,
    ['5:14: faults[0].fault needs a region beside it'],
  ],
  [
    'a fault that is none',
    `${ACCOUNTS}faults: [{ fault: fire }]`,
    [expect.stringContaining('4:19: faults[0].fault must be one of throttle, ')],
  ],
  [
    'no YAML',
    'a: [',
    ['1:5: the file Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
])('%s', (_, text, says) => expect(check(text)).toEqual(says));

test('a whole world', () => {
  writeFileSync(join(folder, 'disk.raw'), Buffer.concat([Buffer.alloc(524_288), Buffer.from('second block')]));
  const read = readWorldFile(
    `version: 1
seed: 42
settings: { grantLagMs: 1000 }
accounts:
  - { id: "111111111111", name: builder, secret: s3cret }
  - { id: "222222222222", optIn: [af-south-1] }
organization:
  management: "111111111111"
  units: [{ name: prod }, { name: video, parent: prod }]
  members: { "222222222222": video }
  policies:
    - name: no-copies
      type: scp
      content: { Version: "2012-10-17", Statement: [{ Effect: Deny, Action: "ec2:CopyImage", Resource: "*" }] }
      attach: [video]
roles:
  - account: "222222222222"
    name: Launcher
    path: /apps/
    trust: { Version: "2012-10-17", Statement: [] }
    policies: { launch: { Version: "2012-10-17", Statement: [] } }
images:
  - { regions: [eu-west-1, us-east-1], owner: "111111111111", name: golden, sharedWith: ["222222222222"], disk: disk.raw }
baseImages: [eu-west-1]
ebs:
  - { accounts: ["111111111111"], regions: [eu-west-1], encryptionByDefault: true }
`,
    folder,
  );
  if (!read.ok) throw new Error(read.problems.map(yamlProblemText).join('\n'));
  const world = read.make();
  expect(world).toMatchObject({ idState: 42, settings: { grantLagMs: 1000, iamLagMs: 5000 } });
  expect(world.accounts.get('111111111111')).toMatchObject({ name: 'builder', secret: 's3cret' });
  expect(world.accounts.get('222222222222')?.regions.has('af-south-1')).toBe(true);
  expect(world.accounts.get('222222222222')?.iam.roles.get('Launcher')?.arn).toBe(
    'arn:aws:iam::222222222222:role/apps/Launcher',
  );
  expect(world.organization && pathOf(world.organization, '222222222222')).toHaveLength(3);
  expect(world.accounts.get('111111111111')?.places.get('eu-west-1')?.ec2.encryptionByDefault).toBe(true);
  const images = [...(world.regions.get('eu-west-1')?.ec2.images.values() ?? [])];
  expect(images.map((i) => i.name)).toEqual([
    'debian-12-amd64-20251103-2282',
    'debian-12-arm64-20251103-2282',
    'golden',
  ]);
  const snapshot = world.regions.get('eu-west-1')?.ec2.snapshots.get(images[2]?.mappings[0]?.ebs?.snapshotId ?? '');
  expect([...(snapshot?.disk.blocks.keys() ?? [])]).toEqual([1]);
  const again = read.make();
  expect(again.regions).toEqual(world.regions);
  expect([...again.blocks.keys()]).toEqual([...world.blocks.keys()]);
});
