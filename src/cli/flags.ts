/** Flags that several commands share, so that each means the same everywhere. */
export interface CommonFlags {
  readonly config: string;
  readonly endpoint?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
}

/** Of commands that a server can answer in the place of this machine. */
export interface DeskFlags extends CommonFlags {
  readonly server?: string;
  readonly delivery?: string;
}

const text = (input: string): string => input;

export const OUTPUT_FLAGS = {
  json: {
    kind: 'boolean',
    default: false,
    withNegated: false,
    brief: 'Print one JSON document (schemas in docs/schema/)',
  },
  quiet: { kind: 'boolean', default: false, withNegated: false, brief: 'No progress, only the result' },
  noColor: {
    kind: 'boolean',
    default: false,
    withNegated: false,
    brief: 'No colours (also: NO_COLOR=1, or not a terminal)',
  },
} as const;

export const COMMON_FLAGS = {
  config: { kind: 'parsed', parse: text, default: 'amiport.yaml', brief: 'The config file', placeholder: 'file' },
  endpoint: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'URL of a simulator in place of AWS (also: AMIPORT_ENDPOINT)',
    placeholder: 'url',
  },
  ...OUTPUT_FLAGS,
} as const;

export const SERVER_FLAGS = {
  server: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'Ask this amiport server (also: AMIPORT_SERVER); token: AMIPORT_TOKEN or AMIPORT_TOKEN_FILE',
    placeholder: 'url',
  },
  delivery: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'Which delivery of the server; needed where it has several',
    placeholder: 'name',
  },
} as const;

export const YES_FLAG = {
  kind: 'boolean',
  default: false,
  withNegated: false,
  brief: 'Do not ask before changing anything',
} as const;

export const ALIASES = { c: 'config', q: 'quiet' } as const;

export const parseText = text;

/** @throws SyntaxError for anything but a number above zero */
export function parsePositive(input: string): number {
  const value = Number(input);
  if (input.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new SyntaxError(`wants a number above 0, not "${input}"`);
  return value;
}

const portFrom =
  (least: number) =>
  (input: string): number => {
    const value = Number(input);
    if (!/^\d+$/.test(input) || value < least || value > 65_535)
      throw new SyntaxError(`wants a port from ${least} to 65535, not "${input}"`);
    return value;
  };

/** To listen on; 0 takes a free one. @throws SyntaxError for anything but a TCP port */
export const parsePort = portFrom(0);

/** To call. @throws SyntaxError for anything but a TCP port above 0 */
export const parseUsedPort = portFrom(1);
