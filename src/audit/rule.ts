/**
 * What a rule is: data that says which bytes are a secret, why that matters and what to do about it.
 *
 * Token rules hang on keywords, so that a scan looks only where one stands; path rules hang on the name of a file and read it whole.
 * Patterns run on bounded windows only: V8's regular expressions are not linear in time.
 */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Part of every report and piece of evidence: raised with every change of what the rules find. */
export const RULE_SET = '2';

export interface RuleText {
  readonly id: string;
  readonly severity: Severity;
  /** `an AWS secret access key` */
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
}

/** What a check says of a match: no secret, a secret, or one of another severity. */
export type Judgement = boolean | Severity;

export interface Scene {
  /** Of the file, or within an archive of the member. */
  readonly path: string;
  /** No NUL in its first bytes: text of whatever encoding. */
  readonly text: boolean;
  /** What stands before and after the match, as latin1. */
  readonly around: string;
}

export interface TokenRule extends RuleText {
  readonly kind: 'token';
  /** Four bytes or more each, without regard to case. */
  readonly keywords: readonly string[];
  /** The secret is group 1, or else the whole match. */
  readonly pattern: RegExp;
  /** `keyword`: the pattern begins where the keyword stands. `window`: anywhere in the window around it. */
  readonly at: 'keyword' | 'window';
  readonly before: number;
  readonly after: number;
  readonly check: (secret: string, scene: Scene) => Judgement;
  /** A guess from context: gives way to any other rule that finds the same bytes. */
  readonly generic: boolean;
}

export interface PathRule extends RuleText {
  readonly kind: 'path';
  readonly path: RegExp;
  /** The secret is group 1, or else the whole match; every match counts. */
  readonly pattern: RegExp;
  readonly check: (secret: string, scene: Scene) => Judgement;
  readonly generic: boolean;
}

export type Rule = TokenRule | PathRule;

type Optional<T, K extends keyof T> = Omit<T, K | 'kind'> & Partial<Pick<T, K>>;

const TOKEN_BEFORE = 64;
export const TOKEN_AFTER = 320;

export const token = (
  rule: Optional<TokenRule, 'severity' | 'at' | 'before' | 'after' | 'check' | 'generic'>,
): TokenRule => ({
  kind: 'token',
  severity: 'high',
  at: 'keyword',
  before: TOKEN_BEFORE,
  after: TOKEN_AFTER,
  check: () => true,
  generic: false,
  ...rule,
});

export const inFile = (rule: Optional<PathRule, 'severity' | 'check' | 'generic'>): PathRule => ({
  kind: 'path',
  severity: 'high',
  check: () => true,
  generic: false,
  ...rule,
});

/** Where most remedies end: taking a secret out of one version does not take it out of those that were shared. */
export const revoke = (where: string, instead?: string): string =>
  `revoke it ${where}, build the image without it, and withdraw the versions that hold it${instead === undefined ? '' : `; ${instead}`}`;
