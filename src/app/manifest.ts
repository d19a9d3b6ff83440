/** Reads the AMI of each image whose source is a Packer manifest (post-processor "manifest"). */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';

interface Manifest {
  readonly builds?: readonly {
    readonly artifact_id?: string;
    readonly packer_run_uuid?: string;
    readonly build_time?: number;
  }[];
  readonly last_run_uuid?: string;
}

export async function manifestImages(want: Delivery, configDir: string): Promise<Outcome<ReadonlyMap<string, string>>> {
  const found = new Map<string, string>();
  for (const image of want.images) {
    if (image.source.from !== 'manifest') continue;
    const file = resolve(configDir, image.source.path);
    const id = await manifestImage(file, want.builder.region);
    if (!id.ok) return id;
    found.set(image.name, id.value);
  }
  return done(found);
}

/** @returns the AMI that the last run of Packer made in `region` */
async function manifestImage(file: string, region: string): Promise<Outcome<string>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return failed(reason('packer.manifest.unreadable', file, `manifest ${file} cannot be read`));
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch {
    return failed(reason('packer.manifest.malformed', file, `manifest ${file} is not JSON`));
  }
  const builds = manifest.builds ?? [];
  const last = builds.filter((b) => b.packer_run_uuid === manifest.last_run_uuid);
  for (const build of last.toReversed()) {
    const ids = (build.artifact_id ?? '').split(',').map((part) => part.split(':'));
    const here = ids.find(([r]) => r === region);
    if (here?.[1] !== undefined) return done(here[1]);
  }
  return failed(
    reason('packer.manifest.no-image', file, `manifest ${file} names no AMI in ${region}`, {
      remedy: {
        who: 'you',
        does: `build with the amazon-ebs builder in ${region}, the builder's Region in amiport.yaml`,
      },
    }),
  );
}
