/** Effects on what user accounts launch by: SSM parameters and launch templates. */
import { createHash } from 'node:crypto';
import type { LaunchTemplateBlockDeviceMappingRequest } from '@aws-sdk/client-ec2';
import { done, type Outcome, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

type PointerEffects = Pick<Cloud, 'putImageParameter' | 'setLaunchTemplateImage'>;

/** PutParameter of `aws:ec2:image` returns before the check (SSM API Reference "PutParameter"). */
const FIRST_LOOK_MS = 4_000;
const LOOKS = 40;
const LOOK_EVERY_MS = 1_500;

export function pointerEffects(c: Connection): PointerEffects {
  return {
    async putImageParameter(at, want) {
      const { AddTagsToResourceCommand, PutParameterCommand } = await import('@aws-sdk/client-ssm');
      const put = await c.send('ssm', at, 'ssm:PutParameter', (ssm) =>
        ssm.send(
          new PutParameterCommand({
            Name: want.name,
            Value: want.imageId,
            Type: 'String',
            DataType: 'aws:ec2:image',
            Overwrite: true,
          }),
        ),
      );
      if (!put.ok) return put;
      const version = await untilReadable(c, at, want.name, want.imageId);
      if (!version.ok) return version;
      const Tags = Object.entries(want.tags).map(([Key, Value]) => ({ Key, Value }));
      // Tags cannot go with Overwrite: they follow once the parameter is there.
      const tagged = await c.send('ssm', at, 'ssm:AddTagsToResource', (ssm) =>
        ssm.send(new AddTagsToResourceCommand({ ResourceType: 'Parameter', ResourceId: want.name, Tags })),
      );
      return tagged.ok ? version : tagged;
    },

    async setLaunchTemplateImage(at, want) {
      const { CreateLaunchTemplateVersionCommand, ModifyLaunchTemplateCommand } = await import('@aws-sdk/client-ec2');
      const mappings =
        want.mappings.length === 0 ? { ok: true as const, value: [] } : await mergedMappings(c, at, want);
      if (!mappings.ok) return mappings;
      const made = await c.send('ec2', at, 'ec2:CreateLaunchTemplateVersion', (ec2) =>
        ec2.send(
          new CreateLaunchTemplateVersionCommand({
            LaunchTemplateName: want.name,
            SourceVersion: '$Default',
            ClientToken: tokenOf(want, mappings.value),
            VersionDescription: `amiport: ${want.imageId}`,
            LaunchTemplateData: {
              ImageId: want.imageId,
              ...(mappings.value.length === 0 ? {} : { BlockDeviceMappings: mappings.value }),
            },
          }),
        ),
      );
      if (!made.ok) return made;
      const version = made.value.LaunchTemplateVersion?.VersionNumber ?? 0;
      if (want.setDefault === false) return done({ version });
      const moved = await c.send('ec2', at, 'ec2:ModifyLaunchTemplate', (ec2) =>
        ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName: want.name, DefaultVersion: String(version) })),
      );
      return moved.ok ? done({ version }) : moved;
    },
  };
}

/** Goes with equal parameters only (EC2 API Reference "Ensuring idempotency"), and some of them are learnt by the run. */
const tokenOf = (
  want: { readonly token: string; readonly imageId: string },
  mappings: readonly LaunchTemplateBlockDeviceMappingRequest[],
): string =>
  createHash('sha256')
    .update(JSON.stringify([want.token, want.imageId, mappings]))
    .digest('hex');

/**
 * A version that names block devices replaces the whole list, so the owner's own settings (size, type, further
 * volumes) are taken over; only encryption, key and a snapshot of the former image change.
 */
async function mergedMappings(
  c: Connection,
  at: Place,
  want: {
    readonly name: string;
    readonly mappings: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
  },
): Promise<Outcome<LaunchTemplateBlockDeviceMappingRequest[]>> {
  const { DescribeLaunchTemplateVersionsCommand } = await import('@aws-sdk/client-ec2');
  const answer = await c.send('ec2', at, 'ec2:DescribeLaunchTemplateVersions', (ec2) =>
    ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: want.name, Versions: ['$Default'] })),
  );
  if (!answer.ok) return answer;
  const own = answer.value.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.BlockDeviceMappings ?? [];
  const keys = new Map(want.mappings.map((m) => [m.deviceName, m.kmsKeyId]));
  const kept = own.filter((m) => !keys.has(m.DeviceName ?? '')) as LaunchTemplateBlockDeviceMappingRequest[];
  const changed = want.mappings.map(({ deviceName, kmsKeyId }): LaunchTemplateBlockDeviceMappingRequest => {
    const { SnapshotId: _former, ...ebs } = own.find((m) => m.DeviceName === deviceName)?.Ebs ?? {};
    return { DeviceName: deviceName, Ebs: { ...ebs, Encrypted: true, KmsKeyId: kmsKeyId } };
  });
  return done([...kept, ...changed]);
}

async function untilReadable(
  c: Connection,
  at: { readonly account: string; readonly region: string },
  name: string,
  imageId: string,
): Promise<Outcome<{ version: number }>> {
  const { GetParameterCommand } = await import('@aws-sdk/client-ssm');
  for (let look = 0; look < LOOKS; look++) {
    await c.options.clock.sleep(look === 0 ? FIRST_LOOK_MS : LOOK_EVERY_MS);
    const got = await c.send('ssm', at, 'ssm:GetParameter', (ssm) => ssm.send(new GetParameterCommand({ Name: name })));
    if (got.ok && got.value.Parameter?.Value === imageId) return done({ version: got.value.Parameter.Version ?? 0 });
    if (!got.ok && !refusedWith(got, 'ParameterNotFound')) return got;
  }
  return {
    ok: false,
    reason: reason(
      'ssm.image-parameter.refused',
      `${at.account}/${at.region}`,
      `parameter ${name} does not take ${imageId}: its check of the AMI did not pass`,
      {
        remedy: { who: 'you', does: `see that ${at.account} may launch ${imageId} in ${at.region}, then apply again` },
      },
    ),
  };
}
