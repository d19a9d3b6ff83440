/** `amiport/authz` as an outside user gets it: the bundled file alone, in a folder with nothing else. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { BUNDLE, ENTRIES } from '../../scripts/bundle.ts';

const ASKED = `
import * as authz from './authz.js';
const key = 'arn:aws:kms:eu-west-1:111111111111:key/k';
const all = (more) => ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*', ...more }] });
const policies = {
  identity: [{ id: 'of the role', document: all({ Action: 'kms:Decrypt' }) }],
  resource: { kind: 'key-policy', policies: [{ id: 'of the key', document: all({ Principal: { AWS: '222222222222' } }) }] },
};
const principal = { kind: 'role', arn: 'arn:aws:iam::222222222222:role/App' };
const ask = (action) =>
  authz.evaluate({ principal, action, resource: key, resourceAccount: '111111111111', context: {} }, policies);
const grant = { id: 'g', keyArn: key, grantee: principal.arn, operations: ['Encrypt'], issuingAccount: '222222222222' };
const request = { principal, action: 'kms:Encrypt', resource: key, resourceAccount: '111111111111', context: {} };
const granted = authz.compile({ ...policies, grants: [grant] }).evaluate(request);
const unread = authz.evaluate(request, { ...policies, identity: { unreadable: 'nobody may look' } });
let malformed;
try {
  const document = '{ "Version": "2012-10-17",\\n  "Statement": [{ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": { "StringEqual": { "a": "b" } } }] }';
  authz.evaluate(request, { identity: [{ id: 'bad', document }] });
} catch (error) {
  const { line, column, message } = error;
  malformed = { is: error instanceof authz.PolicyError, line, column, message };
}
console.log(JSON.stringify({ exports: Object.keys(authz), open: ask('kms:Decrypt'), closed: ask('kms:Encrypt'), granted, unread, malformed }));
`;

test('the bundled entry decides on its own, with nothing beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'amiport-authz-'));
  try {
    const entryPoints = { authz: ENTRIES.authz };
    const { metafile } = await build({ ...BUNDLE, entryPoints, outdir: folder, metafile: true });
    const files = Object.entries(metafile.outputs);
    const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(files.map(([path]) => basename(path))).toEqual([basename(exports['./authz'])]);
    expect(files.flatMap(([, output]) => output.imports)).toEqual([]);
    const run = ['--input-type=module', '-e', ASKED];
    const told = JSON.parse(execFileSync(process.execPath, run, { cwd: folder, encoding: 'utf8' }));
    expect(told.exports).toEqual(['PolicyError', 'compile', 'evaluate', 'positionOf']);
    expect(told.open).toMatchObject({ is: 'allowed', by: [{ id: 'of the key' }, { id: 'of the role' }] });
    expect(told.closed).toMatchObject({ is: 'denied', how: 'implicit', missing: [{ code: 'identity.no-allow' }] });
    expect(told.granted).toMatchObject({ is: 'allowed', by: [{ layer: 'grant', id: 'g' }] });
    expect(told.unread).toMatchObject({ is: 'unknown', absent: ['nobody may look'] });
    expect(told.malformed).toEqual({
      is: true,
      line: 2,
      column: 104,
      message: 'Invalid Condition type : StringEqual.',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
