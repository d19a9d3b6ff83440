/**
 * JSON lines to standard error. What could be a secret is taken out by name before it is written, wherever it stands:
 * tokens, passwords, keys, and the URL of the database, which holds a password.
 */
import { type Logger, pino } from 'pino';

export type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

const SECRET = [
  'authorization',
  'token',
  'secret',
  'password',
  'cookie',
  'connectionString',
  'secretAccessKey',
  'sessionToken',
];

/** Drivers put what they were given into their errors. */
const paths = SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
const URL_WITH_PASSWORD = /\b([a-z]+:\/\/[^:/@\s]+:)[^@\s]+@/gi;

export function makeLog(level: string, write: (line: string) => void): Log {
  const clean = (line: string): string => line.replace(URL_WITH_PASSWORD, '$1…@');
  return pino({ level, redact: { paths, censor: '…' }, base: null }, { write: (line) => write(clean(line)) });
}
