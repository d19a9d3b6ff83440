/** The way in: the text of a first config, and whether amiport gets into every account. */
import { stringify } from 'yaml';
import { readIdentity } from '../aws/observe-account.ts';
import { type Finding, reason } from '../base/outcome.ts';
import { mapPool } from '../base/pool.ts';
import { roleArnFor } from '../model/delivery.ts';
import type { Session } from './session.ts';

export interface Answers {
  readonly delivery: string;
  readonly builder: { readonly account: string; readonly region: string };
  /** Role name in every account; empty: the caller's own credentials. */
  readonly role: string;
  readonly externalId: string;
  readonly regions: readonly string[];
  readonly accounts: readonly { readonly id: string; readonly launchers: readonly string[] }[];
  readonly images: readonly { readonly name: string; readonly source: string }[];
}

const HEADER = `# What amiport delivers, where to, and how. \`amiport config check\` checks it, \`amiport config show\` fills in defaults,
# \`amiport config schema > amiport.schema.json\` gives editors the words.
`;

/** A whole config: everything asked, the rest at its default. */
export function configText(answers: Answers): string {
  const partition = answers.builder.region.startsWith('cn-')
    ? 'aws-cn'
    : answers.builder.region.startsWith('us-gov-')
      ? 'aws-us-gov'
      : 'aws';
  const config = {
    version: 1,
    delivery: answers.delivery,
    builder: answers.builder,
    ...(answers.role === ''
      ? {}
      : {
          access: {
            role: `arn:${partition}:iam::{account}:role/${answers.role}`,
            ...(answers.externalId === '' ? {} : { externalId: answers.externalId }),
          },
        }),
    regions: answers.regions,
    accounts: answers.accounts.map(({ id, launchers }) => ({ id, launchers: launchers.map(launcherOf) })),
    key: { alias: `amiport-${answers.delivery}`, multiRegion: true, rotation: { everyDays: 365 } },
    images: Object.fromEntries(
      answers.images.map(({ name, source }) => [
        name,
        { source: sourceOf(source), way: 'shared-encrypted', publish: { ssm: '/golden/{image}/current' } },
      ]),
    ),
  };
  return HEADER + stringify(config, { lineWidth: 0, defaultStringType: 'PLAIN' });
}

/** `autoscaling` and its like are words; anything else is the name of a role. */
const launcherOf = (text: string): unknown =>
  ['autoscaling', 'eks', 'spot', 'spotfleet', 'ec2fleet'].includes(text) ? text : { role: text };

/** As people write a source: an AMI id, a parameter, a manifest or a template. */
export function sourceOf(text: string): Readonly<Record<string, string>> {
  if (/^ami-[0-9a-f]+$/.test(text)) return { ami: text };
  if (text.startsWith('/') && !/\.(hcl|json)$/.test(text)) return { ssm: text };
  return /manifest[^/]*\.json$/.test(text) ? { manifest: text } : { packer: text };
}

export interface AccessCheck {
  readonly account: string;
  readonly name?: string;
  readonly is: 'builder' | 'account';
  /** undefined: the caller's own credentials. */
  readonly role?: string;
  readonly identity: Finding<string>;
}

const AT_ONCE = 16;

/** Asks each account as whom amiport is there: the role is assumed, nothing else is called. */
export function checkAccess(session: Session): Promise<readonly AccessCheck[]> {
  const { want } = session;
  const others = want.accounts.filter((a) => a.id !== want.builder.account);
  const all = [
    { id: want.builder.account, name: 'builder', is: 'builder' as const },
    ...others.map((a) => ({ id: a.id, name: a.name, is: 'account' as const })),
  ];
  return mapPool(all, AT_ONCE, async ({ id, name, is }) => {
    const role = roleArnFor(want.access, id);
    const identity = await readIdentity(session.connection, id);
    const nobody = reason('aws.no-identity', id, 'AWS does not say who is calling');
    return {
      account: id,
      is,
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      identity: identity.is === 'absent' ? { is: 'unreadable' as const, reason: nobody } : identity,
    };
  });
}
