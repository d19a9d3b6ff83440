/** Single AWS calls by name, as somebody without amiport makes them: the story of the demo and the tests' bystander. */
import { type Outcome, reason } from '../base/outcome.ts';
import { type Clock, seededRandom } from '../base/ports.ts';
import { Connection } from './connection.ts';

/** What an SDK answers, by name; callers know the shape they asked for. */
export type RawAnswer = Readonly<Record<string, unknown>>;

export interface RawSender {
  readonly account: string;
  /** @param command without its suffix: `CopyImage` @param as a role ARN to call under */
  send<T extends object = RawAnswer>(
    service: RawService,
    region: string,
    command: string,
    input: object,
    as?: string,
  ): Promise<Outcome<T>>;
  close(): Promise<void>;
}

export type RawService = keyof typeof MODULES;

const MODULES = {
  ec2: () => import('@aws-sdk/client-ec2'),
  kms: () => import('@aws-sdk/client-kms'),
  iam: () => import('@aws-sdk/client-iam'),
  ssm: () => import('@aws-sdk/client-ssm'),
  autoscaling: () => import('@aws-sdk/client-auto-scaling'),
  cloudtrail: () => import('@aws-sdk/client-cloudtrail'),
  sns: () => import('@aws-sdk/client-sns'),
  events: () => import('@aws-sdk/client-eventbridge'),
  organizations: () => import('@aws-sdk/client-organizations'),
} as const;

/** A simulator by URL, or in this process. */
export type Reach = { readonly endpoint: string } | { readonly requestHandler: object };

/** A role that calls, assumed by the administrator of another account. */
export interface AssumedBy {
  readonly role: string;
  readonly account: string;
}

/** Calls a simulator as the administrator of `account`, or as a role there. */
export function rawSender(
  reach: Reach,
  account: string,
  clock: Clock,
  externalId?: string,
  assumed?: AssumedBy,
): RawSender {
  const connection = new Connection({
    ...reach,
    credentials: { accessKeyId: assumed?.account ?? account, secretAccessKey: 'test' },
    roleFor: () => assumed?.role,
    ...(externalId === undefined ? {} : { externalId }),
    homeRegion: 'us-east-1',
    clock,
    random: seededRandom(1),
    sessionName: 'by-hand',
  });
  return {
    account,
    async send<T extends object>(
      service: RawService,
      region: string,
      command: string,
      input: object,
      as?: string,
    ): Promise<Outcome<T>> {
      const module: Readonly<Record<string, unknown>> = await MODULES[service]();
      const Command = module[`${command}Command`];
      if (typeof Command !== 'function')
        return { ok: false, reason: reason('raw.command.unknown', command, `there is no operation ${command}`) };
      const options = { ...(as === undefined ? {} : { as }), attemptsMax: 3 };
      const sent = await connection.send(
        service,
        { account, region },
        command,
        (client) =>
          (client as unknown as { send(c: object): Promise<object> }).send(Reflect.construct(Command, [input])),
        options,
      );
      return sent as Outcome<T>;
    },
    close: () => connection.close(),
  };
}
