/** A planned step, said as the difference that it mends. */
import { type Reason, reason } from '../base/outcome.ts';
import type { Observed } from '../model/observed.ts';
import { type Statement, samePolicy } from './access.ts';
import type { Step } from './step.ts';

const APPLY = { who: 'you', does: 'amiport apply mends it' };

/** Stable: what kind of difference a step mends. */
const CODES: Readonly<Record<Step['do'], string>> = {
  'disable-encryption-by-default': 'drift.encryption-by-default.on',
  'create-key': 'drift.key.absent',
  'replicate-key': 'drift.key.absent',
  'put-alias': 'drift.alias.moved',
  'enable-key-rotation': 'drift.rotation.off',
  'put-key-policy': 'drift.key-policy.edited',
  'create-service-linked-role': 'drift.service-linked-role.absent',
  'put-role-policy': 'drift.role-policy.edited',
  'delete-role-policy': 'drift.role-policy.unwanted',
  'create-grant': 'drift.grant.absent',
  'revoke-grant': 'drift.grant.unwanted',
  'copy-image': 'drift.image.absent',
  'check-image': 'drift.unfinished',
  prove: 'drift.unfinished',
  canary: 'drift.unfinished',
  'open-image': 'drift.unfinished',
  'share-image': 'drift.launch-permission.absent',
  'unshare-image': 'drift.launch-permission.unwanted',
  'close-image': 'drift.launch-permission.unwanted',
  'deregister-image': 'drift.image.unwanted',
  'enable-image': 'drift.image.disabled',
  'deprecate-image': 'drift.image.old',
  'disable-image': 'drift.image.old',
  'refresh-instances': 'drift.instances.old',
  'set-template-version': 'drift.launch-template.moved',
  'put-parameter': 'drift.parameter.moved',
  'tag-key': 'drift.other',
  'untag-key': 'drift.other',
  'stop-instance': 'drift.other',
  'start-instance': 'drift.other',
  'rehome-volume': 'drift.other',
  'rehome-snapshot': 'drift.other',
  'delete-volume': 'drift.other',
  'delete-snapshot': 'drift.other',
  'rotate-key-on-demand': 'drift.other',
  'disable-key': 'drift.other',
  'enable-key': 'drift.other',
  'schedule-key-deletion': 'drift.other',
  'set-launch-template': 'drift.launch-template.moved',
};

export function differenceOf(seen: Observed, step: Step): Reason {
  return reason(
    codeOf(seen, step),
    subjectOf(step),
    'key' in step || 'roleName' in step ? accessSays(step) : imageSays(step),
    {
      because: step.do === 'put-key-policy' ? statementsOff(seen, step) : [],
      remedy: APPLY,
    },
  );
}

function codeOf(seen: Observed, step: Step): string {
  if (step.do !== 'put-parameter') return CODES[step.do];
  const there = seen.places.get(`${step.account}/${step.region}`)?.parameters.get(step.name);
  return there?.is === 'known' ? CODES[step.do] : 'drift.parameter.absent';
}

/** Keys, grants, roles. */
function accessSays(step: Step): string {
  switch (step.do) {
    case 'replicate-key':
      return `the key has no replica in ${step.toRegion}`;
    case 'put-alias':
      return `${step.alias} does not name ${step.key}`;
    case 'enable-key-rotation':
      return `${step.key} does not rotate every ${step.periodDays} days`;
    case 'put-key-policy':
      return `the policy of ${step.key} does not say what this delivery needs`;
    case 'create-service-linked-role':
      return `${step.roleName} is not there in ${step.account}`;
    case 'put-role-policy':
      return `policy ${step.policyName} of ${step.roleName} in ${step.account} does not say what launches need`;
    case 'delete-role-policy':
      return `policy ${step.policyName} of ${step.roleName} in ${step.account} is needed by no image`;
    case 'create-grant':
      return `${step.granteePrincipal} has no grant on ${step.key} that ${step.account} made`;
    case 'revoke-grant':
      return `grant ${step.grantId} on ${step.key} serves no launcher of this delivery`;
    default:
      return imageSays(step);
  }
}

/** Images, and what points at them. */
function imageSays(step: Step): string {
  const where = `${step.account}/${step.region}`;
  switch (step.do) {
    case 'disable-encryption-by-default':
      return `encryption by default is on in ${where}, so new images could not be delivered unencrypted`;
    case 'create-key':
      return `the key is not there in ${where}`;
    case 'copy-image':
      return `${where} holds no copy of ${step.image} version ${step.imageVersion}`;
    case 'enable-image':
      return `${step.imageId} in ${where} is disabled, so nobody can launch it`;
    case 'share-image':
      return `${step.accounts.join(', ')} may not launch ${step.imageId} in ${step.region}`;
    case 'unshare-image':
    case 'close-image':
      return `${step.accounts.join(', ')} may launch ${step.imageId} in ${step.region}, and should not`;
    case 'deregister-image':
      return `${step.imageId} in ${where} is left: ${step.why}`;
    case 'put-parameter':
      return `parameter ${step.name} in ${where} does not name ${step.imageId}: ${step.why}`;
    case 'set-launch-template':
      return `launch template ${step.name} in ${where} does not name ${step.imageId}: ${step.why}`;
    default:
      return step.why;
  }
}

const subjectOf = (step: Step): string => {
  if ('imageId' in step && !step.imageId.startsWith('$')) return step.imageId;
  return 'key' in step && step.key?.startsWith('arn:') ? step.key : `${step.account}/${step.region}`;
};

/** Which statements of the delivery are gone, changed, or not wanted any more. */
function statementsOff(seen: Observed, step: Extract<Step, { do: 'put-key-policy' }>): readonly Reason[] {
  const key = seen.builder.get(step.region)?.key;
  const there =
    key?.is === 'known' && key.value.policy.is === 'known'
      ? statementsOf(key.value.policy.value)
      : new Map<string, Statement>();
  const wanted = statementsOf(step.policy);
  const off: Reason[] = [];
  const say = (code: string, sid: string, says: string) => off.push(reason(code, step.key, `statement ${sid} ${says}`));
  for (const [sid, statement] of wanted) {
    const now = there.get(sid);
    if (now === undefined) say('drift.statement.absent', sid, 'is not there');
    else if (!samePolicy(JSON.stringify(now), JSON.stringify(statement)))
      say('drift.statement.edited', sid, 'says something else');
  }
  for (const sid of there.keys()) if (!wanted.has(sid)) say('drift.statement.unwanted', sid, 'is not wanted');
  return off;
}

/** Statements by Sid; those without one are nobody's by name. */
function statementsOf(policy: string): ReadonlyMap<string, Statement> {
  const { Statement: all } = JSON.parse(policy) as { Statement: Statement | readonly Statement[] };
  const list = (Array.isArray(all) ? all : [all]) as readonly Statement[];
  return new Map(list.flatMap((s) => (s.Sid === undefined ? [] : [[s.Sid, s] as const])));
}
