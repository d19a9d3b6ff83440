/**
 * What is left of a config when everything wrong is taken out, so that the checks of several values together
 * find their mistakes in the same go.
 */
import type { Path } from './config-text.ts';

export type Partially<T> = T extends readonly (infer U)[]
  ? readonly (Partially<U> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Partially<T[K]> | undefined }
    : T;

/** A copy of `data` with `undefined` in place of every value at one of the paths; lists keep their indices. */
export function without(data: unknown, paths: readonly Path[]): unknown {
  const wrong = new Set(paths.map((path) => JSON.stringify(path)));
  const copy = (value: unknown, path: Path): unknown => {
    if (wrong.has(JSON.stringify(path))) return undefined;
    if (Array.isArray(value)) return value.map((each, i) => copy(each, [...path, i]));
    if (typeof value !== 'object' || value === null) return value ?? undefined;
    return Object.fromEntries(Object.entries(value).map(([k, each]) => [k, copy(each, [...path, k])]));
  };
  return copy(data, []);
}
