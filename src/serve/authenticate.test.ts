import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticator } from './authenticate.ts';

const AUDIENCE = 'amiport';
const own = await generateKeyPair('ES256', { extractable: true });
const foreign = await generateKeyPair('ES256', { extractable: true });
let server: Server;
let issuer: string;

/** An OpenID Connect issuer of one key; below /other it says that it is somebody else. */
beforeAll(async () => {
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  server = createServer((asked, answer) => {
    const said = asked.url?.startsWith('/other') ? 'https://somebody.example' : issuer;
    const document = asked.url === '/keys' ? { keys: [jwk] } : { issuer: said, jwks_uri: `${issuer}/keys` };
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

interface Claims {
  readonly role?: unknown;
  readonly audience?: string;
  readonly issuer?: string;
  readonly expires?: string | undefined;
}

const claims = (c: Claims, alg = 'ES256') => {
  const role = 'role' in c ? c.role : 'apply';
  const jwt = new SignJWT({ sub: 'ada', ...(role === undefined ? {} : { amiport_role: role }) })
    .setProtectedHeader({ alg, kid: 'k' })
    .setIssuer(c.issuer ?? issuer)
    .setAudience(c.audience ?? AUDIENCE);
  return 'expires' in c && c.expires === undefined ? jwt : jwt.setExpirationTime(c.expires ?? '5m');
};

/** Signed with the public key as if it were a shared secret: a verifier that believes the header accepts it. */
async function confused(): Promise<string> {
  const secret = new TextEncoder().encode(await exportSPKI(own.publicKey));
  return claims({}, 'HS256').sign(secret);
}

const unsigned = async (): Promise<string> =>
  new UnsecuredJWT({ sub: 'ada', amiport_role: 'admin' })
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setExpirationTime('5m')
    .encode();

const signed = (c: Claims) => () => claims(c).sign(own.privateKey);

test.each([
  { what: 'a JWT of the issuer', jwt: signed({}), gets: 'oidc:ada apply' },
  { what: 'one whose claim is a list', jwt: signed({ role: ['users', 'read', 'admin'] }), gets: 'oidc:ada admin' },
  { what: 'one whose claim is words', jwt: signed({ role: 'users read' }), gets: 'oidc:ada read' },
  { what: 'one without a role', jwt: signed({ role: undefined }), gets: 'refused' },
  { what: 'one with a role that is none', jwt: signed({ role: 'root' }), gets: 'refused' },
  { what: 'one for another audience', jwt: signed({ audience: 'grafana' }), gets: 'refused' },
  { what: 'one of another issuer', jwt: signed({ issuer: 'https://somebody.example' }), gets: 'refused' },
  { what: 'one past its time', jwt: signed({ expires: '-5m' }), gets: 'refused' },
  { what: 'one that never ends', jwt: signed({ expires: undefined }), gets: 'refused' },
  { what: 'one signed by somebody else', jwt: () => claims({}).sign(foreign.privateKey), gets: 'refused' },
  { what: 'one signed with the public key', jwt: confused, gets: 'refused' },
  { what: 'one that is not signed', jwt: unsigned, gets: 'refused' },
  { what: 'no JWT', jwt: async () => 'sesame', gets: 'refused' },
])('$what: $gets', async ({ jwt, gets }) => {
  expect(await said(issuer, `Bearer ${await jwt()}`)).toBe(gets);
});

test.each([undefined, '', 'Basic YWRhOmxvdmVsYWNl', 'Bearer', 'Bearer two words'])('%s is refused', async (header) => {
  expect(await said(issuer, header)).toBe('refused');
});

test('an issuer whose own document names another is not believed', async () => {
  const jwt = await claims({ issuer: `${issuer}/other` }).sign(own.privateKey);
  expect(await said(`${issuer}/other`, `Bearer ${jwt}`)).toBe('refused');
});

/** No token is known: only the issuer can tell. */
async function said(of: string, header: string | undefined): Promise<string> {
  const oidc = { issuer: of, audience: AUDIENCE, roleClaim: 'amiport_role' };
  const caller = await authenticator({ query: async () => [] }, { mode: 'token', oidc })(header);
  return caller.ok ? `${caller.value.who} ${caller.value.role}` : 'refused';
}
