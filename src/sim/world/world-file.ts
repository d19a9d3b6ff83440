/**
 * World files: YAML in, a world out; every mistake with its line, column and a caret.
 * The text is checked twice: by the schema, then by what only the whole can tell (unknown accounts, units, files).
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isCollection, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { buildWorld } from './build-world.ts';
import type { World } from './world.ts';
import { type WorldFile, worldSchema } from './world-schema.ts';

export interface WorldProblem {
  /** `accounts[0].id` */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly says: string;
  /** The line with a caret under the value. */
  readonly frame: string;
}

export type WorldRead =
  | { readonly ok: true; readonly file: WorldFile; make(): World }
  | { readonly ok: false; readonly problems: readonly WorldProblem[] };

type Path = readonly (string | number)[];

const BYTES_MAX = 4 * 1024 * 1024;

/** @param folder where relative disk files are looked for */
export function readWorldFile(text: string, folder: string): WorldRead {
  const lines = new LineCounter();
  if (text.length > BYTES_MAX) return { ok: false, problems: [problemAt(text, lines, 0, '', 'is larger than 4 MiB')] };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const problem = (path: Path, says: string): WorldProblem =>
    problemAt(text, lines, nodeAt(document.contents, path)?.range?.[0] ?? 0, pathText(path), says);
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map((e) => problemAt(text, lines, e.pos[0], '', e.message)) };
  }
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    return { ok: false, problems: [problem([], error instanceof Error ? error.message : String(error))] };
  }
  const parsed = worldSchema.safeParse(data);
  if (!parsed.success) {
    return { ok: false, problems: parsed.error.issues.map((issue) => problem(issue.path as Path, says(issue))) };
  }
  const wrong = contradictions(parsed.data, folder).map(([path, text]) => problem(path, text));
  if (wrong.length > 0) return { ok: false, problems: wrong };
  return { ok: true, file: parsed.data, make: () => buildWorld(parsed.data, folder) };
}

function says(issue: { readonly code: string; readonly message: string; readonly keys?: readonly string[] }): string {
  if (issue.code === 'unrecognized_keys') return `has no ${issue.keys?.map((k) => `"${k}"`).join(', ')}`;
  const kinds = /^Invalid input: expected (.+), received (\w+)$/.exec(issue.message);
  if (kinds) return kinds[2] === 'undefined' ? 'is missing' : `must be ${kinds[1]}, not ${kinds[2]}`;
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

/** What the schema cannot see: names that point nowhere, and things said twice. */
function contradictions(file: WorldFile, folder: string): (readonly [Path, string])[] {
  const wrong: (readonly [Path, string])[] = [];
  const accounts = new Set<string>();
  file.accounts.forEach(({ id }, i) => {
    if (accounts.has(id)) wrong.push([['accounts', i, 'id'], `account ${id} is there twice`]);
    accounts.add(id);
  });
  const known = (id: string, path: Path): void => {
    if (!accounts.has(id)) wrong.push([path, `account ${id} is not among the accounts`]);
  };
  const { organization } = file;
  if (organization) {
    known(organization.management, ['organization', 'management']);
    const units = new Set(organization.units?.map((u) => u.name));
    organization.units?.forEach((unit, i) => {
      if (unit.parent !== undefined && !organization.units?.slice(0, i).some((u) => u.name === unit.parent)) {
        wrong.push([['organization', 'units', i, 'parent'], `no unit ${unit.parent} stands before it`]);
      }
    });
    for (const [id, unit] of Object.entries(organization.members ?? {})) {
      known(id, ['organization', 'members', id]);
      if (!units.has(unit)) wrong.push([['organization', 'members', id], `there is no unit ${unit}`]);
    }
    organization.outside?.forEach((id, i) => {
      known(id, ['organization', 'outside', i]);
    });
    organization.policies?.forEach((policy, i) => {
      policy.attach.forEach((target, j) => {
        if (target === 'root' || accounts.has(target) || units.has(target)) return;
        wrong.push([['organization', 'policies', i, 'attach', j], `${target} is neither root, a unit nor an account`]);
      });
    });
  }
  file.roles?.forEach((role, i) => {
    known(role.account, ['roles', i, 'account']);
  });
  file.ebs?.forEach((rule, i) => {
    rule.accounts.forEach((id, j) => {
      known(id, ['ebs', i, 'accounts', j]);
    });
  });
  file.images?.forEach((image, i) => {
    if (image.disk !== undefined && !existsSync(resolve(folder, image.disk))) {
      wrong.push([['images', i, 'disk'], `there is no file ${image.disk}`]);
    }
  });
  return wrong;
}

/** The node at `path`, or the nearest around it. */
function nodeAt(root: Node | null, path: Path): Node | undefined {
  let node: Node | undefined = root ?? undefined;
  for (const key of path) {
    if (!isCollection(node)) break;
    const next = node.get(key, true);
    if (next === undefined || next === null || !(isScalar(next) || isCollection(next))) break;
    node = next;
  }
  return node;
}

const pathText = (path: Path): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${key}`)).join('');

function problemAt(text: string, lines: LineCounter, offset: number, path: string, says: string): WorldProblem {
  const { line, col } = lines.linePos(offset);
  const shown = text.split('\n')[Math.max(line, 1) - 1] ?? '';
  return {
    path,
    line: Math.max(line, 1),
    column: Math.max(col, 1),
    says,
    frame: `${shown}\n${' '.repeat(Math.max(col, 1) - 1)}^`,
  };
}

/** `world.yaml:3:5: accounts[0].id must be 12 digits`, with the frame below. */
export const worldProblemText = (file: string, p: WorldProblem): string =>
  `${file}:${p.line}:${p.column}: ${p.path === '' ? 'the file' : p.path} ${p.says}\n${p.frame}`;
