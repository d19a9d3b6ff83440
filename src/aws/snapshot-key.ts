/** Which key and which permission are missing when a snapshot cannot be read. Source: EBS User Guide "Control access to EBS direct APIs". */
import { type Reason, reason } from '../base/outcome.ts';
import type { Connection } from './connection.ts';
import type { SnapshotPlace } from './snapshot-list.ts';

const KEY_DENIED = 'aws.AccessDeniedException.DEPENDENCY_ACCESS_DENIED';
const KEY_UNUSABLE = 'aws.ValidationException.INVALID_CUSTOMER_KEY';
const NOT_SHARED = 'aws.AccessDeniedException.UNAUTHORIZED_ACCOUNT';
/** Whether IAM or the owner refuses, only the words tell: both may carry the same reason code. */
const NOT_ALLOWED = /is not authorized to perform: ebs:/;

/** @returns the same reason where it is about something else */
export async function keyReason(connection: Connection, at: SnapshotPlace, why: Reason): Promise<Reason> {
  const { snapshotId, account, region } = at;
  if (why.code === KEY_DENIED) {
    const { key, unseen } = await keyOf(connection, at);
    return reason(
      'snapshot.key.denied',
      snapshotId,
      `kms:Decrypt on its key ${key} is not allowed to account ${account}`,
      {
        because: [why, ...unseen],
        remedy: {
          who: 'the owner of the key, and of the role that reads',
          does: `allow kms:Decrypt on ${key} through ec2.${region}.amazonaws.com in the key policy and in the role's policy`,
        },
      },
    );
  }
  if (why.code === KEY_UNUSABLE) {
    const { key, unseen } = await keyOf(connection, at);
    return reason('snapshot.key.unusable', snapshotId, `its key ${key} is disabled, deleted or not in this Region`, {
      because: [why, ...unseen],
      remedy: { who: 'the owner of the key', does: `enable ${key} again, or cancel its deletion` },
    });
  }
  if (NOT_ALLOWED.test(why.says)) return notAllowed(at, why);
  if (why.code === NOT_SHARED) {
    const says = `is neither owned by nor shared with account ${account}; public snapshots cannot be read in place`;
    const remedy = {
      who: 'its owner',
      does: `share it with account ${account}, or copy it into the account and read the copy`,
    };
    return reason('snapshot.not-shared', snapshotId, says, { because: [why], remedy });
  }
  return why;
}

function notAllowed({ snapshotId, account, region }: SnapshotPlace, why: Reason): Reason {
  const actions = 'ebs:ListSnapshotBlocks, ebs:ListChangedBlocks and ebs:GetSnapshotBlock';
  return reason('snapshot.denied', snapshotId, `account ${account} may not read its blocks: ${why.says}`, {
    because: [why],
    remedy: {
      who: 'the owner of the role that reads',
      does: `allow ${actions} on arn:aws:ec2:${region}::snapshot/*`,
    },
  });
}

async function keyOf(connection: Connection, at: SnapshotPlace) {
  const { DescribeSnapshotsCommand } = await import('@aws-sdk/client-ec2');
  const command = new DescribeSnapshotsCommand({ SnapshotIds: [at.snapshotId] });
  const answer = await connection.send('ec2', at, 'ec2:DescribeSnapshots', (client) => client.send(command));
  const key = answer.ok ? answer.value.Snapshots?.[0]?.KmsKeyId : undefined;
  return { key: key ?? '(it may not be described)', unseen: answer.ok ? [] : [answer.reason] };
}
