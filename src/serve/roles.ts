/** Who may ask for what: `read` looks, `apply` also changes what the configs ask for, `admin` also gives and takes tokens and reads the audit log. */

export const ROLES = ['read', 'apply', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Caller {
  /** As it stands in the audit log: `token:NAME:ID`, `oidc:SUBJECT`, `anybody on this machine`. */
  readonly who: string;
  readonly role: Role;
}

export const may = (has: Role, needs: Role): boolean => ROLES.indexOf(has) >= ROLES.indexOf(needs);

/** The highest of the roles that a claim names; other words in it mean nothing here. */
export function roleIn(claim: unknown): Role | undefined {
  const named = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(/[\s,]+/) : [];
  return ROLES.findLast((role) => named.includes(role));
}
