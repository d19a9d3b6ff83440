/** Compiles the WebAssembly of the keyword search: `node scripts/wasm.ts`. What it writes is committed, so that users need no compiler. */
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const HERE = new URL('../src/audit/prefilter/', import.meta.url);

/** @returns the TypeScript that holds the compiled code */
export async function compiledSearch(): Promise<string> {
  const text = readFileSync(new URL('search.wat', HERE), 'utf8');
  const parsed = (await wabt()).parseWat('search.wat', text, { simd: true, relaxed_simd: true });
  parsed.validate();
  const code = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  const lines = code.match(/.{1,110}/g) ?? [];
  const said = '/** What `search.wat` compiles to, as base64. Written by `node scripts/wasm.ts`. */';
  return `${said}\nexport const SEARCH_CODE = [\n${lines.map((line) => `  '${line}',\n`).join('')}].join('');\n`;
}

if (import.meta.main) writeFileSync(new URL('search-code.ts', HERE), await compiledSearch());
