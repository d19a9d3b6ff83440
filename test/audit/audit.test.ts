/** `amiport audit` and the gate, through the CLI, on a simulated AWS that hands out real disks. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { sha256Of } from '../../src/audit/masking.ts';
import { ALNUM, B64, HEX, randomFill } from '../../src/audit/rules/fill.testdata.ts';
import { ext4Image } from '../../src/audit/testing.ts';
import { runCli } from '../cli/run-cli.ts';
import { configOf } from '../deliver/stage.ts';
import { type AuditStage, auditStage, writeConfig } from './audited-images.ts';

/** Nothing of these may be in anything that amiport prints or keeps. */
const CANARIES = {
  key: randomFill(1)(B64, 40),
  password: `${randomFill(2)(ALNUM, 14)}7`,
  hash: randomFill(3)(HEX, 64),
};
const TREE = {
  '/root/.aws/credentials': `[default]\naws_secret_access_key = ${CANARIES.key}\n`,
  '/srv/app/.env': `DB_PASSWORD=${CANARIES.password}\nDO_TOKEN=dop_${'v1'}_${CANARIES.hash}\n`,
};

let stage: AuditStage;
beforeAll(async () => {
  stage = await auditStage({ dirty: TREE, clean: { '/srv/app/x': 'nothing' } });
});
afterAll(() => stage.sim.close());

const image = (name: string): string => stage.images[name] ?? '';
const gated = (name: string, allow = ''): string =>
  `${configOf({ vod: image(name) }, { way: 'shared-unencrypted' })}policy: { secrets: { block: [high]${allow} } }\n`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

const amiport = (config: string, ...args: readonly string[]) => runCli([...args, '--config', config], stage.env);

interface Document {
  readonly result: string;
  readonly findings: readonly { readonly rule: string; readonly path: string; readonly sha256: string }[];
  readonly coverage: {
    readonly complete: boolean;
    readonly disks: readonly { readonly volumes: readonly unknown[] }[];
  };
}

test('an image is read through EBS direct; its secrets are named, and in nothing that is printed or kept', async () => {
  const config = writeConfig(stage.dir, gated('dirty'));
  const schema = JSON.parse(readFileSync('docs/schema/audit.schema.json', 'utf8')) as Parameters<
    typeof z.fromJSONSchema
  >[0];
  const printed: string[] = [];
  for (const [args, code] of [
    [['vod', '--json'], 3],
    [[image('dirty')], 3],
    [['vod', '--format', 'sarif'], 3],
    [['vod', '--format', 'markdown'], 3],
    [['vod', '--format', 'html'], 3],
    [[image('clean'), '--json'], 0],
  ] as const) {
    const ran = await amiport(config, 'audit', ...args, '--threads', '1');
    expect(ran.code, `${args.join(' ')}: ${ran.err}`).toBe(code);
    if (args.includes('--json' as never))
      expect(z.fromJSONSchema(schema).safeParse(JSON.parse(ran.out)).error).toBeUndefined();
    printed.push(ran.out, ran.err);
  }
  const found = JSON.parse(printed[0] ?? '') as Document;
  expect(found.findings.map((f) => [f.rule, f.path, f.sha256])).toEqual([
    ['aws-credentials-file', '/root/.aws/credentials', sha256Of(CANARIES.key)],
    ['digitalocean-token', '/srv/app/.env', sha256Of(`dop_${'v1'}_${CANARIES.hash}`)],
    ['password-unquoted', '/srv/app/.env', sha256Of(CANARIES.password)],
  ]);
  const kept = filesBelow(join(stage.dir, '.amiport'));
  expect(kept.length).toBeGreaterThan(3);
  for (const canary of Object.values(CANARIES)) {
    const forms = [canary, canary.slice(6), Buffer.from(canary).toString('base64').slice(0, 12)];
    for (const form of forms) {
      expect(printed.join('\n')).not.toContain(form);
      for (const path of kept) expect(readFileSync(path, 'latin1'), path).not.toContain(form);
    }
    // From a plain hash a weak secret could be guessed: only --json has it.
    for (const text of [...printed.slice(2, 10), ...kept.map((p) => readFileSync(p, 'latin1'))])
      expect(text).not.toContain(sha256Of(canary));
  }
  for (const path of kept) expect(statSync(path).mode & 0o777, path).toBe(0o600);
}, 120_000);

test('the gate stops what was not audited and what holds secrets, and lets what is clean or accepted pass', async () => {
  const dirty = writeConfig(stage.dir, gated('dirty'));
  const stopped = await amiport(dirty, 'apply', '--yes');
  expect(stopped.code).toBe(1);
  expect(stopped.out + stopped.err).toMatch(
    /vod \(ami-\w+\) holds 2 secrets of severity high or above, so it is not shared/,
  );
  expect(stopped.out + stopped.err).toContain('critical: aws-credentials-file in /root/.aws/credentials');
  expect(stopped.out + stopped.err).toContain('policy.secrets.allow, with a reason and an expiry');

  const allow = (expires: string) => `, allow: [{ image: vod, reason: "rotated last week", expires: "${expires}" }]`;
  const accepted = writeConfig(stage.dir, gated('dirty', allow('2099-01-01')));
  const plan = JSON.parse((await amiport(accepted, 'plan', '--json')).out) as {
    readonly blocked: readonly unknown[];
    readonly steps: readonly { readonly do: string }[];
  };
  expect([plan.blocked, plan.steps.some((s) => s.do === 'share-image')]).toEqual([[], true]);
  expect((await amiport(accepted, 'audit', 'vod')).code).toBe(0);
  const late = writeConfig(stage.dir, gated('dirty', allow('2020-01-01')));
  expect((await amiport(late, 'plan')).out + (await amiport(late, 'plan')).err).toContain('(1 there is past theirs)');

  const rules = writeConfig(
    stage.dir,
    gated('clean', ', rules: [{ id: corp, keywords: [corp_], pattern: "corp_[a-z]{9}" }]'),
  );
  const unaudited = await amiport(rules, 'plan', '--json');
  expect(
    (JSON.parse(unaudited.out) as { readonly blocked: readonly { readonly code: string; readonly remedy: unknown }[] })
      .blocked,
  ).toMatchObject([{ code: 'plan.gate.no-audit', remedy: { does: 'amiport audit vod' } }]);
  expect((await amiport(rules, 'audit', 'vod')).code).toBe(0);
  const done = await amiport(rules, 'apply', '--yes', '--json');
  expect([done.code, JSON.parse(done.out)]).toMatchObject([0, { blocked: [], failed: [] }]);
}, 120_000);

test('a raw file needs neither AWS nor a config; what is no target is bad input', async () => {
  const file = ext4Image(stage.dir, TREE, 'file.raw');
  const config = join(stage.dir, 'nowhere', 'amiport.yaml');
  const ran = await runCli(['audit', file, '--config', config], {});
  expect([ran.code, ran.err]).toEqual([3, '']);
  expect(ran.out).toMatch(/secrets were found: 1 critical, 1 high, 1 medium\./);
  const here = writeConfig(stage.dir, gated('dirty'));
  expect(await amiport(here, 'audit', 'nothing')).toMatchObject({
    code: 2,
    err: expect.stringContaining('nothing is no file, AMI, snapshot or image'),
  });
  for (const id of ['ami-0000000000000dead', 'snap-0000000000000dead'])
    expect(await amiport(here, 'audit', id)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`account 111111111111 sees no ${id} in eu-west-1`),
    });
});

test.each([
  { what: 'a name without a config', args: ['kubernetes'], says: 'there is no file kubernetes, and no config ' },
  { what: 'a file that is not there', args: ['disks/web.raw'], says: 'there is no file disks/web.raw' },
  { what: 'a folder', args: ['docs/schema'], says: 'docs/schema is a folder' },
  { what: 'what is no disk', args: ['/dev/null'], says: '/dev/null is neither a file nor a block device' },
  {
    what: 'two forms of one report',
    args: ['README.md', '--json', '--format', 'html'],
    says: 'two forms of one report',
  },
])('$what is bad input, and named', async ({ args, says }) => {
  const { code, out, err } = await runCli(['audit', ...args, '--config', join(stage.dir, 'none', 'amiport.yaml')], {});
  expect([code, out + err]).toEqual([2, expect.stringContaining(says)]);
});

test('where the result cannot be kept, nothing is read', async () => {
  const file = ext4Image(stage.dir, TREE, 'unkept.raw');
  const ran = await runCli(['audit', file, '--config', join(file, 'amiport.yaml')], {});
  expect([ran.code, ran.out]).toEqual([1, '']);
  expect(ran.err).toContain('where the result is kept, cannot be written: ENOTDIR');
});

test.each([
  { what: 'an empty file', bytes: '', code: 2, says: 'is empty: no disk' },
  { what: 'text', bytes: 'something else', code: 4, says: 'holds nothing that is known' },
  { what: 'a disk of QEMU', bytes: 'QFI\xfb', code: 4, says: 'holds qcow2, which is not read: qemu-img convert' },
  { what: 'a packed disk', bytes: '\x1f\x8b\x08', code: 4, says: 'holds gzip, which is not read: unpack it first' },
])('$what is never a clean disk', async ({ what, bytes, code, says }) => {
  const file = join(stage.dir, what);
  writeFileSync(file, bytes, 'latin1');
  const ran = await runCli(['audit', file, '--config', join(stage.dir, `of ${what}`, 'amiport.yaml')], {});
  expect([ran.code, ran.out + ran.err]).toEqual([code, expect.stringContaining(says)]);
});

test('an audit that is interrupted ends with 130, is not called clean, and goes on later', async () => {
  const file = ext4Image(stage.dir, { '/srv/x': 'nothing' }, 'later.raw');
  const config = join(stage.dir, 'later', 'amiport.yaml');
  const stopped = await runCli(['audit', file, '--config', config, '--json'], {}, AbortSignal.abort());
  expect([stopped.code, JSON.parse(stopped.out)]).toMatchObject([
    130,
    { result: 'not-fully-scanned', interrupted: true },
  ]);
  expect((await runCli(['audit', file, '--config', config], {})).code).toBe(0);
  const again = await runCli(['audit', file, '--config', config, '--json'], {});
  expect(JSON.parse(again.out)).toMatchObject({ result: 'clean', coverage: { files: { carried: 1, scanned: 0 } } });
});
