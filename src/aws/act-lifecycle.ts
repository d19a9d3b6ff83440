/** Effects on images and launch templates that are delivered already. Each is idempotent. */
import { done } from '../base/outcome.ts';
import type { Cloud } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { tagList } from './shapes.ts';

type LifecycleEffects = Pick<
  Cloud,
  'enableImage' | 'deprecateImage' | 'disableImage' | 'defaultTemplateVersion' | 'setTemplateVersion'
>;

export function lifecycleEffects(c: Connection): LifecycleEffects {
  return {
    async enableImage(at, imageId) {
      const { EnableImageCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:EnableImage', (ec2) =>
        ec2.send(new EnableImageCommand({ ImageId: imageId })),
      );
      return answer.ok ? done(undefined) : answer;
    },

    async deprecateImage(at, want) {
      const { EnableImageDeprecationCommand } = await import('@aws-sdk/client-ec2');
      // IMG-70: a moment in the past is refused, and seconds are rounded to the minute.
      const atMs = Math.max(Date.parse(want.at), c.options.clock.nowMs() + SOON_MS);
      const answer = await c.send('ec2', at, 'ec2:EnableImageDeprecation', (ec2) =>
        ec2.send(new EnableImageDeprecationCommand({ ImageId: want.imageId, DeprecateAt: new Date(atMs) })),
      );
      return answer.ok ? done(undefined) : answer;
    },

    /** Tagged first with the moment, since AWS does not tell when an image was disabled. */
    async disableImage(at, { imageId, withdrawn }) {
      const { CreateTagsCommand, DisableImageCommand } = await import('@aws-sdk/client-ec2');
      const now = new Date(c.options.clock.nowMs()).toISOString();
      const Tags = tagList({ 'amiport:disabled': now, ...(withdrawn === true ? { 'amiport:withdrawn': now } : {}) });
      const tagged = await c.send('ec2', at, 'ec2:CreateTags', (ec2) =>
        ec2.send(new CreateTagsCommand({ Resources: [imageId], Tags })),
      );
      if (!tagged.ok) return tagged;
      const answer = await c.send('ec2', at, 'ec2:DisableImage', (ec2) =>
        ec2.send(new DisableImageCommand({ ImageId: imageId })),
      );
      return answer.ok || refusedWith(answer, 'InvalidAMIID.Unavailable', 'InvalidAMIID.NotFound')
        ? done(undefined)
        : answer;
    },

    async defaultTemplateVersion(at, name) {
      const { DescribeLaunchTemplatesCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:DescribeLaunchTemplates', (ec2) =>
        ec2.send(new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: [name] })),
      );
      return answer.ok ? done(answer.value.LaunchTemplates?.[0]?.DefaultVersionNumber ?? 0) : answer;
    },

    async setTemplateVersion(at, want) {
      const { ModifyLaunchTemplateCommand } = await import('@aws-sdk/client-ec2');
      const moved = await c.send('ec2', at, 'ec2:ModifyLaunchTemplate', (ec2) =>
        ec2.send(
          new ModifyLaunchTemplateCommand({ LaunchTemplateName: want.name, DefaultVersion: String(want.version) }),
        ),
      );
      return moved.ok ? done(undefined) : moved;
    },
  };
}

const SOON_MS = 120_000;
