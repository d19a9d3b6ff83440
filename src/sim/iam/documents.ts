/** Policy documents as IAM takes and returns them. Source: IAM API Reference; facts authorization.md section 12 (sizes). */
import { parsePolicy } from '../../authz/policy.ts';
import { isAccountId, parseArn } from '../../base/arn.ts';
import { Fault } from '../operation.ts';
import type { World } from '../world/world.ts';

/** RFC 3986, as every IAM read returns documents. */
export const encoded = (document: string): string =>
  encodeURIComponent(document).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const malformed = (message: string): Fault => new Fault('MalformedPolicyDocument', message, 400);

/** An identity policy: no principals, every statement with Action and Resource. @throws Fault */
export function checkIdentityPolicy(document: string): void {
  for (const s of parsed(document)) {
    if (s.principals !== undefined) throw malformed('Policy document should not specify a principal.');
    if (s.actionTests.length === 0) throw malformed('Policy statement must contain actions.');
    if (s.resources === undefined) throw malformed('Policy statement must contain resources.');
    if (!/^(#\d+|[0-9A-Za-z]*)$/.test(s.name))
      throw malformed(`Statement IDs (SID) in a single policy must be alpha numeric: ${s.name}`);
  }
}

const TRUST_MAX = 2048;

/** A trust policy: principals that exist, no Resource. @throws Fault */
export function checkTrustPolicy(world: World, document: string): void {
  if (document.replace(/\s/g, '').length > TRUST_MAX)
    throw new Fault('LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${TRUST_MAX}`, 409);
  for (const s of parsed(document)) {
    if (s.resources !== undefined) throw malformed('Has prohibited field Resource');
    if (s.principals === undefined) throw malformed('AssumeRolePolicy must contain a principal.');
    for (const name of s.principals.aws) {
      if (!isPrincipal(world, name)) throw malformed(`Invalid principal in policy: "AWS":"${name}"`);
    }
  }
}

function parsed(document: string): ReturnType<typeof parsePolicy> {
  try {
    return parsePolicy(document);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

/** Accounts outside the world are taken for real: trust may name any account. Users and roles must be there. */
function isPrincipal(world: World, name: string): boolean {
  if (name === '*' || isAccountId(name) || /^A(ROA|IDA)[A-Z0-9]+$/.test(name)) return true;
  const arn = parseArn(name);
  if (arn === undefined) return false;
  if (arn.resource === 'root' || arn.service === 'sts') return isAccountId(arn.account);
  const iam = world.accounts.get(arn.account)?.iam;
  const last = arn.resource.slice(arn.resource.lastIndexOf('/') + 1);
  if (arn.resource.startsWith('role/')) return iam?.roles.get(last)?.arn === name;
  return arn.resource.startsWith('user/') && iam?.users.get(last)?.arn === name;
}

/** Inline policies of one identity together, white space not counted. Source: IAM User Guide "IAM and AWS STS quotas". */
export function checkInlineSize(kind: 'user' | 'role' | 'group', name: string, documents: Iterable<string>): void {
  const max = { user: 2048, role: 10_240, group: 5120 }[kind];
  let size = 0;
  for (const d of documents) size += d.replace(/\s/g, '').length;
  if (size > max)
    throw new Fault('LimitExceeded', `Maximum policy size of ${max} bytes exceeded for ${kind} ${name}`, 409);
}
