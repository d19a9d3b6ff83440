/** authz as its users get it, and with one of its rules changed: bundled in memory, so that no file of the tree is touched. */
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { build } from 'esbuild';
import type * as authz from '../../src/authz/evaluate.ts';
import type { Mutant } from './mutants.ts';

export type Engine = Pick<typeof authz, 'evaluate' | 'PolicyError'>;

const SOURCE = new URL('../../src/authz/', import.meta.url);

/** @throws Error where the text to change is not there exactly once: a mutant must say what it changes */
export async function mutated({ file, find, replace }: Mutant): Promise<Engine> {
  const path = new URL(file, SOURCE);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${file} holds ${text.split(find).length - 1} times: ${find}`);
  const { outputFiles } = await build({
    entryPoints: [new URL('evaluate.ts', SOURCE).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'mutant',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutant',
        setup: ({ onLoad }) =>
          onLoad({ filter: new RegExp(`/authz/${file.replace('.', '\\.')}$`) }, () => ({
            contents: text.replace(find, () => replace),
            loader: 'ts',
          })),
      },
    ],
  });
  return runInThisContext(`(() => { ${outputFiles[0]?.text ?? ''}; return mutant; })()`);
}
