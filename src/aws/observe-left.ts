/** Finds what carries a delivery's tags, whether or not anything still points at it: for what was left behind. */
import { done, type Outcome } from '../base/outcome.ts';
import type { Cloud } from '../model/cloud.ts';
import type { KeySeen, SnapshotSeen } from '../model/observed.ts';
import type { Connection } from './connection.ts';
import { readKey, taggedKeyIds } from './observe-key.ts';
import { snapshotSeen, tagsOf } from './shapes.ts';

type Searches = Pick<Cloud, 'findSnapshots' | 'findKeys' | 'findParameters'>;

export function searches(c: Connection): Searches {
  return {
    async findSnapshots(at, delivery) {
      const { paginateDescribeSnapshots } = await import('@aws-sdk/client-ec2');
      const input = { OwnerIds: ['self'], Filters: [{ Name: 'tag:amiport:delivery', Values: [delivery] }] };
      return c.send('ec2', at, 'ec2:DescribeSnapshots', async (client) => {
        const found: (SnapshotSeen & { readonly tags: Readonly<Record<string, string>> })[] = [];
        for await (const page of paginateDescribeSnapshots({ client }, input))
          for (const s of page.Snapshots ?? []) found.push({ ...snapshotSeen(s), tags: tagsOf(s.Tags) });
        return found;
      });
    },

    async findKeys(at, delivery) {
      const ids = await taggedKeyIds(c, at, delivery);
      if (!ids.ok) return ids;
      const keys: KeySeen[] = [];
      for (const id of ids.value) {
        const key = await readKey(c, at, id, 'listed');
        if (key.is === 'unreadable') return { ok: false, reason: key.reason };
        if (key.is === 'known') keys.push(key.value);
      }
      return done(keys);
    },

    findParameters: (at, delivery) => parameters(c, at, delivery),
  };
}

/** SSM API Reference "DescribeParameters": `tag:` keys filter by tag. */
async function parameters(
  c: Connection,
  at: { readonly account: string; readonly region: string },
  delivery: string,
): Promise<Outcome<readonly string[]>> {
  const { paginateDescribeParameters } = await import('@aws-sdk/client-ssm');
  const input = { ParameterFilters: [{ Key: 'tag:amiport:delivery', Option: 'Equals', Values: [delivery] }] };
  return c.send('ssm', at, 'ssm:DescribeParameters', async (client) => {
    const names: string[] = [];
    for await (const page of paginateDescribeParameters({ client }, input))
      for (const p of page.Parameters ?? []) if (p.Name !== undefined) names.push(p.Name);
    return names;
  });
}
