/**
 * What dpkg says of the files of its packages: MD5 sums as they were shipped.
 * Source: dpkg "deb-md5sums(5)"; conffiles are in the status file.
 */
import type { Wanted } from './wanted.ts';

export const DPKG_SUMS = /^\/var\/lib\/dpkg\/(?:info|status\.d)\/[^/]+\.md5sums$/;
export const DPKG_STATUS = '/var/lib/dpkg/status';

/** `MD5  usr/share/doc/x` a line. */
export function readSums(text: string, wanted: Wanted): void {
  for (const line of text.split('\n')) {
    const [digest = '', path = ''] = [line.slice(0, 32), line.slice(32).trim()];
    if (path !== '') wanted.say(path.startsWith('/') ? path : `/${path}`, { algorithm: 'md5', digest });
  }
}

/** ` /etc/x MD5` under `Conffiles:`. */
export function readConffiles(text: string, wanted: Wanted): void {
  for (const [, path = '', digest = ''] of text.matchAll(/^ (\/\S+) ([0-9a-f]{32})(?: obsolete)?$/gm))
    wanted.say(path, { algorithm: 'md5', digest });
}
