/** The world that every simulation begins with: two user accounts, baked images, launch templates, and things of others. */
import { BUILDER, bakedImage, FIRST, HOME, must, OTHER, SECOND, testStage } from '../deliver/stage.ts';
import { type Snapshot, snapshotOf } from './universe.ts';

export const REGIONS = [HOME, OTHER] as const;
export const USERS = [FIRST, SECOND] as const;
export const TEMPLATE = 'nodes';
export const FOREIGN_SID = 'TheirBackups';
export const FOREIGN_GRANT = 'their-grant';

export interface Base {
  readonly snapshot: Snapshot;
  /** Source AMIs by kind, oldest version first. */
  readonly plain: readonly string[];
  readonly encrypted: readonly string[];
}

/** @param adopted the delivery's key is there already, and others have a statement and a grant on it */
export async function baseWorld(adopted: boolean): Promise<Base> {
  const stage = await testStage();
  if (adopted) await foreignKey(stage);
  for (const sender of [stage.first, stage.second]) for (const region of REGIONS) await addTemplate(sender, region);
  const encrypted = [
    await bakedImage(stage, stage.builder, 'sealed-1'),
    await bakedImage(stage, stage.builder, 'sealed-2'),
  ];
  await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const plain = [await bakedImage(stage, stage.builder, 'open-1'), await bakedImage(stage, stage.builder, 'open-2')];
  await must(stage.builder.send('ec2', HOME, 'EnableEbsEncryptionByDefault', {}));
  await stage.clock.sleep(10 * 60_000);
  return { snapshot: snapshotOf(stage.sim.world, stage.clock.nowMs()), plain, encrypted };
}

type Stage = Awaited<ReturnType<typeof testStage>>;

async function foreignKey({ builder }: Stage): Promise<void> {
  const root = { AWS: `arn:aws:iam::${BUILDER}:root` };
  const Statement = [
    { Sid: 'Administration', Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' },
    { Sid: FOREIGN_SID, Effect: 'Allow', Principal: root, Action: ['kms:Decrypt'], Resource: '*' },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const made = await must(
    builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', { MultiRegion: true, Policy }),
  );
  const TargetKeyId = made.KeyMetadata.Arn;
  await must(builder.send('kms', HOME, 'CreateAlias', { AliasName: 'alias/amiport-images', TargetKeyId }));
  const grant = { KeyId: TargetKeyId, GranteePrincipal: root.AWS, Operations: ['Decrypt'], Name: FOREIGN_GRANT };
  await must(builder.send('kms', HOME, 'CreateGrant', grant));
}

async function addTemplate(sender: Stage['first'], region: string): Promise<void> {
  const found = await must(
    sender.send<{ Images: { ImageId: string }[] }>('ec2', region, 'DescribeImages', {
      Filters: [{ Name: 'is-public', Values: ['true'] }],
    }),
  );
  const LaunchTemplateData = { ImageId: found.Images[0]?.ImageId, InstanceType: 't3.small' };
  await must(sender.send('ec2', region, 'CreateLaunchTemplate', { LaunchTemplateName: TEMPLATE, LaunchTemplateData }));
}
