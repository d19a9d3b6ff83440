/**
 * The observed delivery as a world file of the simulator: its accounts, organization, roles with their policies, settings and
 * images as they were seen. Keys, copies, grants and pointers come into it by delivering there. Pure.
 */
import type { Delivery } from '../model/delivery.ts';
import { roleArnFor } from '../model/delivery.ts';
import type { AccountSeen, Observed, PolicySeen, RoleSeen } from '../model/observed.ts';
import { versionsOf } from '../plan/versions.ts';

/** JSON, which is YAML; and by image the names of its versions' sources, oldest first. */
export interface DrillWorld {
  readonly text: string;
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

const ADMINISTRATOR = 'arn:aws:iam::aws:policy/AdministratorAccess';
const trust = (principal: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole' }],
});

export function drillWorld(want: Delivery, seen: Observed): DrillWorld {
  const accounts = [...new Set([want.builder.account, ...want.accounts.map((a) => a.id)])];
  const regions = [...new Set([want.builder.region, ...want.regions])];
  const versions = new Map(want.images.map((i) => [i.name, versionNames(want, seen, i.name)]));
  const text = JSON.stringify({
    version: 1,
    accounts: accounts.map((id) => ({ id, regions })),
    organization: { management: want.builder.account, policies: guardrails(seen) },
    roles: accounts.flatMap((id) => rolesOf(want, id, seen.accounts.get(id))),
    images: [...versions].flatMap(([image, names]) => names.map((name) => sourceOf(want, seen, image, name))),
    ebs: defaultsOf(seen),
    baseImages: false,
  });
  return { text, versions };
}

/** As many as are kept; one where nothing was seen. */
function versionNames(want: Delivery, seen: Observed, name: string): readonly string[] {
  const image = want.images.find((i) => i.name === name);
  const count = image === undefined ? 1 : Math.max(1, Math.min(versionsOf(seen, image).length, image.keep.versions));
  return Array.from({ length: count }, (_, i) => `${name}-drill-${i + 1}`);
}

function sourceOf(want: Delivery, seen: Observed, image: string, name: string): object {
  const source = seen.sources.get(image);
  const is = source?.is === 'known' ? source.value : undefined;
  return {
    regions: [want.builder.region],
    owner: want.builder.account,
    name,
    sizeGiB: Math.max(1, is?.mappings[0]?.volumeSizeGiB ?? 8),
    ...(is === undefined || is.rootDeviceName === '' ? {} : { rootDeviceName: is.rootDeviceName }),
    ...(is?.architecture === 'arm64' ? { architecture: 'arm64' } : {}),
  };
}

/** Guardrails of each account by themselves: what stood above it stands on it. */
function guardrails(seen: Observed): readonly object[] {
  if (seen.organization.is !== 'known') return [];
  const { scps, rcps } = seen.organization.value;
  const found: object[] = [];
  for (const [type, all] of [
    ['scp', scps],
    ['rcp', rcps],
  ] as const)
    for (const [account, levels] of all)
      for (const [i, policy] of levels.is === 'known' ? levels.value.flatMap((l) => l.policies).entries() : [])
        if (!policy.name.includes('FullAWSAccess'))
          found.push({ name: `${type}-${account}-${i}`, type, content: policy.document, attach: [account] });
  return found;
}

function rolesOf(want: Delivery, account: string, seen: AccountSeen | undefined): readonly object[] {
  const own = roleArnFor(want.access, account);
  const amiport =
    own === undefined
      ? []
      : [{ account, ...nameOf(own), trust: trust(want.builder.account), attached: [ADMINISTRATOR] }];
  const launchers = [...(seen?.roles.values() ?? [])].flatMap((r) => (r.is === 'known' ? [r.value] : []));
  return [
    ...amiport,
    ...launchers.map((role) => ({
      account,
      ...nameOf(role.arn),
      trust: trust(account),
      policies: policiesOf(role, want.name),
    })),
  ];
}

function nameOf(arn: string): { readonly name: string; readonly path: string } {
  const parts = arn.slice(arn.indexOf(':role/') + ':role/'.length).split('/');
  return { name: parts.at(-1) ?? '', path: parts.length === 1 ? '/' : `/${parts.slice(0, -1).join('/')}/` };
}

/** Managed ones stand inline, by their documents; what amiport wrote is written anew. */
function policiesOf(role: RoleSeen, delivery: string): Readonly<Record<string, string>> {
  const own = `amiport-${delivery}`;
  const all: readonly PolicySeen[] = [...role.inline.filter((p) => p.name !== own), ...role.attached];
  return Object.fromEntries(
    all.map((p, i) => [`p${i}-${p.name.replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 128), p.document]),
  );
}

const defaultsOf = (seen: Observed): readonly object[] =>
  [...seen.places.values()].map(({ account, region, encryptionByDefault: e }) => ({
    accounts: [account],
    regions: [region],
    encryptionByDefault: e.is === 'known' && e.value,
  }));
