/** A plan as people read it: what blocks, what others apply, then the steps grouped by place. */
import { isKeyEffect, isVolumeEffect, type KeyEffect, type Plan, type Step, type VolumeEffect } from '../app/api.ts';
import { type Printer, plural, reasonText } from './print.ts';

/**
 * @param brief leaves the steps out: they are about to be shown one by one as they are done
 * @param idle what it means that there is nothing to do
 */
export function printPlan(
  printer: Printer,
  plan: Plan,
  brief = false,
  idle = 'everything is as the config wants it',
): void {
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
        : `${color.green('✓')} Nothing to do: ${idle}.`,
    );
    return;
  }
  if (!brief) printSteps(printer, plan.steps);
  printer.line(
    `${plural(plan.steps.length, 'step')}, ${plural(new Set(plan.steps.map((s) => s.account)).size, 'account')}. Digest ${plan.digest.slice(0, 12)}.`,
  );
}

function printSteps(printer: Printer, all: readonly Step[]): void {
  const { color } = printer;
  for (const [place, steps] of byPlace(all)) {
    printer.line(color.bold(place));
    for (const step of steps)
      printer.line(
        `  ${takes(step) ? color.red('-') : color.green('+')} ${describe(step)}\n    ${color.dim(step.why)}`,
      );
  }
  printer.line();
}

const TAKING: ReadonlySet<Step['do']> = new Set([
  'close-image',
  'delete-role-policy',
  'deregister-image',
  'deprecate-image',
  'disable-image',
  'disable-key',
  'delete-snapshot',
  'delete-volume',
  'schedule-key-deletion',
  'stop-instance',
  'revoke-grant',
  'unshare-image',
]);
const takes = (step: Step): boolean => TAKING.has(step.do);

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

/** A key that the run is yet to make has no ARN to show. */
const keyText = (key: string): string =>
  key
    .replace(/^\$\{key:(\d+)\/([^/}]+)\/([^}]+)\}$/, '$3')
    .replace(/^\$\{key:([^}]+)\}$/, 'the key of this delivery in $1');

/** The effect in one line, in AWS's own words. */
export function describe(step: Step): string {
  if (isVolumeEffect(step) || isKeyEffect(step)) return describeRotation(step);
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
      return `put the key policy of ${keyText(step.key)}`;
    case 'create-service-linked-role':
      return `create the service-linked role ${step.roleName}`;
    case 'put-role-policy':
      return `put the inline policy ${step.policyName} on role ${step.roleName}`;
    case 'delete-role-policy':
      return `delete the inline policy ${step.policyName} of role ${step.roleName}`;
    case 'create-grant':
      return `grant ${step.granteePrincipal.slice(step.granteePrincipal.lastIndexOf('/') + 1)} the use of ${keyText(step.key)}`;
    case 'copy-image':
      return `copy ${step.image} ${step.sourceImageId.startsWith('$') ? "from the builder's copy" : `${step.sourceImageId} from`}  ${step.sourceRegion}${step.key === undefined ? ', unencrypted' : `, under ${keyText(step.key)}`}`;
    case 'check-image':
      return `check ${step.image}: every snapshot ${step.key === undefined ? 'unencrypted' : `under ${keyText(step.key)}`}`;
    case 'prove':
      return `prove that ${step.image} launches in ${step.places.join(', ')}`;
    case 'canary':
      return `launch ${step.image} for real, and clean up`;
    case 'share-image':
      return `share ${step.image} with ${[...(step.units ?? []), ...step.accounts].join(', ')}`;
    case 'open-image':
      return `let ${step.accounts.join(', ')} copy ${step.image}`;
    case 'close-image':
      return `end the right of ${step.accounts.join(', ')} to copy ${step.image}`;
    case 'unshare-image':
      return `take the launch permission on ${step.imageId} from ${[...('units' in step ? (step.units ?? []) : []), ...step.accounts].join(', ')}`;
    case 'deregister-image':
      return `deregister ${step.imageId}, with its snapshots`;
    case 'enable-image':
      return `enable ${step.imageId}`;
    case 'deprecate-image':
      return `deprecate ${step.imageId} on ${step.at.slice(0, 10)}`;
    case 'disable-image':
      return `disable ${step.imageId}${step.accounts.length === 0 ? '' : `, which ends the launch permission of ${step.accounts.join(', ')}`}`;
    case 'refresh-instances':
      return `replace the instances of group ${step.group}, ${step.minHealthyPercentage} % healthy at least`;
    case 'set-template-version':
      return `make version ${step.version} the default of launch template ${step.name}`;
    case 'revoke-grant':
      return `revoke grant ${step.grantId} on ${keyText(step.key)}`;
    case 'put-parameter':
      return `point parameter ${step.name} at ${step.image}`;
    case 'set-launch-template':
      return `point launch template ${step.name} at ${step.image}${step.setDefault === false ? ', by its latest version only' : ''}`;
  }
}

/** Effects of `rotate` and `rehome`. */
function describeRotation(step: Extract<Step, VolumeEffect | KeyEffect>): string {
  switch (step.do) {
    case 'tag-key':
      return `tag ${keyText(step.key)}: ${Object.entries(step.tags)
        .map(([k, v]) => `${k}=${v}`)
        .join(', ')}`;
    case 'untag-key':
      return `take the tags ${step.tagKeys.join(', ')} from ${keyText(step.key)}`;
    case 'stop-instance':
      return `stop ${step.instanceId}`;
    case 'start-instance':
      return `start ${step.instanceId}`;
    case 'rehome-volume':
      return `move ${step.volumeId} under ${keyText(step.key)}${step.instanceId === undefined ? '' : `, as ${step.device} of ${step.instanceId}`}`;
    case 'rehome-snapshot':
      return `copy ${step.snapshotId} under ${keyText(step.key)}`;
    case 'delete-volume':
      return `delete ${step.volumeId}`;
    case 'delete-snapshot':
      return `delete ${step.snapshotId}`;
    case 'rotate-key-on-demand':
      return `rotate ${keyText(step.key)} now`;
    case 'disable-key':
      return `disable ${keyText(step.key)}`;
    case 'enable-key':
      return `enable ${keyText(step.key)}`;
    case 'schedule-key-deletion':
      return `schedule the deletion of ${keyText(step.key)} in ${step.pendingWindowInDays} days`;
  }
}
