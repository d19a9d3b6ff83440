/** Who is asking: a token of the service, or a JWT of an OpenID Connect issuer. Every refusal looks alike to the caller. */
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { type Caller, roleIn } from './roles.ts';
import type { Rows } from './rows.ts';
import { callerOf, isToken } from './tokens.ts';

export interface OidcOptions {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that holds `read`, `apply` or `admin`, as a word, words, or a list. */
  readonly roleClaim: string;
}

export type AuthOptions = { readonly mode: 'none' } | { readonly mode: 'token'; readonly oidc?: OidcOptions };

export type Authenticate = (authorization: string | undefined) => Promise<Outcome<Caller>>;

/** Signatures by a key that only the issuer has: never `none`, never a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 30;
const DISCOVERY_MAX_MS = 10_000;

export function authenticator(db: Rows, options: AuthOptions): Authenticate {
  if (options.mode === 'none') return async () => done({ who: 'anybody on this machine', role: 'admin' });
  const { oidc } = options;
  const keys = oidc === undefined ? undefined : keysOf(oidc);
  return async (authorization) => {
    const bearer = /^Bearer ([\w.~+/=-]{1,8192})$/i.exec(authorization ?? '')?.[1];
    if (bearer === undefined) return failed(REFUSED);
    const caller =
      isToken(bearer) || oidc === undefined || keys === undefined
        ? await callerOf(db, bearer)
        : await callerOfJwt(bearer, oidc, keys);
    return caller === undefined ? failed(REFUSED) : done(caller);
  };
}

const REFUSED: Reason = reason('serve.unauthenticated', 'you', 'the server does not know who is asking', {
  remedy: { who: 'you', does: 'set AMIPORT_TOKEN to a token that the server knows; its administrator makes them' },
});

async function callerOfJwt(
  jwt: string,
  oidc: OidcOptions,
  keys: () => Promise<JWTVerifyGetKey>,
): Promise<Caller | undefined> {
  try {
    const { payload } = await jwtVerify(jwt, await keys(), {
      issuer: oidc.issuer,
      audience: oidc.audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['sub', 'exp'],
    });
    const role = roleIn(payload[oidc.roleClaim]);
    return role === undefined ? undefined : { who: `oidc:${payload.sub}`, role };
  } catch {
    return undefined;
  }
}

/** The issuer's keys, found by its discovery document at the first use; a failure is tried again by the next caller. */
function keysOf(oidc: OidcOptions): () => Promise<JWTVerifyGetKey> {
  let found: Promise<JWTVerifyGetKey> | undefined;
  const discover = async (): Promise<JWTVerifyGetKey> => {
    const url = `${oidc.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_MAX_MS), redirect: 'error' });
    const { issuer, jwks_uri } = (await answer.json()) as { readonly issuer?: string; readonly jwks_uri?: string };
    if (issuer !== oidc.issuer || jwks_uri === undefined) throw new Error(`${url} is not that of ${oidc.issuer}`);
    return createRemoteJWKSet(new URL(jwks_uri));
  };
  return () => {
    found ??= discover().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}
