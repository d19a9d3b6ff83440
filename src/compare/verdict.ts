/** Which way fits, and why: said only as far as it can be known. */
import type { Fleet } from './fleet.ts';
import type { WayName, WayRow } from './ways.ts';

/** What is known of secrets in the images: `none` and `some` are the word of whoever asks. */
export type Secrets = 'none' | 'some' | 'unknown';

export interface Advice {
  readonly way: WayName | undefined;
  readonly because: string;
}

/** KMS Developer Guide "Resource quotas". */
const KEY_POLICY_BYTES_MAX = 32_768;

export function adviceFor(fleet: Fleet, rows: readonly WayRow[], secrets: Secrets): Advice {
  const shared = rows.find((r) => r.way === 'shared-encrypted');
  const fits = (shared?.keyPolicyBytes.value ?? 0) <= KEY_POLICY_BYTES_MAX;
  switch (secrets) {
    case 'none':
      return {
        way: 'shared-unencrypted',
        because:
          'images that hold nothing secret need no encryption: each account encrypts its volumes at launch under its own key, and there is no key to share, to serve or to leak',
      };
    case 'some':
      return fits
        ? {
            way: 'shared-encrypted',
            because: `one dedicated key serves ${fleet.accounts} accounts, and no two accounts share a volume key; account-copies costs more, and is for those who want no account to depend on another`,
          }
        : {
            way: 'account-copies',
            because: `the policy of one shared key would have ${shared?.keyPolicyBytes.value} bytes for ${fleet.accounts} accounts, and AWS takes ${KEY_POLICY_BYTES_MAX}`,
          };
    case 'unknown':
      return {
        way: undefined,
        because:
          'nobody has said whether the images hold secrets: --secrets none, where they do not (then unencrypted is simplest, and safe), or --secrets some',
      };
  }
}
