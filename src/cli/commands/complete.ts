/** `amiport __complete WORD…`: what the completion scripts ask. One proposal a line; the last word is the partial one. */
import { proposeCompletions } from '@stricli/core';
import type { Context } from '../context.ts';

export default async function complete(this: Context, _flags: object, ...words: string[]): Promise<void> {
  const partial = words.at(-1) ?? '';
  // Words before that are wrong leave nothing to propose; that is no error of who presses Tab.
  const proposals = await proposeCompletions(this.app, words.length === 0 ? [''] : words, this).catch(() => []);
  const lines = proposals
    .map((p) => p.completion)
    .filter((c) => c.startsWith(partial) && !c.startsWith('__') && c !== '--');
  this.process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
