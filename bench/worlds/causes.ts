/** What breaks launches in the fleet, each where it belongs: an account, a launcher, a place, a launcher in a place, an image. */
const PER_ACCOUNT = ['scp: no allow', 'scp: deny kms', 'scp: deny launch'] as const;
const PER_LAUNCHER = [
  'role: absent',
  'role: unreadable',
  'role lacks kms:Decrypt',
  'role lacks kms:DescribeKey',
  'role lacks kms:GenerateDataKeyWithoutPlaintext',
  'role lacks kms:ReEncryptFrom',
  'role lacks kms:ReEncryptTo',
  'role lacks kms:CreateGrant',
  'role lacks ec2:RunInstances',
  'role denies kms',
  'role denies launch',
  'role names another key',
  'role wants an address',
  'role wants a tag',
  'role wants another service',
  'boundary: no kms',
  'boundary: deny',
] as const;
/** Nobody can break the policies of a service-linked role, but it may be missing. */
const PER_LINKED = ['role: absent', 'role: unreadable'] as const;
const PER_PLACE = [
  'region: off',
  'default key: absent',
  'default key: unreadable',
  'default key: disabled',
  'default key: deleted',
  'default key: no delegation',
  'default key: denies',
  'allowed images: unreadable',
  'allowed images: other providers',
  'allowed images: other names',
] as const;
const PER_GRANT = [
  'grant: absent',
  'grant: wrong account',
  'grant lacks CreateGrant',
  'grant lacks Decrypt',
  'grant lacks DescribeKey',
  'grant lacks ReEncryptFrom',
] as const;
const PER_COPY = ['image: failed', 'image: absent', 'snapshot: error'] as const;
const PER_SHARE = ['image: not shared'] as const;

const ALL = [...PER_ACCOUNT, ...PER_LAUNCHER, ...PER_PLACE, ...PER_GRANT, ...PER_COPY, ...PER_SHARE] as const;
export type Cause = (typeof ALL)[number];

interface Where {
  readonly account?: number;
  readonly region?: number;
  readonly launcher?: number;
  readonly image?: number;
}

/** Share of launches that each kind breaks, in thousandths: together with what overlaps a twentieth. */
const SHARES = { account: 8, launcher: 19, linked: 7, place: 15, grant: 12, copy: 6, share: 7 };

/** @returns what is broken at exactly that place, if anything is */
export function causeOf(where: Where): Cause | undefined {
  const { account, region, launcher, image } = where;
  if (image !== undefined) {
    if (account === undefined) return pick(PER_COPY, SHARES.copy, 5, region, image);
    return pick(PER_SHARE, SHARES.share, 6, account, region, image);
  }
  if (launcher === undefined)
    return region === undefined
      ? pick(PER_ACCOUNT, SHARES.account, 1, account)
      : pick(PER_PLACE, SHARES.place, 2, account, region);
  const linked = launcher > 2;
  if (region !== undefined) return linked ? pick(PER_GRANT, SHARES.grant, 3, account, region, launcher) : undefined;
  return linked
    ? pick(PER_LINKED, SHARES.linked, 4, account, launcher)
    : pick(PER_LAUNCHER, SHARES.launcher, 4, account, launcher);
}

function pick<T>(causes: readonly T[], thousandths: number, ...seed: readonly (number | undefined)[]): T | undefined {
  let hash = 2_166_136_261;
  for (const part of seed) {
    hash = Math.imul(hash ^ (part ?? 0), 16_777_619);
    hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1_e995);
    hash ^= hash >>> 15;
  }
  const drawn = (hash >>> 0) % 1000;
  return drawn < thousandths ? causes[(hash >>> 10) % causes.length] : undefined;
}

interface Launch {
  readonly image: string;
  readonly account: string;
  readonly region: string;
  readonly launcher: string;
}

/** What was broken on the way of these launches. @param launchers as proofs write them, in the order of the fleet */
export function causesIn(launches: readonly Launch[], launchers: readonly string[]): ReadonlySet<Cause> {
  const found = new Set<Cause>();
  for (const l of launches) {
    const account = Number(l.account) - FIRST_ACCOUNT;
    const region = Number(l.region.split('-').at(-1)) - 1;
    const image = Number(l.image.split('-').at(-1));
    const launcher = launchers.indexOf(l.launcher);
    const places: readonly Where[] = [
      { account },
      { account, region },
      { account, launcher },
      { account, region, launcher },
      { region, image },
      { account, region, image },
    ];
    for (const where of places) {
      const cause = causeOf(where);
      if (cause !== undefined) found.add(cause);
    }
  }
  return found;
}

/** Accounts are numbered from here. */
export const FIRST_ACCOUNT = 200_000_000_000;
