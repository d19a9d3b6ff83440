/** What the steps of a plan change in user accounts: what a proof has to read again. */
import type { Plan, Step } from '../plan/step.ts';

interface Changed {
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  readonly places: ReadonlySet<string>;
}

const held = new WeakMap<Plan, Changed>();

const NOTHING: Changed = { roles: new Map(), places: new Set() };

export function changedBy(plan: Plan | undefined): Changed {
  if (plan === undefined) return NOTHING;
  const there = held.get(plan) ?? workedOut(plan.steps);
  held.set(plan, there);
  return there;
}

function workedOut(steps: readonly Step[]): Changed {
  const roles = new Map<string, Set<string>>();
  const places = new Set<string>();
  for (const step of steps) {
    switch (step.do) {
      case 'create-service-linked-role':
      case 'put-role-policy':
      case 'delete-role-policy': {
        const names = roles.get(step.account) ?? new Set();
        roles.set(step.account, names.add(step.roleName));
        break;
      }
      case 'create-key':
      case 'put-alias':
        places.add(`${step.account}/${step.region}`);
        break;
      case 'create-grant':
        // On a key of the account itself; the delivery's key is read with the builder's Region.
        if (step.key.split(':')[4] === step.account) places.add(`${step.account}/${step.region}`);
        break;
      default:
    }
  }
  return { roles, places };
}
