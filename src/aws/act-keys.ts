/** Effects on keys, grants and IAM. Each is idempotent: what is there already as wanted is a success. */
import { done, type Outcome, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';
import { readKey } from './observe-key.ts';
import { kmsTagList } from './shapes.ts';

type KeyEffects = Pick<
  Cloud,
  | 'createKey'
  | 'replicateKey'
  | 'putAlias'
  | 'putKeyPolicy'
  | 'enableKeyRotation'
  | 'createGrant'
  | 'revokeGrant'
  | 'createServiceLinkedRole'
  | 'putRolePolicy'
  | 'deleteRolePolicy'
  | 'describeKey'
>;

/** A replica is `Creating` for some seconds. Source: KMS Developer Guide "Create multi-Region replica keys". */
const REPLICA_LOOKS = 60;
const REPLICA_LOOK_EVERY_MS = 2_000;

/** IAM User Guide "Changes that I make are not always immediately visible". */
const GRANT_LOOKS = 4;
const GRANT_LOOK_EVERY_MS = 5_000;

export const keyEffects = (c: Connection): KeyEffects => ({ ...keys(c), ...settings(c), ...grants(c), ...iam(c) });

function keys(c: Connection): Pick<Cloud, 'createKey' | 'replicateKey' | 'describeKey'> {
  return {
    async createKey(at, want) {
      const { CreateKeyCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:CreateKey', (kms) =>
        kms.send(
          new CreateKeyCommand({
            Description: want.description,
            MultiRegion: want.multiRegion,
            Policy: want.policy,
            Tags: kmsTagList(want.tags),
          }),
        ),
      );
      return answer.ok ? done({ keyArn: answer.value.KeyMetadata?.Arn ?? '' }) : answer;
    },

    async replicateKey(from, want) {
      const { ReplicateKeyCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', from, 'kms:ReplicateKey', (kms) =>
        kms.send(
          new ReplicateKeyCommand({
            KeyId: want.keyArn,
            ReplicaRegion: want.region,
            Policy: want.policy,
            Tags: kmsTagList(want.tags),
          }),
        ),
      );
      // A run that died after the call finds its replica there.
      if (!answer.ok && !refusedWith(answer, 'AlreadyExistsException')) return answer;
      const keyArn = replicaArn(want.keyArn, want.region);
      return untilEnabled(c, { account: from.account, region: want.region }, keyArn);
    },

    async describeKey(at, keyArn) {
      const found = await readKey(c, at, keyArn);
      if (found.is === 'known') return done(found.value);
      if (found.is === 'unreadable') return { ok: false, reason: found.reason };
      return { ok: false, reason: reason('kms.key.absent', keyArn, `key ${keyArn} is not there`) };
    },
  };
}

function settings(c: Connection): Pick<Cloud, 'putAlias' | 'putKeyPolicy' | 'enableKeyRotation'> {
  return {
    putAlias: (at, want) => putAlias(c, at, want.alias, want.keyArn),

    async putKeyPolicy(at, want) {
      const { PutKeyPolicyCommand } = await import('@aws-sdk/client-kms');
      const put = await c.send('kms', at, 'kms:PutKeyPolicy', (kms) =>
        kms.send(new PutKeyPolicyCommand({ KeyId: want.keyArn, PolicyName: 'default', Policy: want.policy })),
      );
      return put.ok ? done(undefined) : put;
    },

    async enableKeyRotation(at, want) {
      const { EnableKeyRotationCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:EnableKeyRotation', (kms) =>
        kms.send(new EnableKeyRotationCommand({ KeyId: want.keyArn, RotationPeriodInDays: want.periodDays })),
      );
      return answer.ok ? done(undefined) : answer;
    },
  };
}

function grants(c: Connection): Pick<Cloud, 'createGrant' | 'revokeGrant'> {
  return {
    async createGrant(at, want) {
      const { CreateGrantCommand } = await import('@aws-sdk/client-kms');
      for (let look = 1; ; look++) {
        const answer = await c.send('kms', at, 'kms:CreateGrant', (kms) =>
          kms.send(
            new CreateGrantCommand({
              KeyId: want.keyArn,
              Name: want.name,
              GranteePrincipal: want.granteePrincipal,
              Operations: [...want.operations] as never[],
            }),
          ),
        );
        if (answer.ok) return done({ grantId: answer.value.GrantId ?? '' });
        // A role that was made a moment ago, and a key policy put just now, are not known everywhere at once.
        if (look === GRANT_LOOKS || !refusedWith(answer, 'InvalidArnException', 'AccessDeniedException')) return answer;
        await c.options.clock.sleep(GRANT_LOOK_EVERY_MS);
      }
    },

    async revokeGrant(at, want) {
      const { RevokeGrantCommand } = await import('@aws-sdk/client-kms');
      const answer = await c.send('kms', at, 'kms:RevokeGrant', (kms) =>
        kms.send(new RevokeGrantCommand({ KeyId: want.keyArn, GrantId: want.grantId })),
      );
      return answer.ok || refusedWith(answer, 'NotFoundException') ? done(undefined) : answer;
    },
  };
}

function iam(c: Connection): Pick<Cloud, 'createServiceLinkedRole' | 'putRolePolicy' | 'deleteRolePolicy'> {
  return {
    async createServiceLinkedRole(account, want) {
      const { CreateServiceLinkedRoleCommand } = await import('@aws-sdk/client-iam');
      const answer = await c.send(
        'iam',
        { account, region: c.options.homeRegion },
        'iam:CreateServiceLinkedRole',
        (iam) =>
          iam.send(
            new CreateServiceLinkedRoleCommand({
              AWSServiceName: want.awsServiceName,
              ...(want.suffix === undefined ? {} : { CustomSuffix: want.suffix }),
            }),
          ),
      );
      if (answer.ok) return done(undefined);
      // IAM answers InvalidInput when the role is there already.
      const taken =
        refusedWith(answer, 'InvalidInputException', 'InvalidInput') && /has been taken/.test(answer.reason.says);
      return taken ? done(undefined) : answer;
    },

    async deleteRolePolicy(account, want) {
      const { DeleteRolePolicyCommand } = await import('@aws-sdk/client-iam');
      const answer = await c.send('iam', { account, region: c.options.homeRegion }, 'iam:DeleteRolePolicy', (iam) =>
        iam.send(new DeleteRolePolicyCommand({ RoleName: want.roleName, PolicyName: want.policyName })),
      );
      return answer.ok || refusedWith(answer, 'NoSuchEntityException', 'NoSuchEntity') ? done(undefined) : answer;
    },

    async putRolePolicy(account, want) {
      const { PutRolePolicyCommand } = await import('@aws-sdk/client-iam');
      const answer = await c.send('iam', { account, region: c.options.homeRegion }, 'iam:PutRolePolicy', (iam) =>
        iam.send(
          new PutRolePolicyCommand({
            RoleName: want.roleName,
            PolicyName: want.policyName,
            PolicyDocument: want.policy,
          }),
        ),
      );
      return answer.ok ? done(undefined) : answer;
    },
  };
}

/** Related multi-Region keys differ in the Region of their ARN only. */
const replicaArn = (primaryArn: string, region: string): string => primaryArn.split(':').with(3, region).join(':');

async function untilEnabled(c: Connection, at: Place, keyArn: string): Promise<Outcome<{ keyArn: string }>> {
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  for (let look = 0; look < REPLICA_LOOKS; look++) {
    const answer = await c.send('kms', at, 'kms:DescribeKey', (kms) =>
      kms.send(new DescribeKeyCommand({ KeyId: keyArn })),
    );
    if (answer.ok && answer.value.KeyMetadata?.KeyState === 'Enabled') return done({ keyArn });
    if (!answer.ok && !refusedWith(answer, 'NotFoundException')) return answer;
    await c.options.clock.sleep(REPLICA_LOOK_EVERY_MS);
  }
  return { ok: false, reason: reason('kms.replica.not-enabled', keyArn, `replica ${keyArn} is still not Enabled`) };
}

async function putAlias(c: Connection, at: Place, alias: string, keyArn: string): Promise<Outcome<void>> {
  const { CreateAliasCommand, UpdateAliasCommand } = await import('@aws-sdk/client-kms');
  const TargetKeyId = keyArn.slice(keyArn.lastIndexOf('/') + 1);
  const AliasName = alias.startsWith('alias/') ? alias : `alias/${alias}`;
  const made = await c.send('kms', at, 'kms:CreateAlias', (kms) =>
    kms.send(new CreateAliasCommand({ AliasName, TargetKeyId })),
  );
  if (made.ok) return done(undefined);
  if (!refusedWith(made, 'AlreadyExistsException')) return made;
  const moved = await c.send('kms', at, 'kms:UpdateAlias', (kms) =>
    kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId })),
  );
  return moved.ok ? done(undefined) : moved;
}
