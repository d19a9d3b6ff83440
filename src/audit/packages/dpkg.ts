/**
 * What dpkg says of the files of its packages: MD5 sums as they were shipped.
 * Source: dpkg "deb-md5sums(5)"; conffiles are in the status file.
 */
import type { Wanted } from './wanted.ts';

/** From the root on, or from /var on where that is a file system of its own. */
export const DPKG_SUMS = /^\/(?:var\/)?lib\/dpkg\/(?:info|status\.d)\/[^/]+\.md5sums$/;
export const DPKG_STATUS = /^\/(?:var\/)?lib\/dpkg\/status$/;

const DIGEST_AND_BLANKS = 34;
const SLASH = 0x2f;

/** `MD5  usr/share/doc/x` a line. */
export function readSums(text: string, wanted: Wanted): void {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    const begin = at + DIGEST_AND_BLANKS;
    const path = text.charCodeAt(begin) === SLASH ? text.slice(begin, end) : `/${text.slice(begin, end)}`;
    if (wanted.has(path)) wanted.say(path, { algorithm: 'md5', digest: text.slice(at, at + 32) });
    at = end + 1;
  }
}

/** ` /etc/x MD5` under `Conffiles:`. */
export function readConffiles(text: string, wanted: Wanted): void {
  for (const [, path = '', digest = ''] of text.matchAll(/^ (\/\S+) ([0-9a-f]{32})(?: obsolete)?$/gm))
    wanted.say(path, { algorithm: 'md5', digest });
}
