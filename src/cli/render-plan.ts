/** A plan as people read it: what blocks, what others apply, then the steps grouped by place. */
import type { Plan, Step } from '../app/api.ts';
import { type Printer, plural, reasonText } from './print.ts';

export function printPlan(printer: Printer, plan: Plan): void {
  const { color } = printer;
  for (const blocked of plan.blocked) printer.line(`${reasonText(blocked, color, color.red('blocked'))}\n`);
  for (const note of plan.notes) printer.line(`${reasonText(note, color, color.yellow('note'))}\n`);
  for (const e of plan.exported) {
    const what =
      e.on === 'role'
        ? `role policy ${e.policyName} of ${e.roleName}`
        : e.on === 'key'
          ? `key policy of ${e.key}`
          : `grant ${e.name} on ${e.key}`;
    printer.line(`${color.yellow('for its owner')}: ${what} in account ${e.account} (amiport export iam prints it)`);
  }
  if (plan.exported.length > 0) printer.line();
  if (plan.steps.length === 0) {
    printer.line(
      plan.blocked.length > 0
        ? 'Nothing can be done before that is mended.'
        : `${color.green('✓')} Nothing to do: everything is as the config wants it.`,
    );
    return;
  }
  for (const [place, steps] of byPlace(plan.steps)) {
    printer.line(color.bold(place));
    for (const step of steps) printer.line(`  ${color.green('+')} ${describe(step)}\n    ${color.dim(step.why)}`);
  }
  printer.line();
  printer.line(
    `${plural(plan.steps.length, 'step')}, ${plural(new Set(plan.steps.map((s) => s.account)).size, 'account')}. Digest ${plan.digest.slice(0, 12)}.`,
  );
}

function byPlace(steps: readonly Step[]): ReadonlyMap<string, readonly Step[]> {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const place = `${step.account}/${step.region}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [step]);
    else group.push(step);
  }
  return groups;
}

/** The effect in one line, in AWS's own words. */
export function describe(step: Step): string {
  switch (step.do) {
    case 'disable-encryption-by-default':
      return 'switch encryption by default off';
    case 'create-key':
      return `create ${step.multiRegion ? 'the multi-Region' : 'a'} KMS key`;
    case 'replicate-key':
      return `replicate the key to ${step.toRegion}`;
    case 'put-alias':
      return `name it ${step.alias}`;
    case 'enable-key-rotation':
      return `rotate it every ${step.periodDays} days`;
    case 'put-key-policy':
      return `put the key policy of ${step.key}`;
    case 'create-service-linked-role':
      return `create the service-linked role ${step.roleName}`;
    case 'put-role-policy':
      return `put the inline policy ${step.policyName} on role ${step.roleName}`;
    case 'create-grant':
      return `grant ${step.granteePrincipal.slice(step.granteePrincipal.lastIndexOf('/') + 1)} the use of ${step.key}`;
    case 'copy-image':
      return `copy ${step.image} ${step.sourceImageId} from ${step.sourceRegion}${step.key === undefined ? ', unencrypted' : `, under ${step.key}`}`;
    case 'check-image':
      return `check ${step.image}: every snapshot ${step.key === undefined ? 'unencrypted' : `under ${step.key}`}`;
    case 'prove':
      return `prove that ${step.image} launches in ${step.places.join(', ')}`;
    case 'share-image':
      return `share ${step.image} with ${step.accounts.join(', ')}`;
    case 'put-parameter':
      return `point parameter ${step.name} at ${step.image}`;
    case 'set-launch-template':
      return `point launch template ${step.name} at ${step.image}`;
  }
}
