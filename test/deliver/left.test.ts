/** What `left` calls an orphan: each row leaves something behind by hand, as a crash or a changed mind would. */
import { beforeEach, expect, test } from 'vitest';
import { left, type Session } from '../../src/app/api.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  OTHER,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

let stage: TestStage;
let source: string;
let session: Session;

beforeEach(async () => {
  stage = await testStage();
  source = await bakedImage(stage, stage.builder, 'golden');
  session = await stage.open(configOf({ kubernetes: source }));
  const { result } = await applied(session);
  expect(result.failed).toEqual([]);
});

const shown = async (of: Session = session): Promise<readonly string[]> => {
  const { resources, unreadable } = await left(of, silent);
  expect(unreadable).toEqual([]);
  const plain = (text: string) =>
    text.replace(/(mrk-|ami-|snap-|i-)[0-9a-f]+/g, '$1…').replace(/key\/[0-9a-f-]{36}/g, 'key/…');
  return resources.filter((r) => r.orphan).map((r) => `${r.kind} ${r.account}/${r.region}: ${plain(r.why ?? '')}`);
};

const tags = (step: string, more: Readonly<Record<string, string>> = {}) =>
  Object.entries({ 'amiport:delivery': 'bedrock', 'amiport:step': step, ...more }).map(([Key, Value]) => ({
    Key,
    Value,
  }));
const imageTags = () =>
  tags('copy', { 'amiport:image': 'kubernetes', 'amiport:version': source, 'amiport:way': 'shared-encrypted' });

test.each<{ when: string; leave: () => Promise<unknown>; orphans: readonly string[] }>([
  { when: 'all is as wanted', leave: () => Promise.resolve(), orphans: [] },
  {
    when: 'a version was copied twice',
    leave: async () => {
      const TagSpecifications = ['image', 'snapshot'].map((ResourceType) => ({ ResourceType, Tags: imageTags() }));
      const input = { Name: 'twice', SourceImageId: source, SourceRegion: HOME, TagSpecifications };
      await must(stage.builder.send('ec2', OTHER, 'CopyImage', input));
      await stage.clock.sleep(3_600_000);
    },
    orphans: [
      `image ${BUILDER}/${OTHER}: ami-… is a copy of the same version`,
      `snapshot ${BUILDER}/${OTHER}: of ami-…: ami-… is a copy of the same version`,
    ],
  },
  {
    when: 'an image was deregistered without its snapshot',
    leave: async () => {
      const found = await left(session, silent);
      const image = found.resources.find((r) => r.kind === 'image' && r.region === OTHER);
      await must(stage.builder.send('ec2', OTHER, 'DeregisterImage', { ImageId: image?.arn.split('/')[1] }));
    },
    orphans: [`snapshot ${BUILDER}/${OTHER}: a snapshot of no image`],
  },
  {
    when: 'a second key was made',
    leave: () =>
      must(
        stage.builder.send('kms', HOME, 'CreateKey', {
          Tags: tags('key').map((t) => ({ TagKey: t.Key, TagValue: t.Value })),
        }),
      ),
    orphans: [`key ${BUILDER}/${HOME}: the delivery uses arn:aws:kms:${HOME}:${BUILDER}:key/mrk-…`],
  },
  {
    when: 'the key lost its alias',
    leave: () => must(stage.builder.send('kms', OTHER, 'DeleteAlias', { AliasName: 'alias/amiport-images' })),
    orphans: [`key-replica ${BUILDER}/${OTHER}: alias/amiport-images does not name it`],
  },
  {
    when: 'a grant names a role that is no launcher',
    leave: async () => {
      const key = (await left(session, silent)).resources.find((r) => r.kind === 'key');
      const input = {
        KeyId: key?.arn,
        Name: 'amiport/bedrock/Old',
        GranteePrincipal: `arn:aws:iam::${BUILDER}:role/amiport`,
        Operations: ['Decrypt'],
      };
      await must(stage.builder.send('kms', HOME, 'CreateGrant', input));
    },
    orphans: [
      `grant ${BUILDER}/${HOME}: arn:aws:iam::${BUILDER}:role/amiport is no launcher of the config in ${BUILDER}/${HOME}`,
    ],
  },
  {
    when: 'a parameter of an older config is there',
    leave: () =>
      must(
        stage.first.send('ssm', HOME, 'PutParameter', {
          Name: '/old/name',
          Value: 'x',
          Type: 'String',
          Tags: tags('pointer'),
        }),
      ),
    orphans: [`parameter ${FIRST}/${HOME}: no image of the config publishes it`],
  },
  {
    when: 'a canary was not cleaned up',
    leave: async () => {
      const TagSpecifications = [{ ResourceType: 'instance', Tags: tags('canary') }];
      const found = await left(session, silent);
      const ImageId = found.resources.find((r) => r.kind === 'image' && r.region === HOME)?.arn.split('/')[1];
      await must(
        stage.second.send('ec2', HOME, 'RunInstances', {
          ImageId,
          InstanceType: 't3.micro',
          MinCount: 1,
          MaxCount: 1,
          TagSpecifications,
        }),
      );
    },
    orphans: [
      `canary-instance ${SECOND}/${HOME}: a canary that was not cleaned up: amiport left --remove-canaries ends it, and so does the next amiport verify --canary`,
    ],
  },
])('when $when', async ({ leave, orphans }) => {
  await leave();
  expect(await shown()).toEqual(orphans);
});

test('when the image was taken out of the config, all that served it is orphaned', async () => {
  const other = await bakedImage(stage, stage.builder, 'other');
  const next = await stage.open(configOf({ web: other }, { way: 'shared-unencrypted' }));
  const orphans = await shown(next);
  expect(orphans).toContain(`image ${BUILDER}/${HOME}: no image kubernetes is in the config`);
  expect(orphans).toContain(`key ${BUILDER}/${HOME}: no image is under it`);
  expect(orphans.filter((o) => o.startsWith('parameter')).length).toBe(4);
});

test('when a newer version is delivered, the older one is kept as keep says', async () => {
  const newer = await bakedImage(stage, stage.builder, 'newer');
  const both = await stage.open(configOf({ kubernetes: newer }));
  expect((await applied(both)).result.failed).toEqual([]);
  expect(await shown(both)).toEqual([]);
  const one = await stage.open(configOf({ kubernetes: newer }, { extra: ', keep: { versions: 1 }' }));
  expect(await shown(one)).toEqual(
    [HOME, OTHER].flatMap((region) => [
      `image ${BUILDER}/${region}: older than the 1 versions that are kept`,
      `snapshot ${BUILDER}/${region}: of ami-…: older than the 1 versions that are kept`,
    ]),
  );
});

const orphansOf = async (of: Session) => {
  const { resources, unreadable } = await left(of, silent);
  expect(unreadable).toEqual([]);
  return resources.flatMap((r) => (r.orphan ? [`${r.kind} ${r.account}/${r.region}: ${r.why}`] : []));
};
/** Without the second account, and without the other Region. */
const narrowed = (config: string) =>
  config
    .replace(/^ {2}- \{ id: "333333333333".*\n/m, '')
    .replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');

test('what a delivery left in an account and a Region that were taken out of the config is listed', async () => {
  const found = await orphansOf(await stage.open(narrowed(configOf({ kubernetes: source }))));
  expect(found).toContain(`role-policy ${SECOND}/${HOME}: account ${SECOND} is not in the config`);
  expect(found).toContain(`parameter ${SECOND}/${OTHER}: account ${SECOND} is not in the config`);
  expect(found).toContain(`parameter ${FIRST}/${OTHER}: ${FIRST} takes no images in ${OTHER} any more`);
  expect(found).toContain(`image ${BUILDER}/${OTHER}: no account takes images in ${OTHER}`);
  expect(found.filter((line) => line.startsWith(`grant ${SECOND}/${HOME}`))).not.toEqual([]);
  expect(found.filter((line) => line.includes(` ${FIRST}/${HOME}`))).toEqual([]);
});

test('private copies and keys in an account that was taken out of the config are listed, with a journal or without', async () => {
  const config = configOf(
    { kubernetes: source },
    { way: 'account-copies', extra: ', accountKey: "alias/ebs-{account}"' },
  );
  expect((await applied(await stage.open(config))).result.failed).toEqual([]);
  const narrow = await stage.open(narrowed(config));
  const found = await orphansOf(narrow);
  for (const kind of ['image', 'snapshot', 'key', 'alias', 'parameter'])
    for (const region of [HOME, OTHER])
      expect(found.filter((line) => line.startsWith(`${kind} ${SECOND}/${region}: `))).toHaveLength(1);
  // Another machine has no journal: tags in the builder's other Regions, and grants, tell.
  const elsewhere = await orphansOf({ ...narrow, stateDir: `${narrow.stateDir}-none` });
  expect(elsewhere.filter((line) => line.startsWith(`image ${BUILDER}/${OTHER}: `))).toHaveLength(1);
});

test('an account that no role leads to any more is named, and makes the answer uncertain', async () => {
  const narrow = await stage.open(narrowed(configOf({ kubernetes: source })));
  const { role: _role, ...access } = narrow.want.access;
  const roles = { [BUILDER]: `arn:aws:iam::${BUILDER}:role/amiport`, [FIRST]: `arn:aws:iam::${FIRST}:role/amiport` };
  const without = { ...narrow, want: { ...narrow.want, access: { ...access, role: undefined, roles } } };
  expect((await left(without, silent)).unreadable).toMatchObject([{ code: 'left.account.no-role', subject: SECOND }]);
});
