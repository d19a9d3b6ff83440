/** Tells secrets from what only looks like them: examples of documentation, placeholders, references, words. */

const counts = new Uint16Array(256);

/** Bits a character, over the characters of the text itself (latin1). */
function entropy(text: string): number {
  counts.fill(0);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) & 0xff;
    counts[code] = (counts[code] as number) + 1;
  }
  let bits = 0;
  for (const n of counts) if (n > 0) bits -= (n / text.length) * Math.log2(n / text.length);
  return bits;
}

/** Values that documentation and emulators publish: whoever finds them has found nothing. Parts, so that no scanner trips here. */
const PUBLISHED = [
  ['wJalrXUtnFEMI', '/K7MDENG'],
  ['je7MtGbClwBF', '/2Zp9Utk/h3yCo8nvb'],
  ['Eby8vdM02xNOcqFl', 'qUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq'],
  ['C2y6yDjf5/R+ob0N8A7Cgv30VR', 'DJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw'],
  ['SflKxwRJSMeKKF2QT4fwpMeJf36', 'POk6yJV_adQssw5c'],
  ['TJVA95OrM7E2cBab30RMHrHDcEfxj', 'oYZgeFONFh7HgQ'],
  ['dozjgNryP4J3jVmNHl0w5N_XgL0n3I9', 'PlFUP0THsR8U'],
  // RFC 6749.
  ['czZCaGRSa3F0Mz', 'pnWDFmQmF0M2JW'],
  ['2YotnFZFEj', 'r1zCsicMWpAA'],
  ['tGzv3JOkF0', 'XG5Qx2TlKWIA'],
  // The AWS CLI and botocore bring these: a key of AWS IoT, a session token, a signature of Azure.
  ['MIIEowIBAAKCAQEA', 'wYSiPeJLSi6'],
  ['IQoJb3JpZ2luX2VjEOz', '////////////////////wEXAMPLE'],
  ['aBBKDWQvyuVcTPH9EBp', '%2FXTI9E'],
].map((parts) => parts.join(''));

const PLACEHOLDER =
  /example|sample|dummy|placeholder|change[-_ ]?me|change[-_ ]?it|replace[-_ ]?(?:me|this)|redacted|censored|your[-_ ]?(?:\w+[-_ ])?(?:password|secret|token|key|api|access|pass)|(?:my|the|some|a|super)(?:[-_ ]|%20)(?:password|secret|token|api[-_ ]?key)$|^(?:my|your)[-_]?\w*(?:password|secret|token|key)$|insert[-_ ]|todo|xxxx|\*\*\*|\.\.\.|----|____|0{8}|1{6}|a{6}|123456789|12345678|abcdefgh|qwerty|foobar|lorem|not[-_ ]?(?:a[-_ ])?(?:re(?:a|@|%40)l|secret)|fake|deadbeef|cafebabe/i;

/** `${NAME}`, `{{ name }}`, `<name>`, `%(name)s`, `$NAME`, `@name@`, `__NAME__`, `ENC[...]`, `!vault`, calls. */
const REFERENCE =
  /^\$|^%|^\{[\w.-]+\}$|\$\{|\{\{|\}\}|<[^>]*>|<%|%\(|^@[\w.]+@$|^__\w+__$|^ENC\[|^!vault|^\{(?:ssha|sha|smd5|md5|crypt|cipher|noop|bcrypt)\}|\$\(|^`|\bgetenv\b|\benviron\b|process\.env|\bvault:|^arn:|^ssm:|^secretsmanager:|\(\)|\w\(.*\)|^op:\/\/|^ref\+|^file:|^env:|^\[.*\]$|^kms:|\\[sdwbnt]|\[\^|\.\*/i;

const WORDS =
  /^(?:true|false|yes|no|none|null|nil|undefined|string|str|bytes|bool|boolean|int|integer|object|array|an[y]|optional|required|requisite|sufficient|include|default|password|passwd|passphrase|secret|token|apikey|prompt|ask|auto|random|generated?|enabled?|disabled?|self|this|value|input|text|hidden|empty|unset|unknown|test|testing|tests|guest|user|root|admin|nobody|key|username|basic|bearer|login|same-origin|omit|scram-sha-\d+|[<>=~^v]{0,2}\d+(?:\.\d+){1,3}(?:[-+][\w.-]+)?)$/i;

export const isPublished = (text: string): boolean => PUBLISHED.some((known) => text.includes(known));

export const isPlaceholder = (text: string): boolean =>
  PLACEHOLDER.test(text) ||
  REFERENCE.test(text) ||
  isPublished(text) ||
  new Set(text).size < Math.min(5, text.length / 2);

/** For tokens whose form is fixed: random enough not to be a word or a pattern, and no example. */
export const isRandom = (text: string, bits: number): boolean =>
  entropy(text) >= bits && !/example|xxxxx|0{8}|123456789|abcdefghijk/i.test(text) && !isPublished(text);

function classesOf(text: string): number {
  return [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((c) => c.test(text)).length;
}

/**
 * Whether somebody would have typed or generated this as a password.
 * @param sure the place says that it is one (a password file, a quoted value): then a single word may be one too
 */
export function isPassword(text: string, sure: boolean): boolean {
  if (text.length < (sure ? 4 : 6) || text.length > 200) return false;
  if (isPlaceholder(text) || WORDS.test(text)) return false;
  if (/^(?:\/|\.\.?\/|~\/|https?:\/\/|[a-z]:\\)/i.test(text) || /^[\w-]+(?:\.[\w-]+){2,}$/.test(text)) return false;
  if (/^\d+$/.test(text) && text.length < 8) return sure && text.length >= 6;
  if (sure) return classesOf(text) >= 2 || text.length >= 8;
  // An identifier, a constant or a phrase in a program.
  if (/^[A-Z][A-Z_]*$|^[a-z]+(?:[_-][a-z]+)*$|^[a-z]+(?:[A-Z][a-z]+)+$|^[A-Z][a-z]+(?:[A-Z][a-z]+)*$/.test(text))
    return false;
  if (/\s/.test(text)) return false;
  return classesOf(text) >= 2 && entropy(text) >= 2.3;
}
