/** What is behind `Given key ID is not accessible`: EC2 asks KMS after it answered, and does not tell which permission is missing. */

/** EBS User Guide "Amazon EBS encryption": what re-encryption asks of its two keys, in the caller's name. */
const ASKED = [
  'Decrypt',
  'DescribeKey',
  'ReEncryptFrom',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptTo',
  'CreateGrant',
];

/** @returns what its owner has to look at, as an imperative */
export const lookAtKey = (account: string, key: string): string =>
  `see that amiport's role in ${account} may ${ASKED.map((o) => `kms:${o}`).join(', ')} through EC2 on ${key} and on the key of the source (amiport export iam prints its policies; AWS does not say which is missing)`;
