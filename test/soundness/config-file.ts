/** A config in a folder of its own. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function writeConfig(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'amiport-soundness-')), 'amiport.yaml');
  await writeFile(file, text);
  return file;
}
