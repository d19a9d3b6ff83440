/** Rules for private keys in all their forms: parsed, and those under a passphrase told apart. */
import { decodeBase64, jsonOf } from '../checksums.ts';
import { isPublished } from '../plausible.ts';
import { derKeyState, type KeyState, pemKeyState, puttyKeyState } from '../private-key.ts';
import { inFile, type Judgement, type Rule, token } from '../rule.ts';
import { isOfTests, PROSE } from './places.ts';

/** A key under a passphrase is as safe as that: worth a line, not an alarm. */
const judged = (state: KeyState): Judgement => (state === 'open' ? true : state === 'encrypted' ? 'low' : false);

const WHY = 'whoever can launch the image can read the key, and be whom it stands for: a host, a user, a certificate';
const REMEDY =
  'make a new key where it is used and distrust this one; let instances make or fetch theirs at first boot; build the image without it';

/** An RSA key of 16,384 bits has some 13 KiB of text. */
const KEY_TEXT = 16_384;

export const KEY_RULES: readonly Rule[] = [
  token({
    id: 'private-key',
    severity: 'critical',
    what: 'a private key',
    why: WHY,
    remedy: REMEDY,
    keywords: ['-----BEGIN '],
    pattern:
      /-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|ANY|PGP) )?PRIVATE KEY(?: BLOCK)?-----[\w\s+/=:,.@()\\\-<>"']{40,16000}?-----END [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)?-----/y,
    after: KEY_TEXT,
    check: (block, { path }) =>
      !isPublished(block) && (isOfTests(path) && pemKeyState(block) === 'open' ? 'low' : judged(pemKeyState(block))),
  }),
  token({
    id: 'private-key-base64',
    severity: 'critical',
    what: 'a private key, encoded once more (as in kubeconfigs and Kubernetes secrets)',
    why: WHY,
    remedy: REMEDY,
    keywords: ['LS0tLS1CRUdJTi'],
    pattern: /(?<![A-Za-z0-9+/])LS0tLS1CRUdJTi[A-Za-z0-9+/]{100,15000}={0,2}/y,
    after: KEY_TEXT,
    check: (text) => judged(pemKeyState(decodeBase64(text).toString('latin1').trimEnd())),
  }),
  token({
    id: 'private-key-putty',
    severity: 'critical',
    what: 'a private key of PuTTY',
    why: WHY,
    remedy: REMEDY,
    keywords: ['PuTTY-User-Key-File-'],
    pattern: /PuTTY-User-Key-File-[123]: [\w-]{4,30}\r?\n[\x20-\x7e\r\n]{40,15000}?Private-MAC: ?[0-9a-f]{40,64}/y,
    after: KEY_TEXT,
    check: (text) => judged(puttyKeyState(text)),
  }),
  token({
    id: 'private-key-jwk',
    severity: 'critical',
    what: 'a private key as JSON Web Key',
    why: WHY,
    remedy: REMEDY,
    keywords: ['"kty"'],
    pattern: /"d"\s{0,8}:\s{0,8}"([A-Za-z0-9_-]{42,700})"/g,
    at: 'window',
    before: 1500,
    after: 1500,
    check: (d, { path }) => new Set(d).size > 16 && (isOfTests(path) ? 'low' : true),
  }),
  token({
    id: 'age-key',
    severity: 'critical',
    what: 'an age identity',
    why: WHY,
    remedy: REMEDY,
    keywords: ['AGE-SECRET-KEY-'],
    pattern: /AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}(?![A-Z0-9])/y,
  }),
  token({
    id: 'gpg-agent-key',
    severity: 'critical',
    what: 'an unprotected key of gpg-agent',
    why: WHY,
    remedy: REMEDY,
    keywords: ['(11:private-key(', 'Key: (private-key ('],
    pattern: /(?:\(11:private-key\(|Key: \(private-key \()[\s\S]{16,300}/y,
    check: (_, { path }) => (isOfTests(path) ? 'low' : true),
  }),
  token({
    id: 'dnssec-key',
    what: 'a private key of DNSSEC or TSIG',
    why: WHY,
    remedy: REMEDY,
    keywords: ['Private-key-format: v'],
    pattern:
      /Private-key-format: v1\.\d\r?\nAlgorithm: [^\n]{1,60}\n[\s\S]{0,4000}?(?:PrivateKey|PrivateExponent|Key): ([A-Za-z0-9+/=]{20,})/y,
    after: 4600,
  }),
  token({
    id: 'wireguard-key',
    severity: 'critical',
    what: 'a private key of WireGuard',
    why: WHY,
    remedy: REMEDY,
    keywords: ['PrivateKey', 'private-key='],
    pattern: /(?:PrivateKey|private-key)\s{0,4}=\s{0,4}([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)(?![A-Za-z0-9+/=])/iy,
    check: (key) => new Set(key).size > 14,
  }),
  inFile({
    id: 'private-key-der',
    severity: 'critical',
    what: 'a private key in binary form',
    why: WHY,
    remedy: REMEDY,
    path: /\.(?:der|key|pk8|p8|pkcs8)$/i,
    pattern: /^\x30[\s\S]{30,8000}$/g,
    check: (text) => judged(derKeyState(Buffer.from(text, 'latin1'))),
  }),
  inFile({
    id: 'keystore',
    severity: 'low',
    what: 'a key store (PKCS#12 or Java), under its own password',
    why: 'such stores hold private keys, and their passwords are often known or weak',
    remedy: 'leave it out of the image unless it holds certificates only; fetch it at first boot',
    path: /\.(?:p12|pfx|jks|keystore)$/i,
    pattern: /^(?:\x30[\x80-\x84]|\xfe\xed\xfe\xed|\xce\xce\xce\xce)[\s\S]{60,64}/g,
  }),
  inFile({
    id: 'keytab',
    what: 'a Kerberos keytab',
    why: 'its keys let anybody be the host or service that it names',
    remedy: 'join the realm at first boot, and change the keys of the principals in it',
    path: /(?:\.keytab|\/krb5\.keytab)$/i,
    pattern: /^[\s\S]{22,}$/g,
    check: (text) => text.charCodeAt(0) === 5 && [1, 2].includes(text.charCodeAt(1)),
  }),
];

export const JWT_RULE: Rule = token({
  id: 'jwt',
  severity: 'medium',
  what: 'a signed JSON Web Token',
  why: 'until it expires, whoever holds it is whom it names',
  remedy: 'let it expire or revoke it where it was issued; keep tokens out of the build',
  keywords: ['eyJhbG', 'eyJ0eX', 'eyJraW', 'eyJ4NX', 'eyJlbm', 'eyJqa3', 'eyJjdH', 'eyAiYW', 'ewogIC'],
  pattern: /(?<![A-Za-z0-9_-])e[A-Za-z0-9_-]{10,2000}\.e[A-Za-z0-9_-]{10,6000}\.[A-Za-z0-9_-]{20,1400}/y,
  after: 9500,
  check: (jwt, { path }) => {
    const [head = '', claims = '', signature = ''] = jwt.split('.');
    const header = jsonOf(head);
    if (typeof header?.alg !== 'string' || header.alg === 'none' || jsonOf(claims) === undefined) return false;
    const published = ['SflKxwRJSMeKKF2QT4f', 'TJVA95OrM7E2cBab30R', 'dozjgNryP4J3jVmNHl0', '4twFt5NiznN84AWoo1d7'];
    if (published.some((known) => signature.startsWith(known)) || new Set(signature).size <= 8) return false;
    return PROSE.test(path) || isOfTests(path) ? 'low' : true;
  },
});
