/** Pieces that the definitions of all commands share. */
export const examples = (what: string, ...lines: readonly string[]): string =>
  `${what === '' ? '' : `${what}\n\n`}EXAMPLES\n${lines.map((l) => `  ${l}`).join('\n')}`;

/** For commands without positional arguments. */
export const none = { kind: 'tuple', parameters: [] } as const;
