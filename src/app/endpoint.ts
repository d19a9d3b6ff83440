/**
 * Where AWS is, and as whom amiport calls: the real AWS with the SDK's provider chain, or one endpoint (the
 * simulator) with the credentials given for it and nothing ambient.
 */

import type { Credentials } from '../aws/connection.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Target {
  /** undefined: the real AWS. */
  readonly endpoint: string | undefined;
  /** undefined: the SDK's provider chain. */
  readonly credentials: Credentials | undefined;
}

export function targetOf(flag: string | undefined, env: Env): Outcome<Target> {
  const endpoint = flag ?? env.AMIPORT_ENDPOINT ?? env.AWS_ENDPOINT_URL;
  if (endpoint === undefined || endpoint === '') return done({ endpoint: undefined, credentials: undefined });
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint)) {
    return failed(
      reason(
        'cli.endpoint.malformed',
        endpoint,
        `--endpoint wants a URL such as http://127.0.0.1:4599, not ${endpoint}`,
      ),
    );
  }
  const accessKeyId = env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
  const sessionToken = env.AWS_SESSION_TOKEN;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    return failed(
      reason(
        'cli.endpoint.no-credentials',
        endpoint,
        `no credentials for the endpoint ${endpoint} are in the environment, and ambient ones are never sent to it`,
        {
          remedy: { who: 'you', does: 'eval "$(amiport sim env 111111111111)"' },
        },
      ),
    );
  }
  if (!isSimulated(accessKeyId, secretAccessKey, sessionToken)) {
    return failed(
      reason(
        'cli.endpoint.real-credentials',
        endpoint,
        `the credentials in the environment look like real ones, which are never sent to ${endpoint}`,
        {
          remedy: {
            who: 'you',
            does: 'use those of the simulator: eval "$(amiport sim env 111111111111)"; or drop the endpoint',
          },
        },
      ),
    );
  }
  return done({
    endpoint,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  });
}

/** The simulator's access key ids are account ids; its sessions carry a token that says whose they are. */
function isSimulated(accessKeyId: string, secret: string, token: string | undefined): boolean {
  return /^\d{12}$/.test(accessKeyId) || secret === 'test' || (token?.startsWith('amiport-sim') ?? false);
}
