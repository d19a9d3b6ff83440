/**
 * The proof that one launcher can launch one image in one place, or every link that is missing.
 *
 * Pure: decides from what was observed, with authz. A launch of a shared encrypted AMI needs two keys, the
 * one the snapshot is under and the one the volume will be under
 * (EC2 User Guide, "Use encryption with EBS-backed AMIs").
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import { launchDemands } from '../plan/demands.ts';
import { grantLinks } from './grant-links.ts';
import { foundImage, keysOfSnapshots, remedyOf } from './image-links.ts';
import { decideKey, decideRunInstances, type Link } from './links.ts';
import type { LaunchQuestion, Proof, Verdict } from './question.ts';
import { volumeKeyOf } from './volume-key.ts';

export function proveLaunch(seen: Observed, q: LaunchQuestion): Proof {
  const links: Link[] = [];
  if (q.regionOn.is === 'known' && !q.regionOn.value) return assemble(q, [regionOff(q)], undefined, undefined);
  if (q.regionOn.is === 'unreadable') links.push({ is: 'unknown', reason: q.regionOn.reason });
  const where = `${q.account}/${q.region}`;
  const role = foundRole(q, links);
  const ami = foundImage(seen, q, links);
  const readKeys = ami === undefined ? [] : keysOfSnapshots(q, ami, links);
  const volume = volumeKeyOf(q.place, readKeys.length > 0, q.volumeKey, readKeys[0]);
  if (volume.is === 'unreadable') links.push({ is: 'unknown', reason: volume.reason });
  if (volume.is === 'absent') links.push({ is: 'missing', reason: keyAbsent(where, volume.says) });
  const volumeKey = volume.is === 'known' ? volume.key : undefined;
  if (role !== undefined && ami !== undefined) {
    links.push(...decideRunInstances(seen, q.account, q.region, role, ami.imageId, q.mendAs));
    links.push(...decideKeys(seen, q, role, readKeys, volumeKey));
  }
  return assemble(q, links, readKeys[0], volumeKey?.arn);
}

function decideKeys(
  seen: Observed,
  q: LaunchQuestion,
  role: RoleSeen,
  readKeys: readonly string[],
  volumeKey: KeySeen | undefined,
): readonly Link[] {
  const links: Link[] = [];
  const keys = new Map<string, KeySeen>();
  if (volumeKey !== undefined) keys.set(volumeKey.arn, volumeKey);
  for (const arn of readKeys) {
    const key = q.readKeys.get(arn);
    if (key?.is === 'known') keys.set(arn, key.value);
    else links.push({ is: 'unknown', reason: key?.is === 'unreadable' ? key.reason : keyUnseen(arn, q.region) });
  }
  const demands = launchDemands(q.region, readKeys, volumeKey?.arn);
  for (const key of keys.values()) {
    if (key.manager === 'AWS' && key.account !== q.account) {
      links.push({ is: 'missing', reason: notShareable(key) });
      continue;
    }
    if (key.state !== 'Enabled') links.push({ is: 'missing', reason: keyState(key) });
    const onKey = demands.filter((demand) => demand.keyArn === key.arn);
    const decided = decideKey(seen, { account: q.account, role }, key, onKey, q.mendAs);
    links.push(...decided, ...grantLinks(seen, q, key, decided));
  }
  return links;
}

function foundRole(q: LaunchQuestion, links: Link[]): RoleSeen | undefined {
  switch (q.role.is) {
    case 'known':
      return q.role.value;
    case 'unreadable':
      links.push({ is: 'unknown', reason: q.role.reason });
      return undefined;
    case 'absent':
      links.push({ is: 'missing', reason: roleAbsent(q) });
      return undefined;
  }
}

function roleAbsent(q: LaunchQuestion): Reason {
  const says = `${q.launcher} is not there in account ${q.account}`;
  if (q.linkedRole === undefined) {
    const does = 'create the role, or take it out of the launchers in amiport.yaml';
    return reason('iam.role.absent', q.account, says, { remedy: { who: `account ${q.account}`, does } });
  }
  const { service, suffix } = q.linkedRole;
  const remedy = remedyOf({
    do: 'create-service-linked-role',
    account: q.account,
    service,
    ...(suffix === undefined ? {} : { suffix }),
  });
  return reason('iam.service-linked-role.absent', q.account, says, {
    remedy: { ...remedy, does: `${remedy.does}, then the grant to it` },
  });
}

function assemble(
  q: LaunchQuestion,
  links: readonly Link[],
  readKey: string | undefined,
  volumeKey: string | undefined,
): Proof {
  const missing = links.filter((l) => l.is === 'missing');
  const unknown = links.filter((l) => l.is === 'unknown');
  const settles = links.flatMap((l) => (l.is === 'there' && l.settlesAt !== undefined ? [l.settlesAt] : []));
  const verdict: Verdict = missing.length > 0 ? 'cannot-launch' : unknown.length > 0 ? 'unknown' : 'can-launch';
  const reasons = distinct([...missing, ...unknown].map((l) => l.reason));
  return {
    image: q.image,
    imageVersion: q.imageVersion,
    account: q.account,
    region: q.region,
    launcher: q.launcher,
    verdict,
    ...(verdict === 'can-launch' && settles.length > 0 ? { settlesAt: Math.max(...settles) } : {}),
    ...(readKey === undefined ? {} : { readKey }),
    ...(volumeKey === undefined ? {} : { volumeKey }),
    reasons,
    remedies: distinct(reasons.flatMap((r) => r.remedy ?? [])),
    by: verdict === 'can-launch' ? [...new Set(links.flatMap((l) => (l.is === 'there' ? l.by : [])))] : [],
  };
}

function distinct<T>(items: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const text = JSON.stringify(item);
    return !seen.has(text) && seen.add(text);
  });
}

/** Source: AWS Account Management Reference "Enable or disable AWS Regions in your account". */
function regionOff(q: LaunchQuestion): Link {
  const says = `${q.region} is off in account ${q.account}: it needs opt-in`;
  const remedy = remedyOf({ do: 'enable-region', account: q.account, region: q.region });
  return { is: 'missing', reason: reason('account.region.off', `${q.account}/${q.region}`, says, { remedy }) };
}

const keyUnseen = (arn: string, region: string): Reason =>
  reason('kms.key.unreadable', arn, `key ${arn} was not found in ${region}`);

/** The policy of `aws/ebs` belongs to AWS and serves its own account only. Source: EC2 User Guide "Share an AMI with specific AWS accounts". */
const notShareable = (key: KeySeen): Reason =>
  reason(
    'kms.key.aws-managed',
    key.arn,
    `${key.arn} is the AWS managed key of account ${key.account}, which serves nobody else`,
    {
      remedy: {
        who: `account ${key.account}`,
        does: 'copy the image under a customer managed key, and share the copy: amiport apply does with the way shared-encrypted',
      },
    },
  );

const keyAbsent = (where: string, says: string): Reason =>
  reason('kms.volume-key.absent', where, says, {
    remedy: { who: `account ${where.split('/')[0]}`, does: 'create the key or correct volumeKey in amiport.yaml' },
  });

/** KMS Developer Guide "Key states of AWS KMS keys": only these come back by a call. */
function keyState(key: KeySeen): Reason {
  const { account, region, arn } = key;
  const says = `${arn} is ${key.state}`;
  if (key.state !== 'Disabled' && key.state !== 'PendingDeletion') {
    const does =
      key.state === 'PendingImport' ? 'import the key material again' : 'wait, or name another key in amiport.yaml';
    return reason('kms.key.not-enabled', arn, says, { remedy: { who: `account ${account}`, does } });
  }
  const cancelDeletion = key.state === 'PendingDeletion';
  const remedy = remedyOf({ do: 'enable-key', account, region, key: arn, cancelDeletion });
  return reason('kms.key.not-enabled', arn, says, { remedy });
}
