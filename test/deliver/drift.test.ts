/** What `drift` sees: each row changes one thing by hand, on either side; then apply mends what it can, and drift is empty again. */
import { beforeAll, expect, test } from 'vitest';
import { drift, type Session } from '../../src/app/api.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  OTHER,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

let stage: TestStage;
let session: Session;
let keyId: string;

beforeAll(async () => {
  stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  await must(
    stage.first.send('ec2', HOME, 'CreateLaunchTemplate', {
      LaunchTemplateName: 'nodes',
      LaunchTemplateData: { ImageId: source },
    }),
  );
  session = await stage.open(
    configOf({ kubernetes: source }).replace('publish: { ssm', 'publish: { launchTemplates: [nodes], ssm'),
  );
  expect((await applied(session)).result.failed).toEqual([]);
  const key = await must(
    stage.builder.send<{ KeyMetadata: { KeyId: string } }>('kms', HOME, 'DescribeKey', {
      KeyId: 'alias/amiport-images',
    }),
  );
  keyId = key.KeyMetadata.KeyId;
});

const shown = async (): Promise<readonly string[]> => {
  const { differences, unreadable } = await drift(session, silent);
  expect(unreadable).toEqual([]);
  expect(differences.filter((d) => d.reason.remedy === undefined)).toEqual([]);
  return differences.map((d) => `${d.account}/${d.region} ${d.reason.code}${d.step === undefined ? '' : ' (apply)'}`);
};

const imageIn = async (region: string): Promise<string> => {
  const found = await must(
    stage.builder.send<{ Images: { ImageId: string }[] }>('ec2', region, 'DescribeImages', {
      Owners: ['self'],
      IncludeDisabled: true,
      Filters: [{ Name: 'tag:amiport:step', Values: ['copy'] }],
    }),
  );
  return found.Images[0]?.ImageId ?? '';
};
const publicImage = async (region: string): Promise<string> => {
  const Filters = [{ Name: 'is-public', Values: ['true'] }];
  const found = await must(
    stage.first.send<{ Images: { ImageId: string }[] }>('ec2', region, 'DescribeImages', { Filters }),
  );
  return found.Images[0]?.ImageId ?? '';
};
const policyIn = async (region: string): Promise<{ Statement: { Sid?: string; Action?: unknown }[] }> => {
  const { Policy } = await must(
    stage.builder.send<{ Policy: string }>('kms', region, 'GetKeyPolicy', { KeyId: keyId }),
  );
  return JSON.parse(Policy) as { Statement: { Sid?: string; Action?: unknown }[] };
};
const putPolicy = (region: string, policy: object) =>
  must(stage.builder.send('kms', region, 'PutKeyPolicy', { KeyId: keyId, Policy: JSON.stringify(policy) }));
const grants = async () =>
  (
    await must(
      stage.builder.send<{ Grants: { GrantId: string; Name?: string; GranteePrincipal: string }[] }>(
        'kms',
        HOME,
        'ListGrants',
        { KeyId: keyId },
      ),
    )
  ).Grants;

test('after a delivery nothing differs', async () => expect(await shown()).toEqual([]));

interface Row {
  readonly when: string;
  readonly change: () => Promise<unknown>;
  readonly differs: readonly string[];
  /** What a person does; absent: apply mends it. */
  readonly mend?: () => Promise<unknown>;
}

const ROWS: readonly Row[] = [
  {
    when: 'a launch permission is lost',
    change: async () =>
      must(
        stage.builder.send('ec2', OTHER, 'ModifyImageAttribute', {
          ImageId: await imageIn(OTHER),
          LaunchPermission: { Remove: [{ UserId: FIRST }] },
        }),
      ),
    differs: [`${BUILDER}/${OTHER} drift.launch-permission.absent (apply)`],
  },
  {
    when: 'a stranger was let in',
    change: async () =>
      must(
        stage.builder.send('ec2', OTHER, 'ModifyImageAttribute', {
          ImageId: await imageIn(OTHER),
          LaunchPermission: { Add: [{ UserId: '444444444444' }] },
        }),
      ),
    differs: [`${BUILDER}/${OTHER} drift.launch-permission.unwanted (apply)`],
  },
  {
    when: 'a grant is revoked',
    change: async () => {
      const grant = (await grants()).find((g) => g.GranteePrincipal.includes(FIRST));
      await must(stage.builder.send('kms', HOME, 'RevokeGrant', { KeyId: keyId, GrantId: grant?.GrantId }));
    },
    differs: [`${FIRST}/${HOME} drift.grant.absent (apply)`],
  },
  {
    when: 'somebody made a grant',
    change: () =>
      must(
        stage.builder.send('kms', HOME, 'CreateGrant', {
          KeyId: keyId,
          GranteePrincipal: `arn:aws:iam::${FIRST}:role/ByHand`,
          Operations: ['Decrypt'],
        }),
      ),
    differs: [`${BUILDER}/${HOME} drift.grant.out-of-band`],
    mend: async () => {
      const grant = (await grants()).find((g) => g.GranteePrincipal.endsWith('ByHand'));
      await must(stage.builder.send('kms', HOME, 'RevokeGrant', { KeyId: keyId, GrantId: grant?.GrantId }));
    },
  },
  {
    when: 'a statement of the policy is edited',
    change: async () => {
      const policy = await policyIn(HOME);
      const Statement = policy.Statement.map((s) =>
        s.Sid === 'amiport-bedrock-use' ? { ...s, Action: 'kms:Decrypt' } : s,
      );
      await putPolicy(HOME, { ...policy, Statement });
    },
    differs: [`${BUILDER}/${HOME} drift.key-policy.edited (apply)`],
  },
  {
    when: "a replica's policy has a foreign statement that the primary has not",
    change: async () => {
      const policy = await policyIn(OTHER);
      const Statement = [
        ...policy.Statement,
        {
          Sid: 'theirs',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${BUILDER}:root` },
          Action: 'kms:DescribeKey',
          Resource: '*',
        },
      ];
      await putPolicy(OTHER, { ...policy, Statement });
    },
    differs: [`${BUILDER}/${OTHER} drift.key-policy.skew`],
    mend: async () => {
      const policy = await policyIn(OTHER);
      await putPolicy(OTHER, { ...policy, Statement: policy.Statement.filter((s) => s.Sid !== 'theirs') });
    },
  },
  {
    when: 'the key is disabled in one Region',
    change: () => must(stage.builder.send('kms', OTHER, 'DisableKey', { KeyId: keyId })),
    differs: [`${BUILDER}/${OTHER} kms.key.not-enabled`],
    mend: () => must(stage.builder.send('kms', OTHER, 'EnableKey', { KeyId: keyId })),
  },
  {
    when: 'a parameter names something else',
    change: async () => {
      const Value = await publicImage(OTHER);
      const input = { Name: '/golden/kubernetes/current', Value, Type: 'String', Overwrite: true };
      await must(stage.first.send('ssm', OTHER, 'PutParameter', input));
      await stage.clock.sleep(60_000);
    },
    differs: [`${FIRST}/${OTHER} drift.parameter.moved (apply)`],
  },
  {
    when: 'a parameter is deleted',
    change: () => must(stage.first.send('ssm', OTHER, 'DeleteParameter', { Name: '/golden/kubernetes/current' })),
    differs: [`${FIRST}/${OTHER} drift.parameter.absent (apply)`],
  },
  {
    when: 'a launch template is moved',
    change: () =>
      must(stage.first.send('ec2', HOME, 'ModifyLaunchTemplate', { LaunchTemplateName: 'nodes', DefaultVersion: '1' })),
    differs: [`${FIRST}/${HOME} drift.launch-template.moved (apply)`],
  },
  {
    when: 'a role policy is deleted',
    change: () =>
      must(stage.first.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' })),
    differs: [`${FIRST}/${HOME} drift.role-policy.edited (apply)`],
  },
  {
    when: 'rotation is switched off',
    change: () => must(stage.builder.send('kms', HOME, 'DisableKeyRotation', { KeyId: keyId })),
    differs: [`${BUILDER}/${HOME} drift.rotation.off (apply)`],
  },
  {
    when: 'an image is disabled',
    change: async () => must(stage.builder.send('ec2', OTHER, 'DisableImage', { ImageId: await imageIn(OTHER) })),
    differs: [`${BUILDER}/${OTHER} drift.image.disabled (apply)`],
  },
];

test.each(ROWS)('when $when, drift says so, and it is mended', async ({ change, differs, mend }) => {
  await change();
  expect(await shown()).toEqual(differs);
  if (mend === undefined) expect((await applied(session)).result.failed).toEqual([]);
  else await mend();
  expect(await shown()).toEqual([]);
});

test('a snapshot that is gone: nobody can launch the image, which drift says with what mends it', async () => {
  const { snapshots, images } = stage.sim.world.regions.get(OTHER)?.ec2 ?? {};
  const id = images?.get(await imageIn(OTHER))?.mappings[0]?.ebs?.snapshotId ?? '';
  // AWS keeps snapshots of registered images from being deleted; what a Recycle Bin or AWS itself loses is lost all the same.
  const there = snapshots?.get(id);
  snapshots?.delete(id);
  const { differences } = await drift(session, silent);
  const gone = differences.find((d) => d.reason.code === 'drift.snapshot.gone');
  expect(gone).toMatchObject({ account: BUILDER, region: OTHER, reason: { remedy: { does: expect.any(String) } } });
  if (there !== undefined) snapshots?.set(id, there);
  expect(await shown()).toEqual([]);
});

test('encryption by default that was switched on again stands against unencrypted images, and apply switches it off', async () => {
  const other = await testStage();
  for (const region of [HOME, OTHER])
    await must(other.builder.send('ec2', region, 'DisableEbsEncryptionByDefault', {}));
  const source = await bakedImage(other, other.builder, 'plain');
  const plain = await other.open(configOf({ vod: source }, { way: 'shared-unencrypted' }));
  expect((await applied(plain)).result.failed).toEqual([]);
  const told = async () => (await drift(plain, silent)).differences.map((d) => `${d.region} ${d.reason.code}`);
  expect(await told()).toEqual([]);
  await must(other.builder.send('ec2', OTHER, 'EnableEbsEncryptionByDefault', {}));
  expect(await told()).toEqual([`${OTHER} drift.encryption-by-default.on`]);
  expect((await applied(plain)).result.failed).toEqual([]);
  expect(await told()).toEqual([]);
});
