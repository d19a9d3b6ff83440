/** Steps that take back rights on the delivery's key: statements, role policies and grants that nothing wanted needs. */
import { reason } from '../base/outcome.ts';
import { launcherPrincipalArn, serviceLinkedRoleOf } from '../model/delivery.ts';
import type { GrantSeen, KeySeen } from '../model/observed.ts';
import { samePolicy } from './access.ts';
import { withdrawRolePolicies } from './access-steps.ts';
import type { Draft } from './draft.ts';
import { launchersStillNeedKey, sizedPolicy, wantedAccess } from './key-steps.ts';
import { accountsIn, needsKey, sharesKey } from './targets.ts';

export function withdrawAccess(d: Draft): void {
  if (d.want.key === undefined) return;
  withdrawRolePolicies(d);
  for (const [region, builder] of d.seen.builder) {
    if (builder.key.is !== 'known') continue;
    const after = d.stepsThatTake(region);
    withdrawStatements(d, region, builder.key.value, after);
    withdrawGrants(d, region, builder.key.value, after);
  }
}

/** Where the policy of this plan's beginning is wider than what is wanted, or no image is under the key at all. */
function withdrawStatements(d: Draft, region: string, key: KeySeen, needs: readonly string[]): void {
  if (needsKey(d.want) && !launchersStillNeedKey(d, region)) return;
  if (d.want.manage.keyPolicy === 'export' || key.policy.is !== 'known' || key.state !== 'Enabled') return;
  const policy = sizedPolicy(d, wantedAccess(d, region), key.policy.value).text;
  if (samePolicy(policy, key.policy.value)) return;
  d.add({
    id: `withdraw-key-policy:${region}`,
    do: 'put-key-policy',
    account: d.want.builder.account,
    region,
    why: 'no launcher reads this key any more',
    needs: [...needs, ...d.planned(`put-key-policy:${region}`)],
    key: key.arn,
    policy,
  });
}

function withdrawGrants(d: Draft, region: string, key: KeySeen, needs: readonly string[]): void {
  if (d.want.manage.grants === 'export') return;
  if (key.grants.is === 'unreadable') d.blocked.push(key.grants.reason);
  if (key.grants.is !== 'known') return;
  const all = key.grants.value;
  for (const grant of all) {
    if (!grant.name?.startsWith(`amiport/${d.want.name}/`) || wanted(d, region, grant)) continue;
    const volumes = all.filter((g) => isOfVolume(g) && g.issuingAccount === grant.issuingAccount);
    if (volumes.length > 0) {
      d.notes.push(
        reason(
          'kms.grant.in-use',
          key.arn,
          `${volumes.length} volume${volumes.length === 1 ? '' : 's'} of account ${grant.issuingAccount} in ${region} ${volumes.length === 1 ? 'is' : 'are'} under ${key.arn}, so grant ${grant.name} stays`,
          {
            remedy: {
              who: `account ${grant.issuingAccount}`,
              does: 'move them under a key of its own, then apply again',
            },
          },
        ),
      );
      continue;
    }
    d.add({
      id: `revoke-grant:${region}:${grant.grantId}`,
      do: 'revoke-grant',
      account: d.want.builder.account,
      region,
      why: `${grant.granteePrincipal} needs this key no more`,
      needs,
      key: key.arn,
      grantId: grant.grantId,
    });
  }
}

/** EC2's own grants on attached volumes carry the volume's id. Source: KMS Developer Guide "How Amazon EBS uses AWS KMS". */
export const isOfVolume = (g: GrantSeen): boolean =>
  (g.encryptionContextSubset ?? g.encryptionContextEquals)?.['aws:ebs:id'] !== undefined;

function wanted(d: Draft, region: string, grant: GrantSeen): boolean {
  if (!sharesKey(d.want)) return false;
  return accountsIn(d.want, region).some(
    (a) =>
      a.id === grant.issuingAccount &&
      a.launchers.some(
        (l) =>
          serviceLinkedRoleOf(l) !== undefined &&
          launcherPrincipalArn(l, a.id, d.want.partition) === grant.granteePrincipal,
      ),
  );
}
