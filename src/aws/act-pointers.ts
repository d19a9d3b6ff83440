/** Effects on what user accounts launch by: SSM parameters and launch templates. */
import { createHash } from 'node:crypto';
import type { LaunchTemplateBlockDeviceMappingRequest } from '@aws-sdk/client-ec2';
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud, KeptParameter } from '../model/cloud.ts';
import type { Connection } from './connection.ts';
import { piecesOf } from './shapes.ts';

type PointerEffects = Pick<Cloud, 'putImageParameter' | 'getParameters' | 'tagParameter' | 'setLaunchTemplateImage'>;

/** SSM API Reference "GetParameters". */
const NAMES_PER_CALL = 10;

export function pointerEffects(c: Connection): PointerEffects {
  return {
    async putImageParameter(at, { name, imageId }) {
      const { PutParameterCommand } = await import('@aws-sdk/client-ssm');
      const put = await c.send('ssm', at, 'ssm:PutParameter', (ssm) =>
        ssm.send(
          new PutParameterCommand({
            Name: name,
            Value: imageId,
            Type: 'String',
            DataType: 'aws:ec2:image',
            Overwrite: true,
          }),
        ),
      );
      return put.ok ? done(undefined) : put;
    },

    async getParameters(at, names) {
      const { GetParametersCommand } = await import('@aws-sdk/client-ssm');
      const found: KeptParameter[] = [];
      for (const Names of piecesOf(names, NAMES_PER_CALL)) {
        const answer = await c.send('ssm', at, 'ssm:GetParameters', (ssm) =>
          ssm.send(new GetParametersCommand({ Names })),
        );
        if (!answer.ok) return answer;
        for (const { Name = '', Value = '', Version = 0 } of answer.value.Parameters ?? [])
          found.push({ name: Name, value: Value, version: Version });
      }
      return done(found);
    },

    async tagParameter(at, { name, tags }) {
      const { AddTagsToResourceCommand } = await import('@aws-sdk/client-ssm');
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const tagged = await c.send('ssm', at, 'ssm:AddTagsToResource', (ssm) =>
        ssm.send(new AddTagsToResourceCommand({ ResourceType: 'Parameter', ResourceId: name, Tags })),
      );
      return tagged.ok ? done(undefined) : tagged;
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
