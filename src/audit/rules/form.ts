/** Tokens to which their makers gave a form that can be recognised, as rows that become rules. */
import { isRandom } from '../plausible.ts';
import { type Judgement, revoke, type Severity, type TokenRule, token } from '../rule.ts';

export interface Form {
  readonly id: string;
  readonly maker: string;
  readonly keywords: readonly string[];
  readonly pattern: RegExp;
  readonly severity?: Severity;
  /** Least bits a character; 3 where nothing is said. */
  readonly bits?: number;
  readonly check?: (token: string) => Judgement;
}

const WIDE = 2200;
const isWide = ({ source }: RegExp): boolean => /,(?:[3-9]\d\d|\d{4})\}/.test(source);

export const formRule = ({ id, maker, keywords, pattern, severity, bits, check }: Form): TokenRule =>
  token({
    id,
    severity: severity ?? 'high',
    what: `a secret of ${maker}`,
    why: `whoever can launch the image can act at ${maker} as whom it belongs to, until it is revoked`,
    remedy: revoke(`at ${maker}`),
    keywords,
    pattern,
    at: pattern.sticky ? 'keyword' : 'window',
    before: pattern.sticky ? 64 : 128,
    after: isWide(pattern) ? WIDE : 340,
    check: (text) => isRandom(text, bits ?? 3) && (check?.(text) ?? true),
  });
