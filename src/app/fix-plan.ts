/**
 * What mends the launches that cannot be: the steps of the plan that do, for amiport to carry out, and the rest for
 * those whose it is, as commands and as Terraform.
 */
import type { Reason, Remedy } from '../base/outcome.ts';
import { isPolicyEdit, type Patch } from '../base/patch.ts';
import { changesOf, type Mend, mendOf } from '../export/mend.ts';
import { mendHcl } from '../export/mend-hcl.ts';
import type { Observed } from '../model/observed.ts';
import type { Step } from '../plan/step.ts';
import type { Proof } from '../verify/question.ts';

export interface FixPlan {
  /** What `amiport apply` does of it, with what these steps need before them. */
  readonly steps: readonly Step[];
  /** For their owners, in this order. */
  readonly byHand: readonly Mend[];
  readonly terraform: string;
  /** Remedies that no single change carries out. */
  readonly others: readonly Remedy[];
}

/** @param all what apply would do */
export function fixPlan(all: readonly Step[], seen: Observed, proofs: readonly Proof[]): FixPlan {
  const against = proofs.filter((p) => p.verdict === 'cannot-launch');
  const steps = new Set<Step>();
  const patches: Patch[] = [];
  const others: Remedy[] = [];
  for (const p of against) {
    for (const r of p.reasons) {
      const mending = all.filter((s) => mends(s, p, r));
      for (const s of mending) steps.add(s);
      patches.push(...(r.remedy?.patches ?? []).filter((patch) => !mending.some((s) => carriesOut(s, patch))));
      if (r.remedy !== undefined && r.remedy.patches === undefined && mending.length === 0) others.push(r.remedy);
    }
  }
  const changes = changesOf(patches, seen);
  return {
    steps: withNeeds(all, steps),
    byHand: changes.map((c) => mendOf(c, seen)),
    terraform: changes.length === 0 ? '' : mendHcl(changes),
    others: [...new Map(others.map((o) => [`${o.who} ${o.does}`, o])).values()],
  };
}

/** Whether a step puts there what the reason says is missing, or makes the image that it misses. */
function mends(s: Step, p: Proof, r: Reason): boolean {
  const copies = ['ec2.image.absent', 'ec2.image.not-available', 'ec2.snapshot.error'];
  if (copies.includes(r.code)) return s.do === 'copy-image' && s.image === p.image && s.region === p.region;
  return (r.remedy?.patches ?? []).some((patch) => carriesOut(s, patch));
}

function carriesOut(s: Step, patch: Patch): boolean {
  if (isPolicyEdit(patch)) return patch.do === 'allow' && writesTo(s, patch);
  switch (patch.do) {
    case 'create-grant':
      return (
        s.do === 'create-grant' &&
        s.account === patch.account &&
        s.region === patch.region &&
        s.key === patch.key &&
        s.granteePrincipal === patch.grantee
      );
    case 'create-service-linked-role':
      return (
        s.do === 'create-service-linked-role' &&
        s.account === patch.account &&
        s.awsServiceName === patch.service &&
        s.suffix === patch.suffix
      );
    case 'share-image':
      return s.do === 'share-image' && s.imageId === patch.image && s.accounts.includes(patch.with);
    case 'share-snapshot':
      return s.do === 'open-image' && s.snapshots.includes(patch.snapshot) && s.accounts.includes(patch.with);
    default:
      return false;
  }
}

/** amiport's access model gives rights on keys, and nothing else, to whom the config names. */
function writesTo(s: Step, { in: home, statement }: Extract<Patch, { readonly do: 'allow' }>): boolean {
  if (!statement.Action.every((a) => a.startsWith('kms:'))) return false;
  if (home.is === 'key-policy') return s.do === 'put-key-policy' && s.key === home.key;
  return (
    home.is === 'role-policy' && s.do === 'put-role-policy' && s.account === home.account && s.roleName === home.role
  );
}

function withNeeds(all: readonly Step[], wanted: ReadonlySet<Step>): readonly Step[] {
  const byId = new Map(all.map((s) => [s.id, s]));
  const taken = new Set<string>();
  const take = (s: Step): void => {
    if (taken.has(s.id)) return;
    taken.add(s.id);
    for (const id of s.needs) {
      const need = byId.get(id);
      if (need !== undefined) take(need);
    }
  };
  for (const s of wanted) take(s);
  return all.filter((s) => taken.has(s.id));
}
