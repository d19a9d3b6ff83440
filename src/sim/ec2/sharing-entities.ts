/**
 * What a launch permission may name so that an account is meant. IMG-52: organizations and OUs by their full
 * ARN; an OU covers the accounts and OUs in it.
 */
import type { World } from '../world/world.ts';

/** The account, `all`, and the ARNs of its organization and of the OUs above it. */
export function entitiesOf(world: World, account: string): string[] {
  const entities = [account, 'all'];
  const organization = world.organization;
  const member = organization?.members.get(account);
  if (!organization || !member) return entities;
  const { id, managementAccount, units } = organization;
  const arn = (what: string) => `arn:${world.partition}:organizations::${managementAccount}:${what}`;
  entities.push(arn(`organization/${id}`));
  for (let at = units.get(member.parentId); at !== undefined; at = units.get(at.parentId)) {
    entities.push(arn(`ou/${id}/${at.id}`));
  }
  return entities;
}
