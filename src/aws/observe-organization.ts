/**
 * Reads the guardrails: SCPs and RCPs of every level above the accounts of a delivery. Works from the
 * management account or a delegated administrator; from elsewhere the organization is `unreadable`.
 */
import type { OrganizationsClient, Parent } from '@aws-sdk/client-organizations';
import { absent, type Finding, known, unreadable } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { LevelSeen, OrganizationSeen, PolicySeen } from '../model/observed.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

const KINDS = { scps: 'SERVICE_CONTROL_POLICY', rcps: 'RESOURCE_CONTROL_POLICY' } as const;

export async function observeOrganization(c: Connection, want: Delivery): Promise<Finding<OrganizationSeen>> {
  if (want.organization.guardrails === 'ignore') return absent;
  const { DescribeOrganizationCommand } = await import('@aws-sdk/client-organizations');
  const at = { account: want.organization.account, region: c.options.homeRegion };
  const described = await c.send('organizations', at, 'organizations:DescribeOrganization', (o) =>
    o.send(new DescribeOrganizationCommand({})),
  );
  if (!described.ok)
    return refusedWith(described, 'AWSOrganizationsNotInUseException') ? absent : unreadable(described.reason);
  const id = described.value.Organization?.Id ?? '';
  const managementAccount = described.value.Organization?.MasterAccountId ?? '';
  const read = await c.send('organizations', at, 'organizations:ListPoliciesForTarget', async (client) => {
    const reader = new LevelReader(client);
    const paths = new Map<string, string>();
    const found = {
      scps: new Map<string, Finding<readonly LevelSeen[]>>(),
      rcps: new Map<string, Finding<readonly LevelSeen[]>>(),
    };
    for (const account of new Set([want.builder.account, ...want.accounts.map((a) => a.id)])) {
      const chain = await reader.chain(account);
      if (chain === undefined) continue;
      paths.set(
        account,
        `${id}/${chain
          .slice(0, -1)
          .map((t) => `${t.id}/`)
          .join('')}`,
      );
      for (const kind of ['scps', 'rcps'] as const) {
        const levels: LevelSeen[] = [];
        for (const target of chain)
          levels.push({ level: target.name, policies: await reader.policies(target.id, KINDS[kind]) });
        // A policy type that is not switched on attaches nothing anywhere: then there is no such guardrail.
        found[kind].set(account, levels.every((l) => l.policies.length === 0) ? absent : known(levels));
      }
    }
    return { paths, ...found };
  });
  return read.ok ? known({ id, managementAccount, ...read.value }) : unreadable({ ...read.reason, remedy: READABLE });
}

const READABLE = {
  who: 'you',
  does: 'set organization.account to the management account or a delegated administrator, or organization.guardrails: ignore to judge without SCPs and RCPs',
};

interface Target {
  readonly id: string;
  readonly name: string;
}

/** Asks for each parent, attachment and document once, however many accounts share them. */
class LevelReader {
  readonly #client: OrganizationsClient;
  readonly #parents = new Map<string, Promise<Parent | undefined>>();
  readonly #attached = new Map<string, Promise<readonly PolicySeen[]>>();
  readonly #documents = new Map<string, Promise<string>>();

  constructor(client: OrganizationsClient) {
    this.#client = client;
  }

  /** Root → OUs → account; undefined for an account outside the organization. */
  async chain(account: string): Promise<readonly Target[] | undefined> {
    const chain: Target[] = [{ id: account, name: `Account ${account}` }];
    for (let id = account; ; ) {
      const parent = await this.#parent(id);
      if (parent?.Id === undefined) return undefined;
      chain.unshift({ id: parent.Id, name: `${parent.Type === 'ROOT' ? 'Root' : 'OU'} ${parent.Id}` });
      if (parent.Type === 'ROOT') return chain;
      id = parent.Id;
    }
  }

  policies(target: string, type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY'): Promise<readonly PolicySeen[]> {
    const key = `${type} ${target}`;
    const there = this.#attached.get(key);
    if (there !== undefined) return there;
    const made = this.#readAttached(target, type);
    this.#attached.set(key, made);
    return made;
  }

  #parent(child: string): Promise<Parent | undefined> {
    const there = this.#parents.get(child);
    if (there !== undefined) return there;
    const made = (async () => {
      const { ListParentsCommand } = await import('@aws-sdk/client-organizations');
      try {
        return (await this.#client.send(new ListParentsCommand({ ChildId: child }))).Parents?.[0];
      } catch (error) {
        if ((error as { name?: string }).name === 'ChildNotFoundException') return undefined;
        throw error;
      }
    })();
    this.#parents.set(child, made);
    return made;
  }

  async #readAttached(
    target: string,
    Filter: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY',
  ): Promise<readonly PolicySeen[]> {
    const { paginateListPoliciesForTarget } = await import('@aws-sdk/client-organizations');
    const policies: PolicySeen[] = [];
    for await (const page of paginateListPoliciesForTarget({ client: this.#client }, { TargetId: target, Filter })) {
      for (const p of page.Policies ?? [])
        policies.push({ name: p.Name ?? p.Id ?? '', id: p.Id ?? '', document: await this.#document(p.Id ?? '') });
    }
    return policies;
  }

  #document(policyId: string): Promise<string> {
    const there = this.#documents.get(policyId);
    if (there !== undefined) return there;
    const made = (async () => {
      const { DescribePolicyCommand } = await import('@aws-sdk/client-organizations');
      return (await this.#client.send(new DescribePolicyCommand({ PolicyId: policyId }))).Policy?.Content ?? '{}';
    })();
    this.#documents.set(policyId, made);
    return made;
  }
}
