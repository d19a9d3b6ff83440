/** KMS Developer Guide "Resource quotas": neither can be raised. */
export const KEY_POLICY_BYTES_MAX = 32_768;
export const GRANTS_MAX = 50_000;

/** Near this size units of the organization stand for accounts, long before AWS would refuse. */
export const KEY_POLICY_BYTES_OF_ACCOUNTS = 28_000;
