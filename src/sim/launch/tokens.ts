/** Client tokens: the same token with the same parameters answers with what the first call made. Source: EC2 "Ensuring idempotency". */
import { hash } from 'node:crypto';
import { Fault } from '../operation.ts';
import type { Ec2Place } from '../world/ec2.ts';

/** Parameters are kept as a digest only: they may hold user data. Decoders give members in the order of the schema. */
const digestOf = (input: object): string => hash('sha256', JSON.stringify(input), 'hex');

/** @returns the id that the first call with this token gave, if there was one */
export function madeBefore(
  ec2: Ec2Place,
  action: string,
  token: string | undefined,
  input: object,
): string | undefined {
  if (token === undefined || token === '') return undefined;
  const before = ec2.tokens.get(`${action}:${token}`);
  if (!before) return undefined;
  if (before.digest === digestOf(input)) return before.result;
  throw new Fault(
    'IdempotentParameterMismatch',
    'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
  );
}

export function rememberToken(
  ec2: Ec2Place,
  action: string,
  token: string | undefined,
  input: object,
  made: { readonly result: string; readonly atMs: number },
): void {
  if (token) ec2.tokens.set(`${action}:${token}`, { digest: digestOf(input), ...made });
}
