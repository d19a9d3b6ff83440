/** A reader that goes away, as `head` does: no stack trace, and the exit code is the command's own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ext4Image } from '../../src/audit/testing.ts';

test('what nobody reads any more does not end a command', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-closed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const disk = ext4Image(folder, { '/etc/machine-id': `${'0123456789abcdef'.repeat(2)}\n` });
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve('src/cli/main.ts'), 'audit', disk],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const code = await new Promise((done) => child.on('close', done));
  expect([code, said]).toEqual([3, '']);
}, 30_000);
