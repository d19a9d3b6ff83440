/** A fleet for the delivery bench: a builder with one image, and so many accounts in so many Regions. */
import { buildWorld } from '../../src/sim/world/build-world.ts';
import { DEFAULT_REGIONS, OPT_IN_REGIONS } from '../../src/sim/world/regions.ts';
import type { World } from '../../src/sim/world/world.ts';

export const BUILDER = '111111111111';
export const HOME = 'eu-west-1';
export const SIZE_GIB = 8;
export const WAYS = ['shared-unencrypted', 'shared-encrypted', 'account-copies'] as const;
export type Way = (typeof WAYS)[number];

export interface Fleet {
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
}

export function fleetOf(accounts: number, regions: number): Fleet {
  const others = [...DEFAULT_REGIONS, ...OPT_IN_REGIONS].filter((r) => r !== HOME);
  return {
    accounts: Array.from({ length: accounts }, (_, i) => String(200_000_000_000 + i)),
    regions: [HOME, ...others].slice(0, regions),
  };
}

const trust = (account: string): Record<string, unknown> => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }],
});
const ADMIN = ['arn:aws:iam::aws:policy/AdministratorAccess'];
const LAUNCH = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['ec2:*', 'iam:PassRole'], Resource: '*' }],
};

/** More accounts than one key policy names stand in a unit of the organization. */
const BY_ACCOUNT_MAX = 200;
const UNIT = 'ou-ab12-11112222';

export function worldOf({ accounts, regions }: Fleet): World {
  const optIn = regions.filter((r) => OPT_IN_REGIONS.has(r));
  return buildWorld(
    {
      version: 1,
      accounts: [BUILDER, ...accounts].map((id) => ({ id, optIn })),
      ...(accounts.length <= BY_ACCOUNT_MAX
        ? {}
        : {
            organization: {
              management: BUILDER,
              units: [{ name: 'fleet', id: UNIT }],
              members: Object.fromEntries(accounts.map((id) => [id, 'fleet'])),
            },
          }),
      roles: [BUILDER, ...accounts].flatMap((account) => [
        { account, name: 'amiport', trust: trust(BUILDER), attached: ADMIN },
        { account, name: 'Launcher', trust: trust(account), policies: { launch: LAUNCH } },
      ]),
      images: [{ regions: [HOME], owner: BUILDER, name: 'golden', sizeGiB: SIZE_GIB, rootDeviceName: '/dev/xvda' }],
      baseImages: false,
    },
    '.',
  );
}

export function configOf({ accounts, regions }: Fleet, way: Way, imageId: string): string {
  const launchers = '[{ role: Launcher }, autoscaling]';
  const byUnit = way !== 'account-copies' && accounts.length > BY_ACCOUNT_MAX;
  return `version: 1
delivery: bench
builder: { account: "${BUILDER}", region: ${HOME} }
access: { role: "arn:aws:iam::{account}:role/amiport" }
organization: { guardrails: ${byUnit ? 'read' : 'ignore'} }
manage: { keyPolicy: amiport, rolePolicy: amiport, grants: amiport, launchTemplates: amiport }
regions: [${regions.join(', ')}]
accounts:
${
  byUnit
    ? `  - { organizationalUnit: ${UNIT}, launchers: ${launchers} }`
    : accounts.map((id) => `  - { id: "${id}", launchers: ${launchers} }`).join('\n')
}
${way === 'shared-encrypted' ? 'key: { alias: bench, multiRegion: true }' : ''}
images:
  golden: { source: { ami: ${imageId} }, way: ${way}, ${way === 'account-copies' ? 'accountKey: "alias/own", ' : ''}publish: { ssm: "/golden/{image}/current" } }
`;
}
