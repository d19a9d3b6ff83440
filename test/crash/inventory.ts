/** What a delivery of one image by the stage's config leaves, once and only once, whatever died on the way. */
import type { Sim } from '../../src/sim/api.ts';
import { BUILDER, FIRST, HOME, OTHER, SECOND } from '../deliver/stage.ts';

export function inventory({ world }: Pick<Sim, 'world'>) {
  const regions = [HOME, OTHER].map((region) => {
    const place = world.accounts.get(BUILDER)?.places.get(region);
    const keys = [...(place?.kms.keys.values() ?? [])].filter((k) => k.tags.get('amiport:delivery') === 'bedrock');
    const images = [...(world.regions.get(region)?.ec2.images.values() ?? [])].filter(
      (i) => i.tags.get('amiport:step') === 'copy',
    );
    return {
      region,
      keys: keys.length,
      grants: keys
        .flatMap((k) =>
          [...k.grants.values()].flatMap((g) =>
            g.name?.startsWith('amiport/') ? `${g.issuingAccount} ${g.name}` : [],
          ),
        )
        .toSorted(),
      copies: images.map((i) => `${i.state} ${[...i.launchPermissions].toSorted().join(' ')}`),
    };
  });
  return {
    regions,
    parameters: [FIRST, SECOND].map((a) => [...(world.accounts.get(a)?.places.get(HOME)?.ssm.parameters.keys() ?? [])]),
  };
}

const grants = [
  `${FIRST} amiport/bedrock/AWSServiceRoleForAutoScaling`,
  `${SECOND} amiport/bedrock/AWSServiceRoleForAutoScaling`,
];

export const WHOLE: ReturnType<typeof inventory> = {
  regions: [HOME, OTHER].map((region) => ({ region, keys: 1, grants, copies: [`available ${FIRST} ${SECOND}`] })),
  parameters: [['/golden/kubernetes/current'], ['/golden/kubernetes/current']],
};
