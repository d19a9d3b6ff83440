/** The keys of the fleet: one per Region that images are under, and the default key of every place. */
import { absent, type Finding, known, reason, unreadable } from '../../src/base/outcome.ts';
import type { GrantSeen, KeySeen } from '../../src/model/observed.ts';
import { type Cause, causeOf } from './causes.ts';
import {
  AT_MS,
  ATTACH,
  BUILDER,
  launcherArn,
  readKeyArn,
  regionName,
  roleName,
  statement,
  text,
  USE,
} from './names.ts';

const baseKey = (
  arn: string,
  account: string,
  r: number,
): Omit<KeySeen, 'policy' | 'grants' | 'state' | 'manager'> => ({
  arn,
  keyId: arn.slice(arn.lastIndexOf('/') + 1),
  account,
  region: regionName(r),
  multiRegion: undefined,
  rotation: absent,
  aliases: [],
  tags: {},
});

/** One policy per Region: it names the accounts, and the Region's own endpoint of EC2. */
export function readKey(r: number, ids: readonly string[]): KeySeen {
  const AWS = ids.map((id) => `arn:aws:iam::${id}:root`);
  const through = { StringEquals: { 'kms:ViaService': `ec2.${regionName(r)}.amazonaws.com` } };
  const policy = text(
    statement('Owner', 'Allow', 'kms:*', { Principal: { AWS: `arn:aws:iam::${BUILDER}:root` } }),
    statement('Use', 'Allow', USE, { Principal: { AWS }, Condition: through }),
    statement('Attach', 'Allow', 'kms:CreateGrant', { Principal: { AWS }, Condition: { ...through, ...ATTACH } }),
  );
  const grants = ids.flatMap((id, a) => [3, 4].flatMap((l) => grantOn(id, a, l, r)));
  return {
    ...baseKey(readKeyArn(r), BUILDER, r),
    state: 'Enabled',
    manager: 'CUSTOMER',
    policy: known(policy),
    grants: known(grants),
  };
}

const GRANTED = [
  'Encrypt',
  'Decrypt',
  'ReEncryptFrom',
  'ReEncryptTo',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'DescribeKey',
  'CreateGrant',
];

function grantOn(id: string, a: number, l: number, r: number): readonly GrantSeen[] {
  const cause = causeOf({ account: a, region: r, launcher: l });
  if (cause === 'grant: absent') return [];
  const lacks = cause?.startsWith('grant lacks ') === true ? cause.slice('grant lacks '.length) : '';
  return [
    {
      grantId: `${id}-${l}-${r}`,
      name: `amiport-fleet-${roleName(l)}`,
      granteePrincipal: launcherArn(id, l),
      operations: GRANTED.filter((o) => o !== lacks),
      encryptionContextSubset: undefined,
      encryptionContextEquals: undefined,
      issuingAccount: cause === 'grant: wrong account' ? BUILDER : id,
      retiringPrincipal: undefined,
      createdMs: AT_MS - 3_600_000,
    },
  ];
}

/** AWS's own key in most places; a customer key whose policy lets IAM decide in every third. */
export function defaultKey(id: string, a: number, r: number, cause: Cause | undefined): Finding<KeySeen> {
  if (cause === 'default key: absent') return absent;
  if (cause === 'default key: unreadable')
    return unreadable(reason('aws.AccessDenied', id, 'kms:DescribeKey: AccessDenied'));
  const arn = `arn:aws:kms:${regionName(r)}:${id}:key/default`;
  const state =
    cause === 'default key: disabled' ? 'Disabled' : cause === 'default key: deleted' ? 'PendingDeletion' : 'Enabled';
  const own = (a + r) % 3 === 0 || cause?.startsWith('default key') === true;
  const base = { ...baseKey(arn, id, r), state, grants: known([]) };
  return own
    ? known({ ...base, manager: 'CUSTOMER', policy: known(ownKeyPolicy(id, cause)) })
    : known({ ...base, manager: 'AWS', policy: known(managedPolicy(id, r)) });
}

const linkedArns = (id: string): readonly string[] => [3, 4].map((l) => launcherArn(id, l));

function ownKeyPolicy(id: string, cause: Cause | undefined): string {
  const Principal = { AWS: `arn:aws:iam::${cause === 'default key: no delegation' ? '777777777777' : id}:root` };
  const linked = statement('Linked', 'Allow', [...USE, 'kms:CreateGrant'], { Principal: { AWS: linkedArns(id) } });
  const owner = statement('Owner', 'Allow', 'kms:*', { Principal });
  if (cause === 'default key: denies')
    return text(owner, linked, statement('No', 'Deny', 'kms:ReEncryptTo', { Principal: '*' }));
  return cause === 'default key: no delegation' ? text(owner) : text(owner, linked);
}

/** The policy of `alias/aws/ebs`: every principal of the account through EC2. */
const managedPolicy = (id: string, r: number): string =>
  text(
    statement(
      'Ebs',
      'Allow',
      ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant', 'kms:DescribeKey'],
      {
        Principal: { AWS: '*' },
        Condition: {
          StringEquals: { 'kms:CallerAccount': id, 'kms:ViaService': `ec2.${regionName(r)}.amazonaws.com` },
        },
      },
    ),
    statement('Direct', 'Allow', ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'], {
      Principal: { AWS: `arn:aws:iam::${id}:root` },
    }),
  );
