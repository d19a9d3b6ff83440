/**
 * Reads private keys as far as it takes to say: this is one, and it is or is not encrypted.
 *
 * Sources: RFC 7468, 5208, 5915, 8017 (PEM and DER); OpenSSH PROTOCOL.key; PuTTY "PPK file format"; RFC 9580 (OpenPGP).
 */
export type KeyState = 'open' | 'encrypted' | 'no-key';

const PEM = /^-----BEGIN ([A-Z0-9 ]*?)PRIVATE KEY(?: BLOCK)?-----/;

/** @param block from `-----BEGIN` to `-----END …-----`, also as one line with `\n` written out */
export function pemKeyState(block: string): KeyState {
  const begin = PEM.exec(block);
  if (begin === null) return 'no-key';
  const kind = (begin[1] ?? '').trim();
  const inside = block.slice(begin[0].length, block.lastIndexOf('-----END'));
  const lines = inside.replace(/\\r|\\n|\r/g, '\n').split('\n');
  if (lines.some((l) => /Proc-Type:.*ENCRYPTED/.test(l))) return 'encrypted';
  const body = lines.filter((l) => !/^\s*[A-Za-z-]+:\s/.test(l) && !/^\s*=[A-Za-z0-9+/]{4}\s*$/.test(l)).join('');
  const bytes = Buffer.from(body.replace(/[^A-Za-z0-9+/=]/g, ''), 'base64');
  if (kind === 'ENCRYPTED') return isSequence(bytes) ? 'encrypted' : 'no-key';
  if (kind === 'OPENSSH') return openSshState(bytes);
  if (kind === 'PGP') return pgpState(bytes);
  return derKeyState(bytes);
}

interface Tlv {
  readonly tag: number;
  readonly begin: number;
  readonly end: number;
}

/** One DER element; undefined where the length does not fit. */
function tlvAt(bytes: Uint8Array, at: number): Tlv | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const long = first & 0x80 ? first & 0x7f : 0;
  if (long > 3) return undefined;
  let length = long === 0 ? first : 0;
  for (let i = 0; i < long; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  const begin = at + 2 + long;
  return begin + length <= bytes.length ? { tag, begin, end: begin + length } : undefined;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTETS = 0x04;

const isSequence = (bytes: Uint8Array): boolean => tlvAt(bytes, 0)?.tag === SEQUENCE;

/** PKCS#1, PKCS#8, SEC 1 and DSA keys all are a SEQUENCE that begins with a small INTEGER. */
export function derKeyState(bytes: Uint8Array): KeyState {
  const outer = tlvAt(bytes, 0);
  if (outer?.tag !== SEQUENCE || outer.end < bytes.length - 2) return 'no-key';
  const version = tlvAt(bytes, outer.begin);
  if (version === undefined) return 'no-key';
  if (version.tag === SEQUENCE) {
    const data = tlvAt(bytes, version.end);
    return data?.tag === OCTETS && data.end === outer.end ? 'encrypted' : 'no-key';
  }
  if (version.tag !== INTEGER || version.end - version.begin !== 1 || (bytes[version.begin] ?? 9) > 1) return 'no-key';
  const next = tlvAt(bytes, version.end);
  if (next?.tag === SEQUENCE) return tlvAt(bytes, next.end)?.tag === OCTETS ? 'open' : 'no-key';
  if (next?.tag === OCTETS) return next.end - next.begin >= 16 ? 'open' : 'no-key';
  return next?.tag === INTEGER && next.end - next.begin >= 32 && tlvAt(bytes, next.end)?.tag === INTEGER
    ? 'open'
    : 'no-key';
}

function openSshState(bytes: Buffer): KeyState {
  const magic = 'openssh-key-v1\0';
  if (bytes.toString('latin1', 0, magic.length) !== magic || bytes.length < magic.length + 8) return 'no-key';
  const length = bytes.readUInt32BE(magic.length);
  const cipher = bytes.toString('latin1', magic.length + 4, magic.length + 4 + Math.min(length, 64));
  return cipher === 'none' ? 'open' : 'encrypted';
}

/** The first packet must be a secret key; its octet after the public part says whether it is encrypted. */
function pgpState(bytes: Buffer): KeyState {
  const head = bytes[0] ?? 0;
  const tag = head & 0x40 ? head & 0x3f : (head >> 2) & 0x0f;
  if ((head & 0x80) === 0 || tag !== 5) return 'no-key';
  const first = bytes[1] ?? 0;
  const newForm = first < 192 ? 2 : first < 224 ? 3 : 6;
  const begin = head & 0x40 ? newForm : 2 + ([0, 1, 3, 0][head & 3] ?? 0);
  const usage = pgpUsageAt(bytes, begin);
  return usage === undefined ? 'no-key' : usage === 0 ? 'open' : 'encrypted';
}

/** Multiprecision integers of the public part, by algorithm: RFC 9580, 5.5.2 and 5.6. */
const PGP_INTEGERS: Readonly<Record<number, number>> = { 1: 2, 2: 2, 3: 2, 16: 3, 17: 4 };
const PGP_CURVES = [18, 19, 22];

function pgpUsageAt(bytes: Buffer, begin: number): number | undefined {
  const version = bytes[begin];
  if (version !== 4) return version === 3 || version === 5 || version === 6 ? 255 : undefined;
  const algorithm = bytes[begin + 5] ?? 0;
  let at = begin + 6;
  let integers = PGP_INTEGERS[algorithm];
  if (PGP_CURVES.includes(algorithm)) {
    at += 1 + (bytes[at] ?? 0);
    integers = 1;
  }
  if (integers === undefined) return 255;
  for (let i = 0; i < integers; i++) {
    if (at + 2 > bytes.length) return undefined;
    at += 2 + Math.ceil(bytes.readUInt16BE(at) / 8);
  }
  if (algorithm === 18) at += 1 + (bytes[at] ?? 0);
  return bytes[at];
}

/** @param text from `PuTTY-User-Key-File-N:` on */
export function puttyKeyState(text: string): KeyState {
  const encryption = /^Encryption: (\S+)/m.exec(text)?.[1];
  if (encryption === undefined || !/^Private-Lines: \d+/m.test(text)) return 'no-key';
  return encryption === 'none' ? 'open' : 'encrypted';
}
