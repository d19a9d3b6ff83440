#!/usr/bin/env node
/** The `amiport` command. Loads nothing heavy: each command's code is imported when it runs. */
import { run } from '@stricli/core';
import { amiport } from './application.ts';
import { EXIT, exitCodeOf, newContext } from './context.ts';
import { keepYoungGenerationSmall } from './young-generation.ts';

if (process.argv[2] === 'audit') keepYoungGenerationSmall();

const context = newContext(process, amiport);
try {
  await run(amiport, process.argv.slice(2), context);
} catch (error) {
  process.stderr.write(
    `amiport: this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = EXIT.failed;
}
process.exitCode = exitCodeOf(process.exitCode);
