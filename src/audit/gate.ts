/** Whether an image may be shared, given what is known of its disks. Pure: what was found, what the policy says, which day it is. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Image, SecretsException, SecretsPolicy } from '../model/delivery.ts';
import type { AuditResult, Gap } from './report.ts';
import { SEVERITIES, type Severity } from './rule.ts';

/** What is kept of an audit: no secret, and no hash from which a weak one could be guessed. */
export interface Evidence {
  readonly version: 1;
  /** ISO 8601. */
  readonly at: string;
  /** AMI, snapshot or file that was named. */
  readonly subject: string;
  /** Its name in the config, where it has one. */
  readonly image?: string;
  /** Ids of all disks that were read, sorted: what the evidence is bound to. */
  readonly disks: readonly string[];
  readonly ruleSet: string;
  readonly result: AuditResult;
  readonly complete: boolean;
  readonly freeSpace: boolean;
  /** Of all blocks that the disks hold. */
  readonly usedBytes: number;
  readonly findings: readonly EvidenceFinding[];
  readonly gaps: readonly Gap[];
}

export interface EvidenceFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly disk: string;
  readonly volume: string;
  readonly path: string;
  readonly alsoPaths: readonly string[];
  readonly member?: string;
  readonly offset: number;
  readonly length: number;
  /** Keyed by the installation: equal secrets have equal ones, and nobody else can check a guess. */
  readonly fingerprint: string;
  readonly masked: string;
  readonly times: number;
}

/** Whether the policy asks for an audit of this image. */
const isGated = (policy: SecretsPolicy | undefined, image: Image): boolean =>
  policy !== undefined &&
  (policy.allowShared === 'only-if-clean' ||
    (policy.allowShared === 'unencrypted-only-if-clean' && image.way === 'shared-unencrypted'));

/** The least severity that blocks. */
const blocksFrom = (policy: SecretsPolicy): Severity => SEVERITIES.find((s) => policy.block.includes(s)) ?? 'high';

const atLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

/** `*` for anything but `/`, `**` for anything. */
export function pathMatches(pattern: string, path: string): boolean {
  const text = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')))
    .join('');
  return new RegExp(`^${text}$`, 's').test(path);
}

/** The exception that counts for a finding today, if any. */
export function exceptionFor(
  exceptions: readonly SecretsException[],
  image: string | undefined,
  found: { readonly rule: string; readonly path: string; readonly alsoPaths: readonly string[] },
  today: string,
): SecretsException | undefined {
  return exceptions.find(
    (e) =>
      e.gap === undefined &&
      e.expires >= today &&
      (e.image === undefined || e.image === image) &&
      (e.rule === undefined || e.rule === found.rule) &&
      (e.path === undefined || [found.path, ...found.alsoPaths].every((p) => pathMatches(e.path ?? '', p))),
  );
}

const gapAllowed = (policy: SecretsPolicy, image: string, gap: Gap, today: string): boolean =>
  policy.allow.some(
    (e) => e.gap !== undefined && e.gap === gap.code && e.expires >= today && (e.image ?? image) === image,
  );

/** What an audit says of an image, gate or not: `unknown` where not all was seen. */
export function secretsIn(
  name: string,
  evidence: Evidence | undefined,
  policy: SecretsPolicy | undefined,
  today: string,
): 'none' | 'some' | 'unknown' {
  if (evidence === undefined) return 'unknown';
  const least = policy === undefined ? 'high' : blocksFrom(policy);
  const held = evidence.findings.some(
    (f) => atLeast(f.severity, least) && exceptionFor(policy?.allow ?? [], name, f, today) === undefined,
  );
  if (held) return 'some';
  return evidence.complete ? 'none' : 'unknown';
}

const LISTED = 5;

/**
 * @param evidence of exactly the image's disks, under the rules of today; undefined: there is none
 * @param today `2027-03-31`, UTC
 * @returns why the image may not be shared, with what would make it pass; undefined: it may
 */
export function gateReason(
  image: Image,
  subject: string,
  policy: SecretsPolicy,
  evidence: Evidence | undefined,
  today: string,
): Reason | undefined {
  if (!isGated(policy, image)) return undefined;
  const { name } = image;
  if (evidence === undefined)
    return reason(
      'plan.gate.no-audit',
      subject,
      `policy.secrets asks for an audit of ${name} (${subject}), and there is none`,
      {
        remedy: { who: 'you', does: `amiport audit ${name}` },
      },
    );
  const least = blocksFrom(policy);
  const blocking = evidence.findings.filter(
    (f) => atLeast(f.severity, least) && exceptionFor(policy.allow, name, f, today) === undefined,
  );
  if (blocking.length > 0) return secretsReason(name, subject, blocking, policy, today);
  const gaps = evidence.gaps.filter((g) => !gapAllowed(policy, name, g, today));
  if (gaps.length === 0) return undefined;
  return reason(
    'plan.gate.not-fully-scanned',
    subject,
    `not all of ${name} (${subject}) could be scanned for secrets`,
    {
      because: gaps.map((g) => reason(g.code, g.example, `${g.says} (${g.count}, for example ${g.example})`)),
      remedy: {
        who: 'you',
        does: `take out what cannot be scanned, or accept it for a time: policy.secrets.allow: [ { gap: ${gaps[0]?.code}, image: ${name}, reason: …, expires: … } ]`,
      },
    },
  );
}

function secretsReason(
  name: string,
  subject: string,
  blocking: readonly EvidenceFinding[],
  policy: SecretsPolicy,
  today: string,
): Reason {
  const expired = policy.allow.filter((e) => e.expires < today).length;
  const more = blocking.length - LISTED;
  return reason(
    'plan.gate.secrets',
    subject,
    `${name} (${subject}) holds ${blocking.length === 1 ? 'a secret' : `${blocking.length} secrets`} of severity ${blocksFrom(policy)} or above, so it is not shared`,
    {
      because: [
        ...blocking
          .slice(0, LISTED)
          .map((f) =>
            reason(
              `audit.${f.rule}`,
              f.path,
              `${f.severity}: ${f.rule} in ${f.path}${f.member ? ` (${f.member})` : ''}`,
            ),
          ),
        ...(more > 0 ? [reason('audit.more', subject, `${more} more`)] : []),
      ],
      remedy: {
        who: 'you',
        does: `build ${name} without them and audit it again (amiport audit ${name}); or accept one for a time: policy.secrets.allow, with a reason and an expiry${expired > 0 ? ` (${expired} there ${expired === 1 ? 'is' : 'are'} past theirs)` : ''}`,
      },
    },
  );
}
