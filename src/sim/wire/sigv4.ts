/**
 * Verifies AWS Signature Version 4, in headers and in presigned URLs.
 * Source: IAM User Guide, "AWS Signature Version 4 for API requests" (canonical request, string to sign, signing key).
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { WireRequest } from './message.ts';

export interface Signed {
  readonly accessKeyId: string;
  /** `yyyymmdd` of the scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** As sent: `20261124T031500Z`. */
  readonly date: string;
  readonly dateMs: number;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** Presigned: how long it is good for. */
  readonly expiresSeconds: number | undefined;
}

/** `incomplete` says what is missing or ill-formed, in AWS's words. */
export type SignatureRead =
  | { readonly is: 'signed'; readonly signed: Signed }
  | { readonly is: 'unsigned' }
  | { readonly is: 'incomplete'; readonly says: string };

const ALGORITHM = 'AWS4-HMAC-SHA256';

export function readSignature(request: WireRequest): SignatureRead {
  const header = request.headers.authorization;
  if (header !== undefined) return fromHeader(header, request);
  if (request.query.includes('X-Amz-Signature=')) return fromQuery(request);
  return { is: 'unsigned' };
}

function fromHeader(header: string, request: WireRequest): SignatureRead {
  if (!header.startsWith(`${ALGORITHM} `)) {
    return { is: 'incomplete', says: `Unsupported Authorization header: it must start with ${ALGORITHM}` };
  }
  const parts = new Map<string, string>();
  for (const part of header.slice(ALGORITHM.length + 1).split(',')) {
    const at = part.indexOf('=');
    parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return signedOf(
    {
      credential: parts.get('Credential'),
      signedHeaders: parts.get('SignedHeaders'),
      signature: parts.get('Signature'),
      date: request.headers['x-amz-date'],
      token: request.headers['x-amz-security-token'],
      expires: undefined,
    },
    'Authorization header',
  );
}

function fromQuery(request: WireRequest): SignatureRead {
  const query = new URLSearchParams(request.query);
  const of = (name: string) => query.get(name) ?? undefined;
  return signedOf(
    {
      credential: of('X-Amz-Credential'),
      signedHeaders: of('X-Amz-SignedHeaders'),
      signature: of('X-Amz-Signature'),
      date: of('X-Amz-Date'),
      token: of('X-Amz-Security-Token'),
      expires: of('X-Amz-Expires') ?? '',
    },
    'query string',
  );
}

interface Parts {
  readonly credential: string | undefined;
  readonly signedHeaders: string | undefined;
  readonly signature: string | undefined;
  readonly date: string | undefined;
  readonly token: string | undefined;
  readonly expires: string | undefined;
}

function signedOf(parts: Parts, where: string): SignatureRead {
  const scope = /^([^/\s]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request$/.exec(
    parts.credential ?? '',
  );
  const dateMs = amzDate(parts.date ?? '');
  if (!scope) return { is: 'incomplete', says: `Credential is missing or malformed in the ${where}` };
  if (!parts.signedHeaders) return { is: 'incomplete', says: `SignedHeaders is missing in the ${where}` };
  if (!parts.signature) return { is: 'incomplete', says: `Signature is missing in the ${where}` };
  if (dateMs === undefined || parts.date === undefined)
    return { is: 'incomplete', says: 'X-Amz-Date is missing or malformed' };
  if (parts.expires !== undefined && !/^\d{1,6}$/.test(parts.expires)) {
    return { is: 'incomplete', says: 'X-Amz-Expires is missing or malformed' };
  }
  const [, accessKeyId = '', day = '', region = '', service = ''] = scope;
  if (!parts.date.startsWith(day)) {
    return {
      is: 'incomplete',
      says: `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${parts.date.slice(0, 8)}'`,
    };
  }
  const signed: Signed = {
    accessKeyId,
    day,
    region,
    service,
    date: parts.date,
    dateMs,
    signedHeaders: parts.signedHeaders.toLowerCase().split(';'),
    signature: parts.signature,
    sessionToken: parts.token,
    expiresSeconds: parts.expires === undefined ? undefined : Number(parts.expires),
  };
  return { is: 'signed', signed };
}

function amzDate(text: string): number | undefined {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!m) return undefined;
  const ms = Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * HMAC-SHA256 with a key that is used often (RFC 2104): both padded keys are made once. Node's own Hmac
 * unwraps its key anew for every signature, which costs more than the hashing.
 */
class HmacKey {
  readonly #inner = Buffer.alloc(64, 0x36);
  readonly #outer = Buffer.alloc(64, 0x5c);
  constructor(key: Uint8Array) {
    const short = key.length > 64 ? hash('sha256', key, 'buffer') : key;
    for (let i = 0; i < short.length; i++) {
      this.#inner[i] = (short[i] ?? 0) ^ 0x36;
      this.#outer[i] = (short[i] ?? 0) ^ 0x5c;
    }
  }

  sign(text: string): Buffer {
    const inner = hash('sha256', Buffer.concat([this.#inner, Buffer.from(text, 'utf8')]), 'buffer');
    return hash('sha256', Buffer.concat([this.#outer, inner]), 'buffer');
  }
}

/** Signing keys by `secret/day/region/service`: deriving one costs four HMACs. */
export class SigningKeys {
  readonly #keys = new Map<string, HmacKey>();
  readonly #max: number;
  constructor(max = 10_000) {
    this.#max = max;
  }

  of(secret: string, signed: Signed): HmacKey {
    const id = `${signed.day}/${signed.region}/${signed.service}/${secret}`;
    const there = this.#keys.get(id);
    if (there) return there;
    if (this.#keys.size >= this.#max) this.#keys.clear();
    let key = new HmacKey(Buffer.from(`AWS4${secret}`, 'utf8'));
    for (const part of [signed.day, signed.region, signed.service, 'aws4_request']) key = new HmacKey(key.sign(part));
    this.#keys.set(id, key);
    return key;
  }
}

const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** True when the request was signed with `secret`. Constant time in the signature. */
export function signatureHolds(request: WireRequest, signed: Signed, secret: string, keys: SigningKeys): boolean {
  const canonical = canonicalRequest(request, signed);
  const scope = `${signed.day}/${signed.region}/${signed.service}/aws4_request`;
  const text = `${ALGORITHM}\n${signed.date}\n${scope}\n${sha256(canonical)}`;
  const expected = keys.of(secret, signed).sign(text);
  const given = Buffer.from(signed.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function canonicalRequest(request: WireRequest, signed: Signed): string {
  const headers = signed.signedHeaders
    .toSorted()
    .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`)
    .join('');
  const parts = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    headers,
    signed.signedHeaders.toSorted().join(';'),
    payloadHash(request, signed),
  ];
  return parts.join('\n');
}

/**
 * Hash of the body, unless the client declared that it did not sign it. A declared hash is not
 * believed: the body that arrived is hashed.
 */
function payloadHash(request: WireRequest, signed: Signed): string {
  const declared = request.headers['x-amz-content-sha256'];
  if (declared === 'UNSIGNED-PAYLOAD' || declared?.startsWith('STREAMING-')) return declared;
  if (signed.expiresSeconds !== undefined && request.body.length === 0) return EMPTY_HASH;
  return request.body.length === 0 ? EMPTY_HASH : sha256(request.body);
}

const EMPTY_HASH = sha256('');

/** Every service but S3: the path as sent is normalized and encoded once more. */
function canonicalPath(path: string): string {
  if (path === '/' || path === '') return '/';
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(escapeRfc3986(segment));
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: string[] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = unescapeOnce(at < 0 ? pair : pair.slice(0, at));
    if (name === 'X-Amz-Signature') continue;
    pairs.push(`${escapeRfc3986(name)}=${escapeRfc3986(at < 0 ? '' : unescapeOnce(pair.slice(at + 1)))}`);
  }
  return pairs.sort().join('&');
}

function unescapeOnce(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

export const escapeRfc3986 = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
