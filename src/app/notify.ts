/**
 * Tells what came of a delivery: a webhook, an SNS topic, an EventBridge event bus, whichever the config names. Each is
 * tried a few times; that somebody could not be told is said, and fails nothing.
 */
import { type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Notify } from '../model/delivery.ts';
import { type Notice, noticeText } from './notice.ts';
import type { Session } from './session.ts';
import { callWebhook } from './webhook.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** @returns why somebody could not be told, if it was so */
export async function notify(session: Session, env: Env, notice: Notice): Promise<Reason | undefined> {
  const { notify: wanted, name } = session.want;
  if (wanted === undefined || !wanted.on.includes(notice.event)) return undefined;
  const at = new Date(session.clock.nowMs()).toISOString();
  const text = noticeText({ delivery: name, at }, notice);
  const told = await Promise.all([
    wanted.url === undefined
      ? undefined
      : callWebhook(session.clock, env, { url: wanted.url, secretEnv: wanted.secretEnv }, text),
    publish(session, wanted, notice, text),
    put(session, wanted, notice, text),
  ]);
  const missed = told.filter((why) => why !== undefined);
  const [first, more] = missed;
  if (more === undefined) return first;
  return reason('notify.failed', name, `${missed.length} of those who were to be told were not`, { because: missed });
}

async function publish(session: Session, { topic }: Notify, notice: Notice, message: string) {
  if (topic === undefined) return undefined;
  const { name } = session.want;
  const attributes = { delivery: name, event: notice.event };
  const subject = `amiport: ${name} ${notice.event}`.slice(0, SUBJECT_MAX);
  const sent = session.cloud.publishMessage(placeFor(session, topic), { topic, subject, message, attributes });
  return untold(sent, 'notify.sns.failed', `the SNS topic ${topic}`, topic);
}

async function put(session: Session, { bus }: Notify, notice: Notice, detail: string) {
  if (bus === undefined) return undefined;
  const sent = session.cloud.putEvent(placeFor(session, bus), {
    bus,
    source: 'amiport',
    detailType: `amiport ${notice.event}`,
    detail,
  });
  return untold(sent, 'notify.eventbridge.failed', `the event bus ${bus}`, bus);
}

/** SNS API Reference "Publish". */
const SUBJECT_MAX = 100;

/** The builder account calls, in the Region of what is told. */
const placeFor = (session: Session, arn: string): Place => ({
  account: session.want.builder.account,
  region: arn.split(':')[3] ?? '',
});

async function untold(
  sent: Promise<Outcome<void>>,
  code: string,
  whom: string,
  arn: string,
): Promise<Reason | undefined> {
  const outcome = await sent;
  if (outcome.ok) return undefined;
  return reason(code, arn, `${whom} was not told`, {
    because: [outcome.reason],
    remedy: outcome.reason.remedy ?? { who: 'you', does: 'see that it is there, or correct notify in amiport.yaml' },
  });
}
