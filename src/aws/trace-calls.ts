/** Notes the request ids of calls that change something: by them CloudTrail and AWS Support find a call. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestSeen } from '../model/cloud.ts';

const READS = /^(Describe|Get|List|Lookup|Assume|Simulate)/;

interface Answer {
  readonly $metadata?: { readonly requestId?: string };
}

type Handler = (args: unknown) => Promise<unknown>;
interface Traceable {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
      options: { readonly step: 'initialize'; readonly name: string },
    ): void;
  };
}

/** @param client any client of the AWS SDK */
export function traceCalls(
  client: unknown,
  service: string,
  traces: AsyncLocalStorage<RequestSeen[]>,
  nowMs: () => number,
): void {
  const note = (name: string, answer: Answer): void => {
    const requestId = answer.$metadata?.requestId;
    if (requestId !== undefined)
      traces.getStore()?.push({ action: `${service}:${name.replace(/Command$/, '')}`, requestId, atMs: nowMs() });
  };
  (client as Traceable).middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        if (READS.test(commandName)) return next(args);
        try {
          const answer = (await next(args)) as { readonly output?: Answer };
          note(commandName, answer.output ?? {});
          return answer;
        } catch (error) {
          note(commandName, Object(error) as Answer);
          throw error;
        }
      },
    { step: 'initialize', name: 'amiportTrace' },
  );
}
