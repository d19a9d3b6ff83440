/** Names and paths that IAM takes. Source: IAM User Guide "IAM identifiers"; "IAM and AWS STS quotas", name limits. */
import { Fault } from '../operation.ts';

const LENGTH_MAX = { role: 64, user: 64, group: 128, policy: 128, 'instance profile': 128 } as const;
const MEMBER = {
  role: 'roleName',
  user: 'userName',
  group: 'groupName',
  policy: 'policyName',
  'instance profile': 'instanceProfileName',
} as const;

/** @throws Fault ValidationError */
export function checkName(kind: keyof typeof LENGTH_MAX, name: string | undefined): string {
  if (name === undefined || name.length > LENGTH_MAX[kind] || !/^[\w+=,.@-]+$/.test(name)) {
    const says =
      `The specified value for ${MEMBER[kind]} is invalid. ` +
      'It must contain only alphanumeric characters and/or the following: +=,.@_-';
    throw new Fault('ValidationError', says, 400);
  }
  return name;
}

/** @throws Fault ValidationError */
export function checkPath(path: string | undefined): string {
  const text = path ?? '/';
  if (text.length > 512 || !/^\/([!-~]+\/)?$/.test(text)) {
    const says =
      'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric ' +
      'characters and/or / characters.';
    throw new Fault('ValidationError', says, 400);
  }
  return text;
}
