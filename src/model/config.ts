/**
 * Config text -> Delivery, or every mistake in it at once, each with its place. Pure: files are looked for through
 * `fileExists`, the environment is an argument.
 */
import { type Config, checkNotify, checkPlaces, checkRoles, type Report } from './config-checks.ts';
import { deliveryOf } from './config-delivery.ts';
import { checkCanary, checkImages, checkKey } from './config-image-checks.ts';
import { type Mistake, mistakesOf, pathText } from './config-issues.ts';
import { without } from './config-partial.ts';
import type { ConfigProblem } from './config-problem.ts';
import { configShape } from './config-shape.ts';
import { type ConfigText, type Path, readConfigText } from './config-text.ts';
import type { Delivery } from './delivery.ts';
import { regionNamed } from './regions.ts';

interface ConfigSurroundings {
  /** Paths are as written in the config, so relative to its directory. */
  readonly fileExists: (path: string) => boolean;
  /** Environment variables; those in `OVERRIDES` stand in place of what the file says. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export type ParsedConfig =
  | { readonly ok: true; readonly delivery: Delivery; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

const OVERRIDES: Readonly<Record<string, Path>> = {
  AMIPORT_BUILDER_ACCOUNT: ['builder', 'account'],
  AMIPORT_BUILDER_REGION: ['builder', 'region'],
  AMIPORT_EXTERNAL_ID: ['access', 'externalId'],
};

/** @param input the file's bytes (then UTF-8 is checked) or its text */
export function parseConfig(input: string | Uint8Array, file: string, around: ConfigSurroundings): ParsedConfig {
  const read = readConfigText(input, file);
  if (!read.ok) return read;
  const text = read.value;
  const { data, overridden } = override(text.data, around.env ?? {});
  const locate = problemMaker(file, text, overridden);
  const parsed = configShape.safeParse(data);
  const inShape = parsed.success ? [] : mistakesOf(parsed.error.issues, data, text.written);
  const mistakes = [...inShape, ...checkTogether(data, inShape, around)];
  if (mistakes.length > 0 || !parsed.success) return { ok: false, problems: inOrder(mistakes.map(locate)) };
  const delivery = deliveryOf(parsed.data);
  return { ok: true, delivery, warnings: inOrder(warningsOf(delivery).map(locate)) };
}

/** Judges what is right in shape, whatever is wrong beside it. */
function checkTogether(data: unknown, inShape: readonly Mistake[], around: ConfigSurroundings): readonly Mistake[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return [];
  const wrong = inShape.filter((mistake) => !mistake.isAbsence).map((mistake) => mistake.path);
  const config = without(data, wrong) as Config;
  const found: Mistake[] = [];
  const report: Report = (path, message, instead, part = 'value') => found.push({ path, message, instead, part });
  checkPlaces(config, report);
  checkNotify(config, report);
  checkRoles(
    config,
    report,
    wrong.some((path) => path[0] === 'access'),
  );
  checkKey(config, report);
  checkImages(config, report, around.fileExists, 'key' in data);
  checkCanary(config, report);
  return found;
}

function override(data: unknown, env: Readonly<Record<string, string | undefined>>) {
  const overridden = new Map<string, string>();
  let changed = data;
  for (const [variable, [section = '', key = '']] of Object.entries(OVERRIDES)) {
    const value = env[variable];
    if (!value || !isMapping(changed)) continue;
    const inner = changed[section] ?? {};
    if (!isMapping(inner)) continue;
    changed = { ...changed, [section]: { ...inner, [key]: value } };
    overridden.set(`${section}.${key}`, variable);
  }
  return { data: changed, overridden };
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function problemMaker(file: string, text: ConfigText, overridden: ReadonlyMap<string, string>) {
  return ({ path, part, message, instead }: Mistake): ConfigProblem => {
    const variable = overridden.get(pathText(path));
    const said = { path: pathText(path), message, instead };
    if (variable !== undefined) return { file, line: 1, column: 1, length: 1, ...said, variable };
    return { file, ...text.at(path, part), ...said };
  };
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Not wrong, but seldom meant. */
function warningsOf(delivery: Delivery): readonly Mistake[] {
  const optIn = delivery.regions.flatMap((name, i): Mistake[] =>
    regionNamed(name)?.optIn
      ? [
          {
            path: ['regions', i],
            part: 'value',
            message: `${name} is switched off in an account until it is enabled there`,
            instead: 'enable it in the builder and in every account',
          },
        ]
      : [],
  );
  const needsNoKey = delivery.images.every(
    (image) => image.way === 'shared-unencrypted' && image.volumeKey.by !== 'image',
  );
  if (delivery.key === undefined || !needsNoKey) return optIn;
  return [
    ...optIn,
    {
      path: ['key'],
      part: 'key',
      message: 'no image needs the key',
      instead: 'remove it, or change the way of an image',
    },
  ];
}
