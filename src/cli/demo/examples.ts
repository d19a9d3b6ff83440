/** Where the examples are: beside the sources, and beside the bundle. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function examplesFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'examples', 'amiport.yaml'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the folder examples is missing from this installation');
    folder = parent;
  }
  return join(folder, 'examples');
}
