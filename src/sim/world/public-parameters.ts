/**
 * AWS's public parameters, as far as they are about images that the world has: those that Debian publishes of its images.
 * Sources: Systems Manager User Guide "Discovering public parameters in Parameter Store" (names, ARNs without an account);
 * Debian's names: `/aws/service/debian/release/12/latest/amd64`, with the release's number or name.
 * They follow from the images and are no part of the world. Differs from AWS: one version of each, and only the latest image's.
 */
import { regionOf } from './make.ts';
import type { Parameter } from './ssm.ts';
import type { World } from './world.ts';

/** The account that publishes Debian's images; no member of the organization and no account of the world. */
export const DEBIAN = '136693071363';

const PREFIX = '/aws/service/';
const IMAGE = /^debian-12-(amd64|arm64)-\d{8}-\d+$/;
const RELEASES = ['12', 'bookworm'];

export const isPublicName = (name: string): boolean => name.startsWith(PREFIX);

export const publicParameterArn = (world: World, region: string, name: string): string =>
  `arn:${world.partition}:ssm:${region}::parameter${name}`;

export function publicParameters(world: World, region: string): Parameter[] {
  const { images, imagesByOwner } = regionOf(world, region).ec2;
  return [...(imagesByOwner.get(DEBIAN) ?? [])].flatMap((imageId) => {
    const image = images.get(imageId);
    const architecture = IMAGE.exec(image?.name ?? '')?.[1];
    if (!image || architecture === undefined) return [];
    return RELEASES.map((release): Parameter => {
      const name = `${PREFIX}debian/release/${release}/latest/${architecture}`;
      const version = {
        version: 1,
        value: imageId,
        modifiedMs: image.createdMs,
        modifiedBy: DEBIAN,
        labels: new Set<string>(),
      };
      return {
        ...{ name, arn: publicParameterArn(world, region, name), type: 'String', dataType: 'text', tier: 'Standard' },
        versions: [{ ...version, description: undefined, allowedPattern: undefined, keyId: undefined }],
        tags: new Map(),
      };
    });
  });
}

export const publicParameter = (world: World, region: string, name: string): Parameter | undefined =>
  isPublicName(name) ? publicParameters(world, region).find((parameter) => parameter.name === name) : undefined;
