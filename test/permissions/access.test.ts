/** `init --check`: which accounts amiport does not get into, and why. */
import { expect, test } from 'vitest';
import { checkAccess } from '../../src/app/api.ts';
import { chaptersOf } from './chapters.ts';
import { FIRST, HOME, Life, must, wantOf } from './life.ts';

const WAY = 'shared-encrypted';
const trusting = (Principal: object, Condition?: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(Condition ? { Condition } : {}) }],
  });
const builder = { AWS: 'arn:aws:iam::111111111111:root' };

/** What each breaks about the role in the first account. */
const ROWS: readonly { readonly when: string; readonly breaks: (life: Life) => Promise<unknown> }[] = [
  { when: 'nothing', breaks: async () => {} },
  {
    when: 'the role trusts somebody else',
    breaks: ({ first }) => retrust(first, trusting({ AWS: `arn:aws:iam::${FIRST}:root` })),
  },
  {
    when: 'the role wants another external id',
    breaks: ({ first }) => retrust(first, trusting(builder, { StringEquals: { 'sts:ExternalId': 'another' } })),
  },
  {
    when: 'whoever starts may not assume it',
    breaks: async (life) => {
      const removal = { account: '111111111111', policy: 'start', sid: 'AmiportStart', action: 'sts:AssumeRole' };
      await life.narrow(wantOf(life.moment().config), ['builder', 'account'], undefined, removal);
    },
  },
];

const retrust = (first: Life['first'], PolicyDocument: string) =>
  must(first.send('iam', HOME, 'UpdateAssumeRolePolicy', { RoleName: 'amiport', PolicyDocument }));

test.each(ROWS)('$when', async ({ when, breaks }) => {
  const life = new Life();
  await chaptersOf(WAY)[0]?.before?.(life);
  await life.narrow(wantOf(life.moment().config), ['builder', 'account']);
  await breaks(life);
  life.sim.advance(60_000);
  const session = await life.open();
  const told = (await checkAccess(session)).find((c) => c.account === FIRST);
  life.end();
  if (when === 'nothing') return expect(told).toMatchObject({ identity: { is: 'known' } });
  expect(told).toMatchObject({ identity: { is: 'unreadable', reason: { code: 'aws.AccessDenied' } } });
  const { says = '' } = told?.identity.is === 'unreadable' ? told.identity.reason : {};
  expect(says).toContain('is not authorized to perform: sts:AssumeRole');
  expect(says).toContain(`arn:aws:iam::${FIRST}:role/amiport`);
});
