/** KMS Developer Guide "Resource quotas": neither can be raised. */
export const KEY_POLICY_BYTES_MAX = 32_768;
export const GRANTS_MAX = 50_000;
