/**
 * Bundles the program and the library entries into dist/: one file per entry, shared and lazily imported code in chunks,
 * so that `--help` loads no AWS client (cold start of the EC2 client alone: about 290 ms unbundled).
 */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: {
    main: 'src/cli/main.ts',
    api: 'src/app/api.ts',
    authz: 'src/authz/evaluate.ts',
    sim: 'src/sim/api.ts',
    'scan-worker': 'src/audit/scan-worker.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  // The SDK's ES modules: of its CommonJS ones a dynamic import would see nothing but `default`.
  mainFields: ['module', 'main'],
  // They find files of their own beside themselves (WASM, migrations), so they stay where npm puts them.
  external: ['@electric-sql/pglite', 'pg-boss', 'pg'],
  minifySyntax: true,
  logLevel: 'warning',
  // CommonJS dependencies call `require` for Node's own modules, which an ES module does not have.
  banner: {
    js: "import { createRequire as amiportRequire } from 'node:module';const require = amiportRequire(import.meta.url);",
  },
});
