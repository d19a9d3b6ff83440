/**
 * World files: YAML in, a world out; every mistake with its line, column and a caret.
 * The text is checked twice: by the schema, then by what only the whole can tell (unknown accounts, units, files).
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Path, readYaml, type YamlProblem } from '../checked-yaml.ts';
import { buildWorld } from './build-world.ts';
import type { World } from './world.ts';
import { type WorldFile, worldSchema } from './world-schema.ts';

export type WorldRead =
  | { readonly ok: true; readonly file: WorldFile; make(): World }
  | { readonly ok: false; readonly problems: readonly YamlProblem[] };

/** @param folder where relative disk files are looked for */
export function readWorldFile(text: string, folder: string): WorldRead {
  const read = readYaml(text, worldSchema, (file) => contradictions(file, folder));
  if (!read.ok) return read;
  return { ok: true, file: read.value, make: () => buildWorld(read.value, folder) };
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
  for (const kind of ['topics', 'buses'] as const)
    file[kind]?.forEach((channel, i) => {
      known(channel.account, [kind, i, 'account']);
    });
  file.images?.forEach((image, i) => {
    if (image.disk !== undefined && !existsSync(resolve(folder, image.disk))) {
      wrong.push([['images', i, 'disk'], `there is no file ${image.disk}`]);
    }
  });
  return wrong;
}
