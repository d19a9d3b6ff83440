/** Which server a command asks and with which token: the flag or AMIPORT_SERVER; AMIPORT_TOKEN, or the file that AMIPORT_TOKEN_FILE names. */
import { readFileSync } from 'node:fs';
import type { Context } from './context.ts';

export interface ServerAddress {
  readonly url: string;
  readonly token?: string;
}

export function serverOf(context: Context, flag: string | undefined): ServerAddress | undefined {
  const url = flag ?? given(context.env.AMIPORT_SERVER);
  if (url === undefined) return undefined;
  const token = given(context.env.AMIPORT_TOKEN) ?? fromFile(given(context.env.AMIPORT_TOKEN_FILE));
  return { url, ...(token === undefined ? {} : { token }) };
}

const given = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text);

/** A file that cannot be read is no token: the server then says who is missing. */
function fromFile(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : given(readFileSync(file, 'utf8').trim());
  } catch {
    return undefined;
  }
}
