/** A simulated AWS in which the builder owns images with real file systems, as somebody's Packer builds would leave them. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedClock } from '../../src/app/api.ts';
import { ext4Image, type Tree } from '../../src/audit/testing.ts';
import { BUILDER, HOME, setStage } from '../../src/cli/demo/stage.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { importDisk } from '../../src/sim/ec2/disk-import.ts';
import { declareImage } from '../../src/sim/world/declare-image.ts';
import { defaultWorld } from '../../src/sim/world/default-world.ts';

export interface AuditStage {
  readonly sim: Sim;
  readonly dir: string;
  /** AMI ids by name. */
  readonly images: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** @param mib of each disk */
export async function auditStage(trees: Readonly<Record<string, Tree>>, mib = 24): Promise<AuditStage> {
  const dir = mkdtempSync(join(tmpdir(), 'amiport-audit-'));
  const world = defaultWorld();
  const images: Record<string, string> = {};
  for (const [name, tree] of Object.entries(trees)) {
    const bytes = readFileSync(ext4Image(dir, tree, `${name}.raw`, mib));
    const disk = importDisk(world, [bytes]);
    images[name] = declareImage(world, {
      region: HOME,
      owner: BUILDER,
      name,
      createdMs: 0,
      sharedWith: [],
      disk,
    }).imageId;
  }
  const sim = await startSim({ port: 0, speed: 2_000, world: () => world });
  const url = sim.server?.url ?? '';
  await setStage({ endpoint: url }, await simulatedClock(url));
  return {
    sim,
    dir,
    images,
    env: { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test', AMIPORT_ENDPOINT: url },
  };
}

/** @returns the config file */
export function writeConfig(dir: string, text: string): string {
  const file = join(dir, 'amiport.yaml');
  writeFileSync(file, text);
  return file;
}
