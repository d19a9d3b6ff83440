/** What is wrong with flags, arguments and files around the config: each with its exact message and exit code 2, nothing called. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VALID } from '../../src/model/config.testdata.ts';
import { runCli } from './run-cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'amiport-bad-'));
const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const config = file(
  'amiport.yaml',
  VALID.replace(
    '{ packer: images/kubernetes.pkr.hcl, vars: { k8s: "1.34" } }',
    '{ ami: ami-0123456789abcdef1 }',
  ).replace('manifest: packer-manifest.json', 'ami: ami-0123456789abcdef2'),
);
const withManifest = file(
  'manifest.yaml',
  VALID.replace('packer: images/kubernetes.pkr.hcl, vars: { k8s: "1.34" }', 'ami: ami-0123456789abcdef1'),
);
file('packer-manifest.json', '{');
const notAPlan = file('not-a-plan.json', '{"version":2}');
const world = file('world.yaml', 'version: 1\naccounts:\n  - { id: "12", name: x }\n');
const missing = join(dir, 'no', 'such.yaml');

const quotas = file('quotas.yaml', 'version: 1\nbase: aws\nrates: { ec2.CopyImage: fast }\n');
const WRONG_WORLD =
  'DIR/world.yaml:3:11: error: accounts[0].id must be 12 digits\n  |\n3 |   - { id: "12", name: x }\n  |           ^^^^';

/** The sandbox's path is not part of the message. */
const check = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { code, out, err } = await runCli(args, env);
  return { code, out: out.replaceAll(dir, 'DIR'), err: err.replaceAll(dir, 'DIR').trimEnd() };
};

const SIM = { AWS_ACCESS_KEY_ID: '111111111111', AWS_SECRET_ACCESS_KEY: 'test' };
const C = ['--config', config];

test.each([
  { args: ['frob'], says: 'error: there is no command "frob" (amiport --help lists them)' },
  { args: ['plna'], says: 'error: there is no command "plna"; did you mean plan? (amiport --help lists them)' },
  { args: ['sim', 'stop'], says: 'error: there is no command "stop" (amiport --help lists them)' },
  {
    args: ['config', 'chek'],
    says: 'error: there is no command "chek"; did you mean check? (amiport --help lists them)',
  },
  { args: ['plan', '--frobnicate'], says: 'error: there is no flag --frobnicate here' },
  { args: ['plan', '--jsn'], says: 'error: there is no flag --jsn here; did you mean --json?' },
  { args: ['plan', '--yes'], says: 'error: there is no flag --yes here' },
  { args: ['plan', '-x'], says: 'error: there is no flag -x here' },
  { args: ['plan', 'extra'], says: 'error: "extra" is one argument too many' },
  { args: ['apply', 'a.json', 'b.json'], says: 'error: "b.json" is one argument too many' },
  { args: ['status', '--config'], says: 'error: --config wants a value' },
  { args: ['left', '--config', '--json'], says: 'error: --config wants a value, but --json follows' },
  { args: ['plan', '-c', 'a', '-c', 'b'], says: 'error: --config is given twice: "a" and "b"' },
  { args: ['verify', '--canary=maybe'], says: 'error: --canary is a switch and takes no value, not "maybe"' },
  { args: ['export', 'iam', '--format', 'xml'], says: 'error: --format wants json, hcl or stackset, not "xml"' },
  { args: ['sim', 'start', '--port', '70000'], says: 'error: --port wants a port from 0 to 65535, not "70000"' },
  { args: ['sim', 'start', '--port', '1e3'], says: 'error: --port wants a port from 0 to 65535, not "1e3"' },
  { args: ['sim', 'start', '--port', ''], says: 'error: --port wants a port from 0 to 65535, not ""' },
  { args: ['sim', 'start', '--speed', '0'], says: 'error: --speed wants a number above 0, not "0"' },
  { args: ['sim', 'start', '--speed', 'fast'], says: 'error: --speed wants a number above 0, not "fast"' },
  { args: ['sim', 'start', '--world', missing], says: 'error: there is no world file DIR/no/such.yaml' },
  { args: ['sim', 'env'], says: 'error: the argument <account> is missing' },
  { args: ['sim', 'env', '12'], says: 'error: an account id has 12 digits, "12" does not' },
  { args: ['sim', 'env', '111111111111;id'], says: 'error: an account id has 12 digits, "111111111111;id" does not' },
  { args: ['sim', 'env', '111111111111', '--port', '0'], says: 'error: --port wants a port from 1 to 65535, not "0"' },
  {
    args: ['sim', 'env', '111111111111', '--region', '$(id)'],
    says: 'error: "$(id)" is not a Region such as eu-west-1',
  },
  { args: ['completion'], says: 'error: the argument <shell> is missing' },
  { args: ['completion', 'tcsh'], says: 'error: there is no completion for "tcsh", only for bash, zsh and fish' },
  {
    args: ['completion', 'toString'],
    says: 'error: there is no completion for "toString", only for bash, zsh and fish',
  },
  {
    args: ['plan', '--config', missing],
    says: 'error: there is no config file DIR/no/such.yaml\n  fix: you: amiport init writes one; --config names another',
  },
  {
    args: ['config', 'check', '--config', dir],
    says: 'error: config file DIR cannot be read: EISDIR\n  fix: you: amiport init writes one; --config names another',
  },
  {
    args: ['plan', ...C, '--endpoint', 'localhost:4599'],
    says: 'error: --endpoint wants a URL such as http://127.0.0.1:4599, not localhost:4599',
  },
  {
    args: ['plan', ...C, '--endpoint', 'http://127.0.0.1:48'],
    says: 'error: no credentials for the endpoint http://127.0.0.1:48 are in the environment, and ambient ones are never sent to it\n  fix: you: eval "$(amiport sim env 111111111111)"',
  },
  {
    args: ['plan', ...C, '--endpoint', 'http://127.0.0.1:48'],
    env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'looks real' },
    says: 'error: the credentials in the environment look like real ones, which are never sent to http://127.0.0.1:48\n  fix: you: use those of the simulator: eval "$(amiport sim env 111111111111)"; or drop the endpoint',
  },
  {
    args: ['plan', ...C, '--endpoint', 'http://127.0.0.1:48'],
    env: SIM,
    says: 'error: nobody answers at http://127.0.0.1:48\n  fix: you: start a simulator (amiport sim start), or correct the endpoint',
  },
  { args: ['apply', missing, ...C], says: 'error: plan file DIR/no/such.yaml cannot be read' },
  {
    args: ['apply', notAPlan, ...C],
    says: 'error: DIR/not-a-plan.json is not a plan\n  fix: you: amiport plan --out plan.json writes one',
  },
  { args: ['plan', '--config', withManifest], says: 'error: manifest DIR/packer-manifest.json is not JSON' },
  {
    args: ['init', ...C],
    says: 'error: DIR/amiport.yaml is there already, and init never overwrites a config\n  fix: you: edit it, or name another file: amiport init --config other.yaml',
  },
  { args: ['init', '--config', missing], says: 'error: the folder of DIR/no/such.yaml is not there' },
  {
    args: ['sim', 'start', '--world', world],
    says: WRONG_WORLD,
  },
  { args: ['sim', 'world', 'check', world], says: WRONG_WORLD },
  { args: ['sim', 'world', 'check', missing], says: 'error: there is no world file DIR/no/such.yaml' },
  { args: ['sim', 'world', 'check'], says: 'error: the argument <file> is missing' },
  { args: ['sim', 'start', '--quotas', missing], says: 'error: there is no quotas file DIR/no/such.yaml' },
  {
    args: ['sim', 'start', '--quotas', quotas],
    says: 'DIR/quotas.yaml:3:25: error: rates.ec2.CopyImage must be { capacity, perSecond }, or off\n  |\n3 | rates: { ec2.CopyImage: fast }\n  |                         ^^^^',
  },
] as { args: readonly string[]; env?: Readonly<Record<string, string>>; says: string }[])(
  '$args: $says',
  async ({ args, env, says }) => {
    expect(await check(args, env)).toEqual({ code: 2, out: '', err: says });
  },
);

test('a wrong config is shown with its place, and as data with --json', async () => {
  const wrong = file('wrong.yaml', VALID.replace('regions: [eu-west-1, eu-west-3, us-east-1]', 'regions: [eu-west-9]'));
  const shown = await check(['status', '--config', wrong]);
  expect(shown).toMatchObject({ code: 2, out: '' });
  expect(shown.err).toContain('DIR/wrong.yaml:8:11: error:');
  expect(shown.err).toContain('8 | regions: [eu-west-9]\n  |           ^^^^^^^^^');
  const json = await check(['status', '--config', wrong, '--json']);
  expect(json).toMatchObject({ code: 2, err: '' });
  expect(JSON.parse(json.out)).toMatchObject({ version: 1, error: { code: 'config.invalid' } });
});

test('init without a terminal says what to write', async () => {
  const { code, err } = await check(['init', '--config', join(dir, 'new.yaml')]);
  expect(code).toBe(2);
  expect(err).toContain('error: init asks questions, and there is no terminal to answer on');
  expect(err).toContain('role: arn:aws:iam::{account}:role/amiport');
});
