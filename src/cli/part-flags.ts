/** `--only`, `--except`: a part of a plan; `--max-parallel`, `--deadline`: how a run goes about it. */
import type { ApplyOptions, Part } from '../app/api.ts';
import { parseText } from './flags.ts';

export interface PartFlags {
  readonly only?: readonly string[];
  readonly except?: readonly string[];
}

export interface RunFlags extends PartFlags {
  readonly maxParallel?: number;
  readonly deadline?: number;
}

const words = {
  kind: 'parsed',
  parse: parseText,
  variadic: true,
  optional: true,
  placeholder: 'image|account|region|account/region',
} as const;

export const PART_FLAGS = {
  only: { ...words, brief: 'Only these, with what they need; may be repeated' },
  except: { ...words, brief: 'All but these; may be repeated' },
} as const;

export const RUN_FLAGS = {
  ...PART_FLAGS,
  maxParallel: {
    kind: 'parsed',
    parse: parseCount,
    optional: true,
    brief: 'Steps under way at once; default 1000, at most 8 in a place',
    placeholder: 'n',
  },
  deadline: {
    kind: 'parsed',
    parse: parseDuration,
    optional: true,
    brief: 'Start nothing after this time; the next apply goes on',
    placeholder: '90s|30m|2h',
  },
} as const;

/** @throws SyntaxError for anything but a whole number above zero */
function parseCount(input: string): number {
  if (!/^[1-9]\d{0,5}$/.test(input)) throw new SyntaxError(`wants a whole number above 0, not "${input}"`);
  return Number(input);
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** @returns ms @throws SyntaxError */
function parseDuration(input: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})(s|m|h)$/.exec(input) ?? [];
  if (amount === undefined || Number(amount) === 0)
    throw new SyntaxError(`wants a time such as 90s, 30m or 2h, not "${input}"`);
  return Number(amount) * (UNITS_MS[unit] ?? 0);
}

/** @returns undefined where all of the plan is meant */
export function partOf({ only, except }: PartFlags): Part | undefined {
  return only === undefined && except === undefined ? undefined : { only: only ?? [], except: except ?? [] };
}

export const runOptionsOf = ({ maxParallel, deadline }: RunFlags): ApplyOptions => ({
  ...(maxParallel === undefined ? {} : { parallelMax: maxParallel }),
  ...(deadline === undefined ? {} : { withinMs: deadline }),
});
