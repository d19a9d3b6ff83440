/**
 * A webhook: signed with HMAC-SHA256 over the moment and the body, so that the receiver can refuse what is forged or
 * replayed. The secret comes from the environment and is in no message, journal or error.
 */
import { createHmac } from 'node:crypto';
import { type Reason, reason } from '../base/outcome.ts';
import type { Clock } from '../base/ports.ts';

const ATTEMPTS_MAX = 4;
const FIRST_WAIT_MS = 1_000;
const TIMEOUT_MS = 10_000;

interface Hook {
  readonly url: string;
  /** The variable of the environment that holds the secret. */
  readonly secretEnv: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** @returns why it could not be told, if it could not */
export async function callWebhook(clock: Clock, env: Env, hook: Hook, body: string): Promise<Reason | undefined> {
  const secret = env[hook.secretEnv] ?? '';
  if (secret === '') return unsigned(hook.url, hook.secretEnv);
  for (let attempt = 1; ; attempt++) {
    const answer = await send(hook.url, secret, String(Math.floor(clock.nowMs() / 1000)), body);
    if (answer.is === 'taken') return undefined;
    if (answer.is === 'refused' || attempt === ATTEMPTS_MAX) return untold(hook.url, answer.says, attempt);
    await clock.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1));
  }
}

type Answer = { readonly is: 'taken' } | { readonly is: 'refused' | 'unanswered'; readonly says: string };

async function send(url: string, secret: string, timestamp: string, body: string): Promise<Answer> {
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'amiport-timestamp': timestamp,
        'amiport-signature': `v1=${signature}`,
      },
    });
    await answer.body?.cancel();
    if (answer.ok) return { is: 'taken' };
    // Other answers of the client's kind stay the same however often one asks.
    const later = answer.status >= 500 || answer.status === 429 || answer.status === 408;
    return { is: later ? 'unanswered' : 'refused', says: `it answered ${answer.status}` };
  } catch (error) {
    return {
      is: 'unanswered',
      says: (error as Error).name === 'TimeoutError' ? 'it did not answer in time' : 'nobody answers there',
    };
  }
}

/** Paths and queries of webhooks often hold a token. */
const hostOf = (url: string): string => new URL(url).host;

const untold = (url: string, says: string, attempts: number): Reason =>
  reason(
    'notify.webhook.failed',
    hostOf(url),
    `the webhook at ${hostOf(url)} was not told, in ${attempts} attempt${attempts === 1 ? '' : 's'}: ${says}`,
    {
      remedy: { who: 'you', does: 'see that it takes what amiport sends, or correct notify.url in amiport.yaml' },
    },
  );

const unsigned = (url: string, name: string): Reason =>
  reason(
    'notify.secret.absent',
    hostOf(url),
    `the webhook at ${hostOf(url)} was not told: ${name} is not in the environment, and nothing is sent unsigned`,
    {
      remedy: { who: 'you', does: `set ${name} to the secret that the receiver knows` },
    },
  );
