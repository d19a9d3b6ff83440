/** Bundles into dist/, so that `--help` loads no AWS client (cold start of the EC2 client alone: about 290 ms unbundled). */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { BUNDLE, ENTRIES } from './bundle.ts';

await rm('dist', { recursive: true, force: true });
await build({ ...BUNDLE, entryPoints: ENTRIES, outdir: 'dist' });
