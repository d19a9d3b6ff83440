/** Which places are those of a library's own tests, and which are documentation. */
import { expect, test } from 'vitest';
import { isOfTests, PROSE } from './places.ts';

test.each([
  '/usr/local/lib/python3.13/test/certdata/ssl_key.pem',
  '/opt/app/venv/lib/python3.12/site-packages/twisted/conch/test/keydata.py',
  '/opt/app/venv/lib/python3.12/site-packages/jwcrypto/tests-cookbook.py',
  '/opt/app/venv/lib/python3.12/site-packages/ecdsa/test_ecdh.py',
  '/srv/app/node_modules/pino/test/redact.js',
  '/srv/app/node_modules/pino/redact.test.js',
  '/usr/share/gems/gems/jwt-2.7/spec/key.pem',
  '/root/go/pkg/mod/golang.org/x/crypto@v0.1.0/ssh/testing/keys.go',
])('%s is of the tests of a library', (path) => expect(isOfTests(path)).toBe(true));

test.each([
  '/srv/app/tests/key.pem',
  '/srv/app/node_modules/latest/key.pem',
  '/opt/app/venv/lib/python3.12/site-packages/ours/contest.py',
  '/root/test.pem',
])('%s is anybody’s', (path) => expect(isOfTests(path)).toBe(false));

test.each([
  { path: '/usr/share/doc/x/README', prose: true },
  { path: '/srv/app/locale/de.json', prose: true },
  { path: '/srv/app/venv/lib/python3.12/site-packages/x-1.dist-info/METADATA', prose: true },
  { path: '/usr/local/aws-cli/v2/current/dist/awscli/examples/iam/x.rst', prose: true },
  { path: '/srv/app/types/index.d.ts', prose: true },
  { path: '/srv/app/localesettings.conf', prose: false },
  { path: '/root/.aws/credentials', prose: false },
])('$path: documentation? $prose', ({ path, prose }) => expect(PROSE.test(path)).toBe(prose));
