/** The rules of the code base that no compiler checks: who imports whom, no cycles, file length, no leftovers. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const LINES_MAX = 400;
/** Tests that are tables of rows grow with what they cover. */
const TEST_LINES_MAX = 700;
const USE_CASE = ['base', 'model', 'authz', 'plan', 'run', 'disk'];
const USE_CASES = ['verify', 'explain', 'rotate', 'audit', 'compare'];

/** Folder of src/ -> folders it may import besides itself. Type imports count. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  authz: ['base'],
  run: ['base'],
  disk: ['base'],
  plan: ['base', 'model', 'authz'],
  export: ['base', 'model', 'plan'],
  aws: ['base', 'model'],
  ...Object.fromEntries(USE_CASES.map((folder) => [folder, USE_CASE])),
  app: [...USE_CASE, ...USE_CASES, 'export', 'aws'],
  cli: ['base', 'app', 'sim', 'serve'],
  serve: ['base', 'app'],
  web: ['base', 'app'],
  sim: ['base', 'authz'],
};

// Assembled from parts, so that this file does not break its own rules.
const LEFTOVERS: readonly (readonly [string, RegExp])[] = [
  ['a leftover mark', new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`)],
  ['an absolute path of a machine', new RegExp(`(^|[^\\w.~/-])/(wo${'rk'}|ho${'me'}/\\w+|Us${'ers'})/`)],
  ['a registry host', new RegExp(`registry\\.(np${'mjs'}|ya${'rnpkg'})|deb\\.deb${'ian'}\\.org`)],
];
const SKIPPED = new RegExp(`\\b(test|it|describe)\\.(on${'ly'}|sk${'ip'})\\b(?!If)`);
const ANY_TYPE = new RegExp(`(:\\s*|\\bas\\s+|<|,\\s*|\\|\\s*)an${'y'}\\b\\s*([,;)>=\\]|[{]|$)`);

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
const files = listed
  .split('\n')
  .filter((path) => path !== '' && existsSync(path) && !/\.(png|gif|ico|gz|raw|zst)$/.test(path));
const texts = new Map(files.map((path) => [path, readFileSync(path, 'utf8')]));
const code = new Map([...texts].filter(([path]) => /\.(ts|tsx|mjs)$/.test(path)));
const imports = new Map([...code].map(([path, text]) => [path, importsOf(path, text)]));

function importsOf(path: string, text: string): string[] {
  const statements = text.matchAll(
    /^\s*(?:import|export)\b[^;'"]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...statements]
    .map(([, from, bare, lazy]) => from ?? bare ?? lazy ?? '')
    .map((to) => (to.startsWith('.') ? normalize(join(dirname(path), to)) : to));
}

const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
/** Tests, and `testing.ts`: what several tests of a folder share. */
const isTest = (path: string): boolean => /(\.test|\/testing)\.tsx?$/.test(path);

function importProblems(): string[] {
  const problems: string[] = [];
  for (const [path, targets] of imports) {
    const folder = folderOf(path);
    if (folder === undefined) continue;
    const allowed = MAY_IMPORT[folder];
    if (!allowed) problems.push(`${path}: src/${folder} is not in the table of who may import whom`);
    for (const to of targets) {
      const target = folderOf(to);
      if (target && target !== folder && !allowed?.includes(target))
        problems.push(`${path}: ${folder} may not import ${to}`);
      const sdk = to.startsWith('@aws-sdk/') || to.startsWith('@smithy/');
      // Tests drive the simulator through the real SDK: it is the client there, not a part.
      const maySdk = folder === 'aws' || path.startsWith('src/sim/wire/') || (folder === 'sim' && isTest(path));
      if (sdk && !maySdk) problems.push(`${path}: only src/aws and src/sim/wire may import ${to}`);
    }
  }
  return problems;
}

function cycleProblems(): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) problems.push(`import cycle: ${[...trail.slice(at), path].join(' -> ')}`);
    if (at >= 0 || done.has(path)) return;
    for (const to of imports.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return problems;
}

/** Tables of AWS facts say so in their first lines and may be as long as AWS makes them. */
function lengthProblems(): string[] {
  return [...code].flatMap(([path, text]) => {
    const lines = text.split('\n').length - 1;
    const table = /\/\*\*\s*(\*\s*)?Table of AWS facts/.test(text.slice(0, 600));
    const most = path.endsWith('.test.ts') ? TEST_LINES_MAX : LINES_MAX;
    return lines > most && !table ? [`${path}: ${lines} lines, at most ${most}`] : [];
  });
}

function lineProblems(): string[] {
  const problems: string[] = [];
  for (const [path, text] of texts) {
    if (path === 'package-lock.json' || path === 'LICENSE') continue;
    for (const [index, line] of text.split('\n').entries()) {
      const where = `${path}:${index + 1}`;
      for (const [what, pattern] of LEFTOVERS) if (pattern.test(line)) problems.push(`${where}: ${what}`);
      if (code.has(path) && !/^\s*(\/?\*|\/\/)/.test(line) && ANY_TYPE.test(line))
        problems.push(`${where}: the type that switches checking off`);
      if (isTest(path) && SKIPPED.test(line)) problems.push(`${where}: a test left out`);
    }
  }
  return problems;
}

const headerProblems = (): string[] =>
  [...code]
    .filter(
      ([path, text]) =>
        path.startsWith('src/') && !isTest(path) && !/^(#!.*\n)?(import [^;]*;\n|\n)*\s*(\/\*\*|\/\/)/.test(text),
    )
    .map(([path]) => `${path}: does not begin with a comment that says what it is for`);

/** Relative links of Markdown files; anchors are not looked at. */
function linkProblems(): string[] {
  return files
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, to = '']) => to)
        .filter((to) => !/^[a-z]+:/.test(to) && !existsSync(join(dirname(path), to)))
        .map((to) => `${path}: ${to} is not there`),
    );
}

test.each([
  { rule: 'folders import only what the layout allows', problems: importProblems },
  { rule: 'no import cycles', problems: cycleProblems },
  { rule: 'files are short', problems: lengthProblems },
  { rule: 'nothing left over', problems: lineProblems },
  { rule: 'every source file says what it is for', problems: headerProblems },
  { rule: 'links of the docs lead somewhere', problems: linkProblems },
])('$rule', ({ problems }) => expect(problems().join('\n')).toBe(''));
