/** What tests of KMS, IAM and their neighbours share: accounts, policies, and keys made through the API. */
import { CreateKeyCommand, type CreateKeyCommandInput, KMSClient } from '@aws-sdk/client-kms';
import type { As, TestSim } from '../testing.ts';

export const OWNER = { account: '111111111111' };
export const USER = { account: '222222222222' };
export const rootOf = (account: string): string => `arn:aws:iam::${account}:root`;

export const policyOf = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

export const letAccount = (account: string, more: object = {}): object => ({
  Effect: 'Allow',
  Principal: { AWS: rootOf(account) },
  Action: 'kms:*',
  Resource: '*',
  ...more,
});

/** @returns the new key's ARN */
export async function newKey(sim: TestSim, as: As = OWNER, input: CreateKeyCommandInput = {}): Promise<string> {
  const made = await sim.client(KMSClient, as).send(new CreateKeyCommand(input));
  return made.KeyMetadata?.Arn ?? '';
}
