/** Effects of a rotation on keys, and the looks it takes: when it was rotated, and who was refused it. */
import { done } from '../base/outcome.ts';
import type { Cloud, DeniedUse, KeyRotation } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { kmsTagList } from './shapes.ts';

type KeyLife = Pick<
  Cloud,
  | 'rotateKeyOnDemand'
  | 'listKeyRotations'
  | 'tagKey'
  | 'untagKey'
  | 'setKeyEnabled'
  | 'scheduleKeyDeletion'
  | 'findDeniedUses'
>;

export const keyLife = (c: Connection): KeyLife => ({ ...effects(c), ...looks(c) });

function effects(c: Connection): Omit<KeyLife, Looks> {
  return {
    async tagKey(at, want) {
      const { TagResourceCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:TagResource', (kms) =>
        kms.send(new TagResourceCommand({ KeyId: want.keyArn, Tags: kmsTagList(want.tags) })),
      );
      return answer.ok ? done(undefined) : answer;
    },

    async untagKey(at, want) {
      const { UntagResourceCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:UntagResource', (kms) =>
        kms.send(new UntagResourceCommand({ KeyId: want.keyArn, TagKeys: [...want.tagKeys] })),
      );
      return answer.ok ? done(undefined) : answer;
    },

    async rotateKeyOnDemand(at, keyArn) {
      const { RotateKeyOnDemandCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:RotateKeyOnDemand', (kms) =>
        kms.send(new RotateKeyOnDemandCommand({ KeyId: keyArn })),
      );
      // One that is under way is the one that was asked for. Source: KMS API Reference "RotateKeyOnDemand".
      return answer.ok || refusedWith(answer, 'ConflictException') ? done(undefined) : answer;
    },

    async setKeyEnabled(at, want) {
      const { DisableKeyCommand, EnableKeyCommand } = await import('@aws-sdk/client-kms');
      const input = { KeyId: want.keyArn };
      const answer = await (want.enabled
        ? c.send('kms', at, 'kms:EnableKey', (kms) => kms.send(new EnableKeyCommand(input)))
        : c.send('kms', at, 'kms:DisableKey', (kms) => kms.send(new DisableKeyCommand(input))));
      return answer.ok ? done(undefined) : answer;
    },

    /** A primary waits for its replicas. Source: KMS Developer Guide "Deleting multi-Region keys". */
    async scheduleKeyDeletion(at, want) {
      const { ScheduleKeyDeletionCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:ScheduleKeyDeletion', (kms) =>
        kms.send(new ScheduleKeyDeletionCommand({ KeyId: want.keyArn, PendingWindowInDays: want.days })),
      );
      const isGoing =
        !answer.ok && refusedWith(answer, 'KMSInvalidStateException') && /pending/i.test(answer.reason.says);
      return answer.ok || isGoing ? done(undefined) : answer;
    },
  };
}

type Looks = 'findDeniedUses' | 'listKeyRotations';

function looks(c: Connection): Pick<KeyLife, Looks> {
  return {
    async listKeyRotations(at, keyArn) {
      const { paginateListKeyRotations } = await import('@aws-sdk/client-kms');
      return c.send('kms', at, 'kms:ListKeyRotations', async (client) => {
        const found: KeyRotation[] = [];
        for await (const page of paginateListKeyRotations({ client }, { KeyId: keyArn }))
          for (const r of page.Rotations ?? [])
            found.push({
              atMs: r.RotationDate?.getTime() ?? 0,
              type: r.RotationType === 'ON_DEMAND' ? 'ON_DEMAND' : 'AUTOMATIC',
            });
        return found.toSorted((a, b) => a.atMs - b.atMs);
      });
    },

    async findDeniedUses(at, want) {
      const { paginateLookupEvents } = await import('@aws-sdk/client-cloudtrail');
      const LookupAttributes = [{ AttributeKey: 'ResourceName' as const, AttributeValue: want.keyArn }];
      const input = { LookupAttributes, StartTime: new Date(want.sinceMs) };
      return c.send('cloudtrail', at, 'cloudtrail:LookupEvents', async (client) => {
        const found: DeniedUse[] = [];
        for await (const page of paginateLookupEvents({ client }, input))
          for (const e of page.Events ?? []) found.push(...deniedUse(e.CloudTrailEvent));
        return found;
      });
    },
  };
}

/** Source: CloudTrail User Guide "CloudTrail record contents". */
function deniedUse(text: string | undefined): readonly DeniedUse[] {
  const event = JSON.parse(text ?? '{}') as {
    readonly errorCode?: string;
    readonly eventTime?: string;
    readonly eventName?: string;
    readonly userIdentity?: { readonly arn?: string; readonly invokedBy?: string; readonly accountId?: string };
  };
  if (event.errorCode === undefined) return [];
  const { arn, invokedBy, accountId } = event.userIdentity ?? {};
  return [
    {
      atMs: Date.parse(event.eventTime ?? ''),
      eventName: event.eventName ?? '',
      who: arn ?? invokedBy ?? 'somebody',
      account: accountId ?? arn?.split(':')[4] ?? '',
    },
  ];
}
