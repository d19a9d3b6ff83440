/** The files that a simulator starts from: read, checked, and refused with positions as configs are. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { BadInput, ConfigProblem } from '../app/api.ts';
import { reason } from '../base/outcome.ts';
import type { SimOptions } from '../sim/api.ts';
import { type YamlProblem, yamlProblemText } from '../sim/checked-yaml.ts';
import { readQuotaFile } from '../sim/quota-file.ts';
import { OPERATIONS } from '../sim/registry.ts';
import { readWorldFile, type WorldRead } from '../sim/world/world-file.ts';

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly bad: BadInput };
type Kind = 'world' | 'quotas';

async function textOf(kind: Kind, file: string): Promise<Read<string>> {
  try {
    return { ok: true, value: await readFile(file, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const says =
      code === 'ENOENT'
        ? `there is no ${kind} file ${file}`
        : `${kind} file ${file} cannot be read: ${code ?? message}`;
    return { ok: false, bad: { reason: reason(`sim.${kind}.unreadable`, file, says), problems: [] } };
  }
}

function invalid(kind: Kind, file: string, text: string, problems: readonly YamlProblem[]): Read<never> {
  const shown = problems.map((p): ConfigProblem => {
    const { line, column, length, path } = p;
    return { file, line, column, length, path, message: yamlProblemText(p), instead: undefined };
  });
  const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
  const says = `${kind} file ${file} has ${count}`;
  return {
    ok: false,
    bad: { reason: reason(`sim.${kind}.invalid`, file, says), problems: shown, source: { text, file } },
  };
}

export async function readWorld(file: string): Promise<Read<WorldRead & { readonly ok: true }>> {
  const text = await textOf('world', file);
  if (!text.ok) return text;
  const read = readWorldFile(text.value, dirname(resolve(file)));
  return read.ok ? { ok: true, value: read } : invalid('world', file, text.value, read.problems);
}

/** What the simulator is given of a world file: the world, its faults and their seed. */
export async function worldFrom(
  file: string | undefined,
): Promise<Read<Pick<SimOptions, 'world' | 'faults' | 'seed'>>> {
  if (file === undefined) return { ok: true, value: {} };
  const read = await readWorld(file);
  if (!read.ok) return read;
  const { faults, seed } = read.value.file;
  return {
    ok: true,
    value: {
      world: () => read.value.make(),
      ...(faults === undefined ? {} : { faults }),
      ...(seed === undefined ? {} : { seed }),
    },
  };
}

/** @param flag `aws`, `off` or a file */
export async function quotasFrom(flag: string): Promise<Read<NonNullable<SimOptions['quotas']>>> {
  if (flag === 'aws' || flag === 'off') return { ok: true, value: flag };
  const text = await textOf('quotas', flag);
  if (!text.ok) return text;
  const read = readQuotaFile(text.value, OPERATIONS);
  return read.ok ? read : invalid('quotas', flag, text.value, read.problems);
}
