/** Parameters that amiport keeps for itself in the builder account: leases, and what AWS would forget. */
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud, KeptParameter } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

type ParameterEffects = Pick<Cloud, 'readParameters' | 'createParameter' | 'overwriteParameter' | 'deleteParameters'>;

/** SSM API Reference "DeleteParameters". */
const NAMES_PER_DELETE = 10;

export const parameterEffects = (c: Connection): ParameterEffects => ({
  readParameters: (at, path) => read(c, at, path),

  async createParameter(at, want) {
    const { PutParameterCommand } = await import('@aws-sdk/client-ssm');
    const Tags = Object.entries(want.tags).map(([Key, Value]) => ({ Key, Value }));
    const made = await c.send('ssm', at, 'ssm:PutParameter', (ssm) =>
      ssm.send(new PutParameterCommand({ Name: want.name, Value: want.value, Type: 'String', Overwrite: false, Tags })),
    );
    if (made.ok) return done(true);
    return refusedWith(made, 'ParameterAlreadyExists') ? done(false) : made;
  },

  async overwriteParameter(at, want) {
    const { PutParameterCommand } = await import('@aws-sdk/client-ssm');
    const put = await c.send('ssm', at, 'ssm:PutParameter', (ssm) =>
      ssm.send(new PutParameterCommand({ Name: want.name, Value: want.value, Type: 'String', Overwrite: true })),
    );
    return put.ok ? done(undefined) : put;
  },

  async deleteParameters(at, names) {
    const { DeleteParametersCommand } = await import('@aws-sdk/client-ssm');
    for (let i = 0; i < names.length; i += NAMES_PER_DELETE) {
      const Names = names.slice(i, i + NAMES_PER_DELETE);
      const gone = await c.send('ssm', at, 'ssm:DeleteParameters', (ssm) =>
        ssm.send(new DeleteParametersCommand({ Names })),
      );
      if (!gone.ok) return gone;
    }
    return done(undefined);
  },
});

async function read(c: Connection, at: Place, path: string): Promise<Outcome<readonly KeptParameter[]>> {
  const { paginateGetParametersByPath } = await import('@aws-sdk/client-ssm');
  return c.send('ssm', at, 'ssm:GetParametersByPath', async (client) => {
    const found: KeptParameter[] = [];
    for await (const page of paginateGetParametersByPath({ client }, { Path: path }))
      for (const p of page.Parameters ?? [])
        found.push({ name: p.Name ?? '', value: p.Value ?? '', version: p.Version ?? 0 });
    return found;
  });
}
