/** Whole proofs over an observation, one row a cause: the verdict, what is missing, who owns it, and what mends it. */
import { expect, test } from 'vitest';
import { absent, known } from '../base/outcome.ts';
import { keyFindings } from './key-findings.ts';
import {
  AT_MS,
  BUILDER,
  CONFIG,
  deliveryOf,
  grantTo,
  KEY_POLICY,
  LAUNCHERS,
  LINKED,
  observedOf,
  type Parts,
  partsOf,
  READ_KEY,
  REGION,
  ROLE_POLICY,
  rootOf,
  type Statement,
  USER,
} from './observed.testdata.ts';
import { app, holds, LAUNCHING, many, OWNER, ownDefault, proven } from './proof-rows.testdata.ts';
import { verifyDelivery } from './verify.ts';

test('every kind of launcher can launch where nothing is missing, and each proof says what decided', () => {
  const proofs = proven(() => ({}));
  expect(proofs.map((p) => `${p.launcher} ${p.verdict}`)).toEqual(LAUNCHERS.map((l) => `${l} can-launch`));
  const by = (launcher: string) => proofs.find((p) => p.launcher === launcher)?.by ?? [];
  expect(by('role:App')).toEqual(
    expect.arrayContaining([`resource · key policy of ${READ_KEY} · Use`, 'identity · role App: all · Use']),
  );
  expect(by('spot')).toContain('grant · to AWSServiceRoleForEC2Spot');
  expect(proofs[0]).toMatchObject({ readKey: READ_KEY, volumeKey: `arn:aws:kms:${REGION}:${USER}:key/ebs` });
});

holds([
  {
    cause: 'the role is not there',
    launcher: 'role:App',
    change: (p) => ({ want: deliveryOf(CONFIG.replace('role: App', 'role: Gone')), app: p.app }),
    links: [`iam.role.absent |  | ${LAUNCHING} | `],
  },
  {
    cause: 'the key is disabled',
    change: () => ({ readKey: { state: 'Disabled' } }),
    links: [`kms.key.not-enabled |  | ${OWNER} | enable-key`],
  },
  {
    cause: 'the key is about to be deleted',
    change: () => ({ readKey: { state: 'PendingDeletion' } }),
    links: [`kms.key.not-enabled |  | ${OWNER} | enable-key`],
  },
  {
    cause: 'the material of the key is gone',
    change: () => ({ readKey: { state: 'PendingImport' } }),
    links: [`kms.key.not-enabled |  | ${OWNER} | `],
  },
  {
    cause: 'the key has as many grants as a key can have',
    change: (p) => ({ grants: [...p.grants, ...many(50_000)] }),
    links: [`kms.grants.full |  | ${OWNER} | `],
  },
  {
    cause: 'the snapshot is under aws/ebs of the builder',
    change: () => ({ readKey: { manager: 'AWS' } }),
    links: [`kms.key.aws-managed |  | ${OWNER} | `],
  },
  {
    cause: 'the image is not shared',
    change: () => ({
      ami: { launchPermissions: known({ userIds: [], groups: [], organizationArns: [], organizationalUnitArns: [] }) },
    }),
    links: [`ec2.launch-permission.missing |  | ${OWNER} | share-image`],
  },
  {
    cause: 'the image is shared with another unit',
    change: () => ({
      ami: {
        launchPermissions: known({
          userIds: [],
          groups: [],
          organizationArns: [],
          organizationalUnitArns: [`arn:aws:organizations::${BUILDER}:ou/o-1/ou-2`],
        }),
      },
    }),
    links: [`ec2.launch-permission.missing |  | ${OWNER} | share-image`],
  },
  {
    cause: 'the image is shared with its unit',
    change: () => ({
      ami: {
        launchPermissions: known({
          userIds: [],
          groups: [],
          organizationArns: [],
          organizationalUnitArns: [`arn:aws:organizations::${BUILDER}:ou/o-1/ou-1`],
        }),
      },
    }),
    verdict: 'can-launch',
    links: [],
  },
  {
    cause: 'the image is pending',
    change: () => ({ ami: { state: 'pending' } }),
    links: ['ec2.image.not-available |  | you | '],
  },
  {
    cause: 'the image is disabled',
    change: () => ({ ami: { state: 'disabled' } }),
    links: [`ec2.image.not-available |  | ${OWNER} | `],
  },
  {
    cause: 'the snapshot is not whole yet',
    change: () => ({ snapshot: { state: 'pending', progressPercent: 30 } }),
    links: ['ec2.snapshot.not-completed |  | you | '],
  },
  {
    cause: 'the snapshot failed',
    change: () => ({ snapshot: { state: 'error' } }),
    links: ['ec2.snapshot.error |  | you | '],
  },
  {
    cause: 'the snapshot is in the recycle bin',
    change: () => ({ snapshot: { state: 'recoverable' } }),
    links: [`ec2.snapshot.not-completed |  | ${OWNER} | `],
  },
  {
    cause: 'Allowed AMIs admits only Amazon',
    change: () => ({ place: { allowedImages: known({ state: 'enabled', criteria: [{ providers: ['amazon'] }] }) } }),
    links: [`ec2.allowed-amis.excluded |  | ${LAUNCHING} | allow-image-provider`],
  },
  {
    cause: 'Allowed AMIs only audits',
    change: () => ({ place: { allowedImages: known({ state: 'audit-mode', criteria: [{ providers: ['amazon'] }] }) } }),
    verdict: 'can-launch',
    links: [],
  },
  {
    cause: 'the Region needs opt-in and is off',
    change: () => ({ regionsOff: [REGION] }),
    links: [`account.region.off |  | ${LAUNCHING} | enable-region`],
  },
  {
    cause: 'the default key of the place is one that the role has no word about',
    change: () => ({ place: ownDefault([{ ...KEY_POLICY.owner, Principal: rootOf(USER) }]) }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | allow+allow`],
  },
  {
    cause: 'the default key of the place serves nobody, and the role has no word about it either',
    change: () => ({ place: ownDefault([{ ...KEY_POLICY.owner, Principal: rootOf(BUILDER) }]) }),
    links: [
      `authz.key-policy.no-allow | resource-account | ${LAUNCHING} | allow+allow`,
      `authz.identity.no-allow | caller-account | ${LAUNCHING} | allow+allow`,
    ],
  },
  {
    cause: 'the default key of the place is not there',
    change: () => ({ place: { defaultKey: absent } }),
    links: [`kms.volume-key.absent |  | ${LAUNCHING} | `],
  },
  {
    cause: 'an unencrypted image where encryption by default is on, with a key that the role has no word about',
    change: () => ({
      ami: { mappings: [{ deviceName: '/dev/xvda', snapshotId: 'snap-1', encrypted: false, volumeSizeGiB: 8 }] },
      snapshot: { encrypted: false, kmsKeyId: undefined },
      place: { ...ownDefault([{ ...KEY_POLICY.owner, Principal: rootOf(USER) }]), encryptionByDefault: known(true) },
    }),
    links: [`authz.identity.no-allow | caller-account | ${LAUNCHING} | allow+allow`],
  },
  {
    cause: 'an unencrypted image where it is off',
    change: () => ({ snapshot: { encrypted: false, kmsKeyId: undefined }, place: { defaultKey: absent } }),
    verdict: 'can-launch',
    links: [],
  },
]);

test('a link that is broken for one launcher leaves the others alone', () => {
  const against = proven(() => ({ app: app(ROLE_POLICY.launch) })).filter((p) => p.verdict !== 'can-launch');
  expect(against.map((p) => p.launcher)).toEqual(['role:App']);
});

test('a grant younger than five minutes settles then', () => {
  const young = [grantTo(LINKED, { createdMs: AT_MS - 60_000 })];
  const settles = (grants: Parts['grants']) =>
    proven(() => ({ grants })).find((p) => p.launcher === 'autoscaling')?.settlesAt;
  expect(settles(young)).toBe(AT_MS + 4 * 60_000);
  expect(settles([grantTo(LINKED)])).toBe(undefined);
});

test('what opens a key to more than is meant is told beside the proofs, and keeps nobody from launching', () => {
  const parts = partsOf();
  const open: Statement = {
    Sid: 'Open',
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: 'kms:Decrypt',
    Resource: '*',
  };
  const all = { ...parts, keyPolicy: [...parts.keyPolicy, open], grants: [...parts.grants, ...many(46_000)] };
  const seen = observedOf(all);
  expect(keyFindings(all.want, seen).map((f) => f.code)).toEqual(['kms.key-policy.open', 'kms.grants.nearly-full']);
  expect(new Set(verifyDelivery(all.want, seen).map((p) => p.verdict))).toEqual(new Set(['can-launch']));
});
