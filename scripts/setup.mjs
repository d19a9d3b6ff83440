/**
 * `npm start` and `npm test` on a clone with nothing installed.
 *
 * Plain JavaScript without dependencies: it is run by whatever Node (>= 18) the machine has, before `npm ci` brought ours.
 * Usage: node scripts/setup.mjs start|test|amiport|bench|build [arguments].
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BIN = join(ROOT, 'node_modules', '.bin');
const ENTRIES = {
  start: 'src/cli/main.ts',
  amiport: 'src/cli/main.ts',
  bench: 'bench/run.ts',
  build: 'scripts/build.ts',
};

/**
 * What Node made of the sources: each process, and each thread of one, would strip types anew, in WebAssembly of its own. Many at once
 * can bring Node down (nodejs/node issue 64500). Benchmarks measure what is shipped.
 */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'compiled');
const KEEPS_COMPILED = new Set(['start', 'test', 'amiport']);

process.chdir(ROOT);
/** Where the caller stands: `npm run amiport` looks for its config there. */
const CALLER = process.env.INIT_CWD ?? ROOT;
const [task = 'start', ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 18) stop('the setup needs Node 18 or newer');
await withLock(install);
const node = findNode();
if (task === 'test') await test();
else if (task in ENTRIES) await runEntry(ENTRIES[task], task === 'start' ? ['demo', ...args] : args);
else stop(`unknown task ${task}`);

function say(line) {
  process.stderr.write(`${line}\n`);
}

function stop(line) {
  say(`setup: ${line}`);
  process.exit(1);
}

/** One install at a time: two `npm ci` in one folder destroy each other's work. A dead holder's lock is taken over. */
async function withLock(work) {
  if (installed()) return;
  const lock = join(ROOT, '.amiport', 'setup.lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!holderLives(lock)) rmSync(lock, { force: true });
      else if (!told) say('setup: waiting for another setup of this folder');
      await pause(500);
    }
  }
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  if (!installed()) await work();
  process.off('exit', release); // from here on the file may be another setup's
  release();
}

function holderLives(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** npm writes node_modules/.package-lock.json last, so an interrupted install counts as none. */
function installed() {
  const hidden = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, { version, optional, peer }]) =>
      path === '' || optional || (peer && !have[path]) || have[path]?.version === version,
  );
}

async function install() {
  say('setup: installing packages (npm ci)');
  const npm = process.env.npm_execpath;
  const [command, lead] = npm ? [process.execPath, [npm]] : ['npm', []];
  const code = await run(command, [...lead, 'ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) stop(`npm ci failed with exit code ${code}`);
}

/** Ours from node_modules, else the machine's own where it runs TypeScript without a flag (22.18). */
function findNode() {
  const candidates = [
    [join(BIN, 'node'), 24, 0],
    [process.execPath, 22, 18],
  ];
  for (const [path, major, minor] of candidates) {
    const found = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    if (found.status !== 0) continue;
    const [a = 0, b = 0] = found.stdout.split('.').map(Number);
    if (a > major || (a === major && b >= minor)) return path;
  }
  return stop(
    'no Node 24 in node_modules: its install script was denied. Run `npm install-scripts approve node`, then `npm ci`; or use Node 22.18 or newer',
  );
}

/** A terminal sends Ctrl-C to the whole process group; other signals reach us alone and are passed on. */
function run(command, parameters, extra = {}) {
  return new Promise((done) => {
    const env = { ...(KEEPS_COMPILED.has(task) ? { NODE_COMPILE_CACHE: COMPILED } : {}), ...process.env, ...extra };
    if (existsSync(BIN)) env.PATH = [BIN, process.env.PATH].join(delimiter);
    const child = spawn(command, parameters, { stdio: 'inherit', env });
    const forward = (signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    const end = (code) => {
      for (const signal of signals) process.off(signal, forward);
      done(code);
    };
    child.on('error', (error) => {
      say(`setup: ${error.message}`);
      end(127);
    });
    child.on('exit', (code, signal) => end(code ?? 128 + constants.signals[signal]));
  });
}

async function runEntry(entry, parameters) {
  // Node before 24.12 warns on every run that type stripping is experimental.
  process.chdir(entry === ENTRIES.amiport && task === 'amiport' ? CALLER : ROOT);
  process.exitCode = await run(node, ['--disable-warning=ExperimentalWarning', join(ROOT, entry), ...parameters]);
}

/** Version 2, which Debian packages: an `aws` of version 1 earlier in PATH, as pip installs it, is tested beside it. */
function awsCli() {
  const candidates = [process.env.AMIPORT_AWS_CLI, '/usr/bin/aws', 'aws'].filter(Boolean);
  return candidates.find((path) => /^aws-cli\/2/.test(String(spawnSync(path, ['--version']).stdout)));
}

/** Debian's own Python comes first, as its python3-boto3 is for that one. */
function python() {
  const candidates = [process.env.AMIPORT_PYTHON, '/usr/bin/python3', 'python3'].filter(Boolean);
  return candidates.find((path) => answers(path, ['-c', 'import boto3']));
}

/** The server, which Debian keeps out of PATH. The tests start a cluster of their own. */
function hasPostgres() {
  const root = '/usr/lib/postgresql';
  return existsSync(root) && readdirSync(root).some((version) => existsSync(join(root, version, 'bin', 'initdb')));
}

function answers(command, parameters) {
  return spawnSync(command, parameters).status === 0;
}

function missingPackages() {
  const missing = [];
  if (!answers('packer', ['version'])) missing.push('packer');
  if (!awsCli()) missing.push('awscli');
  if (!python()) missing.push('python3-boto3');
  if (!answers('mkfs.ext4', ['-V'])) missing.push('e2fsprogs');
  if (!answers('mkfs.xfs', ['-V'])) missing.push('xfsprogs');
  if (!answers('mkfs.vfat', ['--help'])) missing.push('dosfstools');
  if (!answers('mcopy', ['-V'])) missing.push('mtools');
  if (!answers('sfdisk', ['-v'])) missing.push('fdisk');
  if (!answers('rpmbuild', ['--version'])) missing.push('rpm');
  if (!answers('mkfs.btrfs', ['--version'])) missing.push('btrfs-progs');
  if (!answers('cryptsetup', ['--version'])) missing.push('cryptsetup-bin');
  if (!answers('perl', ['-MDB_File', '-e', '1'])) missing.push('perl');
  if (!hasPostgres()) missing.push('postgresql');
  return missing;
}

/** Foreign clients that the tests drive against the simulator. CI fails without them; elsewhere their tests fail by name. */
async function installForeignClients() {
  let missing = missingPackages();
  if (missing.length === 0) return;
  const sudo = process.getuid?.() === 0 ? [] : answers('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined;
  if (existsSync('/etc/debian_version') && sudo) {
    say(`setup: installing ${missing.join(' ')} (apt-get)`);
    const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
    await run(apt[0], [...apt.slice(1), 'update', '-qq']);
    await run(apt[0], [...apt.slice(1), 'install', '-y', '-qq', '--no-install-recommends', ...missing]);
    missing = missingPackages();
  }
  if (missing.length === 0) return;
  const line = `the tests need ${missing.join(', ')}: install them with your package manager`;
  if (process.env.CI === 'true') stop(line);
  say(`setup: ${line}`);
}

async function test() {
  await installForeignClients();
  const aws = awsCli();
  const boto = python();
  const extra = { ...(aws ? { AMIPORT_AWS_CLI: aws } : {}), ...(boto ? { AMIPORT_PYTHON: boto } : {}) };
  const checks = [
    ['types', 'tsc', ['--noEmit', '-p', '.']],
    ['format and lint', 'biome', ['check', '.']],
    ['dead code', 'knip', []],
  ];
  for (const [name, tool, parameters] of args.length > 0 ? [] : checks) {
    say(`\n== ${name}`);
    const code = await run(join(BIN, tool), parameters, extra);
    if (code !== 0) process.exit(code);
  }
  say('\n== tests');
  const folder = mkdtempSync(join(tmpdir(), 'amiport-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run(join(BIN, 'vitest'), ['run', ...reporters, ...args], extra);
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code;
  if (!counts) return;
  const skipped = counts.numPendingTests + counts.numTodoTests;
  const line = `${counts.numPassedTests} passed, ${counts.numFailedTests} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  process.stdout.write(`${line}\n`);
}
