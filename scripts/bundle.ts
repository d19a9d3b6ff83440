/** How the program and the library entries are bundled: one file per entry, shared and lazily imported code in chunks. */
import type { BuildOptions } from 'esbuild';

export const ENTRIES = {
  main: 'src/cli/main.ts',
  api: 'src/app/api.ts',
  authz: 'src/authz/evaluate.ts',
  sim: 'src/sim/api.ts',
  'scan-worker': 'src/audit/scan-worker.ts',
};

export const BUNDLE = {
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
} satisfies BuildOptions;
