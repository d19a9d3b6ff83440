import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { selectionOf, selectSteps } from './select.ts';
import type { Step } from './step.ts';

const CONFIG = `version: 1
delivery: d
builder: { account: "111111111111", region: eu-west-1 }
access: { role: "arn:aws:iam::{account}:role/amiport" }
regions: [eu-west-1, us-east-1]
accounts:
  - { id: "222222222222", name: two, launchers: [ { role: L } ] }
  - { id: "333333333333", launchers: [ { role: L } ] }
key: { alias: images }
images:
  web: { source: { ami: ami-0123456789abcdef0 }, way: shared-encrypted }
  db: { source: { ami: ami-0123456789abcdef1 }, way: shared-encrypted }
`;
const parsed = parseConfig(Buffer.from(CONFIG), 'amiport.yaml', { fileExists: () => true, env: {} });
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const want = parsed.delivery;

const B = '111111111111';
const [TWO, THREE] = ['222222222222', '333333333333'];
const step = (id: string, effect: object, needs: string[] = [], account = B, region = 'eu-west-1'): Step =>
  ({ id, account, region, why: '', needs, ...effect }) as unknown as Step;

const forImage = (image: string, region: string): Step[] => [
  step(`copy ${image} ${region}`, { do: 'copy-image', image }, [`key ${region}`], B, region),
  step(
    `prove ${image} ${region}`,
    { do: 'prove', image, places: [`${TWO}/${region}`, `${THREE}/${region}`] },
    [`copy ${image} ${region}`, 'role 2', 'role 3'],
    B,
    region,
  ),
  step(
    `share ${image} ${region}`,
    { do: 'share-image', image, accounts: [TWO, THREE] },
    [`prove ${image} ${region}`],
    B,
    region,
  ),
  step(`pointer 2 ${image} ${region}`, { do: 'put-parameter', image }, [`share ${image} ${region}`], TWO, region),
  step(`pointer 3 ${image} ${region}`, { do: 'put-parameter', image }, [`share ${image} ${region}`], THREE, region),
  step(
    `old ${image} ${region}`,
    { do: 'deregister-image', image },
    [`pointer 2 ${image} ${region}`, `pointer 3 ${image} ${region}`],
    B,
    region,
  ),
];
const steps = [
  step('key eu-west-1', { do: 'create-key' }),
  step('key us-east-1', { do: 'replicate-key', toRegion: 'us-east-1' }, ['key eu-west-1']),
  step('role 2', { do: 'put-role-policy' }, ['key eu-west-1'], TWO),
  step('role 3', { do: 'put-role-policy' }, ['key eu-west-1'], THREE),
  ...['web', 'db'].flatMap((image) => ['eu-west-1', 'us-east-1'].flatMap((region) => forImage(image, region))),
];
const plan = {
  version: 1 as const,
  digest: 'whole',
  steps,
  blocked: [],
  notes: [],
  exported: [],
  before: { version: 1 as const, images: [], templates: [], config: { images: [] } },
};

function check(only: string[], except: string[]) {
  const selection = selectionOf(want, { only, except });
  if (!selection.ok) return [selection.reason.code];
  return selectSteps(plan, want, selection.value).steps.map((s) => {
    const who = 'accounts' in s ? s.accounts : 'places' in s ? s.places : [];
    return who.length === 0 ? s.id : `${s.id} for ${who.map((w) => w.slice(0, 1)).join('')}`;
  });
}

const whole = (image: string, region: string): string[] => [
  `copy ${image} ${region}`,
  `prove ${image} ${region} for 23`,
  `share ${image} ${region} for 23`,
  `pointer 2 ${image} ${region}`,
  `pointer 3 ${image} ${region}`,
  `old ${image} ${region}`,
];

test.each([
  { only: ['nobody'], except: [], are: ['cli.select.unknown'] },
  { only: ['222222222222/mars'], except: [], are: ['cli.select.unknown'] },
  {
    only: ['web', 'us-east-1'],
    except: [],
    are: ['key eu-west-1', 'key us-east-1', 'role 2', 'role 3', ...whole('web', 'us-east-1')],
  },
  {
    // The old image of the other account's is not taken away: its pointer is not moved.
    only: ['two', 'web', 'us-east-1'],
    except: [],
    are: [
      'key eu-west-1',
      'key us-east-1',
      'role 2',
      'copy web us-east-1',
      'prove web us-east-1 for 2',
      'share web us-east-1 for 2',
      'pointer 2 web us-east-1',
    ],
  },
  {
    only: [`${TWO}/us-east-1`],
    except: ['db'],
    are: [
      'key eu-west-1',
      'key us-east-1',
      'role 2',
      'copy web us-east-1',
      'prove web us-east-1 for 2',
      'share web us-east-1 for 2',
      'pointer 2 web us-east-1',
    ],
  },
  {
    only: [],
    except: ['db', 'eu-west-1'],
    are: ['key eu-west-1', 'key us-east-1', 'role 2', 'role 3', ...whole('web', 'us-east-1')],
  },
  {
    only: ['db', 'eu-west-1'],
    except: [THREE],
    are: [
      'key eu-west-1',
      'role 2',
      'copy db eu-west-1',
      'prove db eu-west-1 for 2',
      'share db eu-west-1 for 2',
      'pointer 2 db eu-west-1',
    ],
  },
])('only $only except $except', ({ only, except, are }) => {
  const got = check(only, except);
  expect(got.filter((id) => !id.startsWith('role') || are.includes(id))).toEqual(are);
  expect(got.filter((id) => id === 'role 3')).toEqual(are.filter((id) => id === 'role 3'));
});

test('every step that is chosen has all it needs in the part', () => {
  for (const only of [['web'], ['two'], ['us-east-1'], [`${THREE}/eu-west-1`]]) {
    const selection = selectionOf(want, { only, except: [] });
    const part = selection.ok ? selectSteps(plan, want, selection.value) : plan;
    const ids = new Set(part.steps.map((s) => s.id));
    expect(part.steps.flatMap((s) => s.needs.filter((n) => !ids.has(n)))).toEqual([]);
    expect(part.digest).not.toBe('whole');
  }
});
