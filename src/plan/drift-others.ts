/** What others did beside amiport: no plan touches it, so a person decides. */
import { canonicalJson } from '../base/canonical.ts';
import { type Finding, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { GrantSeen, ImageSeen, KeySeen, Observed, SnapshotSeen } from '../model/observed.ts';
import { isOwnStatement, type Statement } from './access.ts';
import type { Difference } from './drift-difference.ts';

export function outOfBand(want: Delivery, seen: Observed): readonly Difference[] {
  return [
    ...grantsOfOthers(want, seen),
    ...publicImages(want, seen),
    ...skewedReplicas(want, seen),
    ...lostSnapshots(want, seen),
  ];
}

/** EC2's own grants on volumes carry the volume's id; a copy's carry the snapshot's. All others were made by somebody. */
const isOfEc2 = (g: GrantSeen): boolean =>
  ['aws:ebs:id', 'aws:ebs:snapshot-id'].some(
    (k) => (g.encryptionContextSubset ?? g.encryptionContextEquals)?.[k] !== undefined,
  );

function grantsOfOthers(want: Delivery, seen: Observed): readonly Difference[] {
  return [...seen.builder].flatMap(([region, { key }]) => {
    if (key.is !== 'known' || key.value.grants.is !== 'known') return [];
    const { arn } = key.value;
    return key.value.grants.value
      .filter((g) => !g.name?.startsWith(`amiport/${want.name}/`) && !isOfEc2(g))
      .map(
        (g): Difference => ({
          account: want.builder.account,
          region,
          side: 'builder',
          reason: reason(
            'drift.grant.out-of-band',
            arn,
            `grant ${g.grantId} lets ${g.granteePrincipal} use ${arn} for ${g.operations.join(', ')}, and this delivery did not make it`,
            {
              remedy: {
                who: `account ${want.builder.account}`,
                does: `see who needs it, or: aws kms revoke-grant --region ${region} --key-id ${arn} --grant-id ${g.grantId}`,
              },
            },
          ),
        }),
      );
  });
}

/** Shared with everybody, or with an organization or unit that the config does not ask for. */
function publicImages(want: Delivery, seen: Observed): readonly Difference[] {
  return [...seen.builder].flatMap(([region, { images }]) =>
    (images.is === 'known' ? images.value : []).flatMap((i): Difference[] => {
      if (i.launchPermissions.is !== 'known' || !i.launchPermissions.value.groups.includes('all')) return [];
      return [
        {
          ...ofImage(want.builder.account, region, i),
          side: 'builder',
          reason: reason(
            'drift.image.public',
            i.imageId,
            `${i.imageId} in ${region} is public: everybody may launch it`,
            {
              remedy: {
                who: `account ${want.builder.account}`,
                does: `aws ec2 modify-image-attribute --region ${region} --image-id ${i.imageId} --launch-permission 'Remove=[{Group=all}]'`,
              },
            },
          ),
        },
      ];
    }),
  );
}

function ofImage(
  account: string,
  region: string,
  i: ImageSeen,
): Pick<Difference, 'account' | 'region' | 'image' | 'imageVersion'> {
  const image = i.tags['amiport:image'];
  const imageVersion = i.tags['amiport:version'];
  return {
    account,
    region,
    ...(image === undefined ? {} : { image }),
    ...(imageVersion === undefined ? {} : { imageVersion }),
  };
}

/** Every replica has a policy of its own: what others wrote into one and not into the primary is easily overlooked. */
function skewedReplicas(want: Delivery, seen: Observed): readonly Difference[] {
  const primary = seen.builder.get(want.builder.region)?.key;
  const wanted = primary?.is === 'known' ? foreignStatements(want, primary.value) : undefined;
  if (wanted === undefined) return [];
  return [...seen.builder].flatMap(([region, { key }]): Difference[] => {
    if (key.is !== 'known' || key.value.multiRegion?.type !== 'REPLICA') return [];
    const there = foreignStatements(want, key.value);
    if (there === undefined || there === wanted) return [];
    return [
      {
        account: want.builder.account,
        region,
        side: 'builder',
        reason: reason(
          'drift.key-policy.skew',
          key.value.arn,
          `the statements of others in the policy of ${key.value.arn} are not those of the primary in ${want.builder.region}`,
          {
            remedy: {
              who: `account ${want.builder.account}`,
              does: 'make both policies say the same, or leave it if that is meant',
            },
          },
        ),
      },
    ];
  });
}

/** As one text to compare; undefined where the policy could not be read. */
function foreignStatements(want: Delivery, key: KeySeen): string | undefined {
  if (key.policy.is !== 'known') return undefined;
  const { Statement: all } = JSON.parse(key.policy.value) as { Statement: Statement | readonly Statement[] };
  const list = (Array.isArray(all) ? all : [all]) as readonly Statement[];
  const foreign = list.filter((s) => !isOwnStatement(s, want.name)).map((s) => canonicalJson(s));
  return foreign.toSorted().join('\n').replaceAll(`.${key.region}.`, '.REGION.');
}

function lostSnapshots(want: Delivery, seen: Observed): readonly Difference[] {
  const builder = [...seen.builder].map(([region, b]) => ({
    ...b,
    account: want.builder.account,
    region,
    side: 'builder' as const,
  }));
  const accounts = [...seen.places.values()]
    .filter((p) => p.account !== want.builder.account)
    .map((p) => ({ ...p, side: 'account' as const }));
  return [...builder, ...accounts].flatMap((at) =>
    (at.images.is === 'known' ? at.images.value : [])
      .filter((i) => i.state === 'available')
      .flatMap((i) =>
        lostOf(i, at.snapshots).map(
          (snapshotId): Difference => ({
            ...ofImage(at.account, at.region, i),
            side: at.side,
            reason: reason(
              'drift.snapshot.gone',
              i.imageId,
              `snapshot ${snapshotId} of ${i.imageId} is not there, so nobody can launch it`,
              {
                remedy: {
                  who: 'you',
                  does: `aws ec2 deregister-image --region ${at.region} --image-id ${i.imageId}, then amiport apply copies it again`,
                },
              },
            ),
          }),
        ),
      ),
  );
}

const lostOf = (i: ImageSeen, snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>): readonly string[] =>
  i.mappings.flatMap((m) =>
    m.snapshotId !== undefined && snapshots.get(m.snapshotId)?.is === 'absent' ? [m.snapshotId] : [],
  );
