/**
 * Part three of the demo: whether the images need encryption at all. An image with a forgotten credential is stopped at the gate;
 * clean ones are advised to go unencrypted.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Narrator } from './narrator.ts';

/** Runs a command with a config of the folder. @returns its exit code */
export type Type = (config: string, ...args: readonly string[]) => Promise<number>;

/** What each command must end with for the story to be true. */
interface Played {
  readonly command: string;
  readonly exitCode: number;
  readonly expected: number;
}

/** @param bakedWeb the AMI of the image `web` where there is no Packer; else it is built by it */
export async function playAudit(
  say: Pick<Narrator, 'heading' | 'line'>,
  folder: string,
  type: Type,
  bakedWeb: string | undefined,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  const run = async (expected: number, config: string, ...args: readonly string[]): Promise<void> => {
    const exitCode = await type(config, ...args);
    played.push({ command: `amiport ${args.join(' ')}`, exitCode, expected });
  };
  say.heading('Part 3: do they need encryption at all?');
  say.line('The base image of `web` is a real ext4 file system, on which somebody forgot a credential.');
  const web = 'web.yaml';
  const text = await readFile(join(folder, web), 'utf8');
  const source =
    bakedWeb === undefined
      ? '{ packer: images/web.pkr.hcl, vars: { wait_for_poweroff: "false" } }'
      : `{ ami: ${bakedWeb} }`;
  await writeFile(join(folder, web), text.replace('{ packer: images/web.pkr.hcl }', source));
  if (bakedWeb === undefined) await run(0, web, 'build');
  await run(3, web, 'audit', 'web');
  await run(1, web, 'apply', '--yes');
  say.line('\nIt is stopped at the gate: nothing of it was copied or shared. And the two images of part 2?');
  await run(0, 'amiport.yaml', 'audit', 'kubernetes');
  await run(0, 'amiport.yaml', 'audit', 'vod');
  await run(0, 'amiport.yaml', 'compare');
  return played;
}
