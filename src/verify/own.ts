/**
 * What amiport's own role must be able to do in the user accounts: make grants on the shared key, and copy images under
 * the account's key (`copier`). Proofs like those of launchers.
 * Sources: EBS User Guide "Copy an Amazon EBS snapshot"; EC2 Auto Scaling User Guide "Required AWS KMS key policy for
 * use with encrypted volumes".
 */
import { evaluate } from '../authz/evaluate.ts';
import { absent } from '../base/outcome.ts';
import {
  accountKeyName,
  type Delivery,
  type Image,
  launcherPrincipalArn,
  roleArnFor,
  serviceLinkedRoleOf,
} from '../model/delivery.ts';
import type { KeySeen, Observed, RoleSeen } from '../model/observed.ts';
import { GRANT_OPERATIONS } from '../plan/access.ts';
import { copyDemands, type KmsDemand } from '../plan/demands.ts';
import { type CallerSeen, policiesFor } from '../plan/policies.ts';
import { underKey } from '../plan/targets.ts';
import { decideGrant } from './grant-links.ts';
import { homesOf } from './homes.ts';
import { Findings, type Link } from './links.ts';
import type { Proof } from './question.ts';
import { keyRequest, principalOf } from './requests.ts';
import { liveCopy } from './verify.ts';

export function ownProofs(want: Delivery, seen: Observed): readonly Proof[] {
  return want.accounts.flatMap((account) => {
    const own = seen.accounts.get(account.id)?.own ?? absent;
    if (own.is !== 'known') return [];
    return account.regions.flatMap((region) =>
      want.images.flatMap((image) => {
        const about = { image: image.name, imageVersion: liveCopy(seen, image, account.id, region).version };
        const at = { ...about, account: account.id, region };
        if (image.way === 'account-copies') return copierProof(want, seen, image, own.value, at);
        return image.way === 'shared-encrypted' ? grantProof(want, seen, own.value, at) : [];
      }),
    );
  });
}

type At = Pick<Proof, 'image' | 'imageVersion' | 'account' | 'region'>;

function grantProof(want: Delivery, seen: Observed, own: RoleSeen, at: At): readonly Proof[] {
  const key = seen.builder.get(at.region)?.key ?? absent;
  const launchers = want.accounts.find((a) => a.id === at.account)?.launchers ?? [];
  const grantees = launchers
    .filter((l) => serviceLinkedRoleOf(l) !== undefined)
    .map((l) => launcherPrincipalArn(l, at.account, want.partition));
  if (key.is !== 'known' || grantees.length === 0 || want.manage.grants !== 'amiport') return [];
  const asked = { ...at, own: { is: 'known', value: own }, mendAs: mendAs(want, at.account) } as const;
  const links = [...new Set(grantees)].flatMap((g) => decideGrant(seen, asked, key.value, g, GRANT_OPERATIONS));
  return [assembled({ ...at, launcher: 'amiport' }, links, key.value.arn, undefined)];
}

function copierProof(want: Delivery, seen: Observed, image: Image, own: RoleSeen, at: At): readonly Proof[] {
  const target = seen.places
    .get(`${at.account}/${at.region}`)
    ?.volumeKeys.get(accountKeyName(image, at.account, at.region) ?? '');
  const source = underKey(want, image) ? (seen.builder.get(at.region)?.key ?? absent) : absent;
  // A key that is not made yet is made by amiport, with a policy that serves it.
  const keys = [source, target ?? absent].flatMap((k): readonly KeySeen[] => (k.is === 'known' ? [k.value] : []));
  if (keys.length === 0) return [];
  const read = source.is === 'known' ? source.value.arn : undefined;
  const written = target?.is === 'known' ? target.value.arn : undefined;
  const demands = copyDemands(at.region, read, written);
  const links = keys.flatMap((key) =>
    decideCopy(
      want,
      seen,
      { account: at.account, role: own },
      key,
      demands.filter((d) => d.keyArn === key.arn),
    ),
  );
  return [assembled({ ...at, launcher: 'copier' }, links, read, written)];
}

function decideCopy(
  want: Delivery,
  seen: Observed,
  caller: CallerSeen,
  key: KeySeen,
  demands: readonly KmsDemand[],
): readonly Link[] {
  const policies = policiesFor(seen, caller, key);
  const mender = () => ({ ...mendAs(want, caller.account), caller, key, homes: homesOf(seen, caller, key) });
  const found = new Findings(mender, key.arn);
  for (const demand of demands) {
    const request = { ...keyRequest(key, demand), principal: principalOf(caller.role) };
    const decision = evaluate(request, policies);
    found.take(caller.role.arn, request, policies, decision);
    if (decision.is !== 'allowed') continue;
    found.there.push({ is: 'there', by: decision.by.map((s) => `${s.layer} · ${s.id} · ${s.statement ?? ''}`) });
  }
  return found.links();
}

function assembled(
  about: At & { readonly launcher: string },
  links: readonly Link[],
  readKey: string | undefined,
  volumeKey: string | undefined,
): Proof {
  const missing = links.flatMap((l) => (l.is === 'missing' ? [l.reason] : []));
  const reasons = [...missing, ...links.flatMap((l) => (l.is === 'unknown' ? [l.reason] : []))];
  return {
    ...about,
    verdict: missing.length > 0 ? 'cannot-launch' : reasons.length > 0 ? 'unknown' : 'can-launch',
    ...(readKey === undefined ? {} : { readKey }),
    ...(volumeKey === undefined ? {} : { volumeKey }),
    reasons,
    remedies: reasons.flatMap((r) => r.remedy ?? []),
    by: reasons.length > 0 ? [] : [...new Set(links.flatMap((l) => (l.is === 'there' ? l.by : [])))],
  };
}

const mendAs = (want: Delivery, account: string) => ({
  delivery: want.name,
  grantMaker: roleArnFor(want.access, account),
});
