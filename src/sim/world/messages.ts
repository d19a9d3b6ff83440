/** SNS topics and EventBridge event buses of one account in one Region, with what they received. */
export interface MessagesPlace {
  /** By name. */
  readonly topics: Map<string, Channel>;
  /** By name; `default` is always there and is made when first touched. */
  readonly buses: Map<string, Channel>;
}

export interface Channel {
  readonly arn: string;
  /** Oldest first, bounded. AWS hands them to subscribers and rules; here they are read through the control API. */
  readonly received: Received[];
}

export interface Received {
  readonly id: string;
  readonly atMs: number;
  readonly by: string;
  /** Subject of an SNS message, detail type of an event. */
  readonly subject: string | undefined;
  readonly source: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** Message or detail, as it came. */
  readonly body: string;
}

const KEPT = 1_000;

export function receive(channel: Channel, message: Received): void {
  channel.received.push(message);
  if (channel.received.length > KEPT) channel.received.shift();
}
