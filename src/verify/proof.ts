/**
 * The proof that one launcher can launch one image in one place, or every link that is missing.
 *
 * Pure: decides from what was observed, with authz. A launch of a shared encrypted AMI needs two keys, the
 * one the snapshot is under and the one the volume will be under
 * (EC2 User Guide, "Use encryption with EBS-backed AMIs").
 */
import { type Finding, type Reason, type Remedy, reason } from '../base/outcome.ts';
import type { ImageSeen, KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import { GRANTS_MAX } from '../plan/key-limits.ts';
import { type Disks, disksOf, foundImage, remedyOf } from './image-links.ts';
import { areSame, type RoleJudge, type UsedKey, type UsedKeys } from './judge.ts';
import type { Link, Part } from './links.ts';
import type { LauncherQuestion, PlaceQuestion, Proof, Verdict } from './question.ts';
import { volumeKeyOf } from './volume-key.ts';

/** What the place and the image come to, the same for all who launch there. */
export interface Ground {
  readonly question: PlaceQuestion;
  /** The Region is off: nothing else is looked at. */
  readonly off: boolean;
  readonly region: readonly Link[];
  /** What of the image and the place is missing or unknown. */
  readonly image: readonly Link[];
  readonly ami: ImageSeen | undefined;
  /** What every proof on this ground begins with. */
  readonly head: Omit<Proof, 'launcher' | 'verdict' | 'reasons' | 'remedies' | 'by'>;
  readonly used: UsedKeys;
}

/** @param before another image in the same place: what it found out about the keys holds for all that are under them */
export function groundOf(seen: Observed, question: PlaceQuestion, before?: Ground): Ground {
  const q = question;
  const image: Link[] = [];
  const off = q.regionOn.is === 'known' && !q.regionOn.value;
  if (off) {
    const head = headOf(q, undefined, undefined);
    const nothing = { image, ami: undefined, head, used: NO_KEYS };
    return { question, off, region: [regionOff(q)], ...nothing };
  }
  const region: readonly Link[] = q.regionOn.is === 'unreadable' ? [{ is: 'unknown', reason: q.regionOn.reason }] : [];
  const ami = foundImage(seen, q, image);
  const { keys: readKeys, links } = ami === undefined ? NO_DISKS : disksOf(q.snapshots)(ami);
  image.push(...links);
  const volume = volumeKeyOf(q.place, readKeys.length > 0, q.volumeKey, readKeys[0]);
  if (volume.is === 'unreadable') image.push({ is: 'unknown', reason: volume.reason });
  if (volume.is === 'absent') image.push({ is: 'missing', reason: keyAbsent(`${q.account}/${q.region}`, volume.says) });
  const volumeKey = volume.is === 'known' ? volume.key : undefined;
  const used = isUnder(before?.used, q, readKeys, volumeKey) ?? keysUnder(q, readKeys, volumeKey);
  return { question, off, region, image, ami, head: headOf(q, readKeys[0], volumeKey?.arn), used };
}

const NO_DISKS: Disks = { keys: [], links: [] };
const NO_KEYS: UsedKeys = { from: undefined, readKeys: [], volumeKey: undefined, unseen: [], keys: [] };

function isUnder(
  used: UsedKeys | undefined,
  q: PlaceQuestion,
  readKeys: readonly string[],
  volumeKey: KeySeen | undefined,
): UsedKeys | undefined {
  if (used === undefined || used.from !== q.readKeys || used.volumeKey !== volumeKey) return undefined;
  return areSame(used.readKeys, readKeys) ? used : undefined;
}

const headOf = (q: PlaceQuestion, readKey: string | undefined, volumeKey: string | undefined): Ground['head'] => ({
  image: q.image,
  imageVersion: q.imageVersion,
  account: q.account,
  region: q.region,
  ...(readKey === undefined ? {} : { readKey }),
  ...(volumeKey === undefined ? {} : { volumeKey }),
});

function keysUnder(q: PlaceQuestion, readKeys: readonly string[], volumeKey: KeySeen | undefined): UsedKeys {
  const unseen: Link[] = [];
  const keys = new Map<string, KeySeen>();
  if (volumeKey !== undefined) keys.set(volumeKey.arn, volumeKey);
  for (const arn of readKeys) {
    const key = q.readKeys.get(arn);
    if (key?.is === 'known') keys.set(arn, key.value);
    else unseen.push({ is: 'unknown', reason: key?.is === 'unreadable' ? key.reason : keyUnseen(arn, q.region) });
  }
  const used = [...keys.values()].map((key): UsedKey => {
    const use = key.arn === volumeKey?.arn ? 'volume' : 'read';
    const usable = key.manager !== 'AWS' || key.account === q.account;
    return { key, use, usable, links: usable ? keyLinks(key) : [notShareable(key)] };
  });
  return { from: q.readKeys, readKeys, volumeKey, unseen, keys: used };
}

/** @param judge of the launcher's role, where that is known */
export function proveLaunch(ground: Ground, launcher: LauncherQuestion, judge: RoleJudge | undefined): Proof {
  const { question: q, ami } = ground;
  const against: Part[] = [];
  add(ground.region, against);
  if (ground.off) return negative(ground, launcher.launcher, against);
  if (launcher.role.is !== 'known') against.push([roleLink(q, launcher, launcher.role)]);
  add(ground.image, against);
  const access = judge === undefined || ami === undefined ? undefined : judge.access(q, ami, ground.used);
  if (access !== undefined && access.against.length > 0) against.push(...access.against);
  if (against.length > 0 || access === undefined) return negative(ground, launcher.launcher, against);
  const { by, settlesAt } = access;
  const settled = { ...ground.head, launcher: launcher.launcher, verdict: CAN, reasons: NONE, remedies: NONE, by };
  return settlesAt === 0 ? settled : { ...settled, settlesAt };
}

const CAN: Verdict = 'can-launch';

function add(links: readonly Link[], against: Part[]): void {
  if (links.length > 0) against.push(links);
}

function keyLinks(key: KeySeen): readonly Link[] {
  if (key.state !== 'Enabled') return [{ is: 'missing', reason: keyState(key) }];
  const full = key.grants.is === 'known' && key.grants.value.length >= GRANTS_MAX;
  return full ? [{ is: 'missing', reason: grantsFull(key) }] : NONE;
}

const isLinks = (part: Part): part is readonly Link[] => Array.isArray(part);

function roleLink(
  q: PlaceQuestion,
  launcher: LauncherQuestion,
  role: Exclude<Finding<RoleSeen>, { is: 'known' }>,
): Link {
  return role.is === 'unreadable'
    ? { is: 'unknown', reason: role.reason }
    : { is: 'missing', reason: roleAbsent(q, launcher) };
}

function roleAbsent(q: PlaceQuestion, { launcher, linkedRole }: LauncherQuestion): Reason {
  const says = `${launcher} is not there in account ${q.account}`;
  if (linkedRole === undefined) {
    const does = 'create the role, or take it out of the launchers in amiport.yaml';
    return reason('iam.role.absent', q.account, says, { remedy: { who: `account ${q.account}`, does } });
  }
  const { service, suffix } = linkedRole;
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

function negative({ head }: Ground, launcher: string, against: readonly Part[]): Proof {
  const missing = against.some((p) => (isLinks(p) ? p.some((l) => l.is === 'missing') : p.missing));
  const told = new Told(against);
  return {
    ...head,
    launcher,
    verdict: missing ? 'cannot-launch' : 'unknown',
    by: NONE,
    get reasons() {
      return told.reasons;
    },
    get remedies() {
      return told.remedies;
    },
  };
}

const NONE: readonly never[] = [];

/** Reasons are worded when somebody reads them: of a million proofs few are looked at one by one. */
class Told {
  readonly #against: readonly Part[];
  #reasons: readonly Reason[] | undefined;
  #remedies: readonly Remedy[] | undefined;

  constructor(against: readonly Part[]) {
    this.#against = against;
  }

  get reasons(): readonly Reason[] {
    this.#reasons ??= this.#findReasons();
    return this.#reasons;
  }

  get remedies(): readonly Remedy[] {
    this.#remedies ??= distinct(this.reasons.flatMap((r) => r.remedy ?? []));
    return this.#remedies;
  }

  #findReasons(): readonly Reason[] {
    const links = this.#against.flatMap((p) => (isLinks(p) ? p : p.links()));
    const missing = links.flatMap((l) => (l.is === 'missing' ? [l.reason] : []));
    const unknown = links.flatMap((l) => (l.is === 'unknown' ? [l.reason] : []));
    return distinct([...missing, ...unknown]);
  }
}

function distinct<T>(items: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const text = JSON.stringify(item);
    return !seen.has(text) && seen.add(text);
  });
}

/** Source: AWS Account Management Reference "Enable or disable AWS Regions in your account". */
function regionOff(q: PlaceQuestion): Link {
  const says = `${q.region} is off in account ${q.account}: it needs opt-in`;
  const remedy = remedyOf({ do: 'enable-region', account: q.account, region: q.region });
  return { is: 'missing', reason: reason('account.region.off', `${q.account}/${q.region}`, says, { remedy }) };
}

const keyUnseen = (arn: string, region: string): Reason =>
  reason('kms.key.unreadable', arn, `key ${arn} was not found in ${region}`);

/** The policy of `aws/ebs` belongs to AWS and serves its own account only. Source: EC2 User Guide "Share an AMI with specific AWS accounts". */
const notShareable = (key: KeySeen): Link => ({
  is: 'missing',
  reason: reason(
    'kms.key.aws-managed',
    key.arn,
    `${key.arn} is the AWS managed key of account ${key.account}, which serves nobody else`,
    {
      remedy: {
        who: `account ${key.account}`,
        does: 'copy the image under a customer managed key, and share the copy: amiport apply does with the way shared-encrypted',
      },
    },
  ),
});

const keyAbsent = (where: string, says: string): Reason =>
  reason('kms.volume-key.absent', where, says, {
    remedy: { who: `account ${where.split('/')[0]}`, does: 'create the key or correct volumeKey in amiport.yaml' },
  });

/** EC2 makes a grant on each key of a launch. Source: KMS Developer Guide "Resource quotas". */
const grantsFull = (key: KeySeen): Reason =>
  reason('kms.grants.full', key.arn, `${key.arn} has all ${GRANTS_MAX} grants that a key can have`, {
    remedy: {
      who: `account ${key.account}`,
      does: 'revoke grants of what is gone (aws kms list-grants); every attached volume holds one, so take volumeKey: account, or the way account-copies',
    },
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
