/** Every rule that amiport brings. */
import type { Rule } from '../rule.ts';
import { CLOUD_RULES } from './clouds.ts';
import { DEVELOPER_TOKEN_RULES } from './developer-tokens.ts';
import { JWT_RULE, KEY_RULES } from './keys.ts';
import { PASSWORD_RULES } from './passwords.ts';
import { SERVER_RULES } from './servers.ts';
import { SERVICE_TOKEN_RULES } from './service-tokens.ts';
import { STORE_RULES } from './stores.ts';
import { TRACE_RULES } from './traces.ts';

export const BUILT_IN_RULES: readonly Rule[] = [
  ...KEY_RULES,
  JWT_RULE,
  ...CLOUD_RULES,
  ...DEVELOPER_TOKEN_RULES,
  ...SERVICE_TOKEN_RULES,
  ...PASSWORD_RULES,
  ...STORE_RULES,
  ...SERVER_RULES,
  ...TRACE_RULES,
];
