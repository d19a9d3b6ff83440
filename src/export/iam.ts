/** What others apply so that amiport can work: its own roles, and what `manage: export` leaves to the owners. Pure. */
import { parseArn, roleNameOf } from '../base/arn.ts';
import { type Delivery, roleArnFor } from '../model/delivery.ts';
import type { Exported } from '../plan/step.ts';
import { canaryStatements, rehomeStatements } from './feature-statements.ts';
import {
  accountStatements,
  auditStatements,
  builderStatements,
  document,
  type PolicyDocument,
  readStatements,
  startStatements,
  trustDocument,
} from './statements.ts';

export interface RoleExport {
  readonly account: string;
  readonly purpose: 'builder' | 'account' | 'read-only' | 'auditor';
  /** undefined: no role is assumed there, the caller's own identity needs the policies. */
  readonly roleArn: string | undefined;
  readonly trust: PolicyDocument;
  /** By name of the inline policy. */
  readonly policies: Readonly<Record<string, PolicyDocument>>;
}

export interface IamExport {
  readonly version: 1;
  readonly roles: readonly RoleExport[];
  /** For the identity that amiport starts from. */
  readonly start: PolicyDocument;
  /** Left to the owners by `manage: export`, from the plan as it is now. */
  readonly launchers: readonly OwnersExport[];
}

/** `waitsFor`: what only `apply` makes, so that the text is not complete before. */
export type OwnersExport = Exported & { readonly waitsFor: readonly string[] };

export function exportIam(want: Delivery, exported: readonly Exported[]): IamExport {
  const accounts = [...new Set([want.builder.account, ...want.accounts.map((a) => a.id)])];
  return {
    version: 1,
    roles: accounts.flatMap((account) => rolesIn(want, account)),
    start: document(startStatements(want, accounts)),
    launchers: exported.map((e) => ({ ...e, waitsFor: referencesIn(e) })),
  };
}

function rolesIn(want: Delivery, account: string): readonly RoleExport[] {
  const isBuilder = account === want.builder.account;
  const isTarget = want.accounts.some((a) => a.id === account);
  const needs = [...(isBuilder ? (['builder'] as const) : []), ...(isTarget ? (['account'] as const) : [])];
  const roleArn = roleArnFor(want.access, account);
  const trust = trustDocument(want);
  const read = readStatements(want, needs);
  const look = document(readStatements(want, needs, true));
  const write = document([
    ...read,
    ...(isBuilder ? builderStatements(want) : []),
    ...(isTarget ? accountStatements(want, account) : []),
  ]);
  return [
    {
      account,
      purpose: isBuilder ? 'builder' : 'account',
      roleArn,
      trust,
      policies: {
        amiport: write,
        ...(isTarget
          ? {
              'amiport-canary': document(canaryStatements(want, account)),
              'amiport-rehome': document(rehomeStatements(want, account)),
            }
          : {}),
      },
    },
    {
      account,
      purpose: 'read-only',
      roleArn: roleArn && `${roleArn}-read-only`,
      trust,
      policies: { 'amiport-read': look },
    },
    ...(isBuilder ? [auditorRole(want, roleArn, trust)] : []),
  ];
}

/** Who looks through disks for secrets need not be able to deliver. */
const auditorRole = (want: Delivery, roleArn: string | undefined, trust: PolicyDocument): RoleExport => ({
  account: want.builder.account,
  purpose: 'auditor',
  roleArn: roleArn && `${roleArn}-auditor`,
  trust,
  policies: { 'amiport-audit': document([...readStatements(want, ['auditor']), ...auditStatements(want)]) },
});

const referencesIn = (e: Exported): readonly string[] => [
  ...new Set([...JSON.stringify(e).matchAll(/\$\{((?:key|image):[^}]+)\}/g)].map((m) => m[1] ?? '')),
];

/** The documents as JSON: policies as objects, not as text in text. */
export function iamJson(x: IamExport): object {
  return {
    ...x,
    launchers: x.launchers.map((e) => ('policy' in e ? { ...e, policy: JSON.parse(e.policy) as unknown } : e)),
  };
}

/** Path and name of a role: `/team/` and `amiport`. */
export function pathAndName(roleArn: string): { readonly path: string; readonly name: string } {
  const name = roleNameOf(roleArn);
  const resource = parseArn(roleArn)?.resource ?? '';
  return { path: resource.slice('role'.length, resource.length - name.length) || '/', name };
}
