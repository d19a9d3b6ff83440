/** Takes away one link that a positive proof names: a statement or a grant. */
import { keyByArn } from '../../src/sim/kms/keys.ts';
import { FIRST, HOME, must } from '../deliver/stage.ts';
import type { Stand } from './stand.ts';

interface Statement {
  readonly Sid?: string;
}

const without = (text: string, statement: string): string => {
  const document = JSON.parse(text) as { readonly Statement: readonly Statement[] | Statement };
  const all = [document.Statement].flat();
  return JSON.stringify({ ...document, Statement: all.filter((s, i) => (s.Sid ?? `#${i}`) !== statement) });
};

/** @param link as in `by` of a proof @returns false for what nobody can take away: the policy of `aws/ebs` */
export async function takeAway(stand: Stand, account: string, link: string): Promise<boolean> {
  const [layer = '', id = '', statement = ''] = link.split(' · ');
  if (layer === 'grant') {
    const places = [...stand.sim.world.accounts.values()].flatMap((a) => [...a.places.values()]);
    for (const key of places.flatMap((at) => [...at.kms.keys.values()])) key.grants.delete(id);
    return true;
  }
  if (layer === 'resource') {
    const key = keyByArn(stand.sim.world, id.replace('key policy of ', ''));
    if (key === undefined || key.manager === 'AWS') return false;
    key.policy = without(key.policy, statement);
    return true;
  }
  const [, RoleName = '', PolicyName = ''] = /^role ([^:]+): (.+)$/.exec(id) ?? [];
  // Nobody takes anything from a service-linked role.
  if (RoleName.startsWith('AWSServiceRole')) return false;
  const who = account === FIRST ? stand.first : stand.second;
  const found = await must(
    who.send<{ PolicyDocument: string }>('iam', HOME, 'GetRolePolicy', { RoleName, PolicyName }),
  );
  const PolicyDocument = without(decodeURIComponent(found.PolicyDocument), statement);
  const empty = (JSON.parse(PolicyDocument) as { Statement: readonly unknown[] }).Statement.length === 0;
  const input = { RoleName, PolicyName };
  await must(
    empty
      ? who.send('iam', HOME, 'DeleteRolePolicy', input)
      : who.send('iam', HOME, 'PutRolePolicy', { ...input, PolicyDocument }),
  );
  return true;
}
