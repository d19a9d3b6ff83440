/** Which way fits, and why: said only as far as it can be known. */
import { KEY_POLICY_BYTES_MAX } from '../plan/key-limits.ts';
import type { Fleet } from './fleet.ts';
import type { WayName, WayRow } from './ways.ts';

/** What is known of secrets in the images: by audits, or by the word of whoever asks. */
export type Secrets = 'none' | 'some' | 'unknown';

/** How it is known: an audit of each image, or somebody's word. */
export interface Known {
  readonly secrets: Secrets;
  /** `audits of kubernetes (2027-01-15) and vod (2027-01-15)`; empty: the word of whoever asks. */
  readonly by: string;
}

/** What audits say of several images together: one that holds secrets is enough, and one that is unknown leaves all unknown. */
export function secretsOf(
  each: readonly { readonly image: string; readonly secrets: Secrets; readonly at: string }[],
): Known {
  const held = each.filter((e) => e.secrets === 'some');
  const telling = held.length > 0 ? held : each.filter((e) => e.secrets !== 'unknown');
  const secrets = held.length > 0 ? 'some' : each.length > 0 && telling.length === each.length ? 'none' : 'unknown';
  const names = telling.map((e) => `${e.image} (${e.at.slice(0, 10)})`).join(', ');
  return { secrets, by: secrets === 'unknown' || names === '' ? '' : `audit of ${names}` };
}

export interface Advice {
  readonly way: WayName | undefined;
  readonly because: string;
}

export function adviceFor(fleet: Fleet, rows: readonly WayRow[], { secrets, by }: Known): Advice {
  switch (secrets) {
    case 'none':
      return {
        way: 'shared-unencrypted',
        because: `${by === '' ? 'images that hold nothing secret need no encryption' : `no secrets were found (${by})`}: share unencrypted; each account encrypts its volumes at launch under its own key, and there is no key to share, to serve or to leak`,
      };
    case 'some':
      return encrypted(fleet, rows, by === '' ? '' : `the images hold secrets (${by}), so they stay encrypted: `);
    case 'unknown':
      return {
        way: undefined,
        because:
          'nobody knows whether the images hold secrets: amiport audit reads their disks and says so (or say it: --secrets none, --secrets some)',
      };
  }
}

/** Account copies name every account too, in the policy of the key that the copiers read with. */
function encrypted(fleet: Fleet, rows: readonly WayRow[], held: string): Advice {
  const bytes = (way: WayName): number => rows.find((r) => r.way === way)?.keyPolicyBytes.value ?? 0;
  const [shared, copies] = [bytes('shared-encrypted'), bytes('account-copies')];
  if (shared <= KEY_POLICY_BYTES_MAX)
    return {
      way: 'shared-encrypted',
      because: `${held}one dedicated key serves ${fleet.accounts} accounts, and no two accounts share a volume key; account-copies costs more, and is for those who want no account to depend on another`,
    };
  if (copies <= KEY_POLICY_BYTES_MAX)
    return {
      way: 'account-copies',
      because: `${held}the policy of one shared key would name ${fleet.accounts} accounts in ${shared} bytes, and AWS takes ${KEY_POLICY_BYTES_MAX}; ${UNITS}`,
    };
  return {
    way: undefined,
    because: `${held}no key policy can name ${fleet.accounts} accounts: that of one shared key takes ${shared} bytes, that of the key which account-copies reads with ${copies}, and AWS takes ${KEY_POLICY_BYTES_MAX}; ${UNITS}`,
  };
}

const UNITS =
  'where they stand in organizational units of their own, name those in the config: the policy then opens to units';
