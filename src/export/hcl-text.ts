/** Pieces of Terraform's language as text. One aliased provider an account: each resource says by its provider where it belongs. */

export function block(
  type: string,
  label: string,
  account: string,
  attributes: Readonly<Record<string, string>>,
): string {
  const all = { provider: `aws.account_${account}`, ...attributes };
  const width = Math.max(...Object.keys(all).map((k) => k.length));
  const lines = Object.entries(all).map(([name, value]) => `  ${name.padEnd(width)} = ${value}`);
  return `resource "${type}" "${label}" {\n${lines.join('\n')}\n}`;
}

/** Labels take letters, digits, `_` and `-`. */
export const labelOf = (...parts: readonly string[]): string => parts.join('_').replace(/[^A-Za-z0-9_-]/g, '_');

/** In HCL `${` and `%{` begin templates: doubled, they are themselves. */
export const literal = (value: unknown): string =>
  JSON.stringify(value, undefined, 2)
    .replace(/[$%](?=\{)/g, '$&$&')
    .replaceAll('\n', '\n  ');
export const text = (value: string): string => literal(value);
export const json = (value: unknown): string => `jsonencode(${literal(value)})`;
export const comment = (value: string): string => `# ${value}`;
