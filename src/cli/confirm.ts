/** Asks before anything is changed. Without a terminal nobody can answer, so the answer is no. */
import type { Context } from './context.ts';

export async function confirm(context: Context, question: string): Promise<boolean> {
  if (context.process.stdin.isTTY !== true) {
    context.process.stderr.write(
      `${question} There is no terminal to answer on: nothing was changed. --yes carries it out.\n`,
    );
    return false;
  }
  const { confirm: ask, isCancel } = await import('@clack/prompts');
  const answer = await ask({ message: question, initialValue: false });
  return !isCancel(answer) && answer;
}
