/** Rules of the config: data all the way, so that a worker thread can be given them. */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { type Rule, type Severity, TOKEN_AFTER, token } from './rule.ts';

export interface CustomRule {
  readonly id: string;
  readonly severity: Severity;
  readonly keywords: readonly string[];
  /** A regular expression; its group 1, or else all of it, is the secret. `i` is the only flag. */
  readonly pattern: string;
  readonly ignoreCase: boolean;
  readonly why: string;
  readonly remedy: string;
}

function compileCustom(rule: CustomRule): Outcome<Rule> {
  const short = rule.keywords.find((k) => k.length < 4);
  if (short !== undefined || rule.keywords.length === 0)
    return failed(
      reason('audit.rule.keyword', rule.id, `rule ${rule.id} needs keywords of four characters or more`, {
        remedy: { who: 'you', does: 'name what always stands in such a secret, or just before it' },
      }),
    );
  try {
    const pattern = new RegExp(rule.pattern, rule.ignoreCase ? 'gi' : 'g');
    if (pattern.test('')) throw new SyntaxError('it matches nothing at all, so it would match everywhere');
    const { id, severity, keywords, why, remedy } = rule;
    return done(
      token({
        id,
        severity,
        what: id,
        why,
        remedy,
        keywords,
        pattern,
        at: 'window',
        before: TOKEN_AFTER,
        after: TOKEN_AFTER,
      }),
    );
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return failed(reason('audit.rule.pattern', rule.id, `the pattern of rule ${rule.id} is none: ${says}`));
  }
}

/** Of rules that were compiled before. */
export const compiledCustom = (rules: readonly CustomRule[]): readonly Rule[] =>
  rules.flatMap((rule) => {
    const compiled = compileCustom(rule);
    return compiled.ok ? [compiled.value] : [];
  });
