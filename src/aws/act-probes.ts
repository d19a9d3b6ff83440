/**
 * Whether KMS would do it for a role: calls with DryRun, which are decided for real and do nothing. They are billed and
 * metered like the calls they stand for. DescribeKey has no DryRun, and changes nothing either.
 * Source: KMS Developer Guide "Testing your permissions"; KMS API Reference "Decrypt" (DryRunModifiers).
 */
import type { KMSClient } from '@aws-sdk/client-kms';
import { done } from '../base/outcome.ts';
import type { Cloud, KeyProbe } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

export const keyProbes = (c: Connection): Pick<Cloud, 'probeKey'> => ({
  async probeKey(at, want) {
    const kms = await import('@aws-sdk/client-kms');
    const what = `kms:${want.operation}`;
    const answer = await c.send('kms', at, what, (client) => ask(kms, client, want), { as: want.asRole });
    if (answer.ok || refusedWith(answer, 'DryRunOperationException')) return done({ is: 'allowed' });
    // A refused AssumeRole says nothing of the key; its code has no `Exception` at its end.
    const refused = refusedWith(answer, 'AccessDeniedException') && answer.reason.says.startsWith(what);
    return refused ? done({ is: 'denied', reason: answer.reason }) : answer;
  },
});

/** As of a volume: policies may ask for the name of the pair. */
const EBS_CONTEXT = { 'aws:ebs:id': 'vol-00000000000000000' };
const DRY = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] };

function ask(kms: typeof import('@aws-sdk/client-kms'), client: KMSClient, { keyArn, operation, asRole }: KeyProbe) {
  const KeyId = keyArn;
  const EncryptionContext = EBS_CONTEXT;
  switch (operation) {
    case 'DescribeKey':
      return client.send(new kms.DescribeKeyCommand({ KeyId }));
    case 'Decrypt':
      return client.send(new kms.DecryptCommand({ KeyId, EncryptionContext, ...DRY }));
    case 'GenerateDataKeyWithoutPlaintext': {
      const input = { KeyId, EncryptionContext, KeySpec: 'AES_256' as const, DryRun: true };
      return client.send(new kms.GenerateDataKeyWithoutPlaintextCommand(input));
    }
    case 'ReEncrypt': {
      const contexts = { SourceEncryptionContext: EBS_CONTEXT, DestinationEncryptionContext: EBS_CONTEXT };
      return client.send(
        new kms.ReEncryptCommand({ SourceKeyId: KeyId, DestinationKeyId: KeyId, ...contexts, ...DRY }),
      );
    }
    case 'CreateGrant':
      return client.send(
        new kms.CreateGrantCommand({
          KeyId,
          GranteePrincipal: asRole,
          Operations: ['Decrypt'],
          Constraints: { EncryptionContextSubset: EBS_CONTEXT },
          DryRun: true,
        }),
      );
  }
}
