/** Loaded before anything else (`node --import`), it takes one safeguard out of the product as its file is read: AMIPORT_MUTANT=N. */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MUTANTS } from './mutants.ts';

const mutant = MUTANTS[Number(process.env.AMIPORT_MUTANT ?? Number.NaN)];
const target = mutant === undefined ? undefined : pathToFileURL(`${import.meta.dirname}/../../src/${mutant.file}`).href;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (mutant === undefined || url !== target) return loaded;
    const text = String(loaded.source);
    const times = text.split(mutant.find).length - 1;
    if (times !== 1) throw new Error(`${mutant.file} holds ${times} times: ${mutant.find}`);
    return { ...loaded, source: text.replace(mutant.find, () => mutant.replace) };
  },
});
