/** Units in place of accounts: rows draw an organization, and say whom the units stand for; a property: nobody else is let in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AROUND } from '../model/config.testdata.ts';
import { parseConfig } from '../model/config.ts';
import type { Delivery, UnitMember } from '../model/delivery.ts';
import type { OrganizationSeen } from '../model/observed.ts';
import { keyPolicyText } from './access.ts';
import { coverOf, sharingOf } from './cover.ts';

const BUILDER = '111111111111';
const text = `version: 1
delivery: bedrock
builder: { account: "${BUILDER}", region: eu-west-1 }
access: { role: "arn:aws:iam::{account}:role/amiport" }
regions: [eu-west-1]
accounts: [{ organizationalUnit: ou-ab12-11111111, launchers: [autoscaling] }]
key: { alias: amiport-images }
images: { base: { source: { ami: ami-0123456789abcdef0 }, way: shared-encrypted } }
`;
const parsed = parseConfig(text, 'amiport.yaml', AROUND);
if (!parsed.ok) throw new Error('the config of this test is wrong');
const CONFIG = parsed.delivery;

const TOP = 'ou-ab12-11111111';
const unit = (n: number): string => `ou-ab12-${String(n).padStart(8, '0')}`;
const id = (n: number): string => String(200_000_000_000 + n);

interface Drawn {
  readonly members: readonly UnitMember[];
  readonly wanted: readonly string[];
}

function world({ members, wanted }: Drawn): { readonly want: Delivery; readonly organization: OrganizationSeen } {
  const accounts = wanted.map((one) => ({
    id: one,
    name: undefined,
    regions: ['eu-west-1'],
    launchers: [{ kind: 'spot' as const }],
  }));
  const paths = new Map(members.map((m) => [m.id, `o-abcdefghij/r-ab12/${m.units.map((u) => `${u}/`).join('')}`]));
  return {
    want: { ...CONFIG, accounts, unitMembers: members },
    organization: { id: 'o-abcdefghij', managementAccount: '999999999999', paths, scps: new Map(), rcps: new Map() },
  };
}

const below = (n: number, ...units: readonly string[]): UnitMember => ({
  id: id(n),
  units: [TOP, ...units],
  active: true,
});

test.each([
  {
    when: 'all below the unit are wanted',
    members: [below(1), below(2, unit(2))],
    wanted: [id(1), id(2)],
    units: [TOP],
    alone: [],
  },
  {
    when: 'one below it is not',
    members: [below(1), below(2, unit(2)), below(3)],
    wanted: [id(1), id(2)],
    units: [unit(2)],
    alone: [id(1)],
  },
  {
    when: 'one below it is suspended',
    members: [below(1, unit(2)), { ...below(2, unit(2)), active: false }],
    wanted: [id(1)],
    units: [],
    alone: [id(1)],
  },
  {
    when: 'the builder is below it',
    members: [below(1), { ...below(9), id: BUILDER }],
    wanted: [id(1)],
    units: [TOP],
    alone: [],
  },
  { when: 'an account stands elsewhere', members: [below(1)], wanted: [id(1), id(7)], units: [TOP], alone: [id(7)] },
])('when $when', ({ members, wanted, units, alone }) => {
  const { want, organization } = world({ members, wanted });
  const cover = coverOf(want, organization, 'eu-west-1', wanted);
  expect([cover.units.map((u) => u.id), cover.accounts]).toEqual([units, alone]);
});

const drawn = fc
  .array(
    fc.record({
      at: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
      wanted: fc.boolean(),
      active: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((all): Drawn => {
    // A unit has one parent: its name holds the way to it.
    const members = all.map(
      ({ at, active }, i): UnitMember => ({
        id: id(i),
        units: [TOP, ...at.map((_, depth) => unit(Number(`1${at.slice(0, depth + 1).join('')}`)))],
        active,
      }),
    );
    return { members, wanted: members.filter((m, i) => all[i]?.wanted && m.active).map((m) => m.id) };
  });

test('whoever is wanted is meant once, and nobody else is below a unit that stands for them', () => {
  fc.assert(
    fc.property(drawn, (d) => {
      const { want, organization } = world(d);
      const cover = coverOf(want, organization, 'eu-west-1', d.wanted);
      const meant = [...cover.accounts, ...cover.units.flatMap((u) => u.accounts)];
      expect(meant.toSorted()).toEqual(d.wanted.toSorted());
      const open = d.members.filter((m) => m.units.some((u) => cover.units.some((c) => c.id === u)));
      expect(open.filter((m) => !d.wanted.includes(m.id))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('1,500 accounts below one unit: named by unit beyond what AWS takes, in permissions and in the policy', () => {
  const members = Array.from({ length: 1500 }, (_, i) => below(i));
  const wanted = members.map((m) => m.id);
  const { want, organization } = world({ members, wanted });
  const fits = (most: number) => (n: number) => n <= most;
  expect(sharingOf(want, organization, 'eu-west-1', fits(1500)).accounts.length).toBe(1500);
  const cover = sharingOf(want, organization, 'eu-west-1', fits(900));
  expect([cover.accounts, cover.units.map((u) => u.arn)]).toEqual([
    [],
    [`arn:aws:organizations::999999999999:ou/o-abcdefghij/${TOP}`],
  ]);
  const access = {
    ...{ delivery: 'bedrock', partition: 'aws', region: 'eu-west-1', launcherAccounts: [], launcherArns: [] },
    ...{
      grantAccounts: wanted,
      granteeArns: ['arn:aws:iam::*:role/x'],
      copierAccounts: [],
      copierArns: [],
      grantMakerArns: [],
    },
  };
  expect(keyPolicyText(access, BUILDER, undefined).length).toBeGreaterThan(32_768);
  expect(keyPolicyText({ ...access, units: cover.units }, BUILDER, undefined).length).toBeLessThan(2_000);
});
